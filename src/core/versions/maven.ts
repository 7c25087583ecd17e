import { KeyWriter } from './key-writer.ts';
import { compareComparableVersions, isDigits, OTHER_WORD, WORD_RANK, wordOf } from './maven-order.ts';
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

/** Numbers, word, its count, a nested number, -snapshot. Groups by number: names cost a third of the whole key. */
const COMMON = /^([0-9]+(?:\.[0-9]+)*)(?:[.-]?([a-z]+)(-?[0-9]+)?|-([0-9]+))?(-snapshot)?$/;
/** `1.alpha-1`: the word stays in the outer list, unlike in `1-alpha-1` and `1.alpha1`. */
const WORD_IN_OUTER_LIST = /\.[a-z]+-/;

const RELEASE = 0x06;
const NESTED_NUMBER = 0x09;
const NUMBER = 0x10;
const WORD_END = 0x00;
const SNAPSHOT_AFTER = 0x01;
const NOTHING_AFTER = 0x02;

const NO_ORDER = 'a shape for which Maven has no consistent order';

const writer = new KeyWriter();

export function mavenKey(raw: string): VersionKey {
  const fault = versionFault(raw);
  if (fault) return refuse(fault);
  const text = raw.toLowerCase();
  const parts = COMMON.exec(text);
  if (!parts || WORD_IN_OUTER_LIST.test(text)) return refuse(NO_ORDER);
  const stated = parts[3] ?? parts[4];
  const isCounted = stated !== undefined;
  const count = isCounted ? stated.replace(/^-?0*/, '') : '';
  const isSnapshot = parts[5] !== undefined;
  const word = parts[2] === undefined ? undefined : wordOf(parts[2], parts[3] !== undefined && isDigits(parts[3]));
  const leavesEmptyList = isCounted && count === '' && isSnapshot;
  if (leavesEmptyList || (word === '' && (isCounted || isSnapshot))) return refuse(NO_ORDER);

  writer.restart();
  for (const number of withoutTrailingZeros(parts[1]!)) writer.digits(number, NUMBER);
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
  else if (WORD_RANK.has(word)) writer.byte(WORD_RANK.get(word)!);
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
  return fault ? { invalid: fault } : compareComparableVersions(a, b);
}

function versionFault(text: string): string {
  return textFault(text) || (/[^\0-\x7f]/.test(text) ? 'a character outside ASCII' : '');
}
