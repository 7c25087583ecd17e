import type { Claim } from '../advisories/claim.ts';
import type { VulnerabilityClaims } from '../advisories/claim-index.ts';
import { rebuiltFrom } from '../versions/rebuilds.ts';
import { compareKeys, type VersionScheme } from '../versions/scheme.ts';

/**
 * How claims become a verdict. Claims are never merged or overwritten: one of them leads, by the order below, and the others stay as evidence.
 *
 * | rule | says |
 * |---|---|
 * | `fixed-version` | the leading claim names a fixed version: lower versions are vulnerable, it and higher ones are not |
 * | `affected-range` | the leading claim lists versions or ranges: what they hold is vulnerable |
 * | `unaffected-version` | the leading claim names this very version as unaffected |
 * | `not-affected` | the leading claim says that the release's package never had the flaw, or has no vulnerable code; or it says only that support has ended, and the same publisher says so to its subscribers |
 * | `changelog-closes-open` | the leading claim knows no fix, but the package's own changelog names the vulnerability in a version: that version has the fix |
 * | `changelog-names-rebuild` | the leading claim names a fixed version, and the package's own changelog names the vulnerability in a rebuild of that version for the release (`590-2.1~deb12u1` of `590-2.1`), which is the lower version: that rebuild has the fix |
 * | `subscription-fix` | the leading claim knows no fix for everybody, but one is published to subscribers (ESM, EUS): that version has it |
 * | `no-fix` | the leading claim knows no fix: open, deferred, wont-fix or end-of-life, as the publisher says |
 * | `cpe-range` | nobody speaks of the package itself, and the CPE that a bill of materials states for it is one that the NVD names, in a version within its bounds: low confidence (cpe-match.ts) |
 * | `unknown` | no publisher could tell, or the versions cannot be compared: never read as safe |
 *
 * Leading is the claim of the highest authority (AUTHORITY: the distribution's own word on the release, then what was derived from it, then anybody
 * else's), the later statement when two are equal; a claim that decides nothing (`unknown`) leads only when there is no other.
 */
export type RuleName =
  | 'fixed-version'
  | 'affected-range'
  | 'unaffected-version'
  | 'not-affected'
  | 'changelog-closes-open'
  | 'changelog-names-rebuild'
  | 'subscription-fix'
  | 'no-fix'
  | 'cpe-range'
  | 'unknown';

/** Lower leads. Distribution statements beat whatever derives from or competes with them; a source that is not listed stands at 50. */
export const AUTHORITY: Readonly<Record<string, number>> = {
  /* A statement about exactly this product by the organisation itself or an author it trusts. */
  openvex: 5,
  'cyclonedx-vex': 5,
  'debian-tracker': 10,
  ubuntu: 10,
  'redhat-csaf': 10,
  'almalinux-errata': 10,
  'alpine-secdb': 10,
  'suse-csaf': 10,
  'rocky-updateinfo': 10,
  'amazon-updateinfo': 10,
  arch: 10,
  /* Red Hat's older form: the same statements, without what VEX says of single builds. */
  'redhat-oval': 12,
  updateinfo: 12,
  debsecan: 15,
  'debian-notices': 20,
  'debian-changelogs': 25,
  'debian-open': 30,
  /* OSV.dev's copies of what a distribution publishes itself: later, and without its words about what is not fixed. */
  'osv-redhat': 20,
  'osv-rocky': 20,
  'osv-suse': 20,
  'osv-opensuse': 20,
  'osv-pypi': 35,
  'osv-npm': 35,
  'osv-go': 35,
  'osv-maven': 35,
  'osv-nuget': 35,
  'osv-rubygems': 35,
  'osv-packagist': 35,
  'osv-crates': 35,
  osv: 35,
  github: 38,
  csaf: 40,
  changelog: 45,
  /* CPE matching guesses vendor and product names: never above anybody who knows the package. */
  nvd: 90,
};

const OTHER_AUTHORITY = 50;
/** Sources whose statement is the patch itself: the entry was uploaded with the version that it names. */
const CHANGELOGS: ReadonlySet<string> = new Set(['changelog', 'debian-changelogs']);

/** What is true of every version: the verdict of one version follows by one comparison. */
export interface Judgement {
  readonly subject: VulnerabilityClaims;
  /** The claim that leads, or the changelog claim that closes it. */
  readonly decisive: Claim;
  /** Leading first, then by authority. */
  readonly ranked: readonly Claim[];
  readonly rule: RuleName;
  readonly state: 'fixed' | 'open' | 'deferred' | 'wont-fix' | 'end-of-life' | 'unknown' | 'not-affected';
  /** Versions below are vulnerable. null: all are (or, with `special`, the claim's own lists decide). */
  readonly boundary: Uint8Array | null;
  readonly fixedVersion: string | null;
  /** True when one comparison with `boundary` is not the whole answer: ranges, lists, unreadable versions. */
  readonly special: boolean;
  /** Why the other sources were not followed; null when nobody disagrees. */
  readonly disagreement: string | null;
}

/** `keyOf` gives a version's order-preserving key, null when it has none; the caller may remember keys, for the versions of a package are few. */
export function judge(subject: VulnerabilityClaims, keyOf: (version: string) => Uint8Array | null, order: VersionScheme | null): Judgement {
  const ranked = subject.claims.length === 1 ? subject.claims : rankClaims(subject.claims);
  const leading = ranked[0]!;
  const closing = isUnfixed(leading) ? ranked.find(closesUnfixed) : undefined;
  const rebuild = order?.id === 'deb' && leading.state === 'fixed' ? firstRebuild(ranked, leading, keyOf) : undefined;
  const spared = leading.state === 'end-of-life' ? ranked.find(claim => clearsOfFlaw(claim, leading)) : undefined;
  const decisive = closing ?? spared ?? rebuild ?? leading;
  const hasRange = decisive.affected !== undefined;
  const boundary = decisive.state !== 'fixed' || hasRange || decisive.fixedVersion === null ? null : keyOf(decisive.fixedVersion);
  const unreadable = decisive.state === 'fixed' && !hasRange && boundary === null && order?.compare === undefined;
  const rule = unreadable ? 'unknown' : ruleOf(decisive, leading);
  return {
    subject,
    decisive,
    ranked,
    rule,
    state: unreadable ? 'unknown' : decisive.state,
    boundary,
    fixedVersion: decisive.fixedVersion,
    special:
      decisive.state !== 'not-affected' &&
      (hasRange || unreadable || decisive.unaffectedVersions !== undefined || (decisive.state === 'fixed' && order?.compare !== undefined)),
    disagreement: ranked.length === 1 ? null : disagreementOf(decisive, ranked, rule),
  };
}

function ruleOf(decisive: Claim, leading: Claim): RuleName {
  if (decisive.state === 'not-affected') return 'not-affected';
  if (decisive.affected !== undefined) return 'affected-range';
  if (decisive.state === 'unknown') return 'unknown';
  if (decisive.state !== 'fixed') return 'no-fix';
  if (decisive.subscription !== undefined) return 'subscription-fix';
  if (decisive === leading) return 'fixed-version';
  return leading.state === 'fixed' ? 'changelog-names-rebuild' : 'changelog-closes-open';
}

/** Of several rebuilds the lowest: later ones are made of it. */
function firstRebuild(ranked: readonly Claim[], leading: Claim, keyOf: (version: string) => Uint8Array | null): Claim | undefined {
  let first: Claim | undefined;
  for (const claim of ranked) {
    if (!isRebuildOf(claim, leading)) continue;
    const [key, known] = [keyOf(claim.fixedVersion!), first && keyOf(first.fixedVersion!)];
    if (key && (!known || compareKeys(key, known) < 0)) first = claim;
  }
  return first;
}

/** Two statements that bear each other out: one names the version with the fix, the other, uploaded with the rebuild, says that the fix came with it. */
function isRebuildOf(claim: Claim, leading: Claim): boolean {
  return (
    CHANGELOGS.has(claim.source) &&
    claim.state === 'fixed' &&
    claim.fixedVersion !== null &&
    leading.fixedVersion !== null &&
    leading.affected === undefined &&
    rebuiltFrom(claim.fixedVersion) === leading.fixedVersion
  );
}

function closesUnfixed(claim: Claim): boolean {
  return claim.state === 'fixed' && (CHANGELOGS.has(claim.source) || claim.subscription !== undefined);
}

/** The end of support says nothing of the flaw; where the same publisher looked at the package for its subscribers and found none, there is none. */
function clearsOfFlaw(claim: Claim, leading: Claim): boolean {
  return claim.state === 'not-affected' && claim.source === leading.source && claim.onlyVersions === undefined;
}

function isUnfixed(claim: Claim): boolean {
  return (
    claim.state === 'open' ||
    claim.state === 'deferred' ||
    claim.state === 'wont-fix' ||
    claim.state === 'end-of-life' ||
    claim.state === 'unknown'
  );
}

function rankClaims(claims: readonly Claim[]): readonly Claim[] {
  return claims.toSorted(
    (a, b) =>
      Number(a.state === 'unknown') - Number(b.state === 'unknown') ||
      authority(a) - authority(b) ||
      // What everybody gets comes before what subscribers get.
      Number(a.subscription !== undefined) - Number(b.subscription !== undefined) ||
      compareText(b.statedOn ?? '', a.statedOn ?? ''),
  );
}

/** Dates as text. Not localeCompare, which loads a collation first. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function authority(claim: Claim): number {
  return AUTHORITY[claim.source] ?? OTHER_AUTHORITY;
}

function disagreementOf(decisive: Claim, ranked: readonly Claim[], rule: RuleName): string | null {
  const others = ranked.filter(claim => claim !== decisive && !agrees(claim, decisive));
  if (others.length === 0) return null;
  const words = others.map(claim => `${claim.source}${claim.statedOn ? ` (${claim.statedOn})` : ''} says ${statementOf(claim)}`);
  if (decisive.subscription !== undefined)
    return `${words.join('; ')}. The fix that ${decisive.source} names is published to subscribers of ${decisive.subscription} only.`;
  const reason =
    rule === 'changelog-closes-open'
      ? `the package's own changelog names it as ${statementOf(decisive)}, which is the upload itself; the other statement was not brought up to date`
      : rule === 'changelog-names-rebuild'
        ? `${decisive.fixedVersion} is a rebuild for ${decisive.release} of the fixed version, lower only by its name, and its own changelog names the vulnerability`
        : decisive.state === 'fixed' && others.every(claim => claim.state === 'fixed')
          ? `${decisive.source} is nearer to the release; a changelog may name a vulnerability before or after the version that really closes it`
          : `${decisive.source} has the higher authority for ${decisive.release}`;
  return `${words.join('; ')}. Followed: ${decisive.source}, because ${reason}.`;
}

function agrees(a: Claim, b: Claim): boolean {
  if (a.state === 'unknown') return true;
  if (a.state !== b.state) return a.state !== 'fixed' && b.state !== 'fixed' && a.state !== 'not-affected' && b.state !== 'not-affected';
  return a.fixedVersion === b.fixedVersion;
}

export function statementOf(claim: Claim): string {
  if (claim.state === 'fixed') return `fixed in ${claim.fixedVersion ?? 'an unnamed version'}`;
  return claim.state;
}

/** Severity words that mean "the binary is not affected in practice": Debian's own, and the word that scanners translate it to. */
const UNIMPORTANT: ReadonlySet<string> = new Set(['unimportant', 'negligible']);

/** Why a match is not shown unless asked for (vulnerability-data.md 2.2); null when it is shown. It is counted all the same, and never has a due date. */
export function hiddenBecause(state: string, severities: Iterable<string | null>): 'unimportant' | 'wont-fix' | null {
  for (const severity of severities) if (severity !== null && UNIMPORTANT.has(severity)) return 'unimportant';
  return state === 'wont-fix' ? 'wont-fix' : null;
}
