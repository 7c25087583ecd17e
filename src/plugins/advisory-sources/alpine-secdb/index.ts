import type { Claim } from '../../../core/advisories/claim.ts';
import { parseRelease } from '../../../core/advisories/releases.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import {
  asObject,
  BadRecord,
  isVulnerabilityId,
  type JsonObject,
  objectOrNull,
  orderableVersion,
  packageName,
  requiredText,
  textsOf,
} from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { feedFault, type ItemCollector, jsonLinesReader, readerByShape } from '../text-reader.ts';

/** Alpine's secdb: for each origin package the version that fixed a vulnerability. Version 0: never affected. */
export const alpineSecdb: AdvisorySource = {
  id: 'alpine-secdb',
  title: 'Alpine security database',
  licence: 'MIT',
  homepage: 'https://secdb.alpinelinux.org/',
  // A file for each release and repository: those of the releases in support; other fleets set their own.
  defaultUrl: ['v3.21', 'v3.22', 'v3.23']
    .flatMap(release => ['main', 'community'].map(repository => `https://secdb.alpinelinux.org/${release}/${repository}.json`))
    .join(' '),
  format: 'secdb JSON {"distroversion":"v3.22","packages":[{"pkg":{"name","secfixes":{}}}]}, or JSON lines {"rel","repo","pkg","secfixes"}',
  provides: 'claims',
  distributions: ['alpine'],
  recognise: head =>
    isLines(head.text) || (/"distroversion"\s*:/.test(head.text.slice(0, 4000)) && /"packages"\s*:/.test(head.text.slice(0, 4000))),
  releases: head => {
    const release = isLines(head.text) ? null : parseRelease(`alpine:${/"distroversion"\s*:\s*"([^"]+)"/.exec(head.text)?.[1] ?? ''}`);
    return release?.ok ? [release.release] : null;
  },
  reader: context => readerByShape(head => (isLines(head) ? linesReader(context) : documentReader(context))),
};

const isLines = (text: string): boolean => /^\{"rel":"[^"]+","repo":"/.test(text);

function linesReader(context: FeedContext): FeedReader {
  return jsonLinesReader({
    record(value, number, into) {
      const record = asObject(value);
      addFixes(record.pkg, record, releaseOf(requiredText(record, 'rel')), context, `line ${number}`, into);
    },
  });
}

function documentReader(context: FeedContext): FeedReader {
  let release: string | null = null;
  const held: unknown[] = [];
  const read = (value: unknown, at: string, into: ItemCollector): void => {
    const one = asObject(asObject(value).pkg, 'pkg');
    addFixes(one.name, one, release!, context, at, into);
  };
  return jsonEntriesReader({
    open: ['packages'],
    entry({ container, key }, value, into) {
      if (container === '' && key === 'distroversion') release = releaseOf(String(value));
      if (container !== 'packages') return;
      // The release may stand behind the packages.
      if (release === null) held.push(value);
      else read(value, `packages ${key}`, into);
    },
    end(into) {
      if (release === null) throw feedFault('feed-unreadable', `${context.fileName} names no distroversion`);
      for (const [at, value] of held.entries()) into.guard(`packages ${at}`, () => read(value, `packages ${at}`, into));
    },
  });
}

function releaseOf(text: string): string {
  const release = parseRelease(`alpine:${text}`);
  if (!release.ok) throw new BadRecord(release.reason);
  return release.release;
}

/** An entry is one flaw with all its names, and may say more: "CVE-2019-17498 XSA-300", "CVE-2017-2616 (+)". Every CVE is a flaw of its own. */
function namesOf(entry: string): (readonly [id: string, aliases: readonly string[]])[] {
  const ids = entry.split(/[\s,]+/).filter(isVulnerabilityId);
  const cves = ids.filter(id => id.startsWith('CVE-'));
  const flaws = cves.length > 0 ? cves : ids.slice(0, 1);
  return flaws.map(id => [id, ids.filter(other => !flaws.includes(other))]);
}

function addFixes(name: unknown, record: JsonObject, release: string, context: FeedContext, at: string, into: ItemCollector): void {
  if (context.releases !== null && !context.releases.has(release)) return;
  for (const [version, entries] of Object.entries(objectOrNull(record.secfixes) ?? {}))
    into.guard(`${at} (${String(name)} ${version})`, () => {
      const fixedVersion = version === '0' ? '0' : orderableVersion(release, version);
      const named = new Map(textsOf(entries).flatMap(namesOf));
      for (const [vulnerabilityId, aliases] of named) {
        const claim: Claim = {
          source: alpineSecdb.id,
          vulnerabilityId,
          aliases,
          release,
          packageName: packageName(name),
          state: version === '0' ? 'not-affected' : 'fixed',
          fixedVersion,
          severity: null,
          statedOn: null,
          note: null,
        };
        into.add({ kind: 'claim', claim });
      }
    });
}
