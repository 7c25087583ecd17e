import type { AffectedRange, Claim } from '../../../core/advisories/claim.ts';
import { pypiName } from '../../../core/advisories/package-url.ts';
import { parseRelease } from '../../../core/advisories/releases.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import {
  asObject,
  BadRecord,
  isVulnerabilityId,
  type JsonObject,
  objectOrNull,
  objectsOf,
  optionalText,
  packageName,
  pastDay,
  printable,
  vulnerabilityId,
  WithdrawnRecord,
} from '../records.ts';
import type { AdvisorySource, FeedContext } from '../spec.ts';
import type { ItemCollector } from '../text-reader.ts';
import { united } from '../united.ts';

/** GitHub's advisories as its REST API writes them (GET /advisories). The advisory database's files are OSV records and read as such. */
export const github: AdvisorySource = {
  id: 'github',
  title: 'GitHub advisories',
  licence: 'CC-BY-4.0',
  homepage: 'https://github.com/advisories',
  // Those that changed last, kept beside what was loaded before. For all of them: the feeds osv-*, which carry the same advisories.
  defaultUrl: 'https://api.github.com/advisories?per_page=100&sort=updated',
  earliestChange: page => Array.from(page.matchAll(/"updated_at"\s*:\s*"([^"]{1,40})"/g), found => found[1]!).sort()[0] ?? null,
  format: 'REST answers: an array of {"ghsa_id", "cve_id", "vulnerabilities":[{"package", "vulnerable_version_range"}]}',
  provides: 'claims',
  recognise: head => /^\s*\[\s*\{\s*"ghsa_id"\s*:/.test(head.text),
  reader: context => jsonEntriesReader({ open: [], entry: (_at, value, into) => readAdvisory(asObject(value), context, into) }),
};

const ECOSYSTEMS: Readonly<Record<string, string>> = lookup({
  pip: 'PyPI',
  rust: 'crates.io',
  composer: 'Packagist',
  rubygems: 'RubyGems',
  go: 'Go',
  npm: 'npm',
  maven: 'Maven',
  nuget: 'NuGet',
});

function readAdvisory(record: JsonObject, context: FeedContext, into: ItemCollector): void {
  const id = vulnerabilityId(record.ghsa_id);
  if (typeof record.withdrawn_at === 'string') throw new WithdrawnRecord(id, `${id} was withdrawn on ${printable(record.withdrawn_at)}`);
  const aliases = isVulnerabilityId(record.cve_id) ? [record.cve_id] : [];
  const claims: Claim[] = [];
  for (const vulnerability of objectsOf(record.vulnerabilities)) {
    const one = objectOrNull(vulnerability.package) ?? {};
    const release = parseRelease(ECOSYSTEMS[String(one.ecosystem).toLowerCase()] ?? '');
    if (!release.ok || (context.releases !== null && !context.releases.has(release.release))) continue;
    into.guard(`${id} ${String(one.name)}`, () => {
      const range = rangeOf(String(vulnerability.vulnerable_version_range ?? ''));
      const patched = patchedVersion(vulnerability.first_patched_version) ?? range.fixed;
      const claim: Claim = {
        source: github.id,
        vulnerabilityId: id,
        aliases,
        release: release.release,
        packageName: release.release === 'PyPI' ? pypiName(packageName(one.name)) : packageName(one.name),
        state: patched === null ? 'open' : 'fixed',
        fixedVersion: patched,
        severity: optionalText(record, 'severity'),
        statedOn: pastDay(record.updated_at, context.today),
        note: optionalText(record, 'summary'),
        affected: { versions: [], ranges: [{ ...range, fixed: range.fixed ?? (range.lastAffected === null ? patched : null) }] },
      };
      claims.push(claim);
    });
  }
  for (const claim of united(claims)) into.add({ kind: 'claim', claim });
}

/** A text, or an object with `identifier` in older answers. */
function patchedVersion(value: unknown): string | null {
  if (typeof value === 'string' && value !== '') return value;
  return optionalText(objectOrNull(value) ?? {}, 'identifier');
}

/** `>= 1.0, < 1.2`, `<= 2.0`, `= 1.3`, `> 1.0`. A lower end that is excluded is read as included: rather one version too many. */
function rangeOf(text: string): AffectedRange {
  let range: AffectedRange = { introduced: null, fixed: null, lastAffected: null };
  for (const part of text.split(',')) {
    const comparator = /^\s*(>=|<=|>|<|=)\s*(\S+)\s*$/.exec(part);
    if (!comparator) throw new BadRecord(`${printable(text)} is not a version range`);
    const version = comparator[2]!;
    if (comparator[1] === '>=' || comparator[1] === '>') range = { ...range, introduced: version };
    else if (comparator[1] === '<') range = { ...range, fixed: version };
    else if (comparator[1] === '<=') range = { ...range, lastAffected: version };
    else range = { introduced: version, fixed: null, lastAffected: version };
  }
  return range;
}
