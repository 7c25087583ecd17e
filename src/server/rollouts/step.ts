import type { Instant } from '../../core/kernel/instants.ts';
import type { Queryable } from '../../db/db.ts';
import type { AuditEntry, Context } from '../context.ts';

interface LogLine {
  readonly kind: 'rollout' | 'ring' | 'job' | 'output' | 'gate' | 'permit';
  readonly ringIndex?: number | null;
  readonly jobId?: string | null;
  readonly hostName?: string | null;
  readonly text: string;
  /** When it happened on the host; the server's clock otherwise. */
  readonly at?: Instant;
}

/**
 * One transaction of this noun. What it decides is written where it is decided; log lines and audit entries are kept and written at the end, because
 * their rows are locked last. What must happen outside (waking a host) is kept too, and done only once the transaction has been committed.
 */
export interface Step {
  readonly tx: Queryable;
  readonly now: Instant;
  say(rolloutId: string, line: LogLine): void;
  audit(entry: AuditEntry): void;
  afterwards(effect: () => void): void;
}

interface Kept {
  readonly lines: Map<string, LogLine[]>;
  readonly audit: AuditEntry[];
  readonly effects: (() => void)[];
}

/** Work may run more than once (a deadlock, a lost serialization): it must have no effect but through the step. */
export async function inStep<T>(context: Context, work: (step: Step) => Promise<T>): Promise<T> {
  let kept: Kept = { lines: new Map(), audit: [], effects: [] };
  const value = await context.db.transaction(async tx => {
    const fresh: Kept = { lines: new Map(), audit: [], effects: [] };
    kept = fresh;
    const now = context.clock.now();
    const result = await work({
      tx,
      now,
      say: (rolloutId, line) => fresh.lines.set(rolloutId, [...(fresh.lines.get(rolloutId) ?? []), line]),
      audit: entry => void fresh.audit.push(entry),
      afterwards: effect => void fresh.effects.push(effect),
    });
    for (const rolloutId of [...fresh.lines.keys()].sort()) await appendLog(tx, rolloutId, fresh.lines.get(rolloutId)!, now);
    for (const entry of fresh.audit) await context.audit(tx, entry);
    return result;
  });
  for (const effect of kept.effects) effect();
  return value;
}

/** Numbers are given under a lock that is held to the commit, so a reader never meets a smaller one later. */
async function appendLog(tx: Queryable, rolloutId: string, lines: readonly LogLine[], now: Instant): Promise<void> {
  const [row] = await tx.query<{ last_sequence: number }>(
    'update rollout_log set last_sequence = last_sequence + $2 where rollout_id = $1 returning last_sequence',
    [rolloutId, lines.length],
  );
  const first = (row?.last_sequence ?? lines.length) - lines.length + 1;
  await tx.query(
    `insert into rollout_event (rollout_id, sequence, at, kind, ring_index, job_id, host_name, text)
     select $1, $2 + position - 1, at, kind, ring_index, job_id, host_name, text
     from unnest($3::timestamptz[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[]) with ordinality as line (at, kind, ring_index, job_id, host_name, text, position)`,
    [
      rolloutId,
      first,
      lines.map(line => line.at ?? now),
      lines.map(line => line.kind),
      lines.map(line => line.ringIndex ?? null),
      lines.map(line => line.jobId ?? null),
      lines.map(line => line.hostName ?? null),
      lines.map(line => line.text.replaceAll('\u0000', '')),
    ],
  );
}
