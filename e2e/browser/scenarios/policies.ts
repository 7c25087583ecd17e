import { describe, expect, it } from 'vitest';
import { settled, visit } from '../chromium.ts';
import type { World } from '../world.ts';

export function policies(world: World): void {
  describe('policies', () => {
    it('writes a standing order and sees its next windows while writing', async () => {
      const { page } = world.admin;
      await visit(page, '/rollouts/policies');
      await page.getByRole('button', { name: 'Write the first one' }).click();
      await page.getByRole('heading', { level: 1, name: 'New policy' }).waitFor();
      await page.getByText('Say which hosts').waitFor();
      await page.getByLabel('First window opens').fill('2031-03-27T02:30');
      await page.getByRole('combobox', { name: 'Time zone' }).fill('Europe/Berlin');
      await page.getByRole('option', { name: 'Europe/Berlin' }).click();
      await page.getByRole('combobox', { name: 'Repeats' }).click();
      await page.getByRole('option', { name: 'By a rule of its own' }).click();
      await page.getByLabel('Rule, as RFC 5545 writes it').fill('FREQ=DAILY');
      await page.getByLabel('Hosts that match').fill('all');
      const windows = page.getByRole('table', { name: /^Next windows/ });
      await windows.getByText('Thu 27 Mar, 02:30').waitFor();
      // The clocks go forward on 30 March: the hour is not there, and the preview says what happens instead.
      await windows.getByText(/Sun 30 Mar, 03:/).waitFor();
      await page.getByLabel('Name', { exact: true }).fill('Every night');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 1, name: 'Every night' }).waitFor();
      await page.getByText('by the rule FREQ=DAILY at 02:30 for 4 h, Europe/Berlin').waitFor();
    });

    it('says where a rule is wrong', async () => {
      const { page } = world.admin;
      await page.getByRole('link', { name: 'Edit' }).click();
      await page.getByRole('heading', { level: 1, name: 'Edit Every night' }).waitFor();
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
      await row.getByText('Off').waitFor();
      await row.getByRole('button', { name: 'Turn on' }).click();
      await row.getByText('On', { exact: true }).waitFor();
      await row.getByText(/2031/).waitFor();
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
        .getByText('Off')
        .waitFor();
    });
  });
}
