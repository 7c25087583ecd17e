import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { besideName } from '../../core/advisories/feed-integrity.ts';

/** The strongest first. */
export const CHECKSUMS = ['.sha512', '.sha256', '.meta'] as const;
/** `.sig` is what GnuPG itself writes; gpgv reads both forms. */
export const SIGNATURES = ['.asc', '.sig'] as const;

/** Checksums and signatures are lines of text. */
export const BESIDE_BYTES_MAX = 1_000_000;

/** What lies beside a feed file to vouch for it, and is no feed itself. */
export function isBesideAFeed(file: string): boolean {
  const suffix = path.extname(file);
  if (![...CHECKSUMS, ...SIGNATURES].some(one => one === suffix)) return false;
  const stem = file.slice(0, -suffix.length);
  return existsSync(stem) || (suffix === '.meta' && ['.json', '.json.gz', '.json.zip'].some(ending => existsSync(stem + ending)));
}

/** null where there is none, or something that is too large to be one. */
export function besideOf(file: string, suffix: (typeof CHECKSUMS | typeof SIGNATURES)[number]): string | null {
  const beside = path.join(path.dirname(file), besideName(path.basename(file), suffix));
  return beside !== file && existsSync(beside) && statSync(beside).size <= BESIDE_BYTES_MAX ? beside : null;
}
