/**
 * What vouches for a feed file, the strongest first: the publisher's signature, the publisher's checksum, a bundle's signature, the way it came (HTTPS),
 * or nothing but the person who handed it over.
 */
export const INTEGRITY_LEVELS = ['signature', 'checksum', 'bundle', 'transport', 'none'] as const;
export type IntegrityLevel = (typeof INTEGRITY_LEVELS)[number];

export interface FeedIntegrity {
  readonly level: IntegrityLevel;
  /** Every check in a few words: `sha256 of the publisher matches; signature not verified: gpgv is not installed`. */
  readonly note: string;
  /** Fingerprint of the publisher's key whose signature is good. */
  readonly signedBy: string | null;
}

/** A feed of several files is as sure as its weakest. */
export function weakest(all: readonly FeedIntegrity[]): FeedIntegrity | null {
  const rank = (one: FeedIntegrity) => INTEGRITY_LEVELS.indexOf(one.level);
  return all.reduce<FeedIntegrity | null>((found, one) => (found === null || rank(one) > rank(found) ? one : found), null);
}

/** `.meta` is NVD's: lines of `key:value`, with the checksum of the unpacked file in capitals. */
export const CHECKSUM_SUFFIXES = { '.sha512': 'sha512', '.sha256': 'sha256', '.meta': 'sha256' } as const;

/** Where it lies: `FILE.sha256`, but `nvdcve-2.0-2026.meta` for `nvdcve-2.0-2026.json.gz`. */
export function besideName(name: string, suffix: string): string {
  return `${suffix === '.meta' ? name.replace(/\.json(?:\.gz|\.zip)?$/, '') : name}${suffix}`;
}

/** `HASH  NAME` of coreutils, `HASH` alone, or `SHA256 (NAME) = HASH`; null when no digest of that length stands there. */
export function checksumIn(text: string, algorithm: 'sha256' | 'sha512'): string | null {
  const digits = algorithm === 'sha256' ? 64 : 128;
  return new RegExp(`(?:^|[\\s=:])([0-9a-fA-F]{${digits}})(?:$|[\\s])`).exec(text)?.[1]?.toLowerCase() ?? null;
}
