import { MAX_VERSION_CHARS } from '../kernel/limits.ts';

/**
 * A version scheme is one function, text -> bytes: `memcmp(key(a), key(b))` orders as the scheme's native tool does.
 * The same bytes order alike in a `Uint8Array`, in a sorted array and as `bytea` in PostgreSQL (which compares with memcmp, the shorter first).
 */
export type Ordering = -1 | 0 | 1;

export type VersionKey = { readonly ok: true; readonly key: Uint8Array } | { readonly ok: false; readonly reason: string };

/** `invalid` names the text at fault when two are compared. */
export interface InvalidVersion {
  readonly invalid: string;
}

export interface VersionScheme {
  readonly id: SchemeId;
  /** What the scheme is called in the field and whose order it follows. */
  readonly title: string;
  key(text: string): VersionKey;
  /**
   * Present only where the native order has no finite order-preserving key (the scheme's own file says why). It answers for every text that the
   * native tool orders, also for those that `key` refuses; where both texts have a key, both agree.
   */
  compare?(a: string, b: string): Ordering | InvalidVersion;
}

export const SCHEME_IDS = ['deb', 'rpm', 'apk', 'pacman', 'semver', 'pep440', 'maven', 'nuget', 'gem', 'go', 'composer'] as const;
export type SchemeId = (typeof SCHEME_IDS)[number];

export function refuse(reason: string): VersionKey {
  return { ok: false, reason };
}

/** Why no scheme reads a text, or ''. */
export function textFault(text: string): string {
  if (text === '') return 'version string is empty';
  return text.length > MAX_VERSION_CHARS ? `longer than ${MAX_VERSION_CHARS} characters` : '';
}

export function isInvalid(result: Ordering | InvalidVersion): result is InvalidVersion {
  return typeof result === 'object';
}

/** memcmp, the shorter first. */
export function compareKeys(a: Uint8Array, b: Uint8Array): Ordering {
  const shared = a.length < b.length ? a.length : b.length;
  for (let at = 0; at < shared; at++) {
    const difference = a[at]! - b[at]!;
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

export function compareVersions(scheme: VersionScheme, a: string, b: string): Ordering | InvalidVersion {
  const keyA = scheme.key(a);
  const keyB = scheme.key(b);
  if (keyA.ok && keyB.ok) return compareKeys(keyA.key, keyB.key);
  if (scheme.compare) return scheme.compare(a, b);
  if (!keyA.ok) return { invalid: keyA.reason };
  return { invalid: keyB.ok ? '' : keyB.reason };
}
