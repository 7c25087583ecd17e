import path from 'node:path';
import type { FeedRequest, LoadedFeed, LoadedFeeds } from '../cli/local/scan-ports.ts';
import { ClaimIndexBuilder } from '../core/advisories/claim-index.ts';
import { orderOf } from '../core/advisories/orders.ts';
import { CPE_RELEASE } from '../core/advisories/releases.ts';
import { trustedAuthors } from '../core/advisories/trusted-authors.ts';
import { Fault, messageWithAdvice } from '../core/kernel/faults.ts';
import type { CpeRecord, FeedItem } from '../plugins/advisory-sources/spec.ts';
import { besideOf, CHECKSUMS } from '../server/feeds/beside.ts';
import { CpeRecords } from './cpe-records.ts';
import { type FeedFile, findFeedFiles, readFeedFile } from './feed-files.ts';
import { SettledStatements } from './settled-statements.ts';

const QUARANTINE_SAMPLE = 5;

/** Reads what a scan needs and no more: files of other releases and enrichment other than KEV stay closed. Throws Fault `feed-not-found` for a path that is not there. */
export async function loadFeeds(request: FeedRequest): Promise<LoadedFeeds> {
  const found = findWanted(request);
  const { files, problems } = await withoutUnvouched(found.files, found.problems);
  const settled = settledFor(request, files);
  const loaded = await readAll(files, problems, request, settled);
  return settled?.contradictedBy(loaded.index) ? readAll(files, problems, request, null) : loaded;
}

function findWanted(request: FeedRequest): { files: readonly FeedFile[]; problems: readonly string[] } {
  const files: FeedFile[] = [];
  const problems: string[] = [];
  for (const location of request.locations) {
    const found = findFeedFiles(location);
    files.push(...found.files.filter(file => isWanted(file, request)));
    const damaged = found.skipped.filter(one => one.damaged);
    problems.push(...damaged.map(one => `${one.path}: ${one.reason}`));
    // A file that was named and is no feed is a mistake; in a folder it is company.
    if (found.files.length > 0 || damaged.length > 0) continue;
    const [only, ...others] = found.skipped;
    problems.push(
      only !== undefined && others.length === 0
        ? `${only.path}: ${only.reason}`
        : `${location} holds no feed in a format that Fettle knows`,
    );
  }
  return { files, problems };
}

/** A file that is not the one that lies beside it as a checksum is left out, and said. */
async function withoutUnvouched(
  found: readonly FeedFile[],
  problems: readonly string[],
): Promise<{ files: readonly FeedFile[]; problems: readonly string[] }> {
  const isPlain = (file: FeedFile) => file.bundled === undefined && CHECKSUMS.some(suffix => besideOf(file.path, suffix) !== null);
  const said = await Promise.all(
    found.map(async file => {
      if (!isPlain(file)) return null;
      // Loaded when there is something to compare: most folders hold feeds alone.
      const { checkLocalChecksums } = await import('../server/feeds/local-integrity.ts');
      return checkLocalChecksums(file.path).then(
        () => null,
        (problem: unknown) => {
          if (problem instanceof Fault) return messageWithAdvice(problem);
          throw problem;
        },
      );
    }),
  );
  return { files: found.filter((_file, at) => said[at] === null), problems: [...problems, ...said.filter(one => one !== null)] };
}

function settledFor(request: FeedRequest, files: readonly FeedFile[]): SettledStatements | null {
  const [release, ...others] = request.releases;
  const order = release === undefined || others.length > 0 ? null : orderOf(release);
  if (request.installed === null || order === null || order.compare !== undefined) return null;
  // A host's own changelogs may contradict a feed as another feed may.
  const speakers = files.filter(file => file.source.provides === 'claims').length + Number((request.claims ?? []).length > 0);
  return new SettledStatements(order, request.installed, speakers > 1);
}

async function readAll(
  files: readonly FeedFile[],
  found: readonly string[],
  request: FeedRequest,
  settled: SettledStatements | null,
): Promise<LoadedFeeds> {
  const builder = new ClaimIndexBuilder();
  const covered = new Set<string>();
  const knownExploited = new Set<string>();
  const feeds: LoadedFeed[] = [];
  const quarantineSample: string[] = [];
  const problems = [...found];
  const sourceNames = new Map<string, string>();
  const binaries = (release: string, sourceName: string, names: readonly string[]): void => {
    for (const name of names) sourceNames.set(`${release}\n${name}`, sourceName);
  };
  const options = {
    today: request.today,
    releases: request.releases,
    packages: request.packages,
    trustedAuthors: trustedAuthors(request.trustedAuthors ?? []),
    ...(settled === null ? {} : { settled: settled.isSettled }),
    ...(request.wantsSourceNames ? { binaries } : {}),
  };
  const use = (item: FeedItem, file: FeedFile): void => {
    if (item.kind === 'claim' && item.claim.cpe === undefined) builder.add(item.claim);
    else if (item.kind === 'enrichment' && item.enrichment.kev !== null) knownExploited.add(item.enrichment.vulnerabilityId);
    else if (item.kind === 'quarantined' && quarantineSample.length < QUARANTINE_SAMPLE)
      quarantineSample.push(`${path.basename(file.path)}, ${item.record}: ${item.reason}`);
  };
  const byCpeLast = files.toSorted((a, b) => Number(a.source.speaksByCpe ?? false) - Number(b.source.speaksByCpe ?? false));
  const byCpe = new CpeRecords();
  for (const file of byCpeLast) {
    const cpeProducts = file.source.speaksByCpe ? stillWanted(request.cpeProducts, covered, builder) : undefined;
    if (cpeProducts?.size === 0) continue;
    // A file that turns out to be cut or a bomb says nothing, whatever it said before that.
    const held: (readonly FeedItem[])[] = [];
    const heldByCpe: CpeRecord[] = [];
    const asked =
      cpeProducts === undefined ? options : { ...options, cpeProducts, cpeRecord: (one: CpeRecord) => void heldByCpe.push(one) };
    for await (const event of readFeedFile(file, asked)) {
      if (event.kind === 'failed') problems.push(`${file.path}: ${messageWithAdvice(event.fault)}`);
      else if (event.kind === 'items') held.push(event.items);
      else if (event.kind === 'finished') {
        for (const items of held) for (const item of items) use(item, file);
        for (const record of heldByCpe) byCpe.add(record);
        for (const release of event.covers) covered.add(release);
        const { records, quarantined, dataDate } = event;
        const { id, title } = file.source;
        const isBundled = file.bundled !== undefined;
        if (records + quarantined + event.covers.length > 0)
          feeds.push({ path: file.path, id, title, records, quarantined, dataDate, isBundled });
      }
    }
  }
  for (const claim of byCpe.claims()) builder.add(claim);
  const index = builder.build();
  for (const release of index.countByRelease.keys()) covered.add(release);
  // After the count, and seen by the index all the same: what is no feed does not make a release one that feeds speak of.
  for (const claim of request.claims ?? []) if (covered.has(claim.release)) builder.add(claim);
  const hasKnownExploited = feeds.some(feed => feed.id === 'kev');
  return { index, covered, knownExploited, hasKnownExploited, sourceNames, feeds, quarantineSample, problems };
}

/** Products of packages of which no feed speaks by name, now that those are read that do: gigabytes of the NVD stay closed where there is none. */
function stillWanted(products: FeedRequest['cpeProducts'], covered: ReadonlySet<string>, builder: ClaimIndexBuilder): ReadonlySet<string> {
  const { countByRelease } = builder.build();
  const isSpokenOf = (release: string) => release !== CPE_RELEASE && (covered.has(release) || countByRelease.has(release));
  return new Set(Array.from(products ?? []).flatMap(([product, releases]) => ([...releases].every(isSpokenOf) ? [] : [product])));
}

function isWanted(file: FeedFile, { releases: wanted, cpeProducts }: FeedRequest): boolean {
  if (file.source.speaksByCpe) return cpeProducts !== undefined;
  if (file.source.provides !== 'claims') return file.source.id === 'kev';
  const { distributions } = file.source;
  if (distributions !== undefined && ![...wanted].some(release => distributions.includes(release.split(':', 1)[0]!))) return false;
  const releases = file.source.releases?.(file.head) ?? null;
  return releases === null || releases.some(release => wanted.has(release));
}
