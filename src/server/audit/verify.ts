import type { Queryable } from '../../db/db.ts';
import { type ChainedEntry, entryHash, FIRST_HASH } from './chain.ts';

interface ChainReport {
  readonly entries: number;
  /** Of the last entry that fits, in hex. */
  readonly hash: string;
  /** Sequence of the first entry that does not fit, or null. */
  readonly brokenAt: number | null;
  readonly reason: string | null;
}

interface EntryRow extends ChainedEntry {
  readonly previous_hash: Buffer;
  readonly hash: Buffer;
}

interface Head {
  readonly sequence: number;
  readonly hash: Buffer;
  /** The first entry that is not between 1 and `sequence`, or null. */
  readonly outside: number | null;
}

/** One statement, so one snapshot: an entry and the head that knows it are committed together. */
const HEAD = `select sequence, hash, least(
    (select min(sequence) from audit_entry where sequence < 1),
    (select min(sequence) from audit_entry where sequence > audit_head.sequence)
  ) as outside from audit_head`;

const BATCH = 5_000;

/**
 * Reads the trail as far as it goes now and recomputes it: finds an entry that was changed, removed, inserted or moved, an end that was cut off, and
 * entries that the head does not know. The end is asked for first, because entries are written while it reads.
 */
export async function verifyChain(db: Queryable): Promise<ChainReport> {
  const [head] = await db.query<Head>(HEAD);
  let previous: Buffer = FIRST_HASH;
  let last = 0;
  const broken = (brokenAt: number, reason: string): ChainReport => ({ entries: last, hash: previous.toString('hex'), brokenAt, reason });
  for (;;) {
    const rows = await db.query<EntryRow>(
      'select sequence, at, actor, action, subject, detail, previous_hash, hash from audit_entry where sequence > $1 and sequence <= $2 order by sequence limit $3',
      [last, head?.sequence ?? 0, BATCH],
    );
    for (const row of rows) {
      if (row.sequence !== last + 1) return broken(row.sequence, `entry ${last + 1} is missing`);
      if (!row.previous_hash.equals(previous)) return broken(row.sequence, 'it does not follow from the entry before it');
      if (!entryHash(previous, row).equals(row.hash)) return broken(row.sequence, 'its content was changed');
      previous = row.hash;
      last = row.sequence;
    }
    if (rows.length < BATCH) break;
  }
  if (head === undefined || head.sequence !== last || !head.hash.equals(previous))
    return broken(last + 1, 'entries at the end are missing');
  if (head.outside !== null) return broken(head.outside, 'it stands outside the chain');
  return { entries: last, hash: previous.toString('hex'), brokenAt: null, reason: null };
}
