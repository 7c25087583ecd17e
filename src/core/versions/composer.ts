import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * PHP versions in Composer's order: normalised as composer/semver's VersionParser does, then PHP's version_compare. Two to four numbers (missing
 * ones are 0) or a date, then a stability and `-dev`: dev < alpha < beta < RC < the plain version < a further number < patch. A `1.2.x-dev` branch counts
 * as 1.2.9999999.9999999-dev. A branch by name (`dev-main`) has no place in the order and is invalid.
 */
export const composer: VersionScheme = { id: 'composer', title: 'PHP packages (Composer)', key: composerKey };

/** Composer writes the numbers as a possessive `(?:[.-]?\\d+)*+`; one digit at a time is the same language without its backtracking. */
const MODIFIER = '[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?[0-9])*))?([.-]?dev)?';
/** All of lower-case text: ignoring case in the expression takes twice as long. */
const CLASSIC = new RegExp(`^v?([0-9]{1,5})(?:\\.([0-9]+))?(?:\\.([0-9]+))?(?:\\.([0-9]+))?${MODIFIER}$`);
const DATE = new RegExp(`^v?([0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3})?)${MODIFIER}$`);
const BRANCH = /^v?([0-9]+)(\.(?:[0-9]+|[x*]))?(\.(?:[0-9]+|[x*]))?(\.(?:[0-9]+|[x*]))?$/;
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
  const text = (/[ @+]/.test(trimmed) ? withoutDecoration(trimmed) : trimmed).toLowerCase();
  const classic = CLASSIC.exec(text);
  writer.restart();
  if (classic) {
    for (let at = 1; at <= 4; at++) writeElement(classic[at] ?? '0');
    if (classic[5] !== undefined || classic[7] !== undefined)
      for (const element of modifierElements(wordOf(classic[5], raw), classic[6], classic[7])) writeElement(element);
  } else {
    if (/^dev-|^(master|trunk|default)$/.test(text)) return refuse('a branch, which has no place in the order');
    const elements = normaliseOther(text, raw);
    if (!elements) return refuse('not a Composer version');
    for (const element of elements) writeElement(element);
  }
  writer.byte(END);
  return { ok: true, key: writer.take() };
}

function writeElement(element: string): void {
  if (element.charCodeAt(0) <= NINE) writer.digits(clamped(element), NUMBER);
  else writer.byte(WORD_RANK[element] ?? UNKNOWN_WORD);
}

/** Alias, stability flag and build metadata carry no order. */
function withoutDecoration(text: string): string {
  const unaliased = /^([^,\s]+) +as +[^,\s]+$/.exec(text)?.[1] ?? text;
  const unflagged = unaliased.replace(/@(?:stable|RC|beta|alpha|dev)$/i, '');
  if (/^dev-/i.test(unflagged)) return unflagged;
  return /^([^,\s+]+)\+[^\s]+$/.exec(unflagged)?.[1] ?? unflagged;
}

/** Dates and branches. */
function normaliseOther(text: string, raw: string): string[] | undefined {
  const date = DATE.exec(text);
  if (date) return [...date[1]!.split(/[^0-9]/), ...modifierElements(wordOf(date[2], raw), date[3], date[4])];
  const branch = BRANCH.exec(/^(.*?)[.-]?dev$/.exec(text)?.[1]?.trim() ?? '');
  if (!branch) return undefined;
  return [...branch.slice(1, 5).map(number => number?.replace('.', '').replace(/[x*]/, BRANCH_NUMBER) ?? BRANCH_NUMBER), 'dev'];
}

/** Composer drops `stable` in lower case only; in another case it is a word that version_compare does not know. */
function wordOf(word: string | undefined, raw: string): string | undefined {
  return word === 'stable' && !raw.includes('stable') ? 'unknown' : word;
}

function modifierElements(word: string | undefined, numbers: string | undefined, dev: string | undefined): string[] {
  if (word === 'stable') return [];
  if (word === undefined) return dev ? ['dev'] : [];
  const counted = (numbers ?? '').split(/[.-]/).filter(number => number !== '');
  return [LONG_WORD[word] ?? word, ...counted, ...(dev ? ['dev'] : [])];
}

function clamped(digits: string): string {
  return digits.length > 18 && BigInt(digits) > PHP_MAX ? String(PHP_MAX) : digits;
}
