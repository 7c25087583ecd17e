import type { Instant } from '../core/kernel/instants.ts';
import { isAvailable } from '../core/rollouts/availability.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import type { PermitFacts } from '../core/rollouts/permit-decision.ts';
import { covers, holdsOver, promisedBy, retractedAmong, type SimGroup } from './safeguards.ts';
import type { SimServer } from './server.ts';
import { attemptKey, type SimRollout } from './store.ts';
import { instantOf } from './timeline.ts';

const NONE: ReadonlySet<string> = new Set();

/** What the decision is told, as src/server/rollouts/permits.ts reads it under its locks. A mutant lies to the decision, never to the witness. */
export function permitFacts(
  server: SimServer,
  job: JobStatus,
  askedAttempt: number,
  phase: 'apply' | 'reboot',
  now: Instant,
  nowMs: number,
): PermitFacts {
  const { store, mutants } = server;
  const rollout = store.rollouts.get(job.rolloutId)!;
  const ring = store.rings.get(job.ringId)!;
  const halted = mutants.has('halt-ignored-by-permits') && rollout.state !== 'running';
  const others = (ids: ReadonlySet<string>): number => ids.size - (ids.has(job.id) ? 1 : 0);
  const atWork = { ring: 0, rollout: 0 };
  for (const id of store.disrupting) {
    const other = store.jobs.get(id)!;
    if (id === job.id || other.rolloutId !== job.rolloutId) continue;
    atWork.rollout += 1;
    if (other.ringId === ring.id) atWork.ring += 1;
  }
  return {
    now,
    phase,
    rollout: {
      state: halted ? 'running' : rollout.state,
      planHash: rollout.planHash,
      reboot: rollout.plan.reboot,
      ...termsOf(server, rollout, phase),
    },
    change: { state: halted ? 'implementing' : rollout.changeState, planHash: rollout.planHash, expiresAt: rollout.approvalExpiresAt },
    ring: { state: halted ? 'running' : ring.state, concurrency: ring.concurrency },
    disrupting: { ...atWork, global: others(store.disrupting) },
    globalConcurrencyMax: store.concurrencyMax,
    killSwitch: store.killSwitch && !mutants.has('kill-switch-ignored'),
    freezes: store.freezes.filter(one => one.startsAt <= now && now < one.endsAt && covers(one.hostIds, job.hostId)),
    holds: mutants.has('hold-ignored') ? [] : holdsOver(store.holds, job, now),
    retracted: mutants.has('retraction-ignored') ? [] : retractedAmong(job.transaction, store.retractions),
    groups: mutants.has('availability-without-lock') ? [] : groupsOf(server, job.hostId, nowMs),
    job: {
      state: job.state,
      attempt: job.attempt,
      cancelRequested: job.cancelRequested,
      estimatedMinutes: job.estimatedMinutes,
      planNotAfter: store.attempts.get(attemptKey(job.id, job.attempt))?.plan.notAfter ?? now,
      forensicNeeded: store.evidenceNeeded.has(job.id) && !mutants.has('evidence-not-awaited'),
    },
    askedAttempt,
    otherActiveJobOnHost: others(store.activeOfHost.get(job.hostId) ?? NONE) > 0 && !mutants.has('two-active-jobs-per-host'),
  };
}

/** Window, profile and cap of the rollout. */
function termsOf({ mutants }: SimServer, { plan, window }: SimRollout, phase: 'apply' | 'reboot') {
  const blind = mutants.has('window-checked-only-at-offer') || (mutants.has('reboot-outside-window') && phase === 'reboot');
  return {
    windowStartsAt: blind ? null : window.startsAt,
    windowEndsAt: blind ? null : window.endsAt,
    profile: plan.profile === 'emergency' || mutants.has('soft-freeze-ignored') ? ('emergency' as const) : ('normal' as const),
    cutoffMinutes: mutants.has('cutoff-ignored') ? 0 : (plan.window.cutoffMinutes ?? 0),
    concurrencyMax: mutants.has('rollout-cap-ignored') ? null : (plan.concurrencyMax ?? null),
  };
}

function groupsOf(server: SimServer, hostId: string, nowMs: number): PermitFacts['groups'] {
  return server.store.groups
    .filter(group => group.hostIds.has(hostId))
    .map(group => {
      const { name, minAvailable } = promisedBy(group);
      const available = [...group.hostIds].filter(member => member !== hostId && isUp(server, member, group, nowMs)).length;
      return { name, minAvailable, available };
    });
}

function isUp(server: SimServer, hostId: string, { memberSoakMinutes }: SimGroup, nowMs: number): boolean {
  const { store, mutants } = server;
  const past = server.pastOf(hostId);
  const facts = {
    hostId,
    ...server.lastHeard(hostId),
    atWork: [...(store.activeOfHost.get(hostId) ?? NONE)].some(id => store.disrupting.has(id)),
    ...past,
    recovered: past.recovered || mutants.has('failed-host-frees-budget'),
  };
  return isAvailable(facts, memberSoakMinutes, instantOf(nowMs));
}
