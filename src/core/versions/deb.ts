import { MAX_VERSION_CHARS } from '../kernel/limits.ts';
import { KeyWriter } from './key-writer.ts';
import type { VersionKey, VersionScheme } from './scheme.ts';

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
/** Character code -> byte; 0 for digits and for what no version may hold. */
const CODE = characterCodes();
const MAX_EPOCH = 2_147_483_647;

const writer = new KeyWriter();

export function debKey(raw: string): VersionKey {
  const text = hasEdgeSpace(raw) ? raw.trim() : raw;
  if (text.length === 0) return { ok: false, reason: 'version string is empty' };
  if (text.length > MAX_VERSION_CHARS) return { ok: false, reason: `longer than ${MAX_VERSION_CHARS} characters` };
  const colon = text.indexOf(':');
  const epochProblem = colon < 0 ? '' : epochFault(text, colon);
  if (epochProblem) return { ok: false, reason: epochProblem };
  const start = colon + 1;
  const hyphen = text.lastIndexOf('-');
  const upstreamEnd = hyphen < start ? text.length : hyphen;
  if (start === text.length) return { ok: false, reason: 'nothing after colon in version number' };
  if (upstreamEnd === start) return { ok: false, reason: 'version number is empty' };
  if (upstreamEnd === text.length - 1) return { ok: false, reason: 'revision number in version is empty' };

  writer.restart();
  writer.digits(text, colon > 0 && !isDigit(text.charCodeAt(0)) ? 1 : 0, colon < 0 ? 0 : colon, NUMBER);
  const bad = writePart(text, start, upstreamEnd) || writePart(text, upstreamEnd + 1, text.length);
  return bad === 0 ? { ok: true, key: writer.take() } : { ok: false, reason: badCharacter(bad) };
}

/** Writes [start, end); a start behind the end is a missing revision. Returns the code of a character that may not stand there, or 0. */
function writePart(text: string, start: number, end: number): number {
  let at = start;
  do {
    let code = 0;
    while (at < end && !isDigit((code = text.charCodeAt(at)))) {
      const byte = code < 128 ? CODE[code]! : 0;
      if (byte === 0) return code || -1;
      writer.byte(byte);
      at++;
    }
    const digits = at;
    while (at < end && isDigit(text.charCodeAt(at))) at++;
    writer.digits(text, digits, at < digits ? digits : at, NUMBER);
  } while (at < end);
  writer.byte(END);
  return 0;
}

/** As dpkg reads it, with strtol: a sign is allowed, an empty, negative or huge epoch is not. */
function epochFault(text: string, colon: number): string {
  const epoch = text.slice(0, colon);
  if (epoch === '') return 'epoch in version is empty';
  if (!/^[+-]?[0-9]+$/.test(epoch)) return 'epoch in version is not number';
  if (Number(epoch) < 0) return 'epoch in version is negative';
  return Number(epoch) > MAX_EPOCH ? 'epoch in version is too big' : '';
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function hasEdgeSpace(text: string): boolean {
  return text.charCodeAt(0) <= 32 || text.charCodeAt(text.length - 1) <= 32;
}

function badCharacter(code: number): string {
  if (code === 32 || (code >= 9 && code <= 13)) return 'version string has embedded spaces';
  if (code > 127) return 'a character outside ASCII, whose order differs between processors';
  return 'a control character';
}

function characterCodes(): Uint8Array {
  const codes = new Uint8Array(128);
  for (let code = 0x21; code < 0x7f; code++) {
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    codes[code] = isLetter ? code : isDigit(code) ? 0 : code + 0x80;
  }
  codes['~'.charCodeAt(0)] = TILDE;
  return codes;
}
