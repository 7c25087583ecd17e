import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url: 43 characters. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored instead of a secret. One SHA-256 suffices: there is nothing to guess in 256 random bits, and a database thief gains nothing. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** API tokens start with a mark by which secret scanners know them. */
export const TOKEN_MARK = 'fet_';
