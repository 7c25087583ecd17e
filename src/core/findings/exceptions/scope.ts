import { canonicalJson, sha256Hex } from '../../kernel/canonical-json.ts';

/** A vulnerability in a source package: with a host it names one finding. */
export interface ScopedFinding {
  readonly vulnerabilityId: string;
  readonly sourceName: string;
}

export interface ScopedPatch {
  readonly patchId: string;
  readonly sourceName: string;
  readonly targetVersion: string;
}

/**
 * Every one of these findings on every one of these hosts, by id: a host that matches the query tomorrow is not covered (domain.md 2.6). Both lists are
 * sorted and without doubles. `patch`: for a hold; `findings` are then those that the patch would close.
 */
export interface ExceptionScope {
  readonly hostIds: readonly string[];
  readonly findings: readonly ScopedFinding[];
  readonly patch: ScopedPatch | null;
}

export function scopeOf(hostIds: Iterable<string>, findings: Iterable<ScopedFinding>, patch: ScopedPatch | null = null): ExceptionScope {
  const byKey = new Map(
    Array.from(findings, ({ vulnerabilityId, sourceName }) => [keyOf(vulnerabilityId, sourceName), { vulnerabilityId, sourceName }]),
  );
  return {
    hostIds: [...new Set(hostIds)].sort(),
    findings: [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, finding]) => finding),
    patch,
  };
}

/** What an approver saw; the approval binds it as a plan's approval binds the plan. */
export function scopeHash(scope: ExceptionScope): string {
  return sha256Hex(canonicalJson(scope));
}

export function keyOf(vulnerabilityId: string, sourceName: string): string {
  return `${vulnerabilityId} ${sourceName}`;
}

/**
 * What two exceptions would both speak of; null when nothing. A hold and an excuse answer different questions, so only holds meet holds, by the patch.
 */
export function overlapOf(one: ExceptionScope, other: ExceptionScope): { readonly hostId: string; readonly what: string } | null {
  if ((one.patch === null) !== (other.patch === null)) return null;
  const hosts = new Set(one.hostIds);
  const hostId = other.hostIds.find(id => hosts.has(id));
  if (hostId === undefined) return null;
  if (one.patch !== null && other.patch !== null)
    return one.patch.sourceName === other.patch.sourceName && one.patch.targetVersion === other.patch.targetVersion
      ? { hostId, what: `${one.patch.sourceName} ${one.patch.targetVersion}` }
      : null;
  const keys = new Set(one.findings.map(({ vulnerabilityId, sourceName }) => keyOf(vulnerabilityId, sourceName)));
  const same = other.findings.find(({ vulnerabilityId, sourceName }) => keys.has(keyOf(vulnerabilityId, sourceName)));
  return same === undefined ? null : { hostId, what: `${same.vulnerabilityId} in ${same.sourceName}` };
}
