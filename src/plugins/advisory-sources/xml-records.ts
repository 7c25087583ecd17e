import { isUtf8 } from 'node:buffer';
import { MAX_FEED_BYTES, MAX_FEED_DEPTH, MAX_FEED_RECORD_BYTES } from '../../core/kernel/limits.ts';
import { lookup } from '../../core/kernel/lookup.ts';
import { BadRecord, printable } from './records.ts';
import type { FeedReader } from './spec.ts';
import { feedFault, ItemCollector, joined } from './text-reader.ts';

/** One element as far as feeds need it: no namespaces, no order between text and children. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly in it, trimmed. */
  readonly text: string;
}

export interface XmlRecordsHandler {
  /** Name of the elements that are the records: `update`, `definition`. They do not nest. */
  readonly record: string;
  /** Name of the root, whose end tag ends the feed. */
  readonly root: string;
  element(element: XmlElement, into: ItemCollector): void;
  dataDate?(): string | null;
}

/**
 * Cuts one large XML document into its records and parses each by itself, so that memory stays bounded and a bad record costs itself only. No document
 * type is read: entities beyond the five of XML and numbers are refused, so nothing can unfold.
 */
export function xmlRecordsReader(handler: XmlRecordsHandler): FeedReader {
  const into = new ItemCollector();
  const open = Buffer.from(`<${handler.record}`);
  const close = Buffer.from(`</${handler.record}>`);
  const end = Buffer.from(`</${handler.root}>`);
  let pending: Buffer = Buffer.alloc(0);
  let total = 0;
  let number = 0;
  let ended = false;

  /** `<update ` or `<update>`, not `<updates>` or `<updated>`. */
  const firstOpen = (from: number): number => {
    for (let at = pending.indexOf(open, from); at >= 0; at = pending.indexOf(open, at + 1)) {
      const next = pending[at + open.length];
      if (next === undefined || next <= 0x20 || next === 0x3e) return at;
    }
    return -1;
  };

  const cut = (): void => {
    let at = 0;
    for (;;) {
      const start = firstOpen(at);
      const stop = start < 0 ? -1 : pending.indexOf(close, start);
      if (start < 0 || stop < 0) {
        ended ||= pending.indexOf(end, at) >= 0 && start < 0;
        // What cannot hold the beginning of a record any more is let go.
        const keep = start < 0 ? Math.max(at, pending.length - Math.max(end.length, handler.record.length + 2)) : start;
        pending = pending.subarray(keep);
        return;
      }
      const bytes = pending.subarray(start, stop + close.length);
      number++;
      into.guard(
        () => `${handler.record} ${number}${idIn(bytes)}`,
        () => handler.element(parseXml(textOf(bytes)), into),
      );
      at = stop + close.length;
    }
  };

  return {
    push(chunk) {
      total += chunk.length;
      if (total > MAX_FEED_BYTES) throw feedFault('feed-too-large', `the feed is larger than ${MAX_FEED_BYTES} bytes`);
      const all = joined(pending, chunk);
      pending = Buffer.from(all.buffer, all.byteOffset, all.byteLength);
      if (pending.includes(close) || pending.includes(end)) cut();
      if (pending.length > MAX_FEED_RECORD_BYTES)
        throw feedFault('feed-too-large', `${handler.record} ${number + 1} is longer than ${MAX_FEED_RECORD_BYTES} bytes`);
      return into.take();
    },
    end() {
      cut();
      if (!ended) throw feedFault('feed-truncated', `the feed ends without </${handler.root}>`);
      return into.last();
    },
    dataDate: () => handler.dataDate?.() ?? null,
    quarantined: () => into.quarantined,
  };
}

function idIn(bytes: Buffer): string {
  const id = /<id>([^<]{1,80})<|\sid="([^"]{1,80})"/.exec(bytes.toString('latin1'));
  return id === null ? '' : ` (${printable(id[1] ?? id[2] ?? '')})`;
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new BadRecord('the record is not UTF-8 text');
  return bytes.toString('utf8');
}

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

interface OpenElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** A well-formed fragment with one root. Throws BadRecord. */
export function parseXml(text: string): XmlElement {
  const stack: OpenElement[] = [{ name: '', attributes: new Map(), children: [], text: '' }];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    if (token === null) throw new BadRecord(`the XML is not well-formed at ${printable(text.slice(at, at + 30))}`);
    const [, cdata, closing, name, attributes, empty, plain] = token;
    const top = stack.at(-1)!;
    if (plain !== undefined) top.text += decoded(plain);
    else if (cdata !== undefined) top.text += cdata;
    else if (name === undefined) continue;
    else if (closing === '/') {
      if (top.name !== name || stack.length === 1) throw new BadRecord(`the XML closes ${printable(name)}, which is not open`);
      stack.pop();
      stack.at(-1)!.children.push(finished(top));
    } else {
      const opened: OpenElement = { name, attributes: attributesOf(attributes ?? ''), children: [], text: '' };
      if (empty === '/') top.children.push(finished(opened));
      else if (stack.push(opened) > MAX_FEED_DEPTH) throw new BadRecord(`the XML nests deeper than ${MAX_FEED_DEPTH}`);
    }
  }
  const [root, ...others] = stack[0]!.children;
  if (stack.length !== 1 || root === undefined || others.length > 0) throw new BadRecord('the XML is not one whole element');
  return root;
}

function finished({ name, attributes, children, text }: OpenElement): XmlElement {
  return { name, attributes, children, text: text.trim() };
}

function attributesOf(text: string): Map<string, string> {
  return new Map(Array.from(text.matchAll(ATTRIBUTE), ([, name, double, single]) => [name!, decoded(double ?? single ?? '')]));
}

const NAMED: Readonly<Record<string, string>> = lookup({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" });

function decoded(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));|&/gi, (_whole, decimal?: string, hex?: string, name?: string) => {
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : null;
    if (code !== null && code <= 0x10ffff) return String.fromCodePoint(code);
    const character = name === undefined ? undefined : NAMED[name];
    if (character === undefined) throw new BadRecord(`the XML names an entity that is not read (${printable(name ?? '&')})`);
    return character;
  });
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find(child => child.name === name);
}
