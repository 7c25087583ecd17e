import { describe, expect, it } from 'vitest';
import { picture, settled, visit } from '../chromium.ts';
import type { World } from '../world.ts';
import { hasLocalHost } from './newcomer.ts';
import { guests } from './people.ts';

/** After `people`: Maria, an approver, may ask; the first administrator owns risks and decides. */
export function exceptions(world: World): void {
  describe.skipIf(!hasLocalHost || !world.hasFeeds)('exceptions', () => {
    /** Another name each time: what is tried again meets what was asked for before. */
    let title = '';

    it('asks for one from a finding: what it would cover, how long at most, what is missing', async () => {
      const { page } = guests.approver!;
      title = `Legacy ERP ${Date.now() % 100_000}`;
      await visit(page, '/findings?sort=-since');
      const finding = page.getByRole('button', { name: /^(CVE|TEMP|DSA|DLA)-/ }).first();
      await finding.waitFor({ timeout: 60_000 });
      await finding.click();
      await page.getByRole('dialog').getByRole('button', { name: 'Ask for an exception' }).click();
      await page.getByRole('heading', { level: 1, name: 'Ask for an exception' }).waitFor();
      await page.getByText(/^\d+ open findings?$/).waitFor();
      await page.getByText('Say why.').waitFor();
      expect(await page.getByRole('button', { name: 'Ask for it' }).getAttribute('aria-disabled')).toBe('true');
      await page.getByLabel('Reason').fill('The vendor certifies this version only');
      await page.getByLabel('Name', { exact: true }).fill(title);
      const until = page.getByLabel(/^Until/);
      const soon = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 16);
      await until.fill('2042-01-01T00:00');
      world.watch.expect(400);
      await page.getByRole('button', { name: 'Ask for it' }).click();
      await page
        .getByText(/days? \(.*\), so until/)
        .first()
        .waitFor();
      await until.fill(soon);
      await picture(page, 'exceptions-request');
      await page.getByRole('button', { name: 'Keep as a draft' }).click();
      await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByRole('heading', { level: 1, name: `Edit: ${title}` }).waitFor();
      expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe(title);
      expect(await until.inputValue()).toBe(soon);
      await page.getByLabel('Reason').fill('The vendor certifies this version only, until the move');
      await page.getByRole('button', { name: 'Ask for it' }).click();
      await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
      await page.getByText('until the move').first().waitFor();
      // Its address shows the same.
      await visit(page, page.url());
      const approve = page.getByRole('button', { name: 'Approve' });
      expect(await approve.getAttribute('aria-disabled')).toBe('true');
      await approve.focus();
      await page.getByRole('tooltip', { name: /exception\.approve/ }).waitFor();
      await picture(page, 'exceptions-requested');
    });

    it('is decided by somebody else, and stands beside the finding; gross stays, net is shown', async () => {
      const { page } = world.admin;
      await visit(page, '/');
      await page.getByText(`Decide on exception “${title}”`).waitFor();
      await page.keyboard.press('g');
      await page.keyboard.press('e');
      await page.getByRole('heading', { level: 1, name: 'Exceptions' }).waitFor();
      await page.getByRole('link', { name: title }).click();
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Approve this scope' }).click();
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await page.getByText('Ends soon').first().waitFor();
      await page.getByRole('table', { name: 'History' }).getByText('Came into force').waitFor();
      await picture(page, 'exceptions-active');
      await page.getByRole('link', { name: /^\d+ findings?$/ }).click();
      await page.getByText('excepted', { exact: true }).first().waitFor();
      await picture(page, 'exceptions-findings');
      await page
        .getByRole('button', { name: /^(CVE|TEMP|DSA|DLA)-/ })
        .first()
        .click();
      await page
        .getByRole('dialog')
        .getByText(/The vendor certifies this version only/)
        .waitFor();
      await picture(page, 'exceptions-finding');
      await visit(page, '/');
      await page.getByText(/ gross, .* net/).waitFor();
      await picture(page, 'exceptions-overview');
    });

    it('is taken back with a reason, by whoever may', async () => {
      const { page } = world.admin;
      await visit(page, '/exceptions');
      await picture(page, 'exceptions-list');
      await page.getByRole('link', { name: title }).click();
      await settled(page);
      await page.getByRole('button', { name: 'Revoke' }).click();
      const dialog = page.getByRole('dialog');
      expect(await dialog.getByRole('button', { name: 'Revoke' }).isDisabled()).toBe(true);
      await dialog.getByLabel('Reason').fill('The vendor certified the fix');
      await dialog.getByRole('button', { name: 'Revoke' }).click();
      await dialog.waitFor({ state: 'hidden' });
      await page.getByText('Revoked').first().waitFor();
      await visit(page, '/exceptions');
      await page.getByText('No exception', { exact: true }).waitFor();
      world.watch.expect(404);
      await visit(page, '/exceptions/exc_0000000000000000');
      await page.getByText(/There is no exception/).waitFor();
    });
  });
}
