import type { VersionScheme } from '../versions/scheme.ts';
import type { Claim } from './claim.ts';
import { orderOf } from './orders.ts';
import { packageKindOfRelease } from './releases.ts';

/**
 * All claims in force, by release and package. Adding is a push into a list (50,000 claims in about 15 ms); a package's claims are grouped by
 * vulnerability and their versions keyed when it is first asked for, because a host has a few hundred of a release's thousands of packages.
 */
export interface ClaimIndex {
  readonly claimCount: number;
  /** Claims by release, for "no data for this release" (which is never "nothing is vulnerable"). */
  readonly countByRelease: ReadonlyMap<string, number>;
  /** What publishers say of a source or binary package of a release; null when none speaks of it. The same object for the same question. */
  packageClaims(release: string, kind: 'source' | 'binary', name: string): PackageClaims | null;
  /** Every package that somebody speaks of, for a rematch. */
  packages(): Iterable<{ readonly release: string; readonly kind: 'source' | 'binary'; readonly name: string }>;
}

export interface PackageClaims {
  readonly release: string;
  readonly kind: 'source' | 'binary';
  readonly name: string;
  /** null when the release's versions have no order that we know: every comparison is then unknown. */
  readonly order: VersionScheme | null;
  readonly vulnerabilities: readonly VulnerabilityClaims[];
}

/** What all publishers say of one vulnerability in one package. */
export interface VulnerabilityClaims {
  readonly vulnerabilityId: string;
  readonly aliases: readonly string[];
  readonly claims: readonly Claim[];
}

export class ClaimIndexBuilder {
  readonly #byRelease = new Map<string, ReleaseClaims>();
  #claimCount = 0;

  add(claim: Claim): void {
    let release = this.#byRelease.get(claim.release);
    if (release === undefined)
      this.#byRelease.set(
        claim.release,
        (release = {
          count: 0,
          kind: packageKindOfRelease(claim.release),
          isCaseless: isCaseless(claim.release),
          source: new Map(),
          binary: new Map(),
        }),
      );
    const packages = release[claim.packageKind ?? release.kind];
    const name = release.isCaseless ? claim.packageName.toLowerCase() : claim.packageName;
    const claims = packages.get(name);
    if (claims === undefined) packages.set(name, [claim]);
    else claims.push(claim);
    release.count++;
    this.#claimCount++;
  }

  /** The builder may go on being used; the index made keeps seeing its lists, so make a new builder for a new load. */
  build(): ClaimIndex {
    const byRelease = this.#byRelease;
    const grouped = new Map<string, PackageClaims>();
    return {
      claimCount: this.#claimCount,
      countByRelease: new Map(Array.from(byRelease, ([release, { count }]) => [release, count])),
      packageClaims(release, kind, asked) {
        const ofRelease = byRelease.get(release);
        const name = ofRelease?.isCaseless ? asked.toLowerCase() : asked;
        const claims = ofRelease?.[kind].get(name);
        if (claims === undefined) return null;
        const key = `${release}\n${kind}\n${name}`;
        let found = grouped.get(key);
        if (found === undefined)
          grouped.set(key, (found = { release, kind, name, order: orderOf(release), vulnerabilities: groupByVulnerability(claims) }));
        return found;
      },
      *packages() {
        for (const [release, packages] of byRelease)
          for (const kind of ['source', 'binary'] as const) for (const name of packages[kind].keys()) yield { release, kind, name };
      },
    };
  }
}

/**
 * Ecosystems in which a package URL's name need not be written as its advisories write it: purl-spec puts Go, Composer and npm into lower case (npm has old
 * packages with capitals, JSONStream), NuGet's registry takes any.
 */
const CASELESS: ReadonlySet<string> = new Set(['Go', 'NuGet', 'Packagist', 'npm']);

/** Whether the index keeps the packages of a release by their names in lower case. */
export function isCaseless(release: string): boolean {
  return CASELESS.has(release);
}

interface ReleaseClaims {
  count: number;
  readonly kind: 'source' | 'binary';
  readonly isCaseless: boolean;
  readonly source: Map<string, Claim[]>;
  readonly binary: Map<string, Claim[]>;
}

export function indexClaims(claims: Iterable<Claim>): ClaimIndex {
  const builder = new ClaimIndexBuilder();
  for (const claim of claims) builder.add(claim);
  return builder.build();
}

/**
 * Claims about one vulnerability under different ids (CVE, GHSA, PYSEC) belong together: ids are joined through aliases, which may form circles.
 * Two CVE ids are two vulnerabilities by definition, so aliases never join them, however a record lists them.
 */
export function groupByVulnerability(claims: readonly Claim[]): readonly VulnerabilityClaims[] {
  if (!claims.some(claim => claim.aliases.length > 0)) {
    const plain: VulnerabilityClaims[] = [];
    for (const [vulnerabilityId, group] of groupById(claims)) plain.push({ vulnerabilityId, aliases: NO_ALIASES, claims: group });
    return plain;
  }
  return Array.from(joinByAlias(claims).values(), group => {
    const ids = new Set<string>();
    for (const claim of group) {
      ids.add(claim.vulnerabilityId);
      for (const alias of claim.aliases) ids.add(alias);
    }
    const vulnerabilityId = displayId(ids, group[0]!.vulnerabilityId);
    ids.delete(vulnerabilityId);
    return { vulnerabilityId, aliases: Array.from(ids).sort(), claims: group };
  });
}

const NO_ALIASES: readonly string[] = [];

function groupById(claims: readonly Claim[]): Map<string, Claim[]> {
  const groups = new Map<string, Claim[]>();
  for (const claim of claims) append(groups, claim.vulnerabilityId, claim);
  return groups;
}

function joinByAlias(claims: readonly Claim[]): Map<string, Claim[]> {
  const parent = new Map<string, string>();
  const rootOf = (id: string): string => {
    let root = id;
    for (let up = parent.get(root); up !== undefined; up = parent.get(root)) root = up;
    if (root !== id) parent.set(id, root);
    return root;
  };
  const join = (a: string, b: string): void => {
    const [rootA, rootB] = [rootOf(a), rootOf(b)];
    if (rootA === rootB || (isCve(rootA) && isCve(rootB))) return;
    // A CVE is always the root, so that the guard above sees it.
    if (isCve(rootB)) parent.set(rootA, rootB);
    else parent.set(rootB, rootA);
  };
  for (const claim of claims) for (const alias of claim.aliases) join(claim.vulnerabilityId, alias);
  const groups = new Map<string, Claim[]>();
  for (const claim of claims) append(groups, rootOf(claim.vulnerabilityId), claim);
  return groups;
}

function append(groups: Map<string, Claim[]>, key: string, claim: Claim): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [claim]);
  else group.push(claim);
}

function isCve(id: string): boolean {
  return id.startsWith('CVE-');
}

function displayId(ids: ReadonlySet<string>, first: string): string {
  if (isCve(first)) return first;
  for (const id of ids) if (isCve(id)) return id;
  return first;
}
