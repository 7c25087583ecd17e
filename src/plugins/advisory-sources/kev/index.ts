import type { Enrichment } from '../../../core/advisories/claim.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import { anyDay, asObject, BadRecord, optionalText, pastDay, printable, vulnerabilityId } from '../records.ts';
import type { AdvisorySource } from '../spec.ts';

/**
 * CISA's catalogue of vulnerabilities exploited in the wild. `dueDate` is the legacy deadline of BOD 22-01 (revoked by BOD 26-04): kept as stated, and
 * earlier than `dateAdded` in the first 15 entries, so nobody may compute a span from the two.
 */
export const kev: AdvisorySource = {
  id: 'kev',
  title: 'CISA known exploited vulnerabilities (KEV)',
  licence: 'CC0-1.0',
  homepage: 'https://www.cisa.gov/known-exploited-vulnerabilities-catalog',
  defaultUrl: 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
  format: 'the catalogue\'s JSON: {"catalogVersion", "vulnerabilities":[{"cveID", "dateAdded", ...}]}',
  provides: 'enrichment',
  recognise: head => /"catalogVersion"/.test(head.text.slice(0, 2000)) && /"vulnerabilities"/.test(head.text.slice(0, 4000)),
  reader(context) {
    let released: string | null = null;
    return jsonEntriesReader({
      open: ['vulnerabilities'],
      entry({ container, key }, value, into) {
        if (container === '') {
          if (key === 'dateReleased') released = pastDay(value, context.today);
          return;
        }
        const record = asObject(value);
        const statedOn = anyDay(record.dateAdded);
        if (statedOn === null) throw new BadRecord(`dateAdded ${printable(String(record.dateAdded))} is not a day`);
        // A day ahead of our clock must not lose a known exploited vulnerability: it counts from today.
        const addedOn = statedOn > context.today ? context.today : statedOn;
        if (addedOn !== statedOn)
          into.remark(printable(String(record.cveID)), `its date ${statedOn} lies in the future: it counts as added today`);
        const enrichment: Enrichment = {
          vulnerabilityId: vulnerabilityId(record.cveID),
          title: optionalText(record, 'vulnerabilityName'),
          publishedOn: null,
          kev: {
            addedOn,
            dueOn: anyDay(record.dueDate) ?? addedOn,
            ransomware: String(record.knownRansomwareCampaignUse).toLowerCase() === 'known',
            name: optionalText(record, 'vulnerabilityName') ?? '',
          },
          ssvc: null,
          cvss: [],
          epss: null,
        };
        into.add({ kind: 'enrichment', enrichment });
      },
      dataDate: () => released,
    });
  },
};
