import type { RolloutPlan } from '../core/rollouts/plan.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import type { Books, RolloutSeen } from './books.ts';
import { fitsWindow } from './windows.ts';

/** L6, S13: a plan that people may approve. */
export function seePlan(books: Books, made: Pick<RolloutSeen, 'id' | 'plan' | 'hash' | 'requestedBy'>, atMs: number): void {
  const { id, plan, hash, requestedBy } = made;
  const planned = new Map(
    plan.rings.flatMap((ring, index) =>
      ring.hosts.map(
        host =>
          [
            host.hostId,
            { ring: index, transaction: host.transaction, minutes: host.estimatedMinutes, forensic: host.forensic === true },
          ] as const,
      ),
    ),
  );
  books.rollouts.set(id, {
    id,
    plan,
    hash,
    requestedBy,
    jobs: new Map(),
    planned,
    approval: null,
    state: ROLLOUT.initial,
    sinceMs: atMs,
    rings: ringsOf(plan, atMs),
  });
  for (const ring of plan.rings)
    for (const host of ring.hosts)
      books.ledger.demand(
        'L6',
        fitsWindow(plan.window, host.estimatedMinutes),
        atMs,
        () => `${host.hostId} takes ${host.estimatedMinutes} minutes and can never fit the window of ${id}`,
      );
  for (const group of books.groups)
    books.ledger.demand(
      'L6',
      group.minAvailable === null ||
        group.hostIds.size - 1 >= group.minAvailable ||
        ![...group.hostIds].some(member => planned.has(member)),
      atMs,
      () => `no member of ${group.name} can ever start, and ${id} was planned with one`,
    );
}

/** The rings of the plan, and the one that comes last for whoever was not reached: it asks for no sample and no coverage. */
function ringsOf(plan: RolloutPlan, atMs: number): RolloutSeen['rings'] {
  const fresh = { state: 'pending', sinceMs: atMs, lastSuccessMs: null };
  const rings = plan.rings.map(({ soakMinutes, gate, concurrency }) => ({
    ...fresh,
    soakMinutes,
    thresholds: gate,
    concurrency,
    days: null,
  }));
  const last = rings.at(-1);
  if (plan.catchUpDays === undefined || last === undefined) return rings;
  const thresholds = { ...last.thresholds, minSample: 0, minCoveragePercent: 0 };
  return [...rings, { ...fresh, soakMinutes: 0, thresholds, concurrency: last.concurrency, days: plan.catchUpDays }];
}
