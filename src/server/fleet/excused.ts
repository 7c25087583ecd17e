import { keyOf } from '../../core/findings/exceptions/scope.ts';
import { DUE_BANDS, dueBand } from '../../core/remediation/assessment.ts';
import { dueAtMs } from '../../core/remediation/deadline.ts';
import type { ExceptionMarks, ExceptionOnHost } from '../ports.ts';
import { findingsOn } from './exception-scope.ts';
import type { FindingRow } from './finding-rows.ts';
import type { FleetModel } from './model.ts';

export const NO_MARKS: ExceptionMarks = { revision: '', byHost: new Map(), sources: new Set() };

/** The exception in force for a finding; an excuse before a hold. */
export function markOf(
  model: FleetModel,
  marks: ExceptionMarks,
  { slot, source, finding }: Pick<FindingRow, 'slot' | 'source' | 'finding'>,
): ExceptionOnHost['mark'] | null {
  const own = marks.byHost.get(model.records[slot]!.id);
  if (own === undefined) return null;
  const key = keyOf(finding.risk.id, source.standing.source.name);
  return own.find(one => one.keys.has(key))?.mark ?? null;
}

interface Excused {
  /** In the order of DUE_BANDS. */
  readonly byDue: readonly number[];
  readonly total: number;
}

let last: { readonly model: FleetModel; readonly key: string; readonly excused: Excused } | null = null;

/** How many of the findings that the overview counts are excused now, by due date: gross less this is net. Good for a minute, as due dates are. */
export function excusedFindings(model: FleetModel, marks: ExceptionMarks, nowMs: number): Excused {
  const key = `${marks.revision} ${model.fleet.queue.generation} ${Math.floor(nowMs / 60_000)}`;
  if (last?.model !== model || last.key !== key) last = { model, key, excused: count(model, marks, nowMs) };
  return last.excused;
}

function count(model: FleetModel, marks: ExceptionMarks, nowMs: number): Excused {
  const byDue = DUE_BANDS.map(() => 0);
  const sources = new Set(model.fleet.units.units.filter(unit => marks.sources.has(unit.source.name)).map(unit => unit.source));
  for (const [hostId, own] of marks.byHost) {
    const slot = model.fleet.slotOf(hostId);
    const excuses = own.filter(one => one.mark.excuses);
    if (slot === undefined || excuses.length === 0) continue;
    const { exposure } = model.records[slot]!;
    for (const { source, group, finding } of findingsOn(model, slot, sources)) {
      if (group.state === 'wont-fix' || !excuses.some(one => one.keys.has(keyOf(finding.risk.id, source.standing.source.name)))) continue;
      const dueMs = group.hasFix ? dueAtMs(finding.risk.deadline(exposure), Math.max(finding.knownMs, group.sinceMs)) : null;
      byDue[DUE_BANDS.indexOf(dueBand(dueMs, nowMs))]! += 1;
    }
  }
  return { byDue, total: byDue.reduce((sum, one) => sum + one, 0) };
}
