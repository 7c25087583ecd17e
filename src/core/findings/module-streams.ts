import type { Claim } from '../advisories/claim.ts';
import type { VulnerabilityClaims } from '../advisories/claim-index.ts';

/** Spoken by somebody who looked at the product, whatever stream it is built from. */
const OF_EVERY_STREAM: ReadonlySet<string> = new Set(['openvex', 'cyclonedx-vex']);

/**
 * What publishers say of one vulnerability in one rpm package, stream by stream: nodejs:18 and nodejs:20 are two builds with a fix each (Red Hat, "Managing
 * software with the DNF tool", module streams), and the statement about one must neither lead nor contradict that about the other. A modular version
 * without its stream (AlmaLinux's OSV records lack it) stands with every stream, and by itself only where no stream is named.
 */
export function byModuleStream(subject: VulnerabilityClaims): readonly VulnerabilityClaims[] {
  const streams = new Set(subject.claims.flatMap(claim => claim.module ?? []));
  const plain = subject.claims.filter(isOfNoStream);
  if (streams.size === 0 || (streams.size === 1 && plain.length === 0)) return [subject];
  const unnamed = subject.claims.filter(claim => claim.module === undefined && !isOfNoStream(claim));
  const parts = Array.from(streams, stream => [...subject.claims.filter(claim => claim.module === stream), ...unnamed]);
  if (plain.length > 0) parts.push([...plain, ...unnamed.filter(claim => !isModularVersion(claim))]);
  return parts.map(claims => ({ ...subject, claims }));
}

function isModularVersion(claim: Claim): boolean {
  return claim.fixedVersion?.includes('.module') ?? false;
}

/** About the package outside of all modules. */
function isOfNoStream(claim: Claim): boolean {
  return claim.module === undefined && !isModularVersion(claim) && claim.onlyVersions === undefined && !OF_EVERY_STREAM.has(claim.source);
}
