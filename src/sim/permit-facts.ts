import type { Instant } from '../core/kernel/instants.ts';
import { isFinal } from '../core/kernel/machine.ts';
import { isAvailable } from '../core/rollouts/availability.ts';
import { JOB } from '../core/rollouts/job-states.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import type { PermitFacts } from '../core/rollouts/permit-decision.ts';
import { HOLDS_HOST, type OtherJobOnHost, rebootWaitsFor, sharesItsReboot } from '../core/rollouts/reboot-sharing.ts';
import { covers, holdsOver, promisedBy, retractedAmong, type SimGroup } from './safeguards.ts';
import type { SimServer } from './server.ts';
import { attemptKey, type SimRollout } from './store.ts';
import { instantOf } from './timeline.ts';

const NONE: ReadonlySet<string> = new Set();

export interface Asked {
  readonly attempt: number;
  readonly phase: 'apply' | 'reboot';
  /** The host can wait with its reboot. */
  readonly sharesReboot: boolean;
}

/** What the decision is told, as src/server/rollouts/permits.ts reads it under its locks. A mutant lies to the decision, never to the witness. */
export function permitFacts(
  server: SimServer,
  job: JobStatus,
  { attempt, phase, sharesReboot }: Asked,
  now: Instant,
  nowMs: number,
): PermitFacts {
  const { store, mutants } = server;
  const rollout = store.rollouts.get(job.rolloutId)!;
  const ring = store.rings.get(job.ringId)!;
  const halted = mutants.has('halt-ignored-by-permits') && rollout.state !== 'running';
  // Hosts are counted: what else goes on at this one costs no second place.
  const atWork = { ring: 0, rollout: 0, hosts: new Set<string>() };
  for (const id of store.disrupting) {
    const other = store.jobs.get(id)!;
    if (other.hostId === job.hostId) continue;
    atWork.hosts.add(other.hostId);
    if (other.rolloutId === job.rolloutId) atWork.rollout += 1;
    if (other.ringId === ring.id) atWork.ring += 1;
  }
  const besides = [...(store.activeOfHost.get(job.hostId) ?? NONE)].filter(id => id !== job.id).map(id => store.jobs.get(id)!);
  const blind = mutants.has('two-active-jobs-per-host') || (mutants.has('reboot-into-transaction') && phase === 'reboot');
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
    disrupting: { ring: atWork.ring, rollout: atWork.rollout, global: atWork.hosts.size },
    globalConcurrencyMax: store.concurrencyMax,
    site: siteOf(server, job, atWork.hosts),
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
    askedAttempt: attempt,
    otherActiveJobOnHost: !blind && besides.some(other => HOLDS_HOST[phase].includes(other.state) && !sharesItsReboot(other)),
    rebootWaitsFor: sharesReboot && phase === 'reboot' ? waitsFor(server, rollout, job, now) : null,
  };
}

/** `atWork`: all other hosts in disruption. */
function siteOf({ store, mutants }: SimServer, { hostId, rolloutId }: JobStatus, atWork: ReadonlySet<string>): PermitFacts['site'] {
  const name = store.sites.get(hostId);
  if (store.siteConcurrencyMax === null || name === undefined || mutants.has('site-cap-ignored')) return null;
  const counts = (other: string) =>
    store.sites.get(other) === name && !(mutants.has('site-cap-of-one-rollout') && !worksFor(store, other, rolloutId));
  let disrupting = 0;
  for (const other of atWork) if (counts(other)) disrupting += 1;
  return { name, disrupting, concurrencyMax: store.siteConcurrencyMax };
}

function worksFor({ jobs, activeOfHost }: SimServer['store'], hostId: string, rolloutId: string): boolean {
  return [...(activeOfHost.get(hostId) ?? NONE)].some(id => jobs.get(id)!.rolloutId === rolloutId);
}

/** Every job of the host that has not ended. */
function waitsFor({ store, mutants }: SimServer, rollout: SimRollout, job: JobStatus, now: Instant): string | null {
  const others = [...store.open].flatMap(({ id, state, plan, window }): OtherJobOnHost[] => {
    const other = id === rollout.id ? undefined : store.jobs.get(`${id}-${job.hostId}`);
    if (other === undefined || isFinal(JOB, other.state)) return [];
    if (mutants.has('reboot-into-transaction') && other.state === 'installing') return [];
    const terms = { reboot: plan.reboot, windowStartsAt: window.startsAt, windowEndsAt: window.endsAt };
    return [{ ...other, ...terms, rolloutName: id, rolloutState: state, ringState: store.rings.get(other.ringId)!.state }];
  });
  const since = mutants.has('shared-reboot-never-tires') ? now : job.stateSince;
  return rebootWaitsFor(
    { state: job.state, since, windowEndsAt: rollout.window.endsAt, profile: rollout.plan.profile ?? 'normal' },
    others,
    now,
  );
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
    atWork: [...(store.activeOfHost.get(hostId) ?? NONE)].some(
      id => store.disrupting.has(id) && !(mutants.has('shared-reboot-frees-place') && sharesItsReboot(store.jobs.get(id)!)),
    ),
    ...past,
    recovered: past.recovered || mutants.has('failed-host-frees-budget'),
    unwell: (server.inventories.get(hostId)?.failedUnits ?? false) && !mutants.has('unwell-member-counts'),
  };
  return isAvailable(facts, memberSoakMinutes, instantOf(nowMs));
}
