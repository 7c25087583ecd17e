import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * Alpine versions, `digits{.digits}[letter]{_suffix[digits]}[~hash][-rDigits]`, in the order of apk-tools 3 (src/version.c): numbers by value,
 * but from the second on as text where one starts with 0; `_alpha _beta _pre _rc` below the plain version, `_cvs _svn _git _hg _p` above it.
 * Where two versions differ in the kind of part that comes next, the pre-release suffix is lowest, then the end, `-r`, `~hash`, a suffix's
 * number, a later suffix, a letter, and a further `.digits` is highest.
 *
 * Numbers of 2^64 and more are invalid: apk counts them modulo 2^64.
 */
export const apk: VersionScheme = { id: 'apk', title: 'Alpine packages (apk)', key: apkKey };

const GRAMMAR = /^[0-9]+(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*(~[0-9a-f]+)?(-r[0-9]+)?$/;
const PART = /\.?([0-9]+)|_([a-z]+)([0-9]*)|~([0-9a-f]+)|-r([0-9]+)|([a-z])/gy;

const TEXT_END = 0x00;
const PRE_SUFFIX: Readonly<Record<string, number>> = { alpha: 0x01, beta: 0x02, pre: 0x03, rc: 0x04 };
const END = 0x05;
const REVISION = 0x06;
const HASH = 0x07;
const SUFFIX_NUMBER = 0x08;
const POST_SUFFIX: Readonly<Record<string, number>> = { cvs: 0x09, svn: 0x0a, git: 0x0b, hg: 0x0c, p: 0x0d };
const LETTER = 0x0e;
const ZERO_DIGITS = 0x0f;
/** Base of a number's length byte. It is the highest kind of part, so it needs no mark of its own. */
const NUMBER = 0x10;

const writer = new KeyWriter();

export function apkKey(text: string): VersionKey {
  const fault = textFault(text);
  if (fault) return refuse(fault);
  if (!GRAMMAR.test(text)) return refuse('not an apk version: digits{.digits}[letter]{_suffix[digits]}[~hash][-rDigits]');
  if (/[0-9]{20}/.test(text) && hasHugeNumber(text)) return refuse('a number of 2^64 or more, which apk cannot count');
  writer.restart();
  for (const part of text.matchAll(PART)) writePart(part);
  writer.byte(END);
  return { ok: true, key: writer.take() };
}

function writePart([whole, digits, suffix, suffixNumber, hash, revision, letter]: RegExpExecArray): void {
  if (digits !== undefined) writeDigits(digits, whole.startsWith('.'));
  else if (suffix !== undefined) {
    writer.byte(PRE_SUFFIX[suffix] ?? POST_SUFFIX[suffix]!);
    if (suffixNumber) writeNumber(SUFFIX_NUMBER, suffixNumber);
  } else if (hash !== undefined) writeText(HASH, hash);
  else if (revision !== undefined) writeNumber(REVISION, revision);
  else writeText(LETTER, letter!);
}

function writeDigits(digits: string, later: boolean): void {
  if (later && digits.startsWith('0')) writeText(ZERO_DIGITS, digits);
  else writer.digits(digits, NUMBER);
}

function writeNumber(mark: number, digits: string): void {
  writer.byte(mark);
  writer.digits(digits, NUMBER);
}

function writeText(mark: number, text: string): void {
  writer.byte(mark);
  writer.ascii(text);
  writer.byte(TEXT_END);
}

function hasHugeNumber(text: string): boolean {
  const withoutHash = text.replace(/~[0-9a-f]+/, '');
  return [...withoutHash.matchAll(/[0-9]{20,}/g)].some(([digits]) => BigInt(digits) >= 2n ** 64n);
}
