import type { Ordering } from './scheme.ts';

/** ComparableVersion of Maven 3 itself (maven-artifact, checked against 3.8.7 and 3.9.6): the exact comparer behind the scheme `maven`. */
export function compareComparableVersions(a: string, b: string): Ordering {
  return compareItems(parseItems(a), parseItems(b));
}

/** The rank of a word that Maven knows; every other word has `OTHER_WORD` and compares as text. */
export const WORD_RANK: ReadonlyMap<string, number> = new Map([
  ['alpha', 1],
  ['beta', 2],
  ['milestone', 3],
  ['rc', 4],
  ['snapshot', 5],
  ['', 6],
  ['sp', 7],
]);
export const OTHER_WORD = 8;
const ALIAS: ReadonlyMap<string, string> = new Map([
  ['cr', 'rc'],
  ['ga', ''],
  ['final', ''],
  ['release', ''],
]);
const SHORT_BEFORE_DIGIT: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

/** A number as its digits without leading zeros ('' is 0), a word, or a nested list. */
type Item = { readonly number: string } | { readonly word: string } | Item[];

/** Read a character at a time: half the time of an expression that hands out tokens, and lists of a hundred thousand versions have no keys. */
function parseItems(raw: string): Item[] {
  const text = raw.toLowerCase();
  const lists: Item[][] = [[]];
  let list = lists[0]!;
  const nest = () => {
    const inner: Item[] = [];
    list.push(inner);
    lists.push(inner);
    list = inner;
  };
  let afterSeparator = true;
  for (let at = 0, start = 0; at < text.length; start = at) {
    const kind = kindAt(text, at++);
    if (kind === HYPHEN || kind === DOT) {
      if (afterSeparator) list.push(ZERO);
      if (kind === HYPHEN) nest();
      afterSeparator = true;
      continue;
    }
    afterSeparator = false;
    while (kindAt(text, at) === kind) at++;
    const after = kindAt(text, at);
    if (kind === DIGIT) {
      list.push({ number: withoutLeadingZeros(text, start, at) });
      if (after === LETTER) nest();
      continue;
    }
    if ((after === DIGIT || after === END) && list.length > 0) nest();
    list.push({ word: wordOf(text.slice(start, at), after === DIGIT) });
    if (after === DIGIT) nest();
  }
  for (let depth = lists.length - 1; depth >= 0; depth--) dropNulls(lists[depth]!);
  return lists[0]!;
}

const ZERO: Item = { number: '' };
const END = 0;
const DIGIT = 1;
const LETTER = 2;
const DOT = 3;
const HYPHEN = 4;

function kindAt(text: string, at: number): number {
  if (at >= text.length) return END;
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return DIGIT;
  return code === 46 ? DOT : code === 45 ? HYPHEN : LETTER;
}

function withoutLeadingZeros(text: string, from: number, to: number): string {
  let start = from;
  while (start < to && text.charCodeAt(start) === 48) start++;
  return text.slice(start, to);
}

/** A word as it compares: short forms before a digit written out, aliases resolved. */
export function wordOf(text: string, beforeDigits: boolean): string {
  const word = (beforeDigits && SHORT_BEFORE_DIGIT.get(text)) || text;
  return ALIAS.get(word) ?? word;
}

export function isDigits(token: string): boolean {
  const code = token.charCodeAt(0);
  return code >= 48 && code <= 57;
}

/** ListItem.normalize: from the end, nulls go, lists are stepped over, anything else stops it. */
function dropNulls(list: Item[]): void {
  for (let at = list.length - 1; at >= 0; at--) {
    const item = list[at]!;
    if (isNull(item)) list.splice(at, 1);
    else if (!Array.isArray(item)) break;
  }
}

function isNull(item: Item): boolean {
  if (Array.isArray(item)) return item.length === 0;
  return 'number' in item ? item.number === '' : item.word === '';
}

function compareItems(a: Item | undefined, b: Item | undefined): Ordering {
  if (a === undefined) return b === undefined ? 0 : negated(compareToNothing(b));
  if (b === undefined) return compareToNothing(a);
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let at = 0; at < a.length || at < b.length; at++) {
      const order = compareItems(a[at], b[at]);
      if (order !== 0) return order;
    }
    return 0;
  }
  if ('number' in a && 'number' in b) return compareNumbers(a.number, b.number) || compareText(a.number, b.number);
  if ('word' in a && 'word' in b) return compareText(rankText(a.word), rankText(b.word));
  return compareNumbers(kind(a), kind(b));
}

/** Words below lists below numbers. */
function kind(item: Item): string {
  return Array.isArray(item) ? '.' : 'number' in item ? '..' : '';
}

function compareToNothing(item: Item): Ordering {
  if (!Array.isArray(item)) return 'number' in item ? (item.number === '' ? 0 : 1) : compareText(rankText(item.word), rankText(''));
  for (const inner of item) {
    const order = compareToNothing(inner);
    if (order !== 0) return order;
  }
  return 0;
}

/** Rank as one character, then the word itself for words that have none. */
function rankText(word: string): string {
  return `${WORD_RANK.get(word) ?? `${OTHER_WORD}${word}`}`;
}

function compareNumbers(a: string, b: string): Ordering {
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

function compareText(a: string, b: string): Ordering {
  return a === b ? 0 : a < b ? -1 : 1;
}

function negated(order: Ordering): Ordering {
  return order === 0 ? 0 : order < 0 ? 1 : -1;
}
