import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** What a row of COPY may hold; objects and arrays of objects go as JSON text made by the caller. */
export type CopyValue = string | number | boolean | null | readonly string[];

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of COPY's text format (PostgreSQL manual, COPY, "Text Format"). U+0000 cannot be stored and is left out. */
export function copyLine(values: readonly CopyValue[]): string {
  return `${values.map(field).join('\t')}\n`;
}

function field(value: CopyValue): string {
  if (value === null) return '\\N';
  const text = Array.isArray(value) ? arrayLiteral(value) : String(value);
  return /[\\\n\r\t\0]/.test(text) ? text.replaceAll('\0', '').replace(/[\\\n\r\t]/g, character => ESCAPES[character]!) : text;
}

function arrayLiteral(values: readonly string[]): string {
  return `{${values.map(value => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

/** Lines are gathered into chunks of about this size: one write per line costs more than the line. */
const CHUNK_CHARS = 65_536;

/** Streams rows into a table; the client must be in a transaction. Slow disks slow the source down. */
export async function copyInto(
  client: pg.PoolClient,
  target: string,
  rows: AsyncIterable<readonly (readonly CopyValue[])[]>,
): Promise<void> {
  await pipeline(Readable.from(chunksOf(rows), { objectMode: false }), client.query(copyFrom(`copy ${target} from stdin`)));
}

/** As copyInto, for whole lines of the text format that were made elsewhere. */
export async function copyBytesInto(client: pg.PoolClient, target: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(Readable.from(chunks, { objectMode: false }), client.query(copyFrom(`copy ${target} from stdin`)));
}

async function* chunksOf(rows: AsyncIterable<readonly (readonly CopyValue[])[]>): AsyncIterable<Buffer> {
  let text = '';
  for await (const batch of rows)
    for (const row of batch) {
      text += copyLine(row);
      if (text.length < CHUNK_CHARS) continue;
      yield Buffer.from(text);
      text = '';
    }
  if (text !== '') yield Buffer.from(text);
}
