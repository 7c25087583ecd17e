import { describe, expect, it } from 'vitest';
import type { LivePatch } from '../../../core/inventory/snapshot.ts';
import { liveMitigation, rebootUrgency } from '../../../core/remediation/live-patch.ts';
import { livePatchesOf, parseCanonical } from './live-patches.ts';

const patch = (more: Partial<LivePatch> = {}): LivePatch => ({
  name: 'lkp_Ubuntu_5_15_0_91_101_generic_94',
  enabled: true,
  inTransition: false,
  supplier: 'canonical-livepatch',
  fixes: ['CVE-2024-0001', 'CVE-2024-0002'],
  ...more,
});

describe('a live patch', () => {
  it('mitigates what its supplier names, in the running kernel, and says what stays due', () => {
    expect(liveMitigation([patch()], 'newer-not-booted', ['cve-2024-0001'])).toEqual({
      covers: true,
      text: 'mitigated in memory by live patch lkp_Ubuntu_5_15_0_91_101_generic_94 (canonical-livepatch); the fixed kernel and the reboot into it stay due',
    });
    expect(liveMitigation([patch()], 'running', ['CVE-2024-0002'])?.covers).toBe(true);
    expect(liveMitigation([patch()], 'running', ['CVE-2024-0003'])).toBeNull();
  });
  it('mitigates nothing while it is off or in transition, nor in a kernel that does not run, nor in another package', () => {
    for (const off of [patch({ enabled: false }), patch({ inTransition: true })])
      expect(liveMitigation([off], 'running', ['CVE-2024-0001'])).toBeNull();
    expect(liveMitigation([patch()], 'installed-not-running', ['CVE-2024-0001'])).toBeNull();
    expect(liveMitigation([patch()], null, ['CVE-2024-0001'])).toBeNull();
  });
  it('that does not say what it covers is shown and counts for nothing', () => {
    const silent = patch({ name: 'kpatch_5_1', supplier: null, fixes: null });
    expect(liveMitigation([silent], 'running', ['CVE-2024-0001'])).toMatchObject({ covers: false });
    expect(rebootUrgency([silent], [['CVE-2024-0001']])).toEqual({ urgency: 'soon', covered: 0 });
  });
  it('lets the reboot wait only when it covers everything that the reboot would close', () => {
    expect(rebootUrgency([patch()], [['CVE-2024-0001'], ['CVE-2024-0002']])).toEqual({ urgency: 'later', covered: 2 });
    expect(rebootUrgency([patch()], [['CVE-2024-0001'], ['CVE-2024-9999']])).toEqual({ urgency: 'soon', covered: 1 });
    expect(rebootUrgency([patch()], [])).toEqual({ urgency: 'soon', covered: 0 });
  });
});

describe('what a host says of its live patches', () => {
  const folder = '/sys/kernel/livepatch';
  const files = (name: string, enabled: string, transition: string): [string, string][] => [
    [`${folder}/${name}/enabled`, enabled],
    [`${folder}/${name}/transition`, transition],
  ];
  const status = (state: string, fixes: unknown) =>
    JSON.stringify({
      Status: [
        { Kernel: 'old', Running: false },
        { Kernel: 'x', Running: true, Livepatch: { CheckState: 'checked', State: state, Fixes: fixes } },
      ],
    });
  it('is read from the kernel; the supplier’s tool only says what it closes', () => {
    const stated = parseCanonical(
      status('applied', [
        { Name: 'cve-2024-0001', Patched: true },
        { Name: 'cve-2024-0002', Patched: false },
      ]),
    );
    expect(livePatchesOf(new Map(files('lkp_a', '1', '0')), stated)).toEqual([
      { name: 'lkp_a', enabled: true, inTransition: false, supplier: 'canonical-livepatch', fixes: ['CVE-2024-0001'] },
    ]);
    expect(livePatchesOf(new Map([...files('kpatch_b', '1', '1'), ...files('lkp_a', '1', '0')]), stated)).toMatchObject([
      { name: 'kpatch_b', inTransition: true, supplier: null, fixes: null },
      { name: 'lkp_a', supplier: 'canonical-livepatch' },
    ]);
  });
  it('takes the older form of the list, and believes a tool only when it says applied', () => {
    expect(parseCanonical(status('applied', '* cve-2024-0001\n* cve-2024-0007\n'))?.fixes).toEqual(['CVE-2024-0001', 'CVE-2024-0007']);
    expect(livePatchesOf(new Map(files('lkp_a', '1', '0')), parseCanonical(status('apply-failed', [])))).toMatchObject([{ fixes: null }]);
    expect(parseCanonical('Machine is not enabled')).toBeNull();
    expect(parseCanonical('{"Status":[]}')).toBeNull();
  });
});
