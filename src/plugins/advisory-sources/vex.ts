import type { Claim, FixState } from '../../core/advisories/claim.ts';
import { orderOf } from '../../core/advisories/orders.ts';
import { advisoryName, DISTRIBUTION_TYPES, releaseOfPackageUrl, versionOf } from '../../core/advisories/package-url.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import { parsePurl } from '../../core/versions/purl.ts';
import { intervalsOf, parseVers } from '../../core/versions/vers-ranges.ts';
import { BadRecord, printable } from './records.ts';
import type { FeedContext } from './spec.ts';

/** The five things that exploitability documents (OpenVEX, CSAF VEX, CycloneDX VEX) say, in one vocabulary. */
export type VexStatus = 'affected' | 'not-affected' | 'fixed' | 'under-investigation';

export interface VexStatement {
  readonly source: string;
  readonly vulnerabilityId: string;
  readonly aliases: readonly string[];
  readonly status: VexStatus;
  readonly statedOn: string | null;
  readonly note: string | null;
  /** `pkg:deb/debian/openssl@3.0.20-1?distro=debian-12`; without a version it is about every version. */
  readonly packageUrl: string;
  /** These versions instead of the URL's: one, or a VERS range (`vers:deb/>=1.0|<2.0`). */
  readonly version?: string;
  readonly range?: string;
  /** Versions in the range that have a statement of their own. */
  readonly except?: readonly string[];
}

/** `fixed` says of a build that it carries the fix: that build is not affected. */
const STATES: Readonly<Record<VexStatus, FixState>> = {
  affected: 'open',
  'not-affected': 'not-affected',
  fixed: 'not-affected',
  'under-investigation': 'unknown',
};

/** One statement as a claim; null when it is of a release that was not asked for. */
export function claimOfStatement(statement: VexStatement, context: FeedContext): Claim | null {
  const parsed = parsePurl(statement.packageUrl);
  if (!parsed.ok) throw new BadRecord(`${printable(statement.packageUrl)} is not a package URL: ${parsed.reason}`);
  const url = parsed.purl;
  const release = releaseOfPackageUrl(url);
  if (release === null) throw new BadRecord(`${printable(statement.packageUrl)} does not say of which release it is (distro=...)`);
  if (context.releases !== null && !context.releases.has(release)) return null;
  const version = statement.range === undefined ? (statement.version ?? versionOf(url)) : '';
  const state = STATES[statement.status];
  // A binary package's URL names its source in `upstream`; advisories of dpkg and apk systems go by source.
  const bySource = DISTRIBUTION_TYPES.has(url.type) && packageKindOfRelease(release) === 'source';
  return {
    source: statement.source,
    vulnerabilityId: statement.vulnerabilityId,
    aliases: statement.aliases,
    release,
    packageName: advisoryName(url),
    state,
    fixedVersion: state === 'not-affected' ? '0' : null,
    severity: null,
    statedOn: statement.statedOn,
    note: statement.note,
    ...(bySource && url.qualifiers.arch !== 'source' && url.qualifiers.arch !== 'src' ? { packageKind: 'binary' as const } : {}),
    ...(version === '' ? {} : { onlyVersions: [version] }),
    ...(statement.range === undefined ? {} : affectedIn(statement.range, state, release, statement.except)),
  };
}

const UNFIXED: ReadonlySet<FixState> = new Set(['open', 'deferred', 'wont-fix', 'end-of-life']);

/** A VERS range of affected versions. Only those: that a whole range is not affected is said version by version, or with the package's own URL. */
export function affectedIn(
  text: string,
  state: FixState,
  release: string,
  others: readonly string[] = [],
): Pick<Claim, 'affected' | 'unaffectedVersions'> {
  const parsed = parseVers(text);
  if (!parsed.ok) throw new BadRecord(`the range ${printable(text)} cannot be read: ${parsed.reason}`);
  const order = orderOf(release);
  if (order !== null && parsed.range.scheme.id !== order.id)
    throw new BadRecord(`the range ${printable(text)} is of ${parsed.range.scheme.id} versions, and ${release} has ${order.id} versions`);
  if (!UNFIXED.has(state)) throw new BadRecord(`the range ${printable(text)} is called ${state}: only affected ranges are read`);
  const { versions, ranges, except } = intervalsOf(parsed.range);
  const outside = [...except, ...others];
  return { affected: { versions, ranges }, ...(outside.length > 0 ? { unaffectedVersions: outside } : {}) };
}

/** An exploitability statement can switch findings off, so whose it is matters. */
export function requireTrust(author: string, context: FeedContext): void {
  if (context.trustedAuthors !== undefined && !context.trustedAuthors.has(author))
    throw new BadRecord(
      `its author ${printable(author)} is not among the trusted ones${context.cameFrom === undefined ? '' : ` for a document ${context.cameFrom}`}`,
    );
}
