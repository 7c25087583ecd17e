import { describe, expect, it } from 'vitest';
import { settled, visit } from '../chromium.ts';
import type { World } from '../world.ts';

/** The Sunday on which the clocks of Europe go forward next, at least a week away: previews look a year ahead. */
function nextSpring(): Date {
  const lastSunday = (year: number) => {
    const end = new Date(Date.UTC(year, 2, 31));
    return new Date(end.getTime() - end.getUTCDay() * DAY_MS);
  };
  const { year } = Temporal.Now.plainDateISO();
  const [now, next] = [lastSunday(year), lastSunday(year + 1)];
  return now.getTime() > Date.now() + 7 * DAY_MS ? now : next;
}
const DAY_MS = 86_400_000;
/** As the preview writes a day: `Sun 28 Mar`. */
const dayOf = (date: Date) =>
  new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }).format(date);

export function policies(world: World): void {
  describe('policies', () => {
    const spring = nextSpring();
    it('writes a standing order and sees its next windows while writing', async () => {
      const { page } = world.admin;
      const thursday = new Date(spring.getTime() - 3 * DAY_MS);
      await visit(page, '/rollouts/policies');
      await page.getByRole('button', { name: 'Write the first one' }).click();
      await page.getByRole('heading', { level: 1, name: 'New policy' }).waitFor();
      await page.getByText('Say which hosts').waitFor();
      await page.getByLabel('First window opens').fill(`${thursday.toISOString().slice(0, 10)}T02:30`);
      await page.getByRole('combobox', { name: 'Time zone' }).fill('Europe/Berlin');
      await page.getByRole('option', { name: 'Europe/Berlin' }).click();
      await page.getByRole('combobox', { name: 'Repeats' }).click();
      await page.getByRole('option', { name: 'Every day' }).click();
      await page.getByLabel('Hosts that match').fill('all');
      const windows = page.getByRole('table', { name: /^Next windows/ });
      await windows.getByText(`${dayOf(thursday)}, 02:30`).waitFor();
      // The clocks go forward: that hour is not there, and the preview says what happens instead.
      await windows.getByText(`${dayOf(spring)}, 03:`).waitFor();
      await page.getByLabel('Name', { exact: true }).fill('Every night');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 1, name: 'Every night' }).waitFor();
      await page.getByText('Every day at 02:30 for 4 h, Europe/Berlin').waitFor();
    });

    it('says where a rule is wrong', async () => {
      const { page } = world.admin;
      await page.getByRole('link', { name: 'Edit' }).click();
      await page.getByRole('heading', { level: 1, name: 'Edit Every night' }).waitFor();
      await page.getByRole('combobox', { name: 'Repeats' }).click();
      await page.getByRole('option', { name: 'By a rule of its own' }).click();
      await page.getByLabel('Rule, as RFC 5545 writes it').fill('FREQ=SOMETIMES');
      await page.getByRole('alert').first().waitFor();
      await page.getByLabel('Rule, as RFC 5545 writes it').fill('FREQ=WEEKLY;BYDAY=TH');
      await page.getByRole('alert').first().waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Every night is saved').waitFor();
    });

    it('turns it on, off, and takes turning off back', async () => {
      const { page } = world.admin;
      await visit(page, '/rollouts/policies');
      const row = page.getByRole('row', { name: /Every night/ });
      await row.getByText('Off', { exact: true }).waitFor();
      await row.getByRole('button', { name: 'Turn on' }).click();
      await row.getByText('On', { exact: true }).waitFor();
      await row
        .getByText(new RegExp(`${spring.getUTCFullYear()}`))
        .filter({ visible: true })
        .first()
        .waitFor();
      await row.getByRole('button', { name: 'Turn off' }).click();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Every night is on').last().waitFor();
      await row.getByRole('button', { name: 'Turn off' }).waitFor();
      expect(await row.getByText('On', { exact: true }).count()).toBe(1);
    });

    it('removes it and takes that back, turned off', async () => {
      const { page } = world.admin;
      await page.getByRole('link', { name: 'Every night' }).click();
      await settled(page);
      await page.getByRole('button', { name: 'Remove' }).click();
      await page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor();
      await page.getByRole('button', { name: 'Undo' }).last().click();
      await page.getByText('Every night is back, turned off').waitFor();
      await page
        .getByRole('row', { name: /Every night/ })
        .getByText('Off', { exact: true })
        .waitFor();
    });
  });
}
