import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * PHP versions in Composer's order: normalised as composer/semver's VersionParser does, then PHP's version_compare. Two to four numbers (missing
 * ones are 0) or a date, then a stability and `-dev`: dev < alpha < beta < RC < the plain version < a further number < patch. A `1.2.x-dev` branch counts
 * as 1.2.9999999.9999999-dev. A branch by name (`dev-main`) has no place in the order and is invalid.
 */
export const composer: VersionScheme = { id: 'composer', title: 'PHP packages (Composer)', key: composerKey };

/** Composer writes the numbers as a possessive `(?:[.-]?\\d+)*+`; one digit at a time is the same language without its backtracking. */
const MODIFIER = '[._-]?(?:(stable|beta|b|RC|alpha|a|patch|pl|p)((?:[.-]?[0-9])*))?([.-]?dev)?';
const CLASSIC = new RegExp(`^v?([0-9]{1,5})(\\.[0-9]+)?(\\.[0-9]+)?(\\.[0-9]+)?${MODIFIER}$`, 'i');
const DATE = new RegExp(`^v?([0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3})?)${MODIFIER}$`, 'i');
const BRANCH = /^v?([0-9]+)(\.(?:[0-9]+|[xX*]))?(\.(?:[0-9]+|[xX*]))?(\.(?:[0-9]+|[xX*]))?$/;
const BRANCH_NUMBER = '9999999';

/** Words in version_compare's order; the end of a version comes after RC and numbers after the end. */
const WORD_RANK: Readonly<Record<string, number>> = { dev: 0x02, alpha: 0x03, beta: 0x04, rc: 0x05, patch: 0xff };
/** A word that version_compare does not know is below all that it knows. */
const UNKNOWN_WORD = 0x01;
const END = 0x06;
const NUMBER = 0x10;
const NINE = '9'.charCodeAt(0);
const LONG_WORD: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', p: 'patch', pl: 'patch' };
/** PHP reads numbers with strtol, which stops counting here. */
const PHP_MAX = 2n ** 63n - 1n;

const writer = new KeyWriter();

export function composerKey(raw: string): VersionKey {
  const trimmed = raw.trim();
  const fault = textFault(trimmed);
  if (fault) return refuse(fault);
  const text = /[ @+]/.test(trimmed) ? withoutDecoration(trimmed) : trimmed;
  if (/^dev-|^(master|trunk|default)$/i.test(text)) return refuse('a branch, which has no place in the order');
  const elements = normalise(text);
  if (!elements) return refuse('not a Composer version');
  writer.restart();
  for (const element of elements) {
    if (element.charCodeAt(0) <= NINE) writer.digits(clamped(element), NUMBER);
    else writer.byte(WORD_RANK[element] ?? UNKNOWN_WORD);
  }
  writer.byte(END);
  return { ok: true, key: writer.take() };
}

/** Alias, stability flag and build metadata carry no order. */
function withoutDecoration(text: string): string {
  const unaliased = /^([^,\s]+) +as +[^,\s]+$/.exec(text)?.[1] ?? text;
  const unflagged = unaliased.replace(/@(?:stable|RC|beta|alpha|dev)$/i, '');
  if (/^dev-/i.test(unflagged)) return unflagged;
  return /^([^,\s+]+)\+[^\s]+$/.exec(unflagged)?.[1] ?? unflagged;
}

function normalise(text: string): string[] | undefined {
  const classic = CLASSIC.exec(text);
  if (classic) {
    const numbers = classic.slice(1, 5).map(number => number?.replace('.', '') ?? '0');
    return [...numbers, ...modifierElements(classic[5], classic[6], classic[7])];
  }
  const date = DATE.exec(text);
  if (date) return [...date[1]!.split(/[^0-9]/), ...modifierElements(date[2], date[3], date[4])];
  const branch = BRANCH.exec(/^(.*?)[.-]?dev$/i.exec(text)?.[1]?.trim() ?? '');
  if (!branch) return undefined;
  return [...branch.slice(1, 5).map(number => number?.replace('.', '').replace(/[xX*]/, BRANCH_NUMBER) ?? BRANCH_NUMBER), 'dev'];
}

function modifierElements(word: string | undefined, numbers: string | undefined, dev: string | undefined): string[] {
  if (word === 'stable') return [];
  if (word === undefined) return dev ? ['dev'] : [];
  const stability = word.toLowerCase();
  const counted = (numbers ?? '').split(/[.-]/).filter(number => number !== '');
  return [LONG_WORD[stability] ?? stability, ...counted, ...(dev ? ['dev'] : [])];
}

function clamped(digits: string): string {
  return digits.length > 18 && BigInt(digits) > PHP_MAX ? String(PHP_MAX) : digits;
}
