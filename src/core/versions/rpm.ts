import { KeyWriter } from './key-writer.ts';
import { compareKeys, type Ordering, refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * RPM versions, `[epoch:]version[-release]`, in the order of rpm's rpmverCmp and rpmvercmp: epoch, version, release; runs of letters or of
 * digits, every other character only separates; `~` below the end, the end below `^`, `^` below letters, letters below numbers, numbers by
 * value. A missing epoch orders as 0 and a missing release below every release, which is what rpm does with two whole versions.
 *
 * An inventory without epochs, and an advisory without a release, are something else: unknown. `parseRpm` keeps both as states of their own
 * and `compareInRange` is the comparison for matching.
 *
 * Key: number(epoch), segments(version), END and, only with a release, segments(release), END. Bytes in their order: `~` 0x01, END 0x02,
 * `^` 0x03, letters as they are up to 0x00, numbers 0x80 + count of digits.
 */
export const rpm: VersionScheme = { id: 'rpm', title: 'RPM packages (Red Hat, SUSE, Amazon and kin)', key: rpmKey };

const LETTERS_END = 0x00;
const TILDE = 0x01;
const END = 0x02;
const CARET = 0x03;
const NUMBER = 0x80;

export interface RpmVersion {
  /** null: not stated. An inventory taken without EPOCHNUM does not know it. */
  readonly epoch: string | null;
  readonly version: string;
  /** null: not stated, so every release is meant. */
  readonly release: string | null;
}

const writer = new KeyWriter();

export function rpmKey(text: string): VersionKey {
  const fault = textFault(text);
  if (fault) return refuse(fault);
  const { epoch, version, release } = parseRpm(text);
  writer.restart();
  writer.digits(epoch ?? '', NUMBER);
  writeSegments(version);
  if (release !== null) writeSegments(release);
  return { ok: true, key: writer.take() };
}

/** As rpm's parseEVR: digits before the first colon are the epoch, what follows the last hyphen is the release. */
export function parseRpm(text: string): RpmVersion {
  let colon = 0;
  while (isDigit(text.charCodeAt(colon))) colon++;
  const hasEpoch = text[colon] === ':';
  const epoch = hasEpoch ? text.slice(0, colon) : null;
  const start = hasEpoch ? colon + 1 : 0;
  const hyphen = text.lastIndexOf('-');
  if (hyphen < start) return { epoch, version: text.slice(start), release: null };
  return { epoch, version: text.slice(start, hyphen), release: text.slice(hyphen + 1) };
}

export interface RangeComparison {
  readonly ordering: Ordering;
  /** Set where a missing part was taken from the other side: say so in the evidence. */
  readonly assumed: 'epoch' | 'release' | 'epoch and release' | null;
}

/**
 * Compares for matching: an epoch that one side does not state is taken from the other, and where a side states no release, versions that are
 * equal so far are equal (as rpm does for dependency ranges). Reading a missing epoch as 0 gave 28 to 39 false findings per host.
 */
export function compareInRange(a: RpmVersion, b: RpmVersion): RangeComparison {
  const epochOpen = (a.epoch === null) !== (b.epoch === null) && Number(a.epoch ?? b.epoch) !== 0;
  const releaseOpen = (a.release === null) !== (b.release === null);
  const epoch = a.epoch ?? b.epoch;
  const text = (side: RpmVersion) =>
    formatRpm({ epoch: side.epoch ?? epoch, version: side.version, release: releaseOpen ? null : side.release });
  const keyA = rpmKey(text(a));
  const keyB = rpmKey(text(b));
  if (!keyA.ok || !keyB.ok) throw new RangeError('compareInRange takes versions that rpmKey accepts');
  const ordering = compareKeys(keyA.key, keyB.key);
  const releaseMattered = releaseOpen && ordering === 0;
  const assumed = epochOpen ? (releaseMattered ? 'epoch and release' : 'epoch') : releaseMattered ? 'release' : null;
  return { ordering, assumed };
}

export function formatRpm({ epoch, version, release }: RpmVersion): string {
  return `${epoch === null ? '' : `${epoch}:`}${version}${release === null ? '' : `-${release}`}`;
}

function writeSegments(text: string): void {
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const start = at++;
    if (isDigit(code)) {
      while (isDigit(text.charCodeAt(at))) at++;
      writer.digits(text, NUMBER, start, at);
    } else if (isLetter(code)) {
      while (isLetter(text.charCodeAt(at))) at++;
      writer.ascii(text, start, at);
      writer.byte(LETTERS_END);
    } else if (code === TILDE_CODE) writer.byte(TILDE);
    else if (code === CARET_CODE) writer.byte(CARET);
  }
  writer.byte(END);
}

const TILDE_CODE = '~'.charCodeAt(0);
const CARET_CODE = '^'.charCodeAt(0);

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 97 && lower <= 122;
}
