import { rpmKey } from './rpm.ts';
import { compareKeys, type InvalidVersion, type Ordering, textFault } from './scheme.ts';

/**
 * CPE leaves the order of versions to whoever makes the product. What all of them mean alike is ordered: numbers by value, absent ones as 0, `alpha`, `beta`, `rc` and
 * their kin before the version, letters and patches after it. What one means so and another otherwise (`1.0b2` is OpenSSL's second letter or Python's second beta, `1.0-x`
 * a pre-release or a build) is read both ways: where the answers differ there is none.
 *
 * Both readings are written as rpm versions, whose order has all that it takes: `~` before the end, `^` after it and before the next number.
 */
export function compareCpeVersions(a: string, b: string): Ordering | InvalidVersion {
  const orders = cpeOrders(a, b);
  return orders.length === 1 ? orders[0]! : { invalid: orders.length === 0 ? faultOf(a) || faultOf(b) : severalOrders(a, b) };
}

export function severalOrders(a: string, b: string): string {
  return `${a} and ${b} are ordered one way by some publishers and the other way by others`;
}

/** Every order that some reading has; none where either text cannot be read. A bound that holds in all of them holds. */
export function cpeOrders(a: string, b: string): readonly Ordering[] {
  const [left, right] = [a.trim().toLowerCase(), b.trim().toLowerCase()];
  if (left === right && left !== '') return [0];
  const [ofLeft, ofRight] = [keysOf(left), keysOf(right)];
  if (!ofLeft.ok || !ofRight.ok) return [];
  const earlier = compareKeys(ofLeft.earlier, ofRight.earlier);
  const later = compareKeys(ofLeft.later, ofRight.later);
  return earlier === later ? [earlier] : [earlier, later];
}

/** `1.0-rc1` of `1.0`: what CPE splits into version and update. */
export function isPreReleaseOf(version: string, of: string): boolean {
  return readingOf(version.trim().toLowerCase(), 'earlier').startsWith(`${readingOf(of.trim().toLowerCase(), 'earlier')}~`);
}

type Reading = 'earlier' | 'later';

/** Why a text is no version, or ''. */
export function faultOf(raw: string): string {
  const keys = keysOf(raw.trim().toLowerCase());
  return keys.ok ? '' : keys.reason;
}

type Keys =
  | { readonly ok: true; readonly earlier: Uint8Array; readonly later: Uint8Array }
  | { readonly ok: false; readonly reason: string };

function keysOf(text: string): Keys {
  const fault = spellingFault(text);
  if (fault) return { ok: false, reason: fault };
  // A reading is up to twice as long as its text, which may be more than rpm's order takes.
  const [earlier, later] = [rpmKey(readingOf(text, 'earlier')), rpmKey(readingOf(text, 'later'))];
  if (!earlier.ok) return { ok: false, reason: `read part by part it is ${earlier.reason}` };
  if (!later.ok) return { ok: false, reason: `read part by part it is ${later.reason}` };
  return { ok: true, earlier: earlier.key, later: later.key };
}

function spellingFault(text: string): string {
  const fault = textFault(text);
  if (fault) return fault;
  if (!/\d/.test(text)) return `${text} has no number`;
  return /^[\da-z._+~()/, -]+$/.test(text) ? '' : `${text} has characters that no version order knows`;
}

/** Before the version, in whatever spelling; those of one meaning are one word. */
const EARLIER: Readonly<Record<string, string>> = {
  dev: 'dev',
  devel: 'dev',
  snapshot: 'snapshot',
  nightly: 'nightly',
  canary: 'canary',
  alpha: 'alpha',
  beta: 'beta',
  milestone: 'milestone',
  pre: 'pre',
  preview: 'pre',
  prerelease: 'pre',
  rc: 'rc',
  cr: 'rc',
};
/** The version itself. */
const ITSELF = new Set(['final', 'ga', 'release', 'stable']);
/** A number after these counts rebuilds: `8u202`, `1.8.0_202` and update `update202` are one. */
const COUNTING = new Set(['u', 'up', 'upd', 'update']);
const LATER = new Set(['p', 'pl', 'patch', 'sp', 'hf', 'hotfix', 'fix', 'fixpack', 'fp', 'post', 'r', 'rev', 'build', 'cu', 'mr']);
/** With a number after them: a pre-release to some, the next letter to others. */
const OPEN_LETTERS = new Set(['a', 'b', 'c', 'm']);

/** `2.0.0-RC1` -> `1.2~rc.1`. The first `1` is everybody's, so that nothing is empty. */
function readingOf(text: string, reading: Reading): string {
  const isDotted = text.includes('.');
  let out = '';
  let counts = false;
  const tokens = [...text.matchAll(/([^\da-z]*)(?:(\d+)|([a-z]+))/g)];
  for (const [at, [, separator = '', number, word]] of tokens.entries()) {
    const isFirst = at === 0;
    const follows = tokens[at - 1]?.[2] !== undefined;
    if (separator.includes('+') && !isFirst) {
      // Semantic versioning does not order by what follows; others count on.
      if (reading === 'earlier') break;
      out += number === undefined ? `.${word}` : `^${number}`;
    } else if (number !== undefined) {
      out += !isFirst && (counts || (isDotted && follows && /[-_]/.test(separator))) ? `^${number}` : `.${number}`;
      counts = false;
    } else out += partOf(word!, separator, isFirst, tokens[at + 1], reading);
    if (word !== undefined) counts = COUNTING.has(word);
  }
  // Makers who count two numbers mean 2.0 by 2.0.0, also before a letter or a suffix.
  return `1${out.replace(/(?:\.0+)+(?=$|[~^]|\.[a-z])/g, '')}`;
}

function partOf(word: string, separator: string, isFirst: boolean, next: RegExpMatchArray | undefined, reading: Reading): string {
  const isNumbered = next?.[1] === '' && next[2] !== undefined;
  if (isFirst) return word === 'v' && isNumbered ? '' : `.${word}`;
  if (Object.hasOwn(EARLIER, word)) return `~${EARLIER[word]}`;
  if (ITSELF.has(word) || (COUNTING.has(word) && next !== undefined)) return '';
  if (separator.includes('~')) return `~${word}`;
  if (LATER.has(word)) return `.${word}`;
  const isOpen = /[-_]/.test(separator) || (OPEN_LETTERS.has(word) && isNumbered);
  return isOpen && reading === 'earlier' ? `~${word}` : `.${word}`;
}
