import { KeyWriter } from './key-writer.ts';
import { type InvalidVersion, type Ordering, refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * Maven versions in the order of Maven 3's ComparableVersion: numbers, then nested lists opened by `-` and by every change between letters and
 * digits; alpha < beta < milestone < rc = cr < snapshot < "" = ga = final = release < sp < other words < a nested number < a number; zeros and
 * empty words before a list and at the end are dropped.
 *
 * There is no key for every text, because ComparableVersion makes circles: 1.Final < 1.Final.1.1-SNAPSHOT < 1-beta1 < 1.Final. The shape of nearly
 * all releases, `N(.N)*[word[N]][-SNAPSHOT]`, is ordered consistently and has a key; `compareMaven` answers for all texts as Maven does.
 *
 * Key: numbers, then one mark or the qualifier. Bytes in their order: alpha to snapshot 0x01-0x05, END 0x06, sp 0x07, another word 0x08, a
 * nested number 0x09, a further number 0x10 and up.
 */
export const maven: VersionScheme = { id: 'maven', title: 'Java packages (Maven)', key: mavenKey, compare: compareMaven };

const COMMON = /^(?<numbers>[0-9]+(?:\.[0-9]+)*)(?:[.-]?(?<word>[a-z]+)(?<count>-?[0-9]+)?|-(?<nested>[0-9]+))?(?<snapshot>-snapshot)?$/;
/** `1.alpha-1`: the word stays in the outer list, unlike in `1-alpha-1` and `1.alpha1`. */
const WORD_IN_OUTER_LIST = /\.[a-z]+-/;

/** The rank of a word that ComparableVersion knows; every other word is `OTHER_WORD` and compares as text. */
const WORD_RANK: Readonly<Record<string, number>> = {
  alpha: 0x01,
  beta: 0x02,
  milestone: 0x03,
  rc: 0x04,
  snapshot: 0x05,
  '': 0x06,
  sp: 0x07,
};
const ALIAS: Readonly<Record<string, string>> = { cr: 'rc', ga: '', final: '', release: '' };
const SHORT_BEFORE_DIGIT: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' };
const RELEASE = 0x06;
const OTHER_WORD = 0x08;
const NESTED_NUMBER = 0x09;
const NUMBER = 0x10;
const WORD_END = 0x00;
const SNAPSHOT_AFTER = 0x01;
const NOTHING_AFTER = 0x02;

const NO_ORDER = 'a shape for which Maven has no consistent order';
type CommonShape = { readonly numbers: string } & Partial<Record<'word' | 'count' | 'nested' | 'snapshot', string>>;

const writer = new KeyWriter();

export function mavenKey(raw: string): VersionKey {
  const fault = versionFault(raw);
  if (fault) return refuse(fault);
  const text = raw.toLowerCase();
  const parts = COMMON.exec(text)?.groups as CommonShape | undefined;
  if (!parts || WORD_IN_OUTER_LIST.test(text)) return refuse(NO_ORDER);
  const count = (parts.count ?? parts.nested ?? '').replace(/^-?0*/, '');
  const isCounted = (parts.count ?? parts.nested) !== undefined;
  const isSnapshot = parts.snapshot !== undefined;
  const word = parts.word === undefined ? undefined : wordOf(parts.word, isDigits(parts.count ?? ''));
  const leavesEmptyList = isCounted && count === '' && isSnapshot;
  if (leavesEmptyList || (word === '' && (isCounted || isSnapshot))) return refuse(NO_ORDER);

  writer.restart();
  for (const number of withoutTrailingZeros(parts.numbers)) writer.digits(number, NUMBER);
  if (word === '' || (word === undefined && count === '')) writer.byte(RELEASE);
  else {
    writeWord(word);
    if (count !== '') writer.digits(count, NUMBER);
    writer.byte(isSnapshot ? SNAPSHOT_AFTER : NOTHING_AFTER);
  }
  return { ok: true, key: writer.take() };
}

function writeWord(word: string | undefined): void {
  if (word === undefined) writer.byte(NESTED_NUMBER);
  else if (word in WORD_RANK) writer.byte(WORD_RANK[word]!);
  else {
    writer.byte(OTHER_WORD);
    writer.ascii(word);
    writer.byte(WORD_END);
  }
}

function withoutTrailingZeros(numbers: string): string[] {
  const list = numbers.split('.');
  while (list.length > 0 && /^0+$/.test(list.at(-1)!)) list.pop();
  return list;
}

export function compareMaven(a: string, b: string): Ordering | InvalidVersion {
  const fault = versionFault(a) || versionFault(b);
  return fault ? { invalid: fault } : compareItems(parseItems(a), parseItems(b));
}

function versionFault(text: string): string {
  return textFault(text) || (/[^\0-\x7f]/.test(text) ? 'a character outside ASCII' : '');
}

/** A number as its digits without leading zeros ('' is 0), a word, or a nested list. */
type Item = { readonly number: string } | { readonly word: string } | Item[];

function parseItems(raw: string): Item[] {
  const text = raw.toLowerCase();
  const lists: Item[][] = [[]];
  const nest = () => {
    const inner: Item[] = [];
    lists.at(-1)!.push(inner);
    lists.push(inner);
  };
  const add = (item: Item) => lists.at(-1)!.push(item);
  const tokens = [...text.matchAll(/[0-9]+|[^0-9.-]+|[.-]/g)].map(([token]) => token);
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    const after = tokens[at + 1];
    if (isSeparator(token)) {
      if (before === undefined || isSeparator(before)) add({ number: '' });
      if (token === '-') nest();
      continue;
    }
    if (isDigits(token)) {
      add({ number: token.replace(/^0+/, '') });
      if (after !== undefined && !isSeparator(after)) nest();
      continue;
    }
    const beforeDigits = after !== undefined && isDigits(after);
    const endsHere = after === undefined;
    if ((beforeDigits || endsHere) && lists.at(-1)!.length > 0) nest();
    add({ word: wordOf(token, beforeDigits) });
    if (beforeDigits) nest();
  }
  for (const list of lists.toReversed()) dropNulls(list);
  return lists[0]!;
}

function wordOf(text: string, beforeDigits: boolean): string {
  const word = (beforeDigits && SHORT_BEFORE_DIGIT[text]) || text;
  return ALIAS[word] ?? word;
}

function isSeparator(token: string): boolean {
  return token === '.' || token === '-';
}

function isDigits(token: string): boolean {
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
  return word in WORD_RANK ? String(WORD_RANK[word]) : `${OTHER_WORD}${word}`;
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
