import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Claim } from '../../core/advisories/claim.ts';
import { Fault } from '../../core/kernel/faults.ts';
import type { AdvisorySource, FeedItem } from '../../plugins/advisory-sources/spec.ts';
import type { FeedFile, FeedFileEvent, FeedFiles, FeedFilesPort } from './feed-files.ts';
import { stageItems } from './stage.ts';

/** A format of the test's own, one JSON claim a line; `oops` is a bad record and `cut` a broken file. The real formats are tested with their members. */
function source(id: string, defaultUrl: string | null): AdvisorySource {
  return {
    id,
    title: `Source ${id}`,
    licence: 'MIT',
    homepage: 'https://example.org/',
    defaultUrl,
    format: 'test',
    provides: 'claims',
    recognise: head => head.text.startsWith(`# ${id}`),
    reader: () => ({ push: () => [], end: () => [], dataDate: () => null, quarantined: () => 0 }),
  };
}
const SOURCES = [source('alpha', null), source('beta', 'http://feeds.invalid/beta')];

const files: FeedFiles = {
  async find(location) {
    const paths = statSync(location).isDirectory()
      ? readdirSync(location)
          .sort()
          .map(name => path.join(location, name))
          .filter(file => statSync(file).isFile())
      : [location];
    const files = paths.flatMap(file => {
      const head = { fileName: path.basename(file), text: readFileSync(file, 'utf8').slice(0, 100) };
      const found = SOURCES.find(member => member.recognise(head));
      return found ? [{ path: file, sizeBytes: 1, head, source: found }] : [];
    });
    return {
      files,
      skipped: paths.filter(file => !files.some(known => known.path === file)).map(file => ({ path: file, reason: 'not a feed' })),
    };
  },
  stage: (file, { prefix }) => stageItems(eventsOf(file), file.source, prefix),
  close: async () => {},
};
export const filesPort: FeedFilesPort = { sources: SOURCES, trustedAuthors: [], open: () => files };

async function* eventsOf(file: FeedFile): AsyncIterable<FeedFileEvent> {
  const lines = readFileSync(file.path, 'utf8').trim().split('\n').slice(1);
  if (lines.includes('cut')) {
    yield { kind: 'items', items: [{ kind: 'claim', claim: claim('CVE-2026-9999') }] };
    yield { kind: 'failed', fault: new Fault('feed-truncated', 'the feed ends too early', 'Fetch it again.') };
    return;
  }
  const items = lines.map(
    (line): FeedItem =>
      line === 'oops'
        ? { kind: 'quarantined', record: 'line', reason: 'no JSON' }
        : { kind: 'claim', claim: { ...claim('x'), ...(JSON.parse(line) as Partial<Claim>) } },
  );
  yield { kind: 'items', items };
  yield { kind: 'finished', records: items.length, quarantined: 0, dataDate: /date=(\S+)/.exec(file.head.text)?.[1] ?? null };
}

function claim(vulnerabilityId: string, more: Partial<Claim> = {}): Claim {
  return {
    source: 'alpha',
    vulnerabilityId,
    aliases: [],
    release: 'debian:12',
    packageName: 'openssl',
    state: 'open',
    fixedVersion: null,
    severity: null,
    statedOn: null,
    note: null,
    ...more,
  };
}
export const feedText = (id: string, claims: readonly (Partial<Claim> | string)[], header = '') =>
  `# ${id} ${header}\n${claims.map(entry => (typeof entry === 'string' ? entry : JSON.stringify(entry))).join('\n')}\n`;
