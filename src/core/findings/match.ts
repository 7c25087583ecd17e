import type { Claim } from '../advisories/claim.ts';
import type { ClaimIndex } from '../advisories/claim-index.ts';
import { advisorySource } from '../advisories/kernel-names.ts';
import { rebuiltFrom } from '../versions/rebuilds.ts';
import { compareInRange, parseRpm } from '../versions/rpm.ts';
import type { SchemeId, VersionScheme } from '../versions/scheme.ts';
import type { Evidence, Match } from './finding.ts';
import { fixFor, judgedPackage, verdictOn } from './judged-package.ts';
import { hiddenBecause, type Judgement, statementOf } from './rules.ts';

/** One distinct package version, whatever the number of hosts that have it. */
export interface MatchRequest {
  readonly release: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** The binary package, for publishers that speak of binaries (rpm, debsecan's B rows). */
  readonly packageName: string;
  /** The binary package's own version; absent: as `sourceVersion`. */
  readonly packageVersion?: string;
  /** False for a package from somebody else's repository: the distribution's claims are not about it. */
  readonly originTrusted: boolean;
  /** rpm module stream `nodejs:20`; '' for none; null or absent when it is not known. */
  readonly module?: string | null;
}

/**
 * What is known to be wrong with a package version. Empty means that no publisher of the index calls it vulnerable; for a package of foreign origin it
 * means that nobody speaks of it at all (the caller shows those as not covered).
 */
export function matchPackage(index: ClaimIndex, request: MatchRequest): Match[] {
  if (!request.originTrusted) return [];
  const source = advisorySource(request.release.split(':', 1)[0]!, request.sourceName, request.sourceVersion);
  const matches = matchName(index, request.release, 'source', source.name, source.version, null);
  const ofBinary = matchName(
    index,
    request.release,
    'binary',
    request.packageName,
    request.packageVersion ?? request.sourceVersion,
    request.module ?? null,
  );
  if (ofBinary.length === 0) return matches;
  const known = new Set(matches.map(match => match.vulnerabilityId));
  return [...matches, ...ofBinary.filter(match => !known.has(match.vulnerabilityId))];
}

function matchName(
  index: ClaimIndex,
  release: string,
  kind: 'source' | 'binary',
  name: string,
  version: string,
  module: string | null,
): Match[] {
  const judged = judgedPackage(index, release, kind, name);
  if (judged === null) return [];
  const { vulnerable, undecided } = verdictOn(judged, version, module);
  const matches = vulnerable.map(judgement => matchOf(judgement, version, judged.claims.order, null));
  for (const { judgement, reason } of undecided) matches.push(matchOf(judgement, version, judged.claims.order, reason));
  return matches;
}

/** A judgement that holds for a version, as everybody is told of it. `doubt`: why nobody can decide it for this version. */
export function matchOf(judgement: Judgement, version: string, order: VersionScheme | null, doubt: string | null): Match {
  const { subject, decisive, ranked } = judgement;
  const state = doubt === null ? judgement.state : 'unknown';
  return {
    vulnerabilityId: subject.vulnerabilityId,
    aliases: subject.aliases,
    // `not-affected` never gets here: such judgements are left out when a package is judged.
    state: state === 'not-affected' ? 'unknown' : state,
    fixedVersion: decisive.affected === undefined ? judgement.fixedVersion : fixFor(decisive, version, order),
    severity: decisive.severity ?? ranked.find(claim => claim.severity !== null)?.severity ?? null,
    hidden: hiddenBecause(state, ranked.length === 1 ? [decisive.severity] : ranked.map(claim => claim.severity)),
    evidence: evidenceOf(judgement, version, order?.id ?? null, doubt),
  };
}

/** Everything an auditor needs to repeat the comparison by hand, the decisive claim first. */
export function evidenceOf(judgement: Judgement, version: string, order: SchemeId | null, doubt: string | null): Evidence[] {
  const { decisive, ranked } = judgement;
  const first = evidenceOfClaim(decisive, judgement, version, order, doubt);
  if (ranked.length === 1) return [first];
  return [first, ...ranked.filter(claim => claim !== decisive).map(claim => evidenceOfClaim(claim, judgement, version, order, doubt))];
}

function evidenceOfClaim(claim: Claim, judgement: Judgement, version: string, order: SchemeId | null, doubt: string | null): Evidence {
  return {
    source: claim.source,
    statedOn: claim.statedOn,
    release: claim.release,
    packageName: claim.packageName,
    claimState: claim.state,
    installedVersion: version,
    fixedVersion: claim.fixedVersion,
    comparison: claim === judgement.decisive ? comparisonOf(claim, version, order, doubt) : `${claim.source} says ${statementOf(claim)}`,
    rule: doubt === null ? judgement.rule : 'unknown',
    disagreement: judgement.disagreement ?? rebuildDoubt(judgement.decisive, version, order),
  };
}

/** The likely explanation of a false finding, where one comparison of versions is all that there is. */
function rebuildDoubt(claim: Claim, version: string, order: SchemeId | null): string | null {
  if (order !== 'deb' || claim.state !== 'fixed' || claim.affected !== undefined || claim.fixedVersion === null) return null;
  if (rebuiltFrom(version) !== claim.fixedVersion) return null;
  return `By its name ${version} is a rebuild of ${claim.fixedVersion}, which has the fix. The installed package's own changelog settles it; until it is read the publisher's comparison stands.`;
}

const ORDER_NAME: Readonly<Record<SchemeId, string>> = {
  deb: 'dpkg',
  rpm: 'rpm',
  apk: 'apk',
  pacman: 'pacman',
  semver: 'semver',
  pep440: 'PEP 440',
  maven: 'Maven',
  nuget: 'NuGet',
  gem: 'RubyGems',
  go: 'Go',
  composer: 'Composer',
};

/** What the comparison took from the other side, for whoever repeats it by hand. */
function assumptionOf(version: string, fixedVersion: string, order: SchemeId | null): string {
  const assumed = order === 'rpm' ? compareInRange(parseRpm(version), parseRpm(fixedVersion)).assumed : null;
  return assumed === null ? '' : `, ${assumed} not stated on one side`;
}

function comparisonOf(claim: Claim, version: string, order: SchemeId | null, doubt: string | null): string {
  if (doubt !== null) return `${version} cannot be compared with ${claim.fixedVersion ?? 'the affected versions'}: ${doubt}`;
  if (claim.affected !== undefined) return `${version} is among the affected versions (${order === null ? 'no' : ORDER_NAME[order]} order)`;
  if (claim.fixedVersion !== null)
    return `${version} < ${claim.fixedVersion} (${order === null ? 'no' : ORDER_NAME[order]} order${assumptionOf(version, claim.fixedVersion, order)})`;
  return `${version}: no fixed version is known in ${claim.release}`;
}
