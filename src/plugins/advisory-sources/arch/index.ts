import type { FixState } from '../../../core/advisories/claim.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import {
  asObject,
  BadRecord,
  listOf,
  optionalText,
  orderableVersion,
  packageName,
  printable,
  requiredText,
  vulnerabilityId,
} from '../records.ts';
import type { AdvisorySource } from '../spec.ts';

/** Arch Linux's security tracker: groups (AVG) of vulnerabilities that one range of versions of some packages has. */
export const arch: AdvisorySource = {
  id: 'arch',
  title: 'Arch Linux security tracker',
  licence: 'not stated',
  homepage: 'https://security.archlinux.org/',
  defaultUrl: 'https://security.archlinux.org/all.json',
  format: '[{"name":"AVG-1", "packages":[], "status", "severity", "affected", "fixed", "issues":["CVE-..."]}]',
  provides: 'claims',
  distributions: ['arch'],
  recognise: head => /^\s*\[\s*\{/.test(head.text) && /"name"\s*:\s*"AVG-\d+"/.test(head.text),
  releases: () => ['arch'],
  reader: context =>
    jsonEntriesReader({
      open: [],
      entry(_at, value, into) {
        if (context.releases !== null && !context.releases.has('arch')) return;
        const group = asObject(value);
        const advisoryId = requiredText(group, 'name');
        const status = requiredText(group, 'status');
        const state = STATES[status.toLowerCase()];
        if (state === undefined) throw new BadRecord(`its status ${printable(status)} is not known`);
        const severity = optionalText(group, 'severity')?.toLowerCase() ?? null;
        const said = {
          source: 'arch',
          aliases: [],
          release: 'arch',
          state,
          severity: severity === 'unknown' ? null : severity,
          statedOn: null,
          note: optionalText(group, 'type'),
          advisoryId,
          ...versionsOf(state, group),
        };
        for (const one of listOf(group.packages))
          for (const id of listOf(group.issues))
            into.guard(`${advisoryId} ${printable(String(one))} ${printable(String(id))}`, () =>
              into.add({ kind: 'claim', claim: { ...said, packageName: packageName(one), vulnerabilityId: vulnerabilityId(id) } }),
            );
      },
    }),
};

const STATES: Readonly<Record<string, FixState>> = lookup({
  vulnerable: 'open',
  // Fixed in a testing repository, which no host is offered yet.
  testing: 'open',
  fixed: 'fixed',
  'not affected': 'not-affected',
  unknown: 'unknown',
});

/** `affected` names the version that was found vulnerable, not the first one that is: everything below the fix counts, as arch-audit does. */
function versionsOf(state: FixState, group: Readonly<Record<string, unknown>>): { fixedVersion: string | null } {
  if (state === 'not-affected') return { fixedVersion: '0' };
  if (state !== 'fixed') return { fixedVersion: null };
  return { fixedVersion: orderableVersion('arch', requiredText(group, 'fixed')) };
}
