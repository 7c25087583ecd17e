import type { Queryable } from '../../db/db.ts';
import { type ChainedEntry, entryHash, FIRST_HASH } from './chain.ts';

interface ChainReport {
  readonly entries: number;
  /** Sequence of the first entry that does not fit, or null. */
  readonly brokenAt: number | null;
  readonly reason: string | null;
}

interface EntryRow extends ChainedEntry {
  readonly previous_hash: Buffer;
  readonly hash: Buffer;
}

const BATCH = 5_000;

/** Reads the whole trail and recomputes it: finds an entry that was changed, removed, inserted or moved, and an end that was cut off. */
export async function verifyChain(db: Queryable): Promise<ChainReport> {
  let previous: Buffer = FIRST_HASH;
  let last = 0;
  for (;;) {
    const rows = await db.query<EntryRow>(
      'select sequence, at, actor, action, subject, detail, previous_hash, hash from audit_entry where sequence > $1 order by sequence limit $2',
      [last, BATCH],
    );
    for (const row of rows) {
      const broken = (reason: string): ChainReport => ({ entries: last, brokenAt: row.sequence, reason });
      if (row.sequence !== last + 1) return broken(`entry ${last + 1} is missing`);
      if (!row.previous_hash.equals(previous)) return broken('it does not follow from the entry before it');
      if (!entryHash(previous, row).equals(row.hash)) return broken('its content was changed');
      previous = row.hash;
      last = row.sequence;
    }
    if (rows.length < BATCH) break;
  }
  const [head] = await db.query<{ sequence: number; hash: Buffer }>('select sequence, hash from audit_head');
  if (head === undefined || head.sequence !== last || !head.hash.equals(previous))
    return { entries: last, brokenAt: last + 1, reason: 'entries at the end are missing' };
  return { entries: last, brokenAt: null, reason: null };
}
