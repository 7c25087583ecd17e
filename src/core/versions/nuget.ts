import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * NuGet versions, one to four numbers with `-prerelease` and `+metadata`, in the order of NuGet.Versioning's VersionComparer: missing numbers are
 * 0, a pre-release is below its release, its labels compare without regard to case, numbers (32-bit, a sign allowed) below words,
 * fewer labels below more, metadata is ignored. Leading zeros are allowed everywhere.
 */
export const nuget: VersionScheme = { id: 'nuget', title: '.NET packages (NuGet)', key: nugetKey };

const METADATA = /^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/;
const NUMBERS_MAX = 4;
const INT32_MAX = 2_147_483_647;
const INT32_MIN = -2_147_483_648;

const PRERELEASE = 0x01;
const RELEASE = 0x02;
const LABELS_END = 0x01;
const LABEL_NUMBER = 0x02;
const LABEL_WORD = 0x03;
const WORD_END = 0x00;
const NUMBER = 0x10;

const writer = new KeyWriter();

const BAD = refuse('not a NuGet version: one to four numbers, then -prerelease and +metadata');

/** Read a character at a time: real lists have a hundred thousand of them, and a regular expression with twelve groups takes three times as long. */
export function nugetKey(raw: string): VersionKey {
  const text = raw.trim();
  const fault = textFault(text);
  if (fault) return refuse(fault);
  const plus = text.indexOf('+');
  if (plus >= 0 && !METADATA.test(text.slice(plus + 1))) return BAD;
  const end = plus < 0 ? text.length : plus;
  writer.restart();
  let at = 0;
  for (let count = 0; count < NUMBERS_MAX; count++) {
    if (count > 0 && (at === end || text.charCodeAt(at) === HYPHEN)) {
      writer.byte(NUMBER);
      continue;
    }
    if (count > 0 && text.charCodeAt(at++) !== DOT) return BAD;
    const start = at;
    while (at < end && isDigit(text.charCodeAt(at))) at++;
    if (at === start) return BAD;
    if (at - start > 9 && Number(text.slice(start, at)) > INT32_MAX) return refuse(`a number above ${INT32_MAX}`);
    writer.digits(text, NUMBER, start, at);
  }
  if (at === end) writer.byte(RELEASE);
  else if (text.charCodeAt(at) !== HYPHEN || !writeLabels(text, at + 1, end)) return BAD;
  writer.byte(LABELS_END);
  return { ok: true, key: writer.take() };
}

/** False when they are none. */
function writeLabels(text: string, from: number, end: number): boolean {
  writer.byte(PRERELEASE);
  for (let start = from; start <= end; ) {
    let at = start;
    while (at < end && isLabelCharacter(text.charCodeAt(at))) at++;
    if (at === start || (at < end && text.charCodeAt(at) !== DOT)) return false;
    writeLabel(text.slice(start, at).toUpperCase());
    start = at + 1;
  }
  return true;
}

const DOT = 46;
const HYPHEN = 45;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLabelCharacter(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === HYPHEN;
}

/** A label that .NET reads as a 32-bit integer is a number; a longer run of digits is a word. */
function writeLabel(label: string): void {
  const last = label.charCodeAt(label.length - 1);
  const number = isDigit(last) && /^-?[0-9]+$/.test(label) ? Number(label) : Number.NaN;
  if (number >= INT32_MIN && number <= INT32_MAX) {
    writer.byte(LABEL_NUMBER);
    for (let shift = 24, shifted = number - INT32_MIN; shift >= 0; shift -= 8) writer.byte((shifted >>> shift) & 0xff);
    return;
  }
  writer.byte(LABEL_WORD);
  writer.ascii(label);
  writer.byte(WORD_END);
}
