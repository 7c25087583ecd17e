import { describe, expect, it } from 'vitest';
import type { StaleProcess } from '../core/inventory/snapshot.ts';
import { hasSeatedSession, restartPlan } from './restart-units.ts';

const stale = (unit: string | null, packageName = 'libssl3'): StaleProcess => ({
  pid: 7,
  command: unit ?? 'loose',
  unit,
  files: [{ path: '/usr/lib/libssl.so.3', packageName }],
});
const replaced = new Set(['libssl3']);

describe('what is restarted after a transaction', () => {
  it('is each unit that runs replaced files, and nothing else', () => {
    const plan = restartPlan(
      [stale('nginx.service'), stale('nginx.service'), stale('cron.service', 'libc6'), stale('init.scope')],
      replaced,
      true,
    );
    expect(plan).toEqual({ reexecute: true, restart: ['nginx.service'], leftAlone: [] });
  });

  it('leaves alone what would cut somebody off, and says why', () => {
    const plan = restartPlan([stale('dbus.service'), stale('user@1000.service'), stale(null)], replaced, true);
    expect(plan.restart).toEqual([]);
    expect(plan.leftAlone.map(left => left.name)).toEqual(['dbus.service', 'user@1000.service', 'loose']);
  });

  it('restarts logind only where nobody sits', () => {
    expect(restartPlan([stale('systemd-logind.service')], replaced, true).restart).toEqual(['systemd-logind.service']);
    expect(restartPlan([stale('systemd-logind.service')], replaced, false).leftAlone).toHaveLength(1);
  });

  it.each([
    ['', false],
    ['  7 1000 ops -     pts/0\n', false],
    ['  c1 0 root - \n', false],
    ['  2 1000 ada seat0 tty2\n', true],
  ])('reads the seats of %j', (text, seated) => {
    expect(hasSeatedSession(text)).toBe(seated);
  });
});
