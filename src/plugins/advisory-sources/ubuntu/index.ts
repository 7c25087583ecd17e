import type { Claim, Enrichment, FixState } from '../../../core/advisories/claim.ts';
import { ubuntuRelease } from '../../../core/advisories/releases.ts';
import { isOsv, modifiedIdsOf, osvReader } from '../osv/index.ts';
import {
  asObject,
  BadRecord,
  type JsonObject,
  listOf,
  objectOrNull,
  optionalText,
  orderableVersion,
  packageName,
  pastDay,
  printable,
  vulnerabilityId,
} from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { type ItemCollector, jsonLinesReader, readerByShape } from '../text-reader.ts';

/** Ubuntu's CVE tracker as JSON lines, and Ubuntu's own OSV records. Pockets of Ubuntu Pro (esm-infra, esm-apps) are fixes for subscribers. */
export const ubuntu: AdvisorySource = {
  id: 'ubuntu',
  title: 'Ubuntu security tracker',
  licence: 'CC-BY-SA-4.0',
  homepage: 'https://ubuntu.com/security/cves',
  // Canonical's own archive is packed with xz, which Node does not unpack; this one holds the same records.
  defaultUrl: 'https://osv-vulnerabilities.storage.googleapis.com/Ubuntu/all.zip',
  changesUrl: modifiedIdsOf,
  isArchiveWeekly: true,
  format: 'OSV records of the ecosystem Ubuntu, or JSON lines {"cve", "prio", "pkgs":{source:{release:[status, detail]}}}',
  provides: 'claims',
  distributions: ['ubuntu'],
  recognise: head => isTrackerLines(head.text) || (isOsv(head.text) && /"ecosystem"\s*:\s*"Ubuntu[:"]/.test(head.text)),
  reader: context => readerByShape(head => (isTrackerLines(head) ? trackerReader(context) : osvReader('ubuntu', context))),
};

const isTrackerLines = (text: string): boolean => /^\{"cve":"[^"]+","pub":"[^"]*","prio":"/.test(text);

function trackerReader(context: FeedContext): FeedReader {
  return jsonLinesReader({
    record(value, number, into) {
      const record = asObject(value);
      const id = vulnerabilityId(record.cve);
      for (const [source, statuses] of Object.entries(asObject(record.pkgs, 'pkgs')))
        for (const [pocket, status] of Object.entries(objectOrNull(statuses) ?? {}).sort(everybodyFirst)) {
          const where = pocketOf(pocket);
          if (where === null && context.releases === null && !OF_NO_RELEASE.has(pocket)) into.leaveOut(printable(pocket));
          if (where === null || (context.releases !== null && !context.releases.has(where.release))) continue;
          into.guard(`line ${number} (${id} ${source} ${pocket})`, () => addClaim(record, id, source, where, listOf(status), into));
        }
      if (listOf(record.cvss).length > 0) into.add({ kind: 'enrichment', enrichment: enrichmentOf(record, id, context.today) });
    },
  });
}

interface Pocket {
  readonly release: string;
  readonly subscription: string | null;
}

/** What the tracker has beside releases that are installed. */
const OF_NO_RELEASE: ReadonlySet<string> = new Set(['upstream', 'devel', 'snap']);

/** Of two statements that are worth the same the first leads, and a record's members have no order. */
function everybodyFirst([a]: [string, unknown], [b]: [string, unknown]): number {
  return Number(a.includes('/')) - Number(b.includes('/')) || (a < b ? -1 : 1);
}

/** `jammy`, `esm-infra/xenial`. */
function pocketOf(name: string): Pocket | null {
  const slash = name.indexOf('/');
  const release = ubuntuRelease(slash < 0 ? name : name.slice(slash + 1));
  return release === null ? null : { release, subscription: slash < 0 ? null : name.slice(0, slash) };
}

function addClaim(record: JsonObject, id: string, source: string, where: Pocket, status: readonly unknown[], into: ItemCollector): void {
  const word = String(status[0]);
  // "Does not exist" in a subscribers' pocket says nothing of the package that everybody has.
  if (word === 'DNE' && where.subscription !== null) return;
  const detail = typeof status[1] === 'string' && status[1] !== '' ? status[1] : null;
  const fix = fixOf(word, detail, where.release);
  const claim: Claim = {
    source: ubuntu.id,
    vulnerabilityId: id,
    aliases: [],
    release: where.release,
    packageName: packageName(source),
    ...fix,
    severity: optionalText(objectOrNull(record.pkgprio) ?? {}, source) ?? wordOrNull(record.prio),
    statedOn: null,
    note: `${where.subscription === null ? '' : `${where.subscription}: `}${word}${detail === null ? '' : ` (${detail})`}`,
    ...(where.subscription !== null && fix.state === 'fixed' ? { subscription: where.subscription } : {}),
  };
  into.add({ kind: 'claim', claim });
}

/** `untriaged` is the absence of a priority. */
function wordOrNull(priority: unknown): string | null {
  return typeof priority === 'string' && priority !== 'untriaged' && priority !== '' ? priority : null;
}

function fixOf(word: string, detail: string | null, release: string): { state: FixState; fixedVersion: string | null } {
  switch (word) {
    case 'released':
      if (detail === null) throw new BadRecord('released without a version');
      return { state: 'fixed', fixedVersion: orderableVersion(release, detail.replace(/[\s,].*$/, '')) };
    case 'not-affected':
    case 'DNE':
      return { state: 'not-affected', fixedVersion: '0' };
    case 'ignored':
      // What was known when support ended: "end of standard support, was not-affected [code not present]".
      if (/was not-affected/.test(detail ?? '')) return { state: 'not-affected', fixedVersion: '0' };
      return {
        state: /end of (standard support|life|kernel support)|reached end/i.test(detail ?? '') ? 'end-of-life' : 'wont-fix',
        fixedVersion: null,
      };
    case 'deferred':
      return { state: 'deferred', fixedVersion: null };
    // `pending` names a version that is built and not yet published.
    case 'needed':
    case 'pending':
    case 'in-progress':
    case 'active':
      return { state: 'open', fixedVersion: null };
    case 'needs-triage':
      return { state: 'unknown', fixedVersion: null };
    default:
      throw new BadRecord(`status ${word} is not one of the tracker's`);
  }
}

function enrichmentOf(record: JsonObject, id: string, today: string): Enrichment {
  return {
    vulnerabilityId: id,
    title: null,
    publishedOn: pastDay(record.pub, today),
    kev: null,
    ssvc: null,
    cvss: listOf(record.cvss).flatMap(row => {
      const [source, vector] = listOf(row);
      return typeof source === 'string' && typeof vector === 'string' ? [{ source, vector }] : [];
    }),
    epss: null,
  };
}
