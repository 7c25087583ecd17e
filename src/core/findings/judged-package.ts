import type { AffectedRange, Claim } from '../advisories/claim.ts';
import type { ClaimIndex, PackageClaims } from '../advisories/claim-index.ts';
import { compareKeys, compareVersions, isInvalid, type Ordering, type VersionScheme } from '../versions/scheme.ts';
import { type Judgement, judge } from './rules.ts';

/**
 * A package's verdicts, ready to be asked about any version: what is decided by one fixed version is sorted by it, so the vulnerable set of a version is
 * the end of a list, found by binary search. Computed once per package and index.
 */
export interface JudgedPackage {
  readonly claims: PackageClaims;
  /** Ascending by boundary. */
  readonly bounded: readonly Judgement[];
  /** Vulnerable whatever the version: open, deferred, wont-fix, end-of-life, undetermined. */
  readonly always: readonly Judgement[];
  /** Each asked by itself: ranges, lists of versions, versions that cannot be ordered, schemes without keys. */
  readonly special: readonly Judgement[];
}

const judged = new WeakMap<PackageClaims, JudgedPackage>();

export function judgedPackage(index: ClaimIndex, release: string, kind: 'source' | 'binary', name: string): JudgedPackage | null {
  const claims = index.packageClaims(release, kind, name);
  if (claims === null) return null;
  let found = judged.get(claims);
  if (found === undefined) judged.set(claims, (found = judgeAll(claims)));
  return found;
}

function judgeAll(claims: PackageClaims): JudgedPackage {
  const bounded: Judgement[] = [];
  const always: Judgement[] = [];
  const special: Judgement[] = [];
  for (const subject of claims.vulnerabilities) {
    const judgement = judge(subject, claims.order);
    if (judgement.state === 'not-affected') continue;
    if (judgement.special) special.push(judgement);
    else if (judgement.boundary !== null) bounded.push(judgement);
    else always.push(judgement);
  }
  bounded.sort((a, b) => compareKeys(a.boundary!, b.boundary!));
  return { claims, bounded, always, special };
}

/** The judgements that make this version vulnerable. `undecided` holds those that nobody can decide for it, with the reason. */
export interface VersionVerdict {
  readonly vulnerable: readonly Judgement[];
  readonly undecided: readonly { readonly judgement: Judgement; readonly reason: string }[];
}

export function verdictOn(judgedPackage: JudgedPackage, version: string): VersionVerdict {
  const { order } = judgedPackage.claims;
  const key = order?.key(version) ?? null;
  const undecided: { judgement: Judgement; reason: string }[] = [];
  const vulnerable: Judgement[] = [];
  if (key?.ok) vulnerable.push(...judgedPackage.bounded.slice(firstAbove(judgedPackage.bounded, key.key)));
  else
    for (const judgement of judgedPackage.bounded)
      undecided.push({ judgement, reason: key === null ? 'no version order is known for this release' : key.reason });
  vulnerable.push(...judgedPackage.always);
  for (const judgement of judgedPackage.special) {
    const answer = isVulnerable(judgement.decisive, version, order);
    if (answer === true) vulnerable.push(judgement);
    else if (answer !== false) undecided.push({ judgement, reason: answer.reason });
  }
  return { vulnerable, undecided };
}

/** The first judgement whose boundary lies above the version: it and all after it are vulnerable. */
function firstAbove(bounded: readonly Judgement[], key: Uint8Array): number {
  let low = 0;
  let high = bounded.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(bounded[middle]!.boundary!, key) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

type Answer = boolean | { readonly reason: string };

function isVulnerable(claim: Claim, version: string, order: VersionScheme | null): Answer {
  if (order === null) return { reason: 'no version order is known for this release' };
  if (claim.unaffectedVersions?.some(unaffected => compareVersions(order, unaffected, version) === 0)) return false;
  if (claim.affected !== undefined) {
    if (claim.affected.versions.includes(version)) return true;
    let doubt: { reason: string } | null = null;
    for (const range of claim.affected.ranges) {
      const answer = isInRange(range, version, order);
      if (answer === true) return true;
      if (answer !== false) doubt = answer;
    }
    return doubt ?? false;
  }
  if (claim.fixedVersion === null) return claim.state !== 'fixed' || { reason: 'the publisher names no fixed version' };
  return ordering(version, claim.fixedVersion, order, order => order < 0);
}

function isInRange(range: AffectedRange, version: string, order: VersionScheme): Answer {
  if (range.introduced !== null && range.introduced !== '0') {
    const answer = ordering(version, range.introduced, order, o => o >= 0);
    if (answer !== true) return answer;
  }
  if (range.fixed !== null) return ordering(version, range.fixed, order, o => o < 0);
  if (range.lastAffected !== null) return ordering(version, range.lastAffected, order, o => o <= 0);
  return true;
}

function ordering(a: string, b: string, order: VersionScheme, holds: (order: Ordering) => boolean): Answer {
  const answer = compareVersions(order, a, b);
  return isInvalid(answer) ? { reason: answer.invalid } : holds(answer);
}
