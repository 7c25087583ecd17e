import type { Claim } from '../../../core/advisories/claim.ts';
import { asObject, listOf, optionalText, orderableVersion, packageName, pastDay, requiredText, vulnerabilityId } from '../records.ts';
import type { AdvisorySource } from '../spec.ts';
import { jsonLinesReader } from '../text-reader.ts';

/**
 * Fixed versions read out of Debian changelogs: the lowest version whose entry names the vulnerability. It covers what was fixed in the release's own
 * suites and what was fixed in the package's ancestry before (`suite` unstable, experimental, ...). Both are the same fact, "from this version on the fix is
 * in", and are judged by comparison: chromium in Debian 12 was below its unstable fix for days, so the second kind is not "never affected".
 */
export const debianChangelogs: AdvisorySource = {
  id: 'debian-changelogs',
  title: 'Debian changelogs, collected',
  licence: 'facts from package changelogs',
  homepage: 'https://tracker.debian.org/',
  defaultUrl: null,
  format: 'JSON lines {"cve", "src", "fixed", "suite", "date"}',
  provides: 'claims',
  distributions: ['debian'],
  recognise: head => /^\{"cve":"[^"]+","src":"[^"]+","fixed":"[^"]+","suite":"/.test(head.text),
  releases: () => [RELEASE],
  reader(context) {
    let newest: string | null = null;
    let seen = false;
    const reader = jsonLinesReader({
      wanted(text) {
        seen = true;
        const fields = LINE.exec(text);
        // A line of another make is read, so that it is put aside with its reason.
        if (fields === null) return true;
        const [, id, source, fixed, date] = fields;
        if (date! <= context.today && (newest === null || date! > newest)) newest = date!;
        if (context.packages !== null && !context.packages.has(source!)) return false;
        return context.settled?.(source!, id!, fixed!) !== true;
      },
      record(value, _number, into) {
        const record = asObject(value);
        const suite = requiredText(record, 'suite');
        const statedOn = pastDay(record.date, context.today);
        const later = listOf(record.also);
        const claim: Claim = {
          source: debianChangelogs.id,
          vulnerabilityId: vulnerabilityId(record.cve),
          aliases: [],
          release: RELEASE,
          packageName: packageName(record.src),
          state: 'fixed',
          fixedVersion: orderableVersion(RELEASE, record.fixed),
          severity: optionalText(record, 'severity'),
          statedOn,
          note: `named in the changelog, uploaded to ${suite}${later.length > 0 ? `; named again in ${later.join(', ')}` : ''}`,
        };
        into.add({ kind: 'claim', claim });
      },
      dataDate: () => newest,
    });
    return { ...reader, covers: () => (seen ? [RELEASE] : []) };
  },
};

/** The fields in the order in which the collection writes them: enough to pass over a line without parsing it. */
const LINE = /^\{"cve":"([^"\\]+)","src":"([^"\\]+)","fixed":"([^"\\]+)","suite":"[^"\\]*","date":"(\d{4}-\d{2}-\d{2})"/;

/** The collection is of bookworm's packages; the format has no release field. */
const RELEASE = 'debian:12';
