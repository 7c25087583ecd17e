import type { FeedRequest, LoadedFeeds } from '../cli/local/scan-ports.ts';
import type { Claim } from '../core/advisories/claim.ts';
import { ClaimIndexBuilder, isCaseless, type VulnerabilityClaims } from '../core/advisories/claim-index.ts';
import { orderOf } from '../core/advisories/orders.ts';
import { compareKeys, type VersionScheme } from '../core/versions/scheme.ts';

/** What is read of a file at once: everything but the claims, and where those of each package lie. */
interface Header {
  readonly covered: readonly string[];
  readonly knownExploited: readonly string[];
  readonly feeds: LoadedFeeds['feeds'];
  readonly quarantineSample: readonly string[];
  /** Release and kind, tab between -> package -> offset and length of its shelves, bytes after the header. */
  readonly packages: Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>>;
}

/**
 * Vulnerabilities of a package that everybody calls fixed in this version or an older one: whoever has it need not read them. null: whose answer takes more.
 * A package is a line with its shelves, then the shelves: lists of place among the package's vulnerabilities and claims.
 */
type Shelf = readonly [fixedVersion: string | null, length: number];
type Shelved = readonly [place: number, claims: readonly Claim[]];

export type HostRequest = FeedRequest & {
  readonly packages: ReadonlySet<string>;
  readonly installed: ReadonlyMap<string, readonly string[]>;
};

const KINDS = ['source', 'binary'] as const;
const MAGIC = 'fettle-scan-cache 1\n';
const LENGTH_DIGITS = 12;

/** `loaded` holds every package. null: too large to be worth it. */
export function encodeFeeds(loaded: LoadedFeeds, bytesMax: number): Buffer | null {
  const packages: Record<string, Record<string, [number, number]>> = {};
  const pieces: Buffer[] = [];
  let offset = 0;
  for (const { release, kind, name } of loaded.index.packages()) {
    const { vulnerabilities } = loaded.index.packageClaims(release, kind, name)!;
    const piece = encodePackage(vulnerabilities, kind === 'source' ? orderOf(release) : null);
    (packages[`${release}\t${kind}`] ??= {})[name] = [offset, piece.length];
    pieces.push(piece);
    offset += piece.length;
    if (offset > bytesMax) return null;
  }
  const { covered, knownExploited, feeds, quarantineSample } = loaded;
  const header: Header = { covered: [...covered], knownExploited: [...knownExploited], feeds, quarantineSample, packages };
  const text = Buffer.from(JSON.stringify(header));
  return Buffer.concat([Buffer.from(MAGIC + String(text.length).padStart(LENGTH_DIGITS)), text, ...pieces]);
}

function encodePackage(vulnerabilities: readonly VulnerabilityClaims[], order: VersionScheme | null): Buffer {
  const shelves = Map.groupBy(
    vulnerabilities.map(({ claims }, place): Shelved => [place, claims]),
    ([, claims]) => fixedForAll(claims, order),
  );
  const texts = Array.from(shelves, ([fixed, shelved]) => [fixed, Buffer.from(JSON.stringify(shelved))] as const);
  const list = texts.map(([fixed, bytes]): Shelf => [fixed, bytes.length]);
  return Buffer.concat([Buffer.from(`${JSON.stringify(list)}\n`), ...texts.map(([, bytes]) => bytes)]);
}

/** The highest version that a claim names, when every claim says "fixed in" and nothing else. rpm's versions lack epochs, so they are compared with each host's. */
function fixedForAll(claims: readonly Claim[], order: VersionScheme | null): string | null {
  if (order === null || order.compare !== undefined || order.id === 'rpm') return null;
  let highest: { readonly version: string; readonly key: Uint8Array } | null = null;
  for (const claim of claims) {
    const { state, fixedVersion: version } = claim;
    if (state !== 'fixed' || version === null || LIMITING.some(field => claim[field] !== undefined)) return null;
    const key = order.key(version);
    if (!key.ok) return null;
    if (highest === null || compareKeys(key.key, highest.key) > 0) highest = { version, key: key.key };
  }
  return highest?.version ?? null;
}

const LIMITING = ['affected', 'onlyVersions', 'module', 'unaffectedVersions'] as const satisfies readonly (keyof Claim)[];

/** What the request asks for. Throws for what this code did not write to its end. */
export function decodeFeeds(bytes: Buffer, request: HostRequest): LoadedFeeds {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('not a scan cache');
  const start = MAGIC.length + LENGTH_DIGITS;
  const body = start + Number(bytes.toString('latin1', MAGIC.length, start));
  const header = JSON.parse(bytes.toString('utf8', start, body)) as Header;
  const builder = new ClaimIndexBuilder();
  for (const release of request.releases) {
    const names = isCaseless(release) ? new Set(Array.from(request.packages, name => name.toLowerCase())) : request.packages;
    for (const kind of KINDS) {
      const places = header.packages[`${release}\t${kind}`] ?? {};
      for (const name of names) {
        if (!Object.hasOwn(places, name)) continue;
        const [offset, length] = places[name]!;
        const has = lowestKey(request, release, kind, name);
        const piece = bytes.subarray(body + offset, body + offset + length);
        for (const [, claims] of readPackage(piece, has)) for (const claim of claims) builder.add(claim);
      }
    }
  }
  // As the reading of the feeds does it: an index keeps seeing what its builder is given.
  const index = builder.build();
  const covered = new Set(header.covered);
  for (const claim of request.claims ?? []) if (covered.has(claim.release)) builder.add(claim);
  return {
    index,
    covered,
    knownExploited: new Set(header.knownExploited),
    hasKnownExploited: header.feeds.some(feed => feed.id === 'kev'),
    sourceNames: new Map(),
    feeds: header.feeds,
    quarantineSample: header.quarantineSample,
    problems: [],
  };
}

interface LowestInstalled {
  readonly order: VersionScheme;
  readonly key: Uint8Array;
}

/** The oldest version of a source that the host has; null: nothing may be passed over. */
function lowestKey({ installed, releases, claims = [] }: HostRequest, release: string, kind: string, name: string): LowestInstalled | null {
  const order = orderOf(release);
  // What the host's own changelogs say may be about a vulnerability that was passed over, and would then stand alone.
  if (kind !== 'source' || order === null || releases.size > 1 || claims.length > 0) return null;
  let lowest: Uint8Array | null = null;
  for (const version of installed.get(name) ?? []) {
    const key = order.key(version);
    if (!key.ok) return null;
    if (lowest === null || compareKeys(key.key, lowest) < 0) lowest = key.key;
  }
  return lowest === null ? null : { order, key: lowest };
}

function readPackage(bytes: Buffer, has: LowestInstalled | null): Shelved[] {
  const end = bytes.indexOf(0x0a);
  const shelves = JSON.parse(bytes.toString('utf8', 0, end)) as Shelf[];
  const found: Shelved[] = [];
  let offset = end + 1;
  for (const [fixed, length] of shelves) {
    const key = has === null || fixed === null ? null : has.order.key(fixed);
    if (!key?.ok || compareKeys(key.key, has!.key) > 0)
      found.push(...(JSON.parse(bytes.toString('utf8', offset, offset + length)) as Shelved[]));
    offset += length;
  }
  return found.sort(([a], [b]) => a - b);
}
