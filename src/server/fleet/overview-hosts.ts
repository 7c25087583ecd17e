import { DUE_BANDS, FINDING_STATES } from '../../core/remediation/assessment.ts';
import { type Coverage, type CoveredHost, coverageOf } from '../../core/reporting/coverage.ts';
import type { SeenMoments } from './host-state.ts';
import { type HostSummaries, isRebootPending, isRestartPending, REBOOT_PENDING, RESTART_PENDING } from './host-summaries.ts';
import type { FleetModel } from './model.ts';

/** What the overview says of all hosts. Of what is named there are slots, in the order of the hosts. */
export interface OverviewHosts {
  readonly total: number;
  readonly states: Readonly<Record<SeenMoments['state'], number>>;
  /** Findings in the order of FINDING_STATES and of DUE_BANDS. */
  readonly byState: readonly number[];
  readonly byDue: readonly number[];
  readonly coverage: Coverage;
  readonly restart: readonly number[];
  readonly reboot: readonly number[];
  readonly broken: readonly number[];
  readonly unreachable: readonly number[];
  /** When the last of the unreachable ones was heard of, epoch ms. */
  readonly silentSinceMs: number;
  /** Hosts with an inventory, by release and by what it is called. */
  readonly releases: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** One pass over the columns: the views of 100,000 hosts would take seconds to make, and the page shows three of them. */
export function overviewHosts(model: FleetModel, summaries: HostSummaries, nowMs: number): OverviewHosts {
  const { fleet, records } = model;
  const states = { current: 0, stale: 0, unreachable: 0, 'waiting-for-inventory': 0 };
  const byState = FINDING_STATES.map(() => 0);
  const byDue = DUE_BANDS.map(() => 0);
  const covered: CoveredHost[] = [];
  const restart: number[] = [];
  const reboot: number[] = [];
  const broken: number[] = [];
  const unreachable: number[] = [];
  let silentSinceMs = Number.NEGATIVE_INFINITY;
  const releases = new Map<string, Map<string, number>>();
  for (const slot of fleet.slots()) {
    const record = records[slot]!;
    const numbers = fleet.numbersOf(slot, nowMs);
    numbers.addTo(byState, byDue, slot);
    const { state, lastSeenMs } = summaries.moments(slot, nowMs);
    states[state] += 1;
    const restartPending = isRestartPending(record, numbers.countIn(slot, RESTART_PENDING));
    const rebootPending = isRebootPending(record, numbers.countIn(slot, REBOOT_PENDING));
    covered.push({
      isCurrent: state === 'current',
      candidatesKnown: record.candidatesRead,
      securityPatches: fleet.queue.pendingOf(slot).security,
      restartPending,
      rebootPending,
    });
    if (restartPending) restart.push(slot);
    if (rebootPending) reboot.push(slot);
    if (record.brokenPackages.length > 0) broken.push(slot);
    if (state === 'unreachable') {
      unreachable.push(slot);
      silentSinceMs = Math.max(silentSinceMs, lastSeenMs ?? nowMs);
    }
    if (!record.hasInventory) continue;
    const platforms = releases.getOrInsertComputed(record.release, () => new Map());
    platforms.set(record.platform, (platforms.get(record.platform) ?? 0) + 1);
  }
  const coverage = coverageOf(covered);
  return { total: covered.length, states, byState, byDue, coverage, restart, reboot, broken, unreachable, silentSinceMs, releases };
}
