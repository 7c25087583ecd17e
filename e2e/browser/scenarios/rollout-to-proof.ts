import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { on, version } from '../../harness/fleet.ts';
import { settled, visit } from '../chromium.ts';
import type { World } from '../world.ts';
import { hasLocalHost } from './newcomer.ts';
import { guests } from './people.ts';

/** What is in the clipboard, found out as a person would: by pasting it. The lab's address is not HTTPS, where pages may not read the clipboard. */
async function pastes(page: Page, text: string): Promise<void> {
  const other = await page.context().newPage();
  await other.setContent('<textarea aria-label="paste here"></textarea>');
  await other.getByLabel('paste here').click();
  await other.keyboard.press('Control+v');
  expect(await other.getByLabel('paste here').inputValue()).toBe(text);
  await other.close();
}

export function rolloutToProof(world: World): void {
  describe.skipIf(!hasLocalHost)('a rollout up to its plan', () => {
    it('goes from chosen patches to a draft and its plan', async () => {
      const { page } = world.admin;
      await visit(page, '/patches');
      await page
        .getByRole('checkbox', { name: /^Select / })
        .nth(1)
        .check();
      await page.getByRole('button', { name: 'Plan a rollout' }).click();
      await page.getByRole('heading', { level: 1, name: 'New rollout' }).waitFor();
      expect(await page.getByText('Say which hosts').count()).toBe(1);
      await page.getByLabel('Hosts that match').fill('all');
      await page.getByText(/^\d+ hosts?: /).waitFor();
      await page.getByLabel('Name', { exact: true }).fill('Only a plan');
      await page.getByRole('button', { name: 'Make the plan' }).click();
      await page.getByRole('heading', { level: 1, name: 'Only a plan' }).waitFor();
      // This machine is only read: the plan says so, host by host, instead of pretending.
      await page
        .getByRole('heading', { name: /Left out|No plan yet/ })
        .or(page.getByText('No plan yet'))
        .first()
        .waitFor({ timeout: 60_000 });
    });
  });

  // Skipped without a lab: it patches a real Debian host (fleet-lab.sh up).
  describe('a rollout to its proof', () => {
    const lab = () => (typeof world.lab === 'string' ? null : world.lab);

    it('adds a lab host with the copied command and sees it arrive', { timeout: 240_000 }, async context => {
      const found = lab();
      if (found === null) return context.skip(String(world.lab));
      const { page } = world.admin;
      await visit(page, '/hosts?add=agent');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Labels').fill('env=lab');
      await page.keyboard.press('Enter');
      await dialog.getByRole('button', { name: 'Make the command' }).click();
      await dialog.getByRole('button', { name: 'Copy the command' }).click();
      const command = (await dialog.locator('code').textContent())!;
      await dialog.getByText('for the command to run').waitFor();
      await pastes(page, command);
      const ran = await on(found.host, 'sh', '-c', command);
      expect(ran.code, ran.stderr + ran.stdout).toBe(0);
      await dialog.getByText(/[1-9]\d* packages and the host/).waitFor({ timeout: 120_000 });
      await dialog.getByRole('link', { name: /^Open / }).click();
      await page.getByRole('tab', { name: /^Patches [1-9]/ }).waitFor({ timeout: 60_000 });
    });

    it('plans a patch for it: the exact transaction before anybody approves', { timeout: 240_000 }, async context => {
      if (lab() === null) return context.skip(String(world.lab));
      const { page } = world.admin;
      await page.getByRole('tab', { name: /^Patches/ }).click();
      await page.getByLabel('Find package or CVE').fill('openssl');
      await page.waitForURL(/search=openssl/);
      await page.getByRole('checkbox', { name: 'Select openssl' }).check();
      await page.getByRole('button', { name: /Plan a rollout on this host/ }).click();
      await page.getByLabel('Name', { exact: true }).fill('openssl on the lab');
      await page.getByRole('group', { name: 'Ring canary' }).getByLabel('Soak, minutes').fill('0');
      await page.getByRole('button', { name: 'Add a smoke test' }).click();
      await page.getByRole('group', { name: 'Smoke test 1' }).getByLabel('Unit').fill('ssh.service');
      await page.getByRole('button', { name: 'Make the plan' }).click();
      await page.getByRole('heading', { name: /^Ring 1, canary: 1 host/ }).waitFor({ timeout: 120_000 });
      await page
        .getByRole('table', { name: 'Transaction' })
        .getByRole('cell', { name: /^libssl/ })
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'Ask for approval' }).click();
      const approve = page.getByRole('button', { name: 'Approve' });
      await approve.waitFor();
      expect(await approve.getAttribute('aria-disabled'), 'the requester must not approve').toBe('true');
    });

    it('is approved by the second person, runs live and completes', { timeout: 300_000 }, async context => {
      const found = lab();
      if (found === null) return context.skip(String(world.lab));
      const before = await version(found.host, 'openssl');
      const { page } = world.admin;
      const approver = guests.approver!.page;
      await visit(approver, new URL(page.url()).pathname);
      await approver.getByRole('button', { name: 'Approve' }).click();
      await approver.getByRole('dialog').getByRole('button', { name: 'Approve this plan' }).click();
      await approver.getByText('approved by maria').waitFor();
      const start = page.getByRole('button', { name: 'Start' });
      const state = page.getByText(/^(Running|Completed)$/).first();
      await start.or(state).first().waitFor();
      if (await start.isVisible()) await start.click();
      await page.getByRole('tab', { name: 'Log' }).click();
      await page
        .getByRole('log')
        .getByText(/openssl|libssl/)
        .first()
        .waitFor({ timeout: 180_000 });
      await page.getByText('Completed', { exact: true }).first().waitFor({ timeout: 240_000 });
      expect(await version(found.host, 'openssl')).not.toBe(before);
    });

    it('proves it: asked, before, after, observed now, approved by', { timeout: 120_000 }, async context => {
      if (lab() === null) return context.skip(String(world.lab));
      const { page } = world.admin;
      await page
        .getByRole('button', { name: /Succeeded/ })
        .first()
        .click();
      await page.getByRole('dialog').getByRole('link').first().click();
      await settled(page);
      await page.getByRole('heading', { name: 'openssl on the lab' }).waitFor();
      const table = page.getByRole('table', { name: 'Packages of openssl on the lab' });
      await table.getByRole('columnheader', { name: 'Observed now' }).waitFor();
      expect(await table.getByText('differs').count()).toBe(0);
      await page.getByText('maria', { exact: true }).waitFor();
      const download = page.waitForEvent('download');
      await visit(page, '/rollouts');
      await page.getByRole('link', { name: 'openssl on the lab' }).click();
      await page.getByRole('tab', { name: 'Proof' }).click();
      await page.getByRole('link', { name: 'Download as CSV' }).click();
      expect((await download).suggestedFilename()).toMatch(/\.csv$/);
    });
  });
}
