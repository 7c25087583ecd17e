import type { Clock } from '../../core/kernel/instants.ts';
import type { Queryable } from '../../db/db.ts';
import type { AuditEntry } from '../context.ts';
import { type ChainedEntry, entryHash } from './chain.ts';

/** What jsonb gives back is what is hashed: no undefined, no lone surrogates, no U+0000. */
function storable(detail: AuditEntry['detail']): unknown {
  return JSON.parse(
    JSON.stringify(detail, (_key, value) => (typeof value === 'string' ? value.toWellFormed().replaceAll('\u0000', '') : value)),
  );
}

/**
 * Appends inside the caller's transaction: the act and its entry are committed together or not at all (S10). The row of the chain's head is
 * held until then, so audited transactions follow one another; take it last, and keep what follows short.
 */
export async function appendAudit(tx: Queryable, clock: Clock, entry: AuditEntry): Promise<void> {
  const [head] = await tx.query<{ sequence: number; hash: Buffer }>('select sequence, hash from audit_head for update');
  if (head === undefined) throw new Error('the audit chain has no head');
  const chained: ChainedEntry = {
    sequence: head.sequence + 1,
    at: clock.now(),
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    detail: storable(entry.detail),
  };
  const hash = entryHash(head.hash, chained);
  await tx.query(
    'insert into audit_entry (sequence, at, actor, action, subject, detail, previous_hash, hash) values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)',
    [chained.sequence, chained.at, chained.actor, chained.action, chained.subject, JSON.stringify(chained.detail), head.hash, hash],
  );
  await tx.query('update audit_head set sequence = $1, hash = $2', [chained.sequence, hash]);
}
