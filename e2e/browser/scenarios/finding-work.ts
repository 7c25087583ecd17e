import { generateKeyPairSync } from 'node:crypto';
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { settled, visit } from '../chromium.ts';
import type { World } from '../world.ts';
import { hasLocalHost } from './newcomer.ts';

export function findingWork(world: World): void {
  describe('finding out what to do', () => {
    it.skipIf(!world.hasFeeds)('loads advisory feeds from a folder on the server', async () => {
      const { page } = world.admin;
      await visit(page, '/settings/feeds');
      await page.getByRole('button', { name: 'Import' }).click();
      await page.getByLabel(/URL, or a folder/).fill(world.feeds);
      await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click();
      await page
        .getByRole('dialog')
        .getByText(/[1-9][\d,]* records/)
        .first()
        .waitFor({ timeout: 110_000 });
      await page.getByRole('button', { name: 'Done' }).click();
      await page.getByRole('row').filter({ hasText: 'Current' }).first().waitFor({ timeout: 60_000 });
    });

    it.skipIf(!hasLocalHost)('ranks patches with a reason, and shows what each closes', async () => {
      const { page } = world.admin;
      await visit(page, '/patches');
      const first = page.getByRole('table', { name: 'Patches' }).getByRole('link').first();
      await first.waitFor({ timeout: 60_000 });
      const name = await first.textContent();
      await first.click();
      await page.getByRole('heading', { level: 1, name: new RegExp(`^${RegExp.escape(name!)} `) }).waitFor();
      await page.getByRole('tab', { name: /^Hosts/ }).click();
      await page.getByRole('link', { name: os.hostname() }).waitFor();
      expect(page.url()).toContain('tab=hosts');
    });

    it.skipIf(!hasLocalHost)('shows the evidence of a finding, and its address opens it again', async () => {
      const { page } = world.admin;
      await visit(page, '/findings');
      const finding = page.getByRole('button', { name: /^(CVE|TEMP|DSA|DLA)-/ }).first();
      await finding.waitFor({ timeout: 60_000 });
      const id = (await finding.textContent())!;
      await finding.click();
      const drawer = page.getByRole('dialog');
      await drawer.getByRole('heading', { name: 'Evidence' }).waitFor();
      await drawer.getByRole('heading', { name: 'Why this due date' }).waitFor();
      await page.reload();
      await drawer.getByText(id).first().waitFor();
      await page.keyboard.press('Escape');
      await drawer.waitFor({ state: 'hidden' });
      expect(page.url()).not.toContain('open=');
    });

    it('keeps filters in the address: reload keeps them, Back undoes them', async () => {
      const { page } = world.admin;
      await visit(page, '/findings');
      await page.getByRole('combobox', { name: 'Any due date' }).click();
      await page.getByRole('option', { name: 'no due date' }).click();
      await page.waitForURL(/due=none/);
      await page.reload();
      await settled(page);
      expect(await page.getByRole('combobox', { name: 'Any due date' }).inputValue()).toBe('no due date');
      await page.goBack();
      await page.waitForURL(url => !url.search.includes('due='));
    });

    it('goes anywhere by keyboard: skip link, slash, Ctrl-K', async () => {
      const { page } = world.admin;
      await visit(page, '/rollouts');
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.keyboard.press('/');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Find by name');
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Page, host, patch or CVE' }).fill('audit');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
    });

    it('lists its keys under ?, keeps the focus in the list, and gives it back', async () => {
      const { page } = world.admin;
      await page.keyboard.press('g');
      await page.keyboard.press('h');
      await page.getByRole('heading', { level: 1, name: 'Hosts' }).waitFor();
      const add = page.getByRole('button', { name: 'Add hosts' });
      await add.focus();
      await page.keyboard.press('?');
      const keys = page.getByRole('dialog', { name: 'Keyboard' });
      await keys.getByText('Go to Policies').waitFor();
      for (let press = 0; press < 4; press++) await page.keyboard.press('Tab');
      expect(await keys.evaluate(dialog => dialog.contains(document.activeElement)), 'the focus left the dialog').toBe(true);
      await page.keyboard.press('Escape');
      await keys.waitFor({ state: 'hidden' });
      expect(await add.evaluate(button => button === document.activeElement), 'the focus was not given back').toBe(true);
    });

    it('believes the bundles of another installation by its key alone, and believes no longer', async () => {
      const { page } = world.admin;
      await visit(page, '/settings/feeds');
      const { publicKey } = generateKeyPairSync('ed25519');
      await page.getByLabel('Installation').fill('Headquarters');
      await page.getByLabel('Its public key').fill(publicKey.export({ type: 'spki', format: 'der' }).toString('base64'));
      await page.getByRole('button', { name: 'Believe its bundles' }).click();
      const row = page.getByRole('row', { name: /Headquarters/ });
      await row.getByRole('button', { name: 'Believe no longer' }).click();
      await row.waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Undo' }).last().click();
      await row.waitFor();
      await row.getByRole('button', { name: 'Believe no longer' }).click();
      await row.waitFor({ state: 'hidden' });
    });
  });
}
