/**
 * Whose exploitability statements (OpenVEX, CSAF VEX, CycloneDX VEX) count. Such a statement can switch findings off, so nobody is trusted but those who
 * speak of the packages that they publish themselves, and whom an administrator names: itself, a vendor, a team. A name is no signature: whoever loads a
 * document answers for where it is from.
 */
const PUBLISHERS: readonly string[] = [
  'Red Hat Product Security',
  'SUSE Product Security Team',
  'Canonical Ltd.',
  'Canonical',
  'Debian Security Team',
  'AlmaLinux',
  'Rocky Linux',
  'Oracle',
];

/** By the exact name that the document states (OpenVEX `author`, CSAF `publisher.name`, CycloneDX `metadata.authors`). */
export function trustedAuthors(named: readonly string[]): ReadonlySet<string> {
  return new Set([...PUBLISHERS, ...named.map(name => name.trim()).filter(name => name !== '')]);
}
