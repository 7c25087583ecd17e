import { MAX_VERSION_CHARS } from '../kernel/limits.ts';
import { KEY_BYTES_PER_CHAR, LONG_COUNT, writeLongCount } from './key-writer.ts';
import { textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * Debian versions, `[epoch:]upstream[-revision]`, in the order of dpkg's verrevcmp (deb-version(7)): runs of non-digits and of digits in turn,
 * `~` below the end of the text, the end below letters, letters below everything else, numbers by value, a missing revision equal to `0`.
 * What dpkg only warns about (an upstream version that does not start with a digit, other printable ASCII) is ordered, because such versions
 * are installed; what makes `dpkg --compare-versions` fail is invalid. Text outside ASCII is invalid although dpkg orders it: by signed
 * characters on one processor, by unsigned ones on another.
 *
 * Key: number(epoch), part(upstream), part(revision), where a part is (non-digit run, number) pairs and END. Bytes in their order:
 * `~` 0x01, END 0x02, numbers 0x03 + count of digits, letters as they are, every other character + 0x80.
 */
export const deb: VersionScheme = { id: 'deb', title: 'Debian and Ubuntu packages (dpkg)', key: debKey };

const TILDE = 0x01;
const END = 0x02;
const NUMBER = 0x03;
const ZERO = 48;
const NINE = 57;
/** Character code -> byte; 0 for digits and for what no version may hold. */
const CODE = characterCodes();
const MAX_EPOCH = 2_147_483_647;

/** Written by every call and copied out: matching makes keys by the hundred thousand, and this is 2.5 times as fast as a `KeyWriter`. */
const bytes = new Uint8Array((MAX_VERSION_CHARS + 8) * KEY_BYTES_PER_CHAR);

export function debKey(raw: string): VersionKey {
  const text = hasEdgeSpace(raw) ? raw.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '') : raw;
  const colon = text.indexOf(':');
  const hyphen = text.lastIndexOf('-');
  const upstreamEnd = hyphen > colon ? hyphen : text.length;
  const problem = structureFault(text, colon, upstreamEnd);
  if (problem) return { ok: false, reason: problem };

  const afterEpoch = writeEpoch(text, colon);
  const afterUpstream = writePart(text, colon + 1, upstreamEnd, afterEpoch);
  const length = afterUpstream < 0 ? afterUpstream : writePart(text, upstreamEnd + 1, text.length, afterUpstream);
  if (length < 0) return { ok: false, reason: characterFault(text) };
  return { ok: true, key: bytes.slice(0, length) };
}

/** Writes text[start, end) from `bytes[length]` on and returns the new length, or -1 for a character that may not stand there. */
function writePart(text: string, start: number, end: number, length: number): number {
  let at = start;
  do {
    let code = 0;
    for (; at < end; at++) {
      code = text.charCodeAt(at);
      if (code >= ZERO && code <= NINE) break;
      const byte = code < 128 ? CODE[code]! : 0;
      if (byte === 0) return -1;
      bytes[length++] = byte;
    }
    const mark = length++;
    while (at < end && text.charCodeAt(at) === ZERO) at++;
    for (; at < end; at++) {
      code = text.charCodeAt(at);
      if (code < ZERO || code > NINE) break;
      bytes[length++] = code;
    }
    const count = length - mark - 1;
    if (count < LONG_COUNT) bytes[mark] = NUMBER + count;
    else length = writeLongCount(bytes, mark, count, NUMBER);
  } while (at < end);
  bytes[length++] = END;
  return length;
}

function writeEpoch(text: string, colon: number): number {
  bytes[0] = NUMBER;
  if (colon < 0) return 1;
  const digits = String(Math.abs(Number(text.slice(0, colon))));
  if (digits === '0') return 1;
  bytes[0] = NUMBER + digits.length;
  for (let at = 0; at < digits.length; at++) bytes[at + 1] = digits.charCodeAt(at);
  return digits.length + 1;
}

function structureFault(text: string, colon: number, upstreamEnd: number): string {
  const fault = textFault(text);
  if (fault) return fault;
  if (colon >= 0) {
    const epochProblem = epochFault(text.slice(0, colon));
    if (epochProblem) return epochProblem;
    if (colon + 1 === text.length) return 'nothing after colon in version number';
  }
  if (upstreamEnd === colon + 1) return 'version number is empty';
  return upstreamEnd === text.length - 1 ? 'revision number in version is empty' : '';
}

/** As dpkg reads it, with strtol: a sign is allowed, an empty, negative or huge epoch is not. */
function epochFault(epoch: string): string {
  if (epoch === '') return 'epoch in version is empty';
  if (!/^[+-]?[0-9]+$/.test(epoch)) return 'epoch in version is not number';
  if (Number(epoch) < 0) return 'epoch in version is negative';
  return Number(epoch) > MAX_EPOCH ? 'epoch in version is too big' : '';
}

function characterFault(text: string): string {
  if (/\s/.test(text)) return 'version string has embedded spaces';
  return /[^\0-\x7f]/.test(text) ? 'a character outside ASCII, whose order differs between processors' : 'a control character';
}

function hasEdgeSpace(text: string): boolean {
  return text.charCodeAt(0) <= 32 || text.charCodeAt(text.length - 1) <= 32;
}

function characterCodes(): Uint8Array {
  const codes = new Uint8Array(128);
  for (let code = 0x21; code < 0x7f; code++) {
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (isLetter) codes[code] = code;
    else if (code < ZERO || code > NINE) codes[code] = code + 0x80;
  }
  codes['~'.charCodeAt(0)] = TILDE;
  return codes;
}
