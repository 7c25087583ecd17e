import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';

/**
 * Python versions, `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]` with all the spellings of PEP 440, in the order of `packaging.version`:
 * epoch, release with trailing zeros ignored, then dev < a < b < rc < final < post, where dev also lowers what it follows; a local label is above
 * its public version, words in it below numbers. Texts that PEP 440 does not know (legacy versions) are invalid.
 */
export const pep440: VersionScheme = { id: 'pep440', title: 'Python packages (PEP 440)', key: pep440Key };

/** Epoch, release, pre-release word and number, post-release, its number after a dash or a word, dev, its number, local. By number: names cost a third of the key. */
const GRAMMAR =
  /^v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?([0-9]+)?)?(-([0-9]+)|[-_.]?(?:post|rev|r)[-_.]?([0-9]+)?)?([-_.]?dev[-_.]?([0-9]+)?)?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

const PRE_RANK: Readonly<Record<string, number>> = { a: 2, alpha: 2, b: 3, beta: 3, c: 4, rc: 4, pre: 4, preview: 4 };
const PRE_LOWEST = 0x01;
const PRE_NONE = 0x05;
const POST_NONE = 0x01;
const POST = 0x02;
const DEV = 0x01;
const DEV_NONE = 0x02;
const LOCAL_NONE = 0x00;
const END = 0x01;
const WORD = 0x02;
const WORD_END = 0x00;
const NUMBER = 0x03;

const writer = new KeyWriter();

export function pep440Key(raw: string): VersionKey {
  const text = raw.trim().toLowerCase();
  const fault = textFault(text);
  if (fault) return refuse(fault);
  const parts = GRAMMAR.exec(text);
  if (!parts) return refuse('not a PEP 440 version');
  writer.restart();
  writer.digits(parts[1] ?? '', NUMBER);
  for (const number of withoutTrailingZeros(parts[2]!)) writer.digits(number, NUMBER);
  writer.byte(END);
  writeSuffixes(parts);
  writeLocal(parts[10]);
  return { ok: true, key: writer.take() };
}

function writeSuffixes([, , , preWord, preNumber, post, postDash, postNumber, dev, devNumber]: RegExpExecArray): void {
  if (preWord !== undefined) {
    writer.byte(PRE_RANK[preWord]!);
    writer.digits(preNumber ?? '', NUMBER);
  } else writer.byte(post === undefined && dev !== undefined ? PRE_LOWEST : PRE_NONE);
  if (post === undefined) writer.byte(POST_NONE);
  else {
    writer.byte(POST);
    writer.digits(postDash ?? postNumber ?? '', NUMBER);
  }
  if (dev === undefined) writer.byte(DEV_NONE);
  else {
    writer.byte(DEV);
    writer.digits(devNumber ?? '', NUMBER);
  }
}

function writeLocal(local: string | undefined): void {
  if (local === undefined) {
    writer.byte(LOCAL_NONE);
    return;
  }
  for (const segment of local.split(/[-_.]/)) {
    if (/^[0-9]+$/.test(segment)) writer.digits(segment, NUMBER);
    else {
      writer.byte(WORD);
      writer.ascii(segment);
      writer.byte(WORD_END);
    }
  }
  writer.byte(END);
}

function withoutTrailingZeros(release: string): string[] {
  const numbers = release.split('.');
  while (numbers.length > 0 && /^0+$/.test(numbers.at(-1)!)) numbers.pop();
  return numbers;
}
