import { to as copyTo } from 'pg-copy-streams';
import type { Db } from '../../db/db.ts';

/**
 * Reads a query through COPY in PostgreSQL's binary format (manual, COPY, "Binary Format"): the ordinary protocol hands everything over as text, where
 * the packed sets of 100,000 hosts are 400 MB of hexadecimal digits. A field is null or a view on the chunk that it came in: copy what is kept.
 * `query` is a constant of the program; it takes no parameters.
 */
export async function* copyRows(db: Db, query: string): AsyncIterable<readonly (readonly (Buffer | null)[])[]> {
  const client = await db.pool.connect();
  let isWhole = false;
  try {
    let rest: Buffer = Buffer.alloc(0);
    let isBegun = false;
    for await (const chunk of client.query(copyTo(`copy (${query}) to stdout (format binary)`)) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      if (!isBegun) {
        if (bytes.length < HEADER_BYTES) {
          rest = bytes;
          continue;
        }
        // Signature 11, flags 4, length of the extension 4.
        at = HEADER_BYTES + bytes.readInt32BE(15);
        isBegun = true;
      }
      const { rows, read } = rowsIn(bytes, at);
      if (rows.length > 0) yield rows;
      rest = bytes.subarray(read);
    }
    isWhole = true;
  } finally {
    // A reader that stopped in the middle leaves the connection in the middle of a COPY.
    client.release(!isWhole);
  }
}

const HEADER_BYTES = 19;
/** Field count of the trailer. */
const END = -1;

/** Whole rows of `bytes` from `at` on, and where the first that is not whole begins. */
function rowsIn(bytes: Buffer, at: number): { readonly rows: (Buffer | null)[][]; readonly read: number } {
  const rows: (Buffer | null)[][] = [];
  for (;;) {
    if (at + 2 > bytes.length) return { rows, read: at };
    const fields = bytes.readInt16BE(at);
    if (fields === END) return { rows, read: bytes.length };
    const row: (Buffer | null)[] = [];
    let next = at + 2;
    for (; row.length < fields && next + 4 <= bytes.length; ) {
      const length = bytes.readInt32BE(next);
      next += 4;
      if (length < 0) row.push(null);
      else if (next + length > bytes.length) break;
      else {
        row.push(bytes.subarray(next, next + length));
        next += length;
      }
    }
    if (row.length < fields) return { rows, read: at };
    rows.push(row);
    at = next;
  }
}
