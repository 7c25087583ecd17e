import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * Semantic Versioning 2.0.0 as npm's own `semver` reads it: three numbers, a pre-release below its release, numeric identifiers below
 * words, fewer identifiers below more, build metadata ignored, one `v` before it allowed. Numbers above 2^53 - 1 are invalid in the first three
 * places; in a pre-release npm compares them as floating-point numbers, and so does this (9007199254740993 = 9007199254740992).
 */
export const semver: VersionScheme = { id: 'semver', title: 'npm packages (Semantic Versioning)', key: semverKey };

const GRAMMAR =
  /^v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
/** npm's own limit. */
const NPM_MAX_CHARS = 256;

const writer = new KeyWriter();

export function semverKey(raw: string): VersionKey {
  const text = raw.trim();
  const fault = textFault(text);
  if (fault) return refuse(fault);
  if (text.length > NPM_MAX_CHARS) return refuse(`longer than npm's ${NPM_MAX_CHARS} characters`);
  const match = GRAMMAR.exec(text);
  if (!match) return refuse('not a semantic version: major.minor.patch[-prerelease][+build]');
  const [, major, minor, patch, prerelease] = match;
  const numbers = [major!, minor!, patch!];
  if (numbers.some(number => Number(number) > Number.MAX_SAFE_INTEGER)) return refuse('a number above 2^53 - 1');
  const identifiers = prerelease?.split('.');
  if (identifiers?.some(hasLeadingZero)) return refuse('a numeric pre-release identifier with a leading zero');
  writer.restart();
  for (const number of numbers) writer.digits(number, IDENTIFIER_NUMBER);
  writePrerelease(writer, identifiers?.map(asNpmCounts));
  return { ok: true, key: writer.take() };
}

const IDENTIFIERS_END = 0x01;
const IDENTIFIER_NUMBER = 0x02;
const IDENTIFIER_WORD = 0x40;
const WORD_END = 0x00;
const PRERELEASE = 0x01;
const RELEASE = 0x02;

/** Semantic Versioning's rule 11.3 and 11.4, shared by npm and Go. */
export function writePrerelease(into: KeyWriter, identifiers: readonly string[] | undefined): void {
  if (!identifiers) {
    into.byte(RELEASE);
    return;
  }
  into.byte(PRERELEASE);
  for (const identifier of identifiers) {
    if (/^[0-9]+$/.test(identifier)) into.digits(identifier, IDENTIFIER_NUMBER);
    else {
      into.byte(IDENTIFIER_WORD);
      into.ascii(identifier);
      into.byte(WORD_END);
    }
  }
  into.byte(IDENTIFIERS_END);
}

export function hasLeadingZero(identifier: string): boolean {
  return /^0[0-9]+$/.test(identifier);
}

function asNpmCounts(identifier: string): string {
  return /^[0-9]{16,}$/.test(identifier) ? BigInt(Number(identifier)).toString() : identifier;
}
