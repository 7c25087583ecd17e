/**
 * Whose exploitability statements (OpenVEX, CSAF VEX, CycloneDX VEX) count. Such a statement can switch findings off, so nobody is trusted but those who
 * speak of the packages that they publish themselves, and whom an administrator names. A name is only a text in the document, so it counts together with
 * where the document came from.
 */
export interface DocumentOrigin {
  /** Where the bytes were fetched, by ourselves or by the maker of the bundle that brought them; null: a person handed the file over and answers for it. */
  readonly url: string | null;
  /** Key of the bundle that brought them. */
  readonly bundleKeyId: string | null;
  /** Fingerprint of the publisher's key whose signature was verified. */
  readonly signedBy: string | null;
}

export const BY_HAND: DocumentOrigin = { url: null, bundleKeyId: null, signedBy: null };

/** Publisher -> its domains. From elsewhere its name counts only under its verified signature, or where an administrator says so. */
const PUBLISHERS: Readonly<Record<string, readonly string[]>> = {
  'Red Hat Product Security': ['redhat.com'],
  'SUSE Product Security Team': ['suse.com'],
  'Canonical Ltd.': ['canonical.com', 'ubuntu.com'],
  Canonical: ['canonical.com', 'ubuntu.com'],
  'Debian Security Team': ['debian.org'],
  AlmaLinux: ['almalinux.org'],
  'Rocky Linux': ['rockylinux.org'],
  Oracle: ['oracle.com'],
};

/**
 * By the exact name that the document states (OpenVEX `author`, CSAF `publisher.name`, CycloneDX `metadata.authors`). `named`: what administrators wrote,
 * `NAME` wherever a document of that name is loaded from, or `NAME @ WHERE` with WHERE one of `https://host/path`, `bundle:KEY`, `key:FINGERPRINT`.
 */
export function trustedAuthors(named: readonly string[], origin: DocumentOrigin = BY_HAND): ReadonlySet<string> {
  const publishers = Object.entries(PUBLISHERS).flatMap(([name, domains]) => (isPublishers(domains, origin) ? [name] : []));
  const others = named.flatMap(entry => {
    const [name = '', where = ''] = entry.split(/\s@\s(?=(?:https?:\/\/|bundle:|key:))/).map(part => part.trim());
    return name !== '' && isFrom(where, origin) ? [name] : [];
  });
  return new Set([...publishers, ...others]);
}

function isPublishers(domains: readonly string[], { url, signedBy }: DocumentOrigin): boolean {
  if (url === null || signedBy !== null) return true;
  const host = URL.parse(url)?.hostname ?? '';
  return domains.some(domain => host === domain || host.endsWith(`.${domain}`));
}

function isFrom(where: string, { url, bundleKeyId, signedBy }: DocumentOrigin): boolean {
  if (where === '') return true;
  const same = (prefix: string, value: string | null) =>
    value !== null && where.startsWith(prefix) && value.toLowerCase() === where.slice(prefix.length).toLowerCase();
  if (same('bundle:', bundleKeyId) || same('key:', signedBy)) return true;
  const [asked, got] = [URL.parse(where), url === null ? null : URL.parse(url)];
  // Whole folders: https://vex.example/team is not https://vex.example/teammates, nor https://vex.example.evil.org.
  return (
    asked !== null && got !== null && asked.origin === got.origin && `${got.pathname}/`.startsWith(`${asked.pathname.replace(/\/+$/, '')}/`)
  );
}

/** For the person who wonders why a document was put aside. */
export function originWords({ url, bundleKeyId, signedBy }: DocumentOrigin): string {
  if (signedBy !== null) return `signed with ${signedBy}`;
  if (bundleKeyId !== null) return `of a bundle signed with ${bundleKeyId.slice(0, 16)}${url === null ? '' : `, from ${url}`}`;
  return url === null ? 'handed over as a file' : `from ${url}`;
}
