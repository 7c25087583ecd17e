import type { Claim, FixState } from '../../core/advisories/claim.ts';
import { advisoryName, DISTRIBUTION_TYPES, parsePackageUrl, releaseOfPackageUrl, versionOf } from '../../core/advisories/package-url.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
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
}

/** `fixed` says of a build that it carries the fix: that build is not affected. */
const STATES: Readonly<Record<VexStatus, FixState>> = {
  affected: 'open',
  'not-affected': 'not-affected',
  fixed: 'not-affected',
  'under-investigation': 'undetermined',
};

/** One statement as a claim; null when it is of a release that was not asked for. */
export function claimOfStatement(statement: VexStatement, context: FeedContext): Claim | null {
  const url = parsePackageUrl(statement.packageUrl);
  if (url === null) throw new BadRecord(`${printable(statement.packageUrl)} is not a package URL`);
  const release = releaseOfPackageUrl(url);
  if (release === null) throw new BadRecord(`${printable(statement.packageUrl)} does not say of which release it is (distro=...)`);
  if (context.releases !== null && !context.releases.has(release)) return null;
  const version = versionOf(url);
  // A binary package's URL names its source in `upstream`; advisories of dpkg and apk systems go by source.
  const bySource = DISTRIBUTION_TYPES.has(url.type) && packageKindOfRelease(release) === 'source';
  return {
    source: statement.source,
    vulnerabilityId: statement.vulnerabilityId,
    aliases: statement.aliases,
    release,
    packageName: advisoryName(url),
    state: STATES[statement.status],
    fixedVersion: STATES[statement.status] === 'not-affected' ? '0' : null,
    severity: null,
    statedOn: statement.statedOn,
    note: statement.note,
    ...(bySource && url.qualifiers.get('arch') !== 'source' && url.qualifiers.get('arch') !== 'src'
      ? { packageKind: 'binary' as const }
      : {}),
    ...(version === '' ? {} : { onlyVersions: [version] }),
  };
}

/** An exploitability statement can switch findings off, so whose it is matters. */
export function requireTrust(author: string, context: FeedContext): void {
  if (context.trustedAuthors !== undefined && !context.trustedAuthors.has(author))
    throw new BadRecord(
      `its author ${printable(author)} is not among the trusted ones${context.cameFrom === undefined ? '' : ` for a document ${context.cameFrom}`}`,
    );
}
