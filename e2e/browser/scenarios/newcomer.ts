import { existsSync } from 'node:fs';
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { settled, visit } from '../chromium.ts';
import type { World } from '../world.ts';

/** A machine with dpkg is inventoried as the first host, so the first screen is about something real. */
export const hasLocalHost = existsSync('/var/lib/dpkg/status');

export function newcomer(world: World): void {
  describe('a newcomer', () => {
    it('is told to use the one-time link while there is no administrator', async () => {
      const { page } = world.admin;
      world.watch.expect(401);
      await visit(page, '/');
      expect(new URL(page.url()).pathname).toBe('/sign-in');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Not set up yet');
    });

    it('makes the first administrator from the link that the server printed', async () => {
      const { page } = world.admin;
      const link = world.server.link();
      expect(link, world.server.output()).toMatch(/\/setup[#?]token=/);
      await visit(page, link!);
      expect(page.url(), 'the token must not stay in the address bar').not.toContain('token');
      await page.getByLabel('Your name').fill('Ada Byron');
      await page.getByLabel('Password', { exact: true }).fill('short');
      await page.getByLabel('Password, again').fill('short');
      expect(await page.getByRole('button', { name: 'Create administrator' }).isDisabled()).toBe(true);
      await page.getByLabel('Password', { exact: true }).fill(world.password);
      await page.getByLabel('Password, again').fill(world.password);
      await page.getByRole('button', { name: 'Create administrator' }).click();
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      await settled(page);
    });

    it('cannot use the link twice', async () => {
      const other = await world.visitor();
      await visit(other.page, world.server.link()!);
      await other.page.getByRole('heading', { name: 'Already set up' }).waitFor();
      await other.context.close();
    });

    it.skipIf(!hasLocalHost)('sees the machine that the server runs on as the first host', async () => {
      const { page } = world.admin;
      await visit(page, '/hosts');
      await page.getByRole('link', { name: os.hostname() }).waitFor({ timeout: 60_000 });
      await page.getByRole('row', { name: os.hostname() }).getByText('Current').filter({ visible: true }).waitFor({ timeout: 60_000 });
    });

    it('is told that no advisory feed is loaded, and where to load one', async () => {
      const { page } = world.admin;
      await visit(page, '/');
      const banner = page.getByRole('status').filter({ hasText: /feed/i }).first();
      await banner.waitFor();
      await banner.getByRole('link').click();
      await page.getByRole('heading', { level: 1, name: 'Advisory feeds' }).waitFor();
    });

    it('signs out, is led to the door, and back to where they wanted to go', async () => {
      const { page } = world.admin;
      await visit(page, '/hosts');
      await page.getByRole('button', { name: /account menu/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await visit(page, '/settings/groups');
      await page.getByLabel('Login').fill('admin');
      await page.getByLabel('Password', { exact: true }).fill('not this one at all');
      world.watch.expect(401);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('Password', { exact: true }).fill(world.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { level: 1, name: 'Groups' }).waitFor();
    });
  });
}
