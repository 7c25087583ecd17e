import { describe, expect, it } from 'vitest';
import { visit } from '../chromium.ts';
import type { World } from '../world.ts';

export function safety(world: World): void {
  describe('safety', () => {
    it('stops everything with a reason; every page says so until it is released', async () => {
      const { page } = world.admin;
      await visit(page, '/rollouts/safety');
      await page.getByRole('button', { name: 'Stop everything' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason').fill('Smoke in the machine room');
      await dialog.getByRole('button').filter({ hasText: /Stop/ }).click();
      await dialog.waitFor({ state: 'hidden' });
      await visit(page, '/hosts');
      const banner = page.getByRole('status').filter({ hasText: 'Everything is stopped' });
      await banner.getByText(/Smoke in the machine room/).waitFor();
      await banner.getByRole('link', { name: 'Release it' }).click();
      await page.getByRole('button', { name: /^Release/ }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('It was the toaster');
      await page
        .getByRole('dialog')
        .getByRole('button')
        .filter({ hasText: /^Release/ })
        .click();
      await banner.waitFor({ state: 'hidden' });
    });

    it('declares a freeze with an end, an owner and a reason', async () => {
      const { page } = world.admin;
      await page.getByRole('button', { name: 'Declare a freeze' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('Year-end close');
      await dialog.getByLabel(/^From/).fill('2031-12-19T00:00');
      await dialog.getByLabel(/^Until/).fill('2031-12-18T00:00');
      await dialog.getByText('It ends before it begins.').waitFor();
      await dialog.getByLabel(/^Until/).fill('2032-01-04T06:00');
      await dialog.getByLabel('Reason').fill('Books are closed');
      await dialog.getByRole('button', { name: 'Declare' }).click();
      await page
        .getByRole('row', { name: /Year-end close/ })
        .getByText('Coming')
        .filter({ visible: true })
        .first()
        .waitFor();
    });

    it('retracts a bad update from everywhere, and allows it again with a reason', async () => {
      const { page } = world.admin;
      await page.getByRole('button', { name: 'Retract an update' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Source package').fill('fettle-no-such-package');
      await dialog.getByLabel('Version').fill('6.6.6');
      await dialog.getByLabel('Reason').fill('Eats disks');
      await dialog.getByRole('button', { name: 'Retract it' }).click();
      const row = page.getByRole('row', { name: /fettle-no-such-package/ });
      await row.getByText('Blocked').filter({ visible: true }).first().waitFor();
      await row.getByRole('button', { name: 'Allow again' }).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('It was the disk');
      await page.getByRole('dialog').getByRole('button', { name: 'Allow again' }).click();
      await row.getByText('Allowed again').filter({ visible: true }).first().waitFor();
    });

    it('protects a group of hosts and takes giving it up back', async () => {
      const { page } = world.admin;
      await page.getByRole('button', { name: 'Protect a group' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('Pair');
      await dialog.getByLabel('Members').fill('reach = upload');
      await dialog.getByText(/^1 host/).waitFor();
      await dialog.getByRole('button', { name: 'Protect' }).click();
      await page.getByRole('button', { name: 'Give up the protection of Pair' }).click();
      await page.getByRole('button', { name: 'Undo' }).last().click();
      await page.getByText('The protection is back').waitFor();
      await page.getByRole('row', { name: /^Pair/ }).waitFor();
      expect(await page.getByRole('row', { name: /^Pair/ }).count()).toBe(1);
    });
  });
}
