import type { Claim } from '../../../core/advisories/claim.ts';
import { deb } from '../../../core/versions/deb.ts';
import { rebuiltFrom } from '../../../core/versions/rebuilds.ts';
import { compareVersions } from '../../../core/versions/scheme.ts';
import { type ChangelogEntry, parseChangelog } from './entries.ts';

export { type ChangelogEntry, parseChangelog } from './entries.ts';

/** In claims' `source`: what a package's own changelog says. No feed is needed for it. */
export const CHANGELOG_SOURCE = 'changelog';

export interface ChangelogQuestion {
  /** `debian:12`: a changelog does not say which release it is read for. */
  readonly release: string;
  /** What the host has; null reads every entry. */
  readonly installedVersion: string | null;
  /** What the host would get; null starts at the newest entry. */
  readonly candidateVersion: string | null;
  /** The changelog of the installed package, where it is at hand: what it names is closed already. Branches make it needed (see `entriesBetween`). */
  readonly installedChangelog?: string;
  /** Today, YYYY-MM-DD: uploads dated later lose their date. */
  readonly today: string;
}

/**
 * What the candidate's changelog (`changelog.Debian`, `apt-get changelog`) says that it closes: one `fixed` claim per vulnerability, with the
 * lowest version of the release's line that has the fix.
 * It finds only what uploaders name ("Import 3.0.18" names nothing), so it is evidence of a fix, never evidence of absence.
 */
export function claimsFromChangelog(text: string, question: ChangelogQuestion): Claim[] {
  const entries = entriesBetween(parseChangelog(text), question.installedVersion, question.candidateVersion);
  const closedBefore = new Set(
    question.installedChangelog === undefined ? [] : parseChangelog(question.installedChangelog).flatMap(entry => entry.closes),
  );
  const claims = new Map<string, Claim>();
  const takenBack = new Set<string>();
  let lowest: string | null = null;
  // Newest first: the last entry that names a vulnerability is the first upload that closed it.
  for (const entry of entries) {
    // A backport's changelog goes on below with unstable's entries, whose versions are higher (3.0.22-1 above 3.0.22-1~deb12u1), but which reached the release only with it.
    if (lowest === null || isLower(entry.version, lowest)) lowest = entry.version;
    for (const id of entry.closes) if (!closedBefore.has(id) && !takenBack.has(id)) claims.set(id, claimOf(id, entry, lowest, question));
    // What stands below was taken back here; what stands above is a new fix, and remains.
    for (const id of entry.doubts) takenBack.add(id);
  }
  return [...claims.values()];
}

/**
 * What a rebuild's own changelog names in the entry of the version that it was built from: fixed from the first rebuild of it on. That version is higher
 * than its rebuilds, so a publisher who names it calls them vulnerable; every other entry orders as its number says and needs no word here.
 */
export function claimsOfRebuild(
  text: string,
  question: { readonly release: string; readonly installedVersion: string; readonly today: string },
): Claim[] {
  const base = rebuiltFrom(question.installedVersion);
  if (base === null) return [];
  const whole = { ...question, installedVersion: null, candidateVersion: question.installedVersion };
  const named = new Set(parseChangelog(text).find(entry => entry.version === base)?.closes);
  return claimsFromChangelog(text, whole).filter(claim => named.has(claim.vulnerabilityId) && rebuiltFrom(claim.fixedVersion!) === base);
}

/** The entries that the candidate has and the installed version lacks, newest first. */
export function entriesBetween(
  entries: readonly ChangelogEntry[],
  installed: string | null,
  candidate: string | null,
): readonly ChangelogEntry[] {
  const from = candidate === null ? 0 : entries.findIndex(entry => entry.version === candidate);
  if (from < 0) return [];
  if (installed === null) return entries.slice(from);
  const exact = entries.findIndex((entry, at) => at >= from && entry.version === installed);
  if (exact >= 0) return entries.slice(from, exact);
  // The installed version was branched off (3.0.20-1~deb12u2 from 3.0.20-1) and has no entry here: the branch point and all before it are in it.
  const branchedFrom = installed.replace(/~(?:deb|bpo|ubuntu)\d[^-]*$/, '').replace(/\+(?:deb|bpo)\d+u\d+$/, '');
  const end = entries.findIndex((entry, at) => at >= from && !isLower(branchedFrom, entry.version));
  return entries.slice(from, end < 0 ? entries.length : end);
}

function claimOf(id: string, entry: ChangelogEntry, fixedVersion: string, question: ChangelogQuestion): Claim {
  return {
    source: CHANGELOG_SOURCE,
    vulnerabilityId: id,
    aliases: [],
    release: question.release,
    packageName: entry.sourceName,
    state: 'fixed',
    fixedVersion,
    severity: null,
    statedOn: entry.uploadedOn !== null && entry.uploadedOn <= question.today ? entry.uploadedOn : null,
    note: `named in the changelog entry of ${entry.version}, uploaded to ${entry.suites.join(' ')}`,
  };
}

function isLower(a: string, b: string): boolean {
  return compareVersions(deb, a, b) === -1;
}
