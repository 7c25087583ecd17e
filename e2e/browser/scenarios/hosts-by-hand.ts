import { describe, it } from 'vitest';
import { visit } from '../chromium.ts';
import type { World } from '../world.ts';

/** Eight columns as the dialog's own command prints them, with two packages whose flaws every Debian feed knows. */
const LIST = [
  'bash\t5.2.15-2+b2\tamd64\tinstall\tok\tinstalled\tbash\t5.2.15-2',
  'openssl\t3.0.9-1\tamd64\tinstall\tok\tinstalled\topenssl\t3.0.9-1',
  'libssl3\t3.0.9-1\tamd64\tinstall\tok\tinstalled\topenssl\t3.0.9-1',
].join('\n');

export function hostsByHand(world: World): void {
  describe('hosts', () => {
    it('adds one from a pasted package list', async () => {
      const { page } = world.admin;
      await visit(page, '/hosts?add=upload');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Host name').fill('pasted.example');
      await dialog.getByRole('combobox', { name: 'Release' }).click();
      await page.getByRole('option', { name: 'debian:12' }).click();
      await dialog.getByLabel('Package list').fill(LIST);
      await dialog.getByRole('button', { name: 'Read the list' }).click();
      await dialog.getByText('3 packages read').waitFor();
      await dialog.getByRole('link', { name: 'Open the host' }).click();
      await page.getByRole('heading', { level: 1, name: 'pasted.example' }).waitFor();
      await page.getByRole('tab', { name: /^Packages 3/ }).click();
      await page.getByRole('cell', { name: 'libssl3:amd64' }).waitFor();
    });

    it.skipIf(!world.hasFeeds)('judges it by the loaded feeds', async () => {
      const { page } = world.admin;
      await visit(page, '/findings?source=openssl&search=pasted.example');
      await page.getByRole('link', { name: 'pasted.example' }).first().waitFor({ timeout: 30_000 });
    });

    it('chooses hosts by a group query and says where a query is wrong', async () => {
      const { page } = world.admin;
      await visit(page, '/hosts');
      const query = page.getByLabel('Group query');
      await query.fill('reach = = upload');
      await page.getByText(/At character \d+/).waitFor();
      await query.fill('reach = upload');
      await page.waitForURL(/query=reach/);
      await page.getByText('1 in all').waitFor();
      await page.getByRole('link', { name: 'pasted.example' }).waitFor();
      await page.getByRole('button', { name: 'Save as group' }).click();
      await page.getByRole('dialog').getByLabel('Name').fill('By hand');
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
      await page.getByText('Group By hand saved').waitFor();
      await visit(page, '/settings/groups');
      await page
        .getByRole('row', { name: /By hand/ })
        .getByRole('link', { name: '1' })
        .click();
      await page.waitForURL(/\/hosts\?query=reach/);
    });

    it('deletes a group and takes it back', async () => {
      const { page } = world.admin;
      await visit(page, '/settings/groups');
      await page.getByRole('button', { name: 'Delete By hand' }).click();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Group is back').waitFor();
      await page.getByRole('row', { name: /By hand/ }).waitFor();
    });

    it('labels a host and sets its exposure', async () => {
      const { page } = world.admin;
      await visit(page, '/hosts?query=reach+%3D+upload');
      await page.getByRole('link', { name: 'pasted.example' }).click();
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: /Labels/ }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Labels').fill('env=test');
      await page.keyboard.press('Enter');
      await dialog.getByRole('combobox', { name: 'Exposure' }).click();
      await page.getByRole('option', { name: 'local' }).click();
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'hidden' });
      await page.getByText('env=test').waitFor();
    });
  });
}
