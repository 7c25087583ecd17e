import { isUtf8 } from 'node:buffer';
import { Fault } from '../../core/kernel/faults.ts';
import { MAX_FEED_BYTES, MAX_FEED_RECORD_BYTES } from '../../core/kernel/limits.ts';
import { BadRecord, printable, takeDayAhead, WithdrawnRecord, withoutControls } from './records.ts';
import type { FeedFaultCode, FeedItem, FeedReader } from './spec.ts';

export function feedFault(code: FeedFaultCode, message: string, cause?: unknown): Fault<FeedFaultCode> {
  return new Fault(code, message, FEED_ADVICE[code], cause);
}

const FEED_ADVICE: Readonly<Record<FeedFaultCode, string>> = {
  'feed-truncated': 'Fetch the file again: it ends too early. The last good copy stays in force.',
  'feed-unreadable': 'Fetch the file again, or check that it is the format that it claims to be. The last good copy stays in force.',
  'feed-too-large': 'Check where the file comes from. If it is genuine, raise the limit in src/core/kernel/limits.ts.',
  'feed-unknown-format':
    'Name a file of one of the sources that `fettle feed list` names; what each format looks like stands in src/plugins/advisory-sources.',
  'feed-not-found': 'Check the path.',
};

/** Reasons quote what they complain of. */
const MAX_REASON_CHARS = 500;

/** Collects items, and turns what goes wrong with one record into an item of its own. */
export class ItemCollector {
  #items: FeedItem[] = [];
  #quarantined = 0;
  readonly #leftOut = new Map<string, number>();

  add(item: FeedItem): void {
    this.#items.push(item);
  }

  quarantine(record: string, reason: string, more: { readonly withdraws?: string; readonly isRemark?: true } = {}): void {
    this.#items.push({
      kind: 'quarantined',
      record: printable(record),
      reason: withoutControls(reason.slice(0, MAX_REASON_CHARS)),
      ...more,
    });
    this.#quarantined++;
  }

  /** Says what was left out of a record that counts all the same. */
  remark(record: string, reason: string): void {
    this.quarantine(record, reason, { isRemark: true });
  }

  /** A statement about a release of a known distribution that Fettle does not know. It is said once for each release, for a publisher's next one stands in every record. */
  leaveOut(release: string): void {
    this.#leftOut.set(release, (this.#leftOut.get(release) ?? 0) + 1);
  }

  /** Records put aside so far, in all. */
  get quarantined(): number {
    return this.#quarantined;
  }

  /** Runs `use`; a BadRecord puts the record aside, everything else is a defect and travels on. A date that lies ahead is put aside alone. */
  guard(record: string | (() => string), use: () => void): void {
    const name = () => (typeof record === 'string' ? record : record());
    try {
      use();
      const ahead = takeDayAhead();
      if (ahead !== null) this.remark(name(), `its date ${ahead} lies in the future: the statement is taken without a date`);
    } catch (problem) {
      takeDayAhead();
      if (!(problem instanceof BadRecord)) throw problem;
      this.quarantine(name(), problem.message, problem instanceof WithdrawnRecord ? { withdraws: problem.vulnerabilityId } : {});
    }
  }

  /** The items of the end. */
  last(): readonly FeedItem[] {
    for (const [release, count] of this.#leftOut)
      this.remark(`release ${release}`, `it is none that Fettle knows; statements about it that are left out: ${count}`);
    this.#leftOut.clear();
    return this.take();
  }

  take(): readonly FeedItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
}

export interface LineHandler {
  /** `number` counts from 1. The text has no line end. */
  line(text: string, number: number, into: ItemCollector): void;
  end?(into: ItemCollector): void;
  dataDate?(): string | null;
  /** True when the last line may lack its line end and still be whole. A format whose records end with a line end says false: a cut file is then found out. */
  readonly lastLineMayBeOpen?: boolean;
}

const NEWLINE = 0x0a;

/** Cuts bytes into lines; a line that is not UTF-8 is put aside, the others are read. */
export function lineReader(handler: LineHandler): FeedReader {
  const into = new ItemCollector();
  let rest: Uint8Array = new Uint8Array(0);
  let number = 0;
  let total = 0;

  const readLines = (bytes: Uint8Array): void => {
    if (isUtf8(bytes)) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
      let start = 0;
      while (start < text.length) {
        const found = text.indexOf('\n', start);
        const end = found < 0 ? text.length : found;
        handler.line(text.charCodeAt(end - 1) === 13 ? text.slice(start, end - 1) : text.slice(start, end), ++number, into);
        start = end + 1;
      }
      return;
    }
    for (let start = 0; start < bytes.length; ) {
      const found = bytes.indexOf(NEWLINE, start);
      const end = found < 0 ? bytes.length : found;
      const line = bytes.subarray(start, end);
      if (isUtf8(line)) readLines(line.length === 0 ? bytes.subarray(start, end + 1) : line);
      else into.quarantine(`line ${++number}`, 'the line is not UTF-8 text');
      start = end + 1;
    }
  };

  return {
    push(chunk) {
      total += chunk.length;
      if (total > MAX_FEED_BYTES) throw feedFault('feed-too-large', `the feed is larger than ${MAX_FEED_BYTES} bytes`);
      const last = chunk.lastIndexOf(NEWLINE);
      if (last < 0) {
        rest = joined(rest, chunk);
        if (rest.length > MAX_FEED_RECORD_BYTES)
          throw feedFault('feed-too-large', `line ${number + 1} is longer than ${MAX_FEED_RECORD_BYTES} bytes`);
        return into.take();
      }
      readLines(joined(rest, chunk.subarray(0, last + 1)));
      rest = chunk.slice(last + 1);
      return into.take();
    },
    end() {
      if (rest.length > 0) {
        if (handler.lastLineMayBeOpen === false) throw feedFault('feed-truncated', `the feed ends in the middle of line ${number + 1}`);
        readLines(rest);
      }
      handler.end?.(into);
      return into.last();
    },
    dataDate: () => handler.dataDate?.() ?? null,
    quarantined: () => into.quarantined,
  };
}

export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return Buffer.concat([a, b]);
}

/** JSON objects, one to a line. A last line without its end that is not whole JSON is a cut file. */
export function jsonLinesReader(handler: {
  record(value: unknown, number: number, into: ItemCollector): void;
  end?(into: ItemCollector): void;
  dataDate?(): string | null;
  /** False for a line that nobody wants, told from its text without parsing it. */
  wanted?(text: string): boolean;
}): FeedReader {
  let lastBad = 0;
  let lastLine = 0;
  let endedOpen = false;
  const reader = lineReader({
    line(text, number, into) {
      lastLine = number;
      if (text === '' || text.trim() === '') return;
      if (handler.wanted !== undefined && !handler.wanted(text)) return;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        lastBad = number;
        into.quarantine(`line ${number}`, 'the line is not JSON');
        return;
      }
      // The name is made only when it is needed: making it for every record costs more than reading the record.
      into.guard(
        () => recordName(value, number),
        () => handler.record(value, number, into),
      );
    },
    end: handler.end,
    dataDate: handler.dataDate,
  });
  return {
    push(chunk) {
      if (chunk.length > 0) endedOpen = chunk[chunk.length - 1] !== NEWLINE;
      return reader.push(chunk);
    },
    end() {
      const items = reader.end();
      if (endedOpen && lastBad > 0 && lastBad === lastLine)
        throw feedFault('feed-truncated', `the feed ends in the middle of line ${lastLine}`);
      return items;
    },
    dataDate: reader.dataDate,
    quarantined: reader.quarantined,
  };
}

function recordName(value: unknown, number: number): string {
  if (value === null || typeof value !== 'object') return `line ${number}`;
  const { id, cve } = value as { id?: unknown; cve?: unknown };
  return `line ${number}${typeof id === 'string' ? ` (${id})` : typeof cve === 'string' ? ` (${cve})` : ''}`;
}

/** For a publisher with several shapes: the first bytes decide which reader reads the rest. */
export function readerByShape(choose: (head: string) => FeedReader): FeedReader {
  let reader: FeedReader | null = null;
  let held: Uint8Array = new Uint8Array(0);
  const decide = (): readonly FeedItem[] => {
    reader = choose(Buffer.from(held.buffer, held.byteOffset, Math.min(held.length, HEAD_BYTES)).toString('latin1'));
    return reader.push(held);
  };
  return {
    push(chunk) {
      if (reader) return reader.push(chunk);
      held = joined(held, chunk);
      return held.length < HEAD_BYTES ? [] : decide();
    },
    end() {
      if (reader) return reader.end();
      const first = decide();
      return [...first, ...reader!.end()];
    },
    dataDate: () => reader?.dataDate() ?? null,
    quarantined: () => reader?.quarantined() ?? 0,
  };
}

export const HEAD_BYTES = 65_536;

/** A text field of a JSON line, without parsing the line: what a reader looks at to know whether it is wanted. null when there is none, or one with escapes. */
export function textField(line: string, name: string): string | null {
  const opening = `"${name}":"`;
  const start = line.indexOf(opening);
  if (start < 0) return null;
  const from = start + opening.length;
  const end = line.indexOf('"', from);
  if (end < 0) return null;
  const value = line.slice(from, end);
  return value.includes('\\') ? null : value;
}
