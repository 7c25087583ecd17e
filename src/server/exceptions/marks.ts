import { inForceAt } from '../../core/findings/exceptions/exception.ts';
import { KINDS } from '../../core/findings/exceptions/kinds.ts';
import { keyOf } from '../../core/findings/exceptions/scope.ts';
import type { Context } from '../context.ts';
import type { ExceptionMarks, ExceptionOnHost } from '../ports.ts';
import { exceptionsInForce, revisionOf, type StandingRow } from './rows.ts';

/**
 * Exceptions in force by host, for whoever shows findings. The copy is good until any exception changes, which one number tells; starts and ends are
 * asked of the clock each time, because a server that was off has not moved the states yet.
 */
export class MarkBook {
  readonly #context: Context;
  #copy: { readonly revision: string; readonly rows: readonly StandingRow[] } | null = null;
  #marks: { readonly key: string; readonly marks: ExceptionMarks } | null = null;

  constructor(context: Context) {
    this.#context = context;
  }

  async marks(): Promise<ExceptionMarks> {
    const { db, clock } = this.#context;
    const revision = await revisionOf(db);
    if (this.#copy?.revision !== revision) this.#copy = { revision, rows: await exceptionsInForce(db) };
    const now = clock.now();
    const rows = this.#copy.rows.filter(row => inForceAt({ state: row.state, startsAt: row.starts_at, endsAt: row.ends_at }, now));
    const key = `${revision} ${rows.length}`;
    if (this.#marks?.key !== key) this.#marks = { key, marks: marksOf(key, rows) };
    return this.#marks.marks;
  }
}

function marksOf(revision: string, rows: readonly StandingRow[]): ExceptionMarks {
  const byHost = new Map<string, ExceptionOnHost[]>();
  const sources = new Set<string>();
  for (const row of rows) {
    const one: ExceptionOnHost = {
      mark: {
        id: row.id,
        title: row.title,
        kind: row.kind,
        state: row.state,
        endsAt: row.ends_at,
        owner: row.owner,
        approvedBy: row.approved_by,
        reason: row.reason,
        excuses: KINDS[row.kind].excuses,
        justification: row.justification,
      },
      since: row.stands_since,
      keys: new Set(row.findings.map(({ vulnerabilityId, sourceName }) => keyOf(vulnerabilityId, sourceName))),
    };
    for (const { sourceName } of row.findings) sources.add(sourceName);
    for (const hostId of row.host_ids) byHost.set(hostId, [...(byHost.get(hostId) ?? []), one]);
  }
  // Where an excuse and a hold meet, the excuse is what is shown beside the finding.
  for (const list of byHost.values()) list.sort((a, b) => Number(b.mark.excuses) - Number(a.mark.excuses));
  return { revision, byHost, sources };
}
