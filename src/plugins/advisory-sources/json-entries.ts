import { isUtf8 } from 'node:buffer';
import { MAX_FEED_BYTES, MAX_FEED_DEPTH, MAX_FEED_RECORD_BYTES } from '../../core/kernel/limits.ts';
import { BadRecord } from './records.ts';
import type { FeedReader } from './spec.ts';
import { feedFault, ItemCollector, joined } from './text-reader.ts';

/** One member of the root, or of a container of the root that the handler asked to open. */
export interface JsonEntry {
  /** Key of the opened container, '' for members of the root. */
  readonly container: string;
  /** Key in its container, or the index in an array. */
  readonly key: string;
}

export interface JsonEntriesHandler {
  /** Members of the root whose own members are handed out one by one, because they are the records. */
  readonly open: readonly string[];
  /** False for a member that nobody wants: it is then not parsed. */
  wanted?(at: JsonEntry): boolean;
  entry(at: JsonEntry, value: unknown, into: ItemCollector): void;
  end?(into: ItemCollector): void;
  dataDate?(): string | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * Reads one large JSON document record by record: a scanner that knows strings and nesting cuts the members out, and JSON.parse reads each.
 * So 300 MB need the memory of their largest record, one bad record costs itself only, and a cut file is found out. (JSON.parse of the whole would
 * need three times the file, and V8 refuses strings over 512 MB.)
 */
export function jsonEntriesReader(handler: JsonEntriesHandler): FeedReader {
  const into = new ItemCollector();
  const open = new Set(handler.open);
  let pending: Uint8Array = new Uint8Array(0);
  let scanned = 0;
  let total = 0;
  let inString = false;
  let escaped = false;
  let depth = 0;
  /** Nesting at which members are cut: 1 in the root, 2 inside an opened container. */
  let level = 1;
  let container = '';
  let key = '';
  let index = 0;
  /** Where the current member's text begins in `pending`, after its key. */
  let valueStart = 0;
  let keyed: boolean[] = [];
  let finished = false;

  const readValue = (end: number): void => {
    const text = pending.subarray(valueStart, end);
    const at = { container, key: keyed[level - 1] ? key : String(index++) };
    key = '';
    if (isBlank(text) || handler.wanted?.(at) === false) return;
    const name = [at.container, at.key].filter(Boolean).join(' ');
    if (text.length > MAX_FEED_RECORD_BYTES)
      throw feedFault('feed-too-large', `record ${name} is longer than ${MAX_FEED_RECORD_BYTES} bytes`);
    into.guard(name, () => handler.entry(at, parse(text), into));
  };

  const scan = (): void => {
    let at = scanned;
    const bytes = pending;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (finished) {
        if (byte > 0x20) throw feedFault('feed-unreadable', 'something follows the end of the JSON');
        continue;
      }
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        depth++;
        if (depth > MAX_FEED_DEPTH) throw feedFault('feed-unreadable', `the JSON nests deeper than ${MAX_FEED_DEPTH}`);
        if (depth === 1) {
          keyed = [byte === OPEN_BRACE];
          valueStart = at + 1;
        } else if (depth === 2 && level === 1 && open.has(key)) {
          level = 2;
          keyed[1] = byte === OPEN_BRACE;
          container = key;
          key = '';
          index = 0;
          valueStart = at + 1;
        }
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (depth === level) {
          readValue(at);
          valueStart = at + 1;
          if (level === 2) {
            level = 1;
            container = '';
            index = 0;
          } else finished = true;
        }
        depth--;
        if (depth < 0) throw feedFault('feed-unreadable', 'the JSON closes a bracket that it never opened');
      } else if (depth === level) {
        if (byte === COMMA) {
          readValue(at);
          valueStart = at + 1;
        } else if (byte === COLON && keyed[level - 1] && key === '') {
          key = parseKey(pending.subarray(valueStart, at));
          valueStart = at + 1;
        }
      }
    }
    scanned = at;
  };

  /** The first chunk, as long as it may be the whole document. */
  let only: Uint8Array | null = null;
  let pushed = false;

  const scanChunk = (chunk: Uint8Array): void => {
    if (valueStart > 0) {
      pending = pending.subarray(valueStart);
      scanned -= valueStart;
      valueStart = 0;
    }
    if (pending.length > MAX_FEED_RECORD_BYTES)
      throw feedFault('feed-too-large', `record ${container} ${key} is longer than ${MAX_FEED_RECORD_BYTES} bytes`);
    pending = joined(pending, chunk);
    scan();
  };

  return {
    push(chunk) {
      total += chunk.length;
      if (total > MAX_FEED_BYTES) throw feedFault('feed-too-large', `the feed is larger than ${MAX_FEED_BYTES} bytes`);
      if (!pushed && chunk.length <= PARSED_AT_ONCE_BYTES) {
        only = chunk;
        pushed = true;
        return into.take();
      }
      pushed = true;
      if (only !== null) scanChunk(only);
      only = null;
      scanChunk(chunk);
      return into.take();
    },
    end() {
      if (only === null || !readAtOnce(only, open, handler, into)) {
        if (only !== null) scanChunk(only);
        if (!finished || depth !== 0 || inString) throw feedFault('feed-truncated', 'the JSON ends before its last bracket is closed');
      }
      handler.end?.(into);
      return into.last();
    },
    dataDate: () => handler.dataDate?.() ?? null,
    quarantined: () => into.quarantined,
  };
}

/** A small document in one piece is parsed as a whole, which is several times as fast. */
const PARSED_AT_ONCE_BYTES = 8_000_000;

/** False when it is not whole, well-formed JSON: the scanner then finds out which record is at fault, or that the end is missing. */
function readAtOnce(bytes: Uint8Array, open: ReadonlySet<string>, handler: JsonEntriesHandler, into: ItemCollector): boolean {
  if (!isUtf8(bytes)) return false;
  let root: unknown;
  try {
    root = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return false;
  }
  if (root === null || typeof root !== 'object') return false;
  const hand = (container: string, key: string, value: unknown): void => {
    const at = { container, key };
    if (handler.wanted?.(at) !== false)
      into.guard(
        () => [container, key].filter(Boolean).join(' '),
        () => handler.entry(at, value, into),
      );
  };
  for (const [key, value] of Object.entries(root)) {
    if (!Array.isArray(root) && open.has(key) && value !== null && typeof value === 'object')
      for (const [inner, one] of Object.entries(value)) hand(key, inner, one);
    else hand('', key, value);
  }
  return true;
}

function parse(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new BadRecord('the record is not UTF-8 text');
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw new BadRecord('the record is not JSON');
  }
}

function parseKey(bytes: Uint8Array): string {
  try {
    const key: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return typeof key === 'string' && key !== '' ? key : '(no key)';
  } catch {
    return '(unreadable key)';
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte <= 0x20);
}
