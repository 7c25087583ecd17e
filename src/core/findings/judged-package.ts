import type { AffectedRange, Claim } from '../advisories/claim.ts';
import type { ClaimIndex, PackageClaims, VulnerabilityClaims } from '../advisories/claim-index.ts';
import { compareForMatching } from '../versions/ranges.ts';
import { compareInRange, parseRpm, type RpmVersion, rpm } from '../versions/rpm.ts';
import { compareKeys, compareVersions, type Ordering, type VersionKey, type VersionScheme } from '../versions/scheme.ts';
import { byModuleStream } from './module-streams.ts';
import { type Judgement, judge } from './rules.ts';

/**
 * A package's verdicts, ready to be asked about any version: what is decided by one fixed version is sorted by it, so the vulnerable set of a version is
 * the end of a list, found by binary search. Computed once per package and index.
 */
export interface JudgedPackage {
  readonly claims: PackageClaims;
  /** Ascending by boundary. */
  readonly bounded: readonly Judgement[];
  /** Vulnerable whatever the version: open, deferred, wont-fix, end-of-life, unknown. */
  readonly always: readonly Judgement[];
  /** Some publisher speaks of single versions only: judged for each version that is asked about, and remembered. */
  readonly conditional: readonly { readonly subject: VulnerabilityClaims; readonly byVersion: Map<string, Judgement | null> }[];
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
  const keyOf = rememberedKeys(claims.order);
  const conditional: { subject: VulnerabilityClaims; byVersion: Map<string, Judgement | null> }[] = [];
  const isRpm = claims.order?.id === 'rpm';
  const whole = new Set(claims.vulnerabilities);
  for (const subject of isRpm ? claims.vulnerabilities.flatMap(byModuleStream) : claims.vulnerabilities) {
    if (subject.claims.some(claim => claim.onlyVersions !== undefined)) {
      conditional.push({ subject, byVersion: new Map() });
      continue;
    }
    const judgement = judge(subject, keyOf, claims.order);
    if (judgement.state === 'not-affected') continue;
    // What is open in one stream is open in that stream only, so it is asked with the stream at hand.
    const isOfOneStream = isRpm && (judgement.decisive.module !== undefined || !whole.has(subject));
    if (judgement.special || (judgement.boundary === null && isOfOneStream)) special.push(judgement);
    else if (judgement.boundary !== null) bounded.push(judgement);
    else always.push(judgement);
  }
  // Equal versions share one key, so most comparisons of a kernel's 4,000 vulnerabilities with some 50 fixed versions are of one object with itself.
  bounded.sort((a, b) => (a.boundary === b.boundary ? 0 : compareKeys(a.boundary!, b.boundary!)));
  return { claims, bounded, always, conditional, special };
}

function rememberedKeys(order: VersionScheme | null): (version: string) => Uint8Array | null {
  const keys = new Map<string, Uint8Array | null>();
  return version => {
    let key = keys.get(version);
    if (key === undefined) {
      const answer = order?.key(version);
      keys.set(version, (key = answer?.ok ? answer.key : null));
    }
    return key;
  };
}

/** The judgements that make this version vulnerable. `undecided` holds those that nobody can decide for it, with the reason. */
export interface VersionVerdict {
  readonly vulnerable: readonly Judgement[];
  readonly undecided: readonly { readonly judgement: Judgement; readonly reason: string }[];
}

/** `module`: the rpm module stream of the installed package, '' for none, null or absent when not known. */
export function verdictOn(judgedPackage: JudgedPackage, version: string, module: string | null = null): VersionVerdict {
  const { order } = judgedPackage.claims;
  if (order?.id === 'rpm') return rpmVerdictOn(judgedPackage, version, module);
  const key = order?.key(version) ?? null;
  const undecided: { judgement: Judgement; reason: string }[] = [];
  const vulnerable: Judgement[] = [];
  if (key?.ok) vulnerable.push(...judgedPackage.bounded.slice(firstAbove(judgedPackage.bounded, key.key)));
  else
    for (const judgement of judgedPackage.bounded)
      undecided.push({ judgement, reason: key === null ? 'no version order is known for this release' : key.reason });
  vulnerable.push(...judgedPackage.always);
  for (const judgement of [...judgedPackage.special, ...judgedForVersion(judgedPackage, version)]) {
    const answer = isVulnerable(judgement.decisive, version, order);
    if (answer === true) vulnerable.push(judgement);
    else if (answer !== false) undecided.push({ judgement, reason: answer.reason });
  }
  return { vulnerable, undecided };
}

/** Judged by the statements that concern this version; the same object for the same version. */
function judgedForVersion(judgedPackage: JudgedPackage, version: string): Judgement[] {
  const { order } = judgedPackage.claims;
  const concerns = (claim: Claim): boolean =>
    claim.onlyVersions === undefined ||
    claim.onlyVersions.some(only => only === version || (order !== null && compareVersions(order, only, version) === 0));
  return judgedPackage.conditional.flatMap(({ subject, byVersion }) => {
    let judgement = byVersion.get(version);
    if (judgement === undefined) {
      const claims = subject.claims.filter(concerns);
      judgement = claims.length === 0 ? null : judge({ ...subject, claims }, rememberedKeys(order), order);
      byVersion.set(version, judgement);
    }
    return judgement === null || judgement.state === 'not-affected' ? [] : [judgement];
  });
}

/** The version that has the fix for somebody who has `version`: of several ranges, the end of the one that holds it. */
export function fixFor(claim: Claim, version: string, order: VersionScheme | null): string | null {
  if (claim.affected === undefined || order === null) return claim.fixedVersion;
  const range = claim.affected.ranges.find(one => isInRange(one, version, order) === true);
  return range === undefined ? claim.fixedVersion : range.fixed;
}

/**
 * rpm's own rules: an epoch that the list does not have is the advisory's (reading it as 0 gave 28 to 39 false findings per host), and the
 * versions of a module stream say nothing about another stream.
 */
function rpmVerdictOn(judgedPackage: JudgedPackage, version: string, module: string | null): VersionVerdict {
  const undecided: { judgement: Judgement; reason: string }[] = [];
  const vulnerable: Judgement[] = [...judgedPackage.always];
  const installed = parseRpm(version);
  const readable = rpm.key(version);
  for (const judgement of [...judgedPackage.bounded, ...judgedPackage.special, ...judgedForVersion(judgedPackage, version)]) {
    const modular = modularity(judgement.decisive, version, module);
    if (modular === 'other-stream') continue;
    const answer = modular === 'unknown-stream' ? NEEDS_MODULE : rpmAnswer(judgement.decisive, version, installed, readable);
    if (answer === true) vulnerable.push(judgement);
    else if (answer !== false) undecided.push({ judgement, reason: answer.reason });
  }
  if (undecided.length === 0) return { vulnerable, undecided };
  // A host that does not say its stream is told once that a vulnerability cannot be decided, not once for each stream.
  const known = new Set(vulnerable.map(({ subject }) => subject.vulnerabilityId));
  const isNew = ({ judgement: { subject } }: { judgement: Judgement }): boolean => known.size < known.add(subject.vulnerabilityId).size;
  return { vulnerable, undecided: undecided.filter(isNew) };
}

const NEEDS_MODULE = { reason: 'needs module info: list packages with %{MODULARITYLABEL}' };

function rpmAnswer(claim: Claim, version: string, installed: RpmVersion, readable: VersionKey): Answer {
  if (!readable.ok) return { reason: readable.reason };
  if (claim.affected !== undefined || claim.fixedVersion === null) return isVulnerable(claim, version, rpm);
  if (!rpm.key(claim.fixedVersion).ok) return { reason: "the publisher's version cannot be read" };
  if (claim.unaffectedVersions?.some(unaffected => compareVersions(rpm, unaffected, version) === 0)) return false;
  return compareInRange(installed, parseRpm(claim.fixedVersion)).ordering < 0;
}

function modularity(claim: Claim, version: string, module: string | null): 'comparable' | 'other-stream' | 'unknown-stream' {
  const claimIsModular = claim.module !== undefined || (claim.fixedVersion?.includes('.module') ?? false);
  const installedIsModular = module === null ? version.includes('.module') : module !== '';
  if (!claimIsModular && !installedIsModular) return 'comparable';
  // A version of no module says nothing about a package that is known to be of one.
  if (!claimIsModular && module !== null && claim.onlyVersions === undefined) return 'other-stream';
  if (claim.module !== undefined && module !== null) return claim.module === module ? 'comparable' : 'other-stream';
  // Known to be in no module: a module's advisory is about another build. Everything else that one side does not say is unknown.
  if (module === '' && claimIsModular) return 'other-stream';
  return 'unknown-stream';
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
    // With nothing but a list, a version that is only written otherwise (PEP 440: 1.0 and 1.0.0) is the listed one.
    if (claim.affected.ranges.length === 0 && claim.affected.versions.some(listed => compareVersions(order, listed, version) === 0))
      return true;
    let doubt: { reason: string } | null = null;
    for (const range of claim.affected.ranges) {
      const answer = isInRange(range, version, order);
      if (answer === true) return true;
      if (answer !== false) doubt = answer;
    }
    return doubt ?? false;
  }
  if (claim.state === 'unknown') return { reason: 'the publisher has not determined it' };
  if (claim.fixedVersion === null) return claim.state !== 'fixed' || { reason: 'the publisher names no fixed version' };
  return ordering(version, claim.fixedVersion, order, order => order < 0);
}

function isInRange(range: AffectedRange, version: string, order: VersionScheme): Answer {
  if (range.introduced !== null && range.introduced !== '0') {
    const answer = ordering(version, range.introduced, order, o => o >= 0);
    if (answer !== true) return answer;
  }
  if (range.limit !== undefined) {
    const answer = ordering(version, range.limit, order, o => o < 0);
    if (answer !== true) return answer;
  }
  if (range.fixed !== null) return ordering(version, range.fixed, order, o => o < 0);
  if (range.lastAffected !== null) return ordering(version, range.lastAffected, order, o => o <= 0);
  return true;
}

function ordering(a: string, b: string, order: VersionScheme, holds: (order: Ordering) => boolean): Answer {
  const answer = compareForMatching(order, a, b);
  return 'invalid' in answer ? { reason: answer.invalid } : holds(answer.ordering);
}
