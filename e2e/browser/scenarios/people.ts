import { describe, expect, it } from 'vitest';
import { settled, visit } from '../chromium.ts';
import type { Visitor, World } from '../world.ts';

/** The second person, for the scenarios that follow. */
export const guests: { approver?: Visitor } = {};

export function people(world: World): void {
  describe('people', () => {
    it('invites an approver, who joins with the link', async () => {
      const { page } = world.admin;
      await visit(page, '/settings/people');
      await page.getByRole('button', { name: 'Invite' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Login').fill('maria');
      await dialog.getByRole('checkbox', { name: 'viewer' }).uncheck();
      await dialog.getByRole('checkbox', { name: 'approver' }).check();
      await dialog.getByRole('button', { name: 'Make the link' }).click();
      const link = await dialog.locator('code').textContent();
      const guest = await world.visitor();
      await visit(guest.page, link!);
      await guest.page.getByLabel('Your name').fill('Maria Sibylla');
      await guest.page.getByLabel('Password', { exact: true }).fill(world.password);
      await guest.page.getByLabel('Password, again').fill(world.password);
      await guest.page.getByRole('button', { name: 'Join' }).click();
      await guest.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      await settled(guest.page);
      guests.approver = guest;
    });

    it('shows an approver what they may not do, with the reason', async () => {
      const { page } = guests.approver!;
      await visit(page, '/rollouts');
      const button = page.getByRole('button', { name: 'New rollout' });
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      await button.focus();
      await page.getByRole('tooltip', { name: /needs a planner/ }).waitFor();
      expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
    });

    it('makes an API token that is shown once', async () => {
      const { page } = world.admin;
      await visit(page, '/settings/account');
      await page.getByLabel('What it is for').fill('nightly export');
      await page.getByRole('button', { name: 'Make a token' }).click();
      const token = await page.locator('code').first().textContent();
      expect(token!.length).toBeGreaterThan(20);
      await page.reload();
      await page.getByRole('cell', { name: 'nightly export' }).waitFor();
      expect(await page.getByText(token!).count()).toBe(0);
    });

    it('records it all in the audit trail', async () => {
      const { page } = world.admin;
      await visit(page, '/audit');
      expect(await page.getByRole('table', { name: 'Audit trail' }).getByRole('row').count()).toBeGreaterThan(3);
      await page.getByText('invited somebody by').first().waitFor();
      await page
        .getByRole('button', { name: /^Entry \d/ })
        .first()
        .click();
      await page.getByRole('dialog').getByText('Hash of this entry').waitFor();
      expect(
        await page
          .getByRole('table', { name: 'Audit trail' })
          .getByText(/(per|rol|host)_[0-9a-f]{16}/)
          .count(),
        'raw ids',
      ).toBe(0);
    });
  });
}
