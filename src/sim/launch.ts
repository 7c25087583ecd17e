import { toInstant } from '../core/kernel/instants.ts';
import { FRESH_JOB } from '../core/rollouts/job-status.ts';
import type { PlanMade } from '../core/rollouts/planner.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import { currentOrNext } from '../core/rollouts/schedule/planned-window.ts';
import { approvalUntil, type SimReconciler } from './reconciler.ts';
import type { SimServer } from './server.ts';
import type { SimRollout } from './store.ts';

export interface Proposal {
  readonly id: string;
  readonly kind: 'patch' | 'rollback';
  readonly revertsId: string | null;
  readonly made: PlanMade;
  readonly requestedBy: string;
  readonly approvalMinutes: number;
  readonly rehearse?: boolean;
  readonly ringMinutes?: number | null;
}

/** From the draft to the question for approval. */
export function propose(server: SimServer, reconciler: SimReconciler, proposal: Proposal, nowMs: number): SimRollout {
  const { id, kind, revertsId, made, requestedBy, approvalMinutes } = proposal;
  const { plan, hash } = made;
  const rollout: SimRollout = {
    id,
    kind,
    revertsId,
    plan,
    planHash: hash,
    ringIds: [...plan.rings.map((_, index) => `${id}/${index}`), ...(plan.catchUpDays === undefined ? [] : [`${id}/catch-up`])],
    requestedBy,
    rehearse: proposal.rehearse ?? false,
    ringMinutes: proposal.ringMinutes ?? null,
    madeAtMs: nowMs,
    approvalExpiresAt: approvalUntil(nowMs, approvalMinutes),
    window: currentOrNext(plan.window, toInstant(nowMs)) ?? plan.window,
    state: ROLLOUT.initial,
    stateSince: toInstant(nowMs),
    changeState: 'awaiting-approval',
    haltOutcome: null,
    stopReason: null,
    stoppedByRehearsal: false,
  };
  server.store.rollouts.set(id, rollout);
  server.store.open.add(rollout);
  server.witness.rolloutMade(id, plan, hash, requestedBy, rollout.rehearse, nowMs);
  storeJobs(server, rollout, nowMs);
  storeCatchUp(server, rollout, nowMs);
  for (const event of ['submit', 'planned', 'request-approval'] as const) reconciler.moveRollout(rollout, event, requestedBy, nowMs);
  return rollout;
}

export function approve(server: SimServer, reconciler: SimReconciler, rollout: SimRollout, by: string, nowMs: number): void {
  server.witness.approved(rollout.id, rollout.planHash, by, Date.parse(rollout.approvalExpiresAt), nowMs);
  rollout.changeState = 'scheduled';
  reconciler.moveRollout(rollout, 'approve', by, nowMs);
}

/** One job per host of the approved plan, no other ever (S12, S13). */
function storeJobs({ store, witness, mutants }: SimServer, { id, ringIds, plan }: SimRollout, nowMs: number): void {
  const now = toInstant(nowMs);
  for (const [index, ring] of plan.rings.entries()) {
    const ringId = ringIds[index]!;
    const { name, soakMinutes, concurrency, gate } = ring;
    store.rings.set(ringId, {
      ...{ id: ringId, rolloutId: id, ringIndex: index, name, hosts: ring.hosts.length, soakMinutes, concurrency, gate },
      ...{ state: 'pending', stateSince: now, stateReason: null, soakEndsAt: null, lastSuccessAt: null },
    });
    store.jobsOfRing.set(
      ringId,
      ring.hosts.map(host => `${id}-${host.hostId}`),
    );
    const wide = mutants.has('plan-widened') && index === plan.rings.length - 1;
    const late = { ...ring.hosts[0]!, hostId: 'host_late', hostName: 'late' };
    for (const [position, host] of [...ring.hosts, ...(wide ? [late] : [])].entries()) {
      const job = {
        ...{ id: `${id}-${host.hostId}`, rolloutId: id, ringId, ringIndex: index, position, hostId: host.hostId, hostName: host.hostName },
        ...{ transaction: plan.transactions[host.transaction]!, estimatedMinutes: host.estimatedMinutes },
        ...FRESH_JOB,
        stateSince: now,
      };
      if (host.forensic === true) store.evidenceNeeded.add(job.id);
      store.putJob({ job, moves: [] }, nowMs);
      witness.jobMade(job, nowMs);
    }
  }
}

/** As src/server/rollouts/planning.ts: opens when all others are through, for whoever was not reached. */
function storeCatchUp({ store }: SimServer, { id, ringIds, plan }: SimRollout, nowMs: number): void {
  const last = plan.rings.at(-1);
  if (plan.catchUpDays === undefined || last === undefined) return;
  const ringId = ringIds.at(-1)!;
  store.rings.set(ringId, {
    ...{
      id: ringId,
      rolloutId: id,
      ringIndex: plan.rings.length,
      name: 'catch-up',
      hosts: 0,
      soakMinutes: 0,
      concurrency: last.concurrency,
    },
    gate: { ...last.gate, minSample: 0, minCoveragePercent: 0 },
    ...{ state: 'pending', stateSince: toInstant(nowMs), stateReason: null, soakEndsAt: null, lastSuccessAt: null },
    deadlineMinutes: plan.catchUpDays * 1440,
  });
  store.jobsOfRing.set(ringId, []);
}
