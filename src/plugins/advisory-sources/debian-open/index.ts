import type { Claim, FixState } from '../../../core/advisories/claim.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { asObject, BadRecord, optionalText, packageName, pastDay, vulnerabilityId } from '../records.ts';
import type { AdvisorySource } from '../spec.ts';
import { jsonLinesReader, textField } from '../text-reader.ts';

/** Vulnerabilities that Debian 12 had not fixed at a date, as scanners reported the tracker's status. */
export const debianOpen: AdvisorySource = {
  id: 'debian-open',
  title: 'Debian 12 open vulnerabilities, collected',
  licence: 'facts',
  homepage: 'https://security-tracker.debian.org/',
  defaultUrl: null,
  format: 'JSON lines {"cve", "src", "status":"open", "severity", "as_of"}',
  provides: 'claims',
  distributions: ['debian'],
  recognise: head => /^\{"cve":"[^"]+","src":"[^"]+","status":"open"/.test(head.text),
  releases: () => [RELEASE],
  reader(context) {
    let newest: string | null = null;
    let seen = false;
    const reader = jsonLinesReader({
      wanted(text) {
        seen = true;
        const source = textField(text, 'src');
        return context.packages === null || source === null || context.packages.has(source);
      },
      record(value, _number, into) {
        const record = asObject(value);
        if (record.status !== 'open') throw new BadRecord(`status ${String(record.status)} is not open`);
        const statedOn = pastDay(record.as_of, context.today);
        if (statedOn !== null && (newest === null || statedOn > newest)) newest = statedOn;
        const word = optionalText(record, 'trivy_status_2025_08');
        const claim: Claim = {
          source: debianOpen.id,
          vulnerabilityId: vulnerabilityId(record.cve),
          aliases: [],
          release: RELEASE,
          packageName: packageName(record.src),
          state: STATES[word ?? ''] ?? 'open',
          fixedVersion: null,
          severity: optionalText(record, 'severity'),
          statedOn,
          note: word === null ? null : `status in August 2025: ${word}`,
        };
        into.add({ kind: 'claim', claim });
      },
      dataDate: () => newest,
    });
    return { ...reader, covers: () => (seen ? [RELEASE] : []) };
  },
};

const RELEASE = 'debian:12';

/** Trivy's words for the tracker's sub-states: no-dsa -> affected, ignored -> will_not_fix, postponed -> fix_deferred. */
const STATES: Readonly<Record<string, FixState>> = lookup({ will_not_fix: 'wont-fix', fix_deferred: 'deferred' });
