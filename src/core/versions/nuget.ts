import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * NuGet versions, one to four numbers with `-prerelease` and `+metadata`, in the order of NuGet.Versioning's VersionComparer: missing numbers are
 * 0, a pre-release is below its release, its labels compare without regard to case, numbers (32-bit, a sign allowed) below words,
 * fewer labels below more, metadata is ignored. Leading zeros are allowed everywhere.
 */
export const nuget: VersionScheme = { id: 'nuget', title: '.NET packages (NuGet)', key: nugetKey };

const GRAMMAR =
  /^([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
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

export function nugetKey(raw: string): VersionKey {
  const text = raw.trim();
  const fault = textFault(text);
  if (fault) return refuse(fault);
  const match = GRAMMAR.exec(text);
  if (!match) return refuse('not a NuGet version: one to four numbers, then -prerelease and +metadata');
  const numbers = match.slice(1, 5).map(number => number ?? '0');
  if (numbers.some(number => Number(number) > INT32_MAX)) return refuse(`a number above ${INT32_MAX}`);
  writer.restart();
  for (const number of numbers) writer.digits(number, NUMBER);
  const labels = match[5]?.toUpperCase().split('.');
  writer.byte(labels ? PRERELEASE : RELEASE);
  for (const label of labels ?? []) writeLabel(label);
  writer.byte(LABELS_END);
  return { ok: true, key: writer.take() };
}

/** A label that .NET reads as a 32-bit integer is a number; a longer run of digits is a word. */
function writeLabel(label: string): void {
  const number = /^-?[0-9]+$/.test(label) ? Number(label) : Number.NaN;
  if (number >= INT32_MIN && number <= INT32_MAX) {
    writer.byte(LABEL_NUMBER);
    for (let shift = 24, shifted = number - INT32_MIN; shift >= 0; shift -= 8) writer.byte((shifted >>> shift) & 0xff);
    return;
  }
  writer.byte(LABEL_WORD);
  writer.ascii(label);
  writer.byte(WORD_END);
}
