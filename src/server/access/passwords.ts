import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { PASSWORD_HASHES_AT_ONCE, PASSWORD_HASHES_WAITING } from '../../core/kernel/limits.ts';
import { invalid, RequestFault } from '../runtime/problems.ts';

/** Memory in KiB, passes, lanes. OWASP's floor is 19 MiB and 2 passes; this takes 135 ms on the reference machine (security.md 3). */
const COST = { memory: 65_536, passes: 3, parallelism: 1 } as const;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

const derive = promisify(argon2);

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= PASSWORD_HASHES_AT_ONCE) {
    if (waiting.length >= PASSWORD_HASHES_WAITING)
      throw new RequestFault(503, 'sign-in-busy', 'Too many people are signing in at this moment.', 'Try again in a few seconds.', {
        retryAfterSeconds: 3,
      });
    await new Promise<void>(resolve => waiting.push(resolve));
  }
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

function tagOf(password: string, nonce: Buffer, cost: Cost): Promise<Buffer> {
  // NFKC: the same password typed on another keyboard layout gives the same bytes (RFC 8265).
  return inTurn(() => derive('argon2id', { message: Buffer.from(password.normalize('NFKC')), nonce, tagLength: TAG_BYTES, ...cost }));
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** PHC string: `$argon2id$v=19$m=65536,t=3,p=1$SALT$TAG`. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(SALT_BYTES);
  const tag = await tagOf(password, nonce, COST);
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${unpadded(nonce)}$${unpadded(tag)}`;
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** `stored` null: an unknown login, which must take as long as a known one (no enumeration by time). `stale`: made with other costs, to be hashed again. */
export async function verifyPassword(password: string, stored: string | null): Promise<{ readonly ok: boolean; readonly stale: boolean }> {
  const match = stored === null ? null : PHC.exec(stored);
  const [memory = COST.memory, passes = COST.passes, parallelism = COST.parallelism] = match === null ? [] : match.slice(1, 4).map(Number);
  const nonce = match === null ? Buffer.alloc(SALT_BYTES) : Buffer.from(match[4] ?? '', 'base64');
  const tag = await tagOf(password, nonce, { memory, passes, parallelism });
  const expected = match === null ? Buffer.alloc(0) : Buffer.from(match[5] ?? '', 'base64');
  const ok = expected.length === tag.length && timingSafeEqual(expected, tag);
  return { ok, stale: memory !== COST.memory || passes !== COST.passes || parallelism !== COST.parallelism };
}

/** Twelve characters or more that everybody tries first. Length and distinct characters rule out the rest; there are no composition rules (ASVS 6.2.5). */
const COMMON = /^(?:(?:password|passwort|qwerty|qwertz|letmein|welcome|admin|administrator|fettle|changeme|iloveyou)[\W\d_]*)+$/i;
const DISTINCT_MIN = 5;

/** Throws RequestFault 400. The length limits stand in the contract. */
export function refuseWeakPassword(password: string, login: string, path = 'body/password'): void {
  const lower = password.toLowerCase();
  if (new Set(lower).size < DISTINCT_MIN)
    throw invalid(path, 'has too few different characters', 'Take a few words that do not belong together.');
  if (COMMON.test(password) || /^\d+$/.test(password))
    throw invalid(path, 'is among the passwords that are tried first', 'Take a few words that do not belong together.');
  if (login.length >= 3 && lower.replaceAll(login.toLowerCase(), '').length < 8)
    throw invalid(path, 'is little more than the login', 'Take a few words that do not belong together.');
}
