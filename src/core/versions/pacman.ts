import { KeyWriter } from './key-writer.ts';
import { type InvalidVersion, type Ordering, refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * Arch versions, `[epoch:]version[-release]`, in the order of libalpm's alpm_pkg_vercmp: runs of letters or digits as in rpm, but the *number* of
 * separators before a run counts (fewer is lower), and letters straight after the common part (`1.0rc1`) are below the end.
 *
 * There is no key for every text, because the native relation is not an order for every text: a release counts only where both sides have
 * one (1.0-1 = 1.0 = 1.0-2, and 1.0-1 < 1.0-2), and separators at the end of a version make a circle (1.0. > 1.0..a > 1.0.1 > 1.0.). Texts with
 * a release and without such ends, which is every version that makepkg builds, have a key; `compare` answers for all texts as libalpm does.
 *
 * Key: number(epoch), runs(version), runs(release). Bytes in their order: letters with no separator before them 0x01, END 0x02, then 0x10 and
 * up: the count of separators, 0x01 for letters or 0x02 for a number, and the run.
 */
export const pacman: VersionScheme = { id: 'pacman', title: 'Arch Linux packages (pacman)', key: pacmanKey, compare: comparePacman };

const LETTERS_END = 0x00;
const LETTERS_HERE = 0x01;
const END = 0x02;
const SEPARATED = 0x10;
const LETTERS = 0x01;
const NUMBER = 0x02;

const writer = new KeyWriter();

export function pacmanKey(text: string): VersionKey {
  const fault = versionFault(text);
  if (fault) return refuse(fault);
  const { epoch, version, release } = parse(text);
  if (release === null) return refuse('no release: pacman holds it equal to every release');
  if (endsOpen(version) || endsOpen(release)) return refuse('a separator at the end, for which pacman has no consistent order');
  writer.restart();
  writer.digits(epoch, NUMBER);
  writeRuns(version);
  writeRuns(release);
  return { ok: true, key: writer.take() };
}

export function comparePacman(a: string, b: string): Ordering | InvalidVersion {
  const fault = versionFault(a) || versionFault(b);
  if (fault) return { invalid: fault };
  const left = parse(a);
  const right = parse(b);
  const byVersion = compareText(left.epoch, right.epoch) || compareText(left.version, right.version);
  if (byVersion !== 0 || left.release === null || right.release === null) return byVersion;
  return compareText(left.release, right.release);
}

function versionFault(text: string): string {
  return textFault(text) || (/[^\x21-\x7e]/.test(text) ? 'a space or a character outside ASCII' : '');
}

function parse(text: string): { epoch: string; version: string; release: string | null } {
  const [prefix, epoch] = /^([0-9]*):/.exec(text) ?? ['', ''];
  const rest = text.slice(prefix.length);
  const hyphen = rest.lastIndexOf('-');
  const version = hyphen < 0 ? rest : rest.slice(0, hyphen);
  return { epoch: epoch || '0', version, release: hyphen < 0 ? null : rest.slice(hyphen + 1) };
}

function endsOpen(text: string): boolean {
  return /[^0-9A-Za-z]$/.test(text);
}

function writeRuns(text: string): void {
  for (let at = 0; at < text.length; ) {
    const separators = separatorsAt(text, at);
    const start = at + separators;
    const isNumber = isDigit(text, start);
    at = endOfRun(text, start, isNumber);
    if (separators === 0 && !isNumber) writer.byte(LETTERS_HERE);
    else {
      writer.byte(SEPARATED);
      writer.digits(String(separators), SEPARATED);
    }
    writer.byte(isNumber ? NUMBER : LETTERS);
    if (isNumber) writer.digits(text, NUMBER, start, at);
    else {
      writer.ascii(text, start, at);
      writer.byte(LETTERS_END);
    }
  }
  writer.byte(END);
}

/** libalpm's rpmvercmp, step by step, for the texts that have no key. */
function compareText(a: string, b: string): Ordering {
  if (a === b) return 0;
  let one = 0;
  let two = 0;
  while (one < a.length && two < b.length) {
    const startOne = one + separatorsAt(a, one);
    const startTwo = two + separatorsAt(b, two);
    const gapDifference = startOne - one - (startTwo - two);
    one = startOne;
    two = startTwo;
    if (one === a.length || two === b.length) break;
    if (gapDifference !== 0) return gapDifference < 0 ? -1 : 1;
    const isNumber = isDigit(a, one);
    const runOne = a.slice(one, endOfRun(a, one, isNumber));
    const runTwo = b.slice(two, endOfRun(b, two, isNumber));
    if (runTwo === '') return isNumber ? 1 : -1;
    const order = isNumber ? compareNumbers(runOne, runTwo) : compareAscii(runOne, runTwo);
    if (order !== 0) return order;
    one += runOne.length;
    two += runTwo.length;
  }
  if (one === a.length && two === b.length) return 0;
  return (one === a.length && !isLetter(b, two)) || isLetter(a, one) ? -1 : 1;
}

function separatorsAt(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isDigit(text, end) && !isLetter(text, end)) end++;
  return end - at;
}

function endOfRun(text: string, at: number, isNumber: boolean): number {
  let end = at;
  while (end < text.length && (isNumber ? isDigit(text, end) : isLetter(text, end))) end++;
  return end;
}

function compareNumbers(a: string, b: string): Ordering {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  return x.length === y.length ? compareAscii(x, y) : x.length < y.length ? -1 : 1;
}

function compareAscii(a: string, b: string): Ordering {
  return a === b ? 0 : a < b ? -1 : 1;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at) | 0x20;
  return code >= 97 && code <= 122;
}
