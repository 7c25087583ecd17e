import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * Ruby versions in the order of Gem::Version: runs of digits and of letters are segments, `-` means `.pre.`, letters are below numbers, zeros at
 * the end of the numeric part and of the whole are dropped, and a version goes on in zeros for ever where the other one is longer.
 *
 * Because of those zeros a run of k zero segments is not written by itself but as part of what follows: before letters it makes the version
 * lower than one that ends here, the fewer the lower; before a number it makes it higher, the fewer the higher. Bytes in their order:
 * letters 0x01 with k rising, END 0x02, number 0x03 with k falling.
 */
export const gem: VersionScheme = { id: 'gem', title: 'Ruby packages (RubyGems)', key: gemKey };

const GRAMMAR = /^[0-9]+(\.[0-9a-zA-Z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

const LETTERS = 0x01;
const END = 0x02;
const NUMBER = 0x03;
const LETTERS_END = 0x00;

const writer = new KeyWriter();

export function gemKey(raw: string): VersionKey {
  const text = raw.trim();
  const expanded = text.replaceAll('-', '.pre.');
  const fault = textFault(expanded);
  if (fault) return refuse(fault);
  if (!GRAMMAR.test(text)) return refuse('not a RubyGems version');
  const segments = expanded.match(/[0-9]+|[A-Za-z]+/g)!;
  const firstWord = segments.findIndex(segment => !isNumber(segment));
  const numericPart = firstWord < 0 ? segments : segments.slice(0, firstWord);
  const wordPart = firstWord < 0 ? [] : segments.slice(firstWord);
  writer.restart();
  writeSegments([...withoutTrailingZeros(numericPart), ...withoutTrailingZeros(wordPart)]);
  return { ok: true, key: writer.take() };
}

function writeSegments(segments: readonly string[]): void {
  let zeros = 0;
  for (const segment of segments) {
    if (isZero(segment)) {
      zeros++;
      continue;
    }
    const number = isNumber(segment);
    writer.byte(number ? NUMBER : LETTERS);
    writeCount(number ? 0xffff - zeros : zeros);
    if (number) writer.digits(segment, NUMBER);
    else {
      writer.ascii(segment);
      writer.byte(LETTERS_END);
    }
    zeros = 0;
  }
  writer.byte(END);
}

/** Two bytes: a version text is far shorter than 65,535 segments. */
function writeCount(count: number): void {
  writer.byte(count >>> 8);
  writer.byte(count & 0xff);
}

function withoutTrailingZeros(segments: readonly string[]): readonly string[] {
  return segments.slice(0, segments.findLastIndex(segment => !isZero(segment)) + 1);
}

function isNumber(segment: string): boolean {
  return segment.charCodeAt(0) <= 57;
}

function isZero(segment: string): boolean {
  return segment.charCodeAt(0) === 48 && /^0+$/.test(segment);
}
