import type { Claim, CpeStatement } from '../advisories/claim.ts';
import type { ClaimIndex } from '../advisories/claim-index.ts';
import { CPE_RELEASE } from '../advisories/releases.ts';
import { ANY, type Cpe, hasWildcard, isStated, NA, namesByWildcard, parseCpe, productOf, readableValue } from '../versions/cpe.ts';
import { compareCpeVersions, isPreReleaseOf } from '../versions/cpe-order.ts';
import { inCpeRange } from '../versions/ranges.ts';
import { isInvalid } from '../versions/scheme.ts';
import type { Match } from './finding.ts';
import type { RuleName } from './rules.ts';

/** A CPE that somebody states for a package, never one guessed from its name. */
interface StatedCpe {
  readonly cpe: Cpe;
  /** The version that stands beside it, for a CPE that states none; '' when nothing does. */
  readonly version: string;
}

/**
 * What is known to be wrong with a product by its CPE alone: for packages of which no publisher speaks by their own name, for vendor and product collide
 * (docs/peers.md section 3), and never for a distribution's packages, whose versions are not the vendor's. All of it says so: `confidence: low`.
 */
export function matchCpe(index: ClaimIndex, stated: StatedCpe): Match[] {
  const product = productOf(stated.cpe);
  const claims = product === null ? null : index.packageClaims(CPE_RELEASE, 'binary', product);
  return (claims?.vulnerabilities ?? []).flatMap(({ vulnerabilityId, aliases, claims: said }) => {
    // The NVD's files overlap (a year, the last eight days): its later word stands for the earlier one.
    const claim = said.reduce((last, one) => ((one.statedOn ?? '') >= (last.statedOn ?? '') ? one : last));
    const verdict = verdictOf(claim.cpe ?? [], stated);
    return verdict.inside === 'no' ? [] : [matchOf(vulnerabilityId, aliases, claim, stated, verdict)];
  });
}

interface Verdict {
  readonly inside: 'yes' | 'no' | 'unknown';
  readonly because: string;
  readonly fixedVersion: string | null;
}

const NO: Verdict = { inside: 'no', because: '', fixedVersion: null };
const yes = (because: string): Verdict => ({ inside: 'yes', because, fixedVersion: null });
const unclear = (because: string): Verdict => ({ inside: 'unknown', because, fixedVersion: null });

/** Any of the statements; one that holds outweighs those that nobody can decide. */
function verdictOf(statements: readonly CpeStatement[], stated: StatedCpe): Verdict {
  let doubt: Verdict | null = null;
  for (const statement of statements) {
    const verdict = verdictOn(statement, stated);
    if (verdict.inside === 'yes') return verdict;
    if (verdict.inside === 'unknown') doubt ??= verdict;
  }
  return doubt ?? NO;
}

function verdictOn(statement: CpeStatement, stated: StatedCpe): Verdict {
  const parsed = parseCpe(statement.criteria);
  if (!parsed.ok) return unclear(`${statement.criteria} cannot be read: ${parsed.reason}`);
  const { cpe: meant } = parsed;
  if (stated.cpe.part !== ANY && meant.part !== ANY && stated.cpe.part !== meant.part) return NO;
  const version = versionVerdict(statement, meant, stated);
  if (version.inside === 'no') return NO;
  let doubt = version.inside === 'unknown' ? version.because : null;
  for (const [field, title] of NARROWING) {
    if (field === 'update' && isStated(meant.version)) continue;
    const answer = relation(meant[field], stated.cpe[field]);
    if (answer === 'disjoint') return NO;
    if (answer === 'narrower') doubt ??= `it counts for ${title} "${meant[field]}" only, and the CPE of the package does not state any`;
  }
  if (statement.onlyIf !== undefined) doubt = `${doubt === null ? version.because : doubt}; it counts ${statement.onlyIf}`;
  return doubt === null ? { ...version, fixedVersion: statement.versionEndExcluding ?? null } : unclear(doubt);
}

const NARROWING = [
  ['update', 'update'],
  ['edition', 'edition'],
  ['language', 'language'],
  ['swEdition', 'software edition'],
  ['targetSw', 'target software'],
  ['targetHw', 'target hardware'],
  ['other', 'attribute'],
] as const satisfies readonly (readonly [keyof Cpe, string])[];

/** NISTIR 7696, table 6-2: ANY holds everything, NA and a value exclude each other, a value against ANY says less than is asked. */
function relation(meant: string, stated: string): 'holds' | 'disjoint' | 'narrower' {
  if (meant === ANY || meant === stated) return 'holds';
  // NA is what nearly every unstated attribute is.
  if (stated === ANY) return meant === NA ? 'holds' : 'narrower';
  return isStated(meant) && isStated(stated) && hasWildcard(meant) && namesByWildcard(meant, stated) ? 'holds' : 'disjoint';
}

/** With its update, so that `1.0`, update `rc1`, comes before 1.0; '' when no version is stated. */
function versionOfCpe({ cpe, version }: StatedCpe): string {
  if (!isStated(cpe.version)) return version;
  return isStated(cpe.update) ? `${cpe.version}-${cpe.update}` : cpe.version;
}

function versionVerdict(statement: CpeStatement, meant: Cpe, stated: StatedCpe): Verdict {
  const installed = versionOfCpe(stated);
  if (isStated(meant.version)) {
    if (installed === '') return unclear(`it names version ${meant.version}, and the package states none`);
    const exact = hasWildcard(meant.version)
      ? namesByWildcard(meant.version, installed.toLowerCase())
        ? yes(`${installed} is named by a wildcard`)
        : NO
      : exactVerdict(meant, stated, installed);
    if (exact.inside === 'no' || !hasBounds(statement)) return exact;
  } else if (meant.version === NA && !hasBounds(statement))
    return installed === '' ? yes('no version on either side') : unclear(`the NVD names no version ("-"), and ${installed} may be meant`);
  if (!hasBounds(statement)) return yes(`${installed || 'the package'} is one of all versions`);
  if (installed === '') return unclear('it names bounds of the version, and the package states none');
  const { inside, because } = inCpeRange(installed, statement);
  return { inside, because, fixedVersion: null };
}

function hasBounds(statement: CpeStatement): boolean {
  return BOUNDS.some(bound => statement[bound] !== undefined);
}

const BOUNDS = ['versionStartIncluding', 'versionStartExcluding', 'versionEndIncluding', 'versionEndExcluding'] as const;

/** One version is named. Bills of materials write 1.0rc1 as version 1.0, update rc1, or as version 1.0-rc1. */
function exactVerdict(meant: Cpe, { cpe }: StatedCpe, installed: string): Verdict {
  const update = isStated(cpe.version) ? cpe.update : ANY;
  const base = isStated(cpe.version) ? cpe.version : installed;
  const named = isStated(meant.update) ? `${meant.version}-${meant.update}` : meant.version;
  const order = compareCpeVersions(meant.update === ANY ? base : installed, named);
  if (isInvalid(order)) return unclear(order.invalid);
  if (order === 0) return yes(`${installed} is version ${named}`);
  if (meant.update === ANY) return isPreReleaseOf(base, meant.version) ? yes(`${installed} is an update of version ${named}`) : NO;
  if (isStated(meant.update) && update === ANY && compareCpeVersions(base, meant.version) === 0)
    return unclear(`it names update ${meant.update} of version ${meant.version}, and the package does not state which update it is`);
  return NO;
}

const LOW = 'by its CPE alone, low confidence';

function matchOf(vulnerabilityId: string, aliases: readonly string[], claim: Claim, stated: StatedCpe, verdict: Verdict): Match {
  const { inside, fixedVersion } = verdict;
  const because = readableValue(verdict.because);
  const state = inside === 'unknown' ? 'unknown' : fixedVersion === null ? 'open' : 'fixed';
  const rule: RuleName = inside === 'unknown' ? 'unknown' : 'cpe-range';
  return {
    vulnerabilityId,
    aliases,
    state,
    fixedVersion: inside === 'unknown' ? null : fixedVersion,
    severity: claim.severity,
    hidden: null,
    evidence: [
      {
        source: claim.source,
        statedOn: claim.statedOn,
        release: claim.release,
        packageName: claim.packageName,
        claimState: state,
        installedVersion: readableValue(versionOfCpe(stated)),
        fixedVersion,
        comparison: inside === 'unknown' ? `cannot be decided: ${because} (${LOW})` : `${because} (${LOW})`,
        rule,
        disagreement: claim.note,
        confidence: 'low',
      },
    ],
  };
}
