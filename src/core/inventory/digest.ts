import { canonicalJson, sha256Hex } from '../kernel/canonical-json.ts';
import { type PackageRow, toPackageRow } from './package-row.ts';
import type { CandidateRecord, HostFacts, PackageRecord, Snapshot } from './snapshot.ts';

/**
 * The three parts of a snapshot are known by content. The reporter computes the digests; the server only compares them with those of the
 * last report that it stored, so an unchanged host costs one small request and no row. Order of the elements never matters.
 */
export interface PartDigests {
  readonly facts: string;
  readonly packages: string;
  readonly candidates: string;
}

export function snapshotDigests(snapshot: Pick<Snapshot, 'facts' | 'packages' | 'candidates'>): PartDigests {
  return {
    facts: factsDigest(snapshot.facts),
    packages: packagesDigest(snapshot.packages),
    candidates: candidatesDigest(snapshot.candidates),
  };
}

export function packagesDigest(packages: readonly PackageRecord[]): string {
  return packageRowsDigest(packages.map(toPackageRow));
}

/** Tab and newline stand in no dpkg field, so the text of a row is unambiguous. */
function packageRowsDigest(rows: readonly PackageRow[]): string {
  return sha256Hex(
    rows
      .map(row => row.join('\t'))
      .sort()
      .join('\n'),
  );
}

/** null (candidates could not be read) is told apart from an empty list (everything is up to date). */
export function candidatesDigest(candidates: readonly CandidateRecord[] | null): string {
  if (candidates === null) return sha256Hex('unread');
  return sha256Hex(
    candidates
      .map(candidate => canonicalJson({ ...candidate, origins: [...candidate.origins].sort() }))
      .sort()
      .join('\n'),
  );
}

/**
 * Lists are compared as sets. Process ids are left out: the same daemon restarted with the same stale files is the same fact,
 * and a host whose short-lived processes come and go would else report for ever.
 */
export function factsDigest(facts: HostFacts): string {
  const staleProcesses = facts.staleProcesses?.map(({ pid: _pid, ...rest }) => rest) ?? null;
  return sha256Hex(canonicalJson(withSortedLists({ ...facts, staleProcesses })));
}

function withSortedLists(value: unknown): unknown {
  if (Array.isArray(value)) {
    const texts = value.map(element => canonicalJson(withSortedLists(element)));
    return [...new Set(texts)].sort();
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, element]) => [name, withSortedLists(element)]));
}
