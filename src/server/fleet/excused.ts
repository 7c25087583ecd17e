import { keyOf } from '../../core/findings/exceptions/scope.ts';
import type { FleetSource } from '../../core/findings/fleet-units.ts';
import { DUE_BANDS, dueBand, FINDING_STATES } from '../../core/remediation/assessment.ts';
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

/** Gross less this is net; without what publishers will not fix, as the gross numbers are. */
export interface Excused {
  /** In the order of DUE_BANDS. */
  readonly byDue: readonly number[];
  /** In the order of FINDING_STATES. */
  readonly byState: readonly number[];
  readonly knownExploited: number;
  readonly total: number;
}

interface Tally {
  readonly byDue: number[];
  readonly byState: number[];
  knownExploited: number;
}

const freshTally = (): Tally => ({ byDue: DUE_BANDS.map(() => 0), byState: FINDING_STATES.map(() => 0), knownExploited: 0 });
const summed = (tally: Tally): Excused => ({ ...tally, total: tally.byDue.reduce((sum, one) => sum + one, 0) });

let last: { readonly model: FleetModel; readonly key: string; readonly excused: Excused } | null = null;

/** How many of the findings that the overview counts are excused now. Good for a minute, as due dates are. */
export function excusedFindings(model: FleetModel, marks: ExceptionMarks, nowMs: number): Excused {
  const key = `${marks.revision} ${model.fleet.queue.generation} ${Math.floor(nowMs / 60_000)}`;
  if (last?.model !== model || last.key !== key) {
    const tally = freshTally();
    const sources = sourcesOf(model, marks);
    for (const hostId of marks.byHost.keys()) addHost(model, marks, hostId, sources, nowMs, tally);
    last = { model, key, excused: summed(tally) };
  }
  return last.excused;
}

/** The same of one host. */
export function excusedOnHost(model: FleetModel, marks: ExceptionMarks, hostId: string, nowMs: number): Excused {
  const tally = freshTally();
  if (marks.byHost.has(hostId)) addHost(model, marks, hostId, sourcesOf(model, marks), nowMs, tally);
  return summed(tally);
}

function sourcesOf({ fleet }: FleetModel, marks: ExceptionMarks): ReadonlySet<FleetSource> {
  return new Set(fleet.units.units.filter(unit => marks.sources.has(unit.source.name)).map(unit => unit.source));
}

function addHost(
  model: FleetModel,
  marks: ExceptionMarks,
  hostId: string,
  sources: ReadonlySet<FleetSource>,
  nowMs: number,
  tally: Tally,
): void {
  const slot = model.fleet.slotOf(hostId);
  const excuses = marks.byHost.get(hostId)?.filter(one => one.mark.excuses) ?? [];
  if (slot === undefined || excuses.length === 0) return;
  const { exposure } = model.records[slot]!;
  for (const { source, group, finding } of findingsOn(model, slot, sources)) {
    if (group.state === 'wont-fix' || !excuses.some(one => one.keys.has(keyOf(finding.risk.id, source.standing.source.name)))) continue;
    const dueMs = group.hasFix ? dueAtMs(finding.risk.deadline(exposure), Math.max(finding.knownMs, group.sinceMs)) : null;
    tally.byDue[DUE_BANDS.indexOf(dueBand(dueMs, nowMs))]! += 1;
    tally.byState[(FINDING_STATES as readonly string[]).indexOf(group.state)]! += 1;
    if (finding.risk.knownExploited) tally.knownExploited += 1;
  }
}
