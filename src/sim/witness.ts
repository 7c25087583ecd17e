import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { GateDecision } from '../core/rollouts/gate.ts';
import type { HostPlan, Permit } from '../core/rollouts/host-plan.ts';
import { JOB, JOB_ACTIVE, JOB_DISRUPTING, type JobState } from '../core/rollouts/job-states.ts';
import type { JobMoved, JobStatus } from '../core/rollouts/job-status.ts';
import { isFinal } from '../core/rollouts/machine.ts';
import type { RolloutPlan } from '../core/rollouts/plan.ts';
import type { RingMoved, RingStatus } from '../core/rollouts/ring-changes.ts';
import { ROLLOUT, type RolloutEvent, type RolloutState } from '../core/rollouts/rollout-states.ts';
import { entryHash, FIRST_HASH } from '../server/audit/chain.ts';
import { Ledger } from './ledger.ts';
import type { SimFreeze, SimGroup } from './store.ts';
import { contains, fitsWindow } from './windows.ts';

/** What the engine does to a job, as it was committed. */
interface JobSeen {
  readonly rolloutId: string;
  readonly ringIndex: number;
  readonly hostId: string;
  state: JobState;
  attempt: number;
  sinceMs: number;
  heardMs: number;
  accepted: boolean;
}

interface RolloutSeen {
  readonly id: string;
  readonly plan: RolloutPlan;
  readonly hash: string;
  readonly requestedBy: string;
  readonly jobs: Map<string, JobSeen>;
  readonly planned: ReadonlyMap<string, { readonly ring: number; readonly transaction: number; readonly minutes: number }>;
  approval: { readonly hash: string; readonly by: string; readonly untilMs: number } | null;
  state: RolloutState;
  sinceMs: number;
  readonly rings: {
    state: string;
    sinceMs: number;
    lastSuccessMs: number | null;
    readonly soakMinutes: number;
    readonly thresholds: Thresholds;
  }[];
}

type Thresholds = RolloutPlan['rings'][number]['gate'];

export interface AuditSeen {
  readonly entry: Parameters<typeof entryHash>[1];
  readonly previous: Uint8Array;
  /** null: the entry has no place in the chain. */
  readonly hash: Uint8Array | null;
}

/** Minutes that the reconciler of the simulator may come later than the deadline, being off for up to ten of them after a crash. */
const LATE_MINUTES = 12;
const FAILED: readonly JobState[] = ['failed', 'verify-failed', 'timed-out'];
const isActive = (state: JobState): boolean => JOB_ACTIVE.includes(state);
const isDisrupting = (state: JobState): boolean => (JOB_DISRUPTING as readonly JobState[]).includes(state);

/**
 * Keeps books of its own about what the engine commits, from the trace alone, and holds them against the rules of domain.md 2.7. It never asks the engine
 * what it thinks; the other half (witness-hosts.ts) looks at what really happens on the hosts.
 */
export class Witness {
  readonly ledger = new Ledger();
  moves = 0;
  concurrencyMax = 50;
  readonly groups: SimGroup[] = [];
  readonly freezes: SimFreeze[] = [];
  readonly #rollouts = new Map<string, RolloutSeen>();
  readonly #jobs = new Map<string, JobSeen>();
  readonly #disrupting = new Map<string, Set<string>>();
  readonly #active = new Map<string, Set<string>>();
  readonly #lastSuccess = new Map<string, number>();
  readonly #permits = new Map<string, { readonly permit: Permit; readonly atMs: number }>();
  readonly #plans = new Map<string, HostPlan>();
  readonly #stopped = new Map<string, { readonly sinceMs: number; readonly why: string }>();
  #allDisrupting = 0;
  #killSwitch: number | null = null;
  #auditHead: Uint8Array = FIRST_HASH;
  #auditSequence = 0;
  #unaudited = '';

  /** L6, S13: a plan that people may approve. */
  rolloutMade(id: string, plan: RolloutPlan, hash: string, requestedBy: string, atMs: number): void {
    const planned = new Map(
      plan.rings.flatMap((ring, index) =>
        ring.hosts.map(host => [host.hostId, { ring: index, transaction: host.transaction, minutes: host.estimatedMinutes }] as const),
      ),
    );
    this.#rollouts.set(id, {
      id,
      plan,
      hash,
      requestedBy,
      jobs: new Map(),
      planned,
      approval: null,
      state: ROLLOUT.initial,
      sinceMs: atMs,
      rings: plan.rings.map(ring => ({
        state: 'pending',
        sinceMs: atMs,
        lastSuccessMs: null,
        soakMinutes: ring.soakMinutes,
        thresholds: ring.gate,
      })),
    });
    for (const ring of plan.rings)
      for (const host of ring.hosts)
        this.ledger.demand(
          'L6',
          fitsWindow(plan.window, host.estimatedMinutes),
          atMs,
          () => `${host.hostId} takes ${host.estimatedMinutes} minutes and can never fit the window of ${id}`,
        );
    for (const group of this.groups)
      this.ledger.demand(
        'L6',
        group.hostIds.size - 1 >= group.minAvailable || ![...group.hostIds].some(member => planned.has(member)),
        atMs,
        () => `no member of ${group.name} can ever start, and ${id} was planned with one`,
      );
  }

  approved(id: string, hash: string, by: string, untilMs: number, atMs: number): void {
    const rollout = this.#rollouts.get(id)!;
    this.ledger.demand('S8', by !== rollout.requestedBy, atMs, () => `${id} was approved by ${by}, who asked for it`);
    rollout.approval = { hash, by, untilMs };
  }

  overridden(id: string, ringId: string, by: string, atMs: number): void {
    const { requestedBy } = this.#rollouts.get(id)!;
    this.ledger.demand('S8', by !== requestedBy, atMs, () => `the gate of ${ringId} was overridden by ${by}, who asked for the rollout`);
  }

  accepted(jobId: string): void {
    this.#jobs.get(jobId)!.accepted = true;
  }

  rolloutMoved(id: string, event: RolloutEvent, from: RolloutState, to: RolloutState, by: string, atMs: number): void {
    const rollout = this.#rollouts.get(id)!;
    this.#demandAudit(id, atMs);
    this.ledger.demand(
      'S9',
      rollout.state === from && !isFinal(ROLLOUT, from),
      atMs,
      () => `${id}: ${event} by ${by} from ${from}, it was ${rollout.state}`,
    );
    rollout.state = to;
    rollout.sinceMs = atMs;
    if (to === 'running') {
      this.#stopped.delete(id);
      this.ledger.demand('S7', this.#isApproved(rollout, atMs), atMs, () => `${id} runs without a valid approval of its plan`);
    } else if (from === 'running') this.#stopped.set(id, { sinceMs: atMs, why: `${event} (${by})` });
    if (isFinal(ROLLOUT, to))
      this.ledger.demand(
        'S9',
        ![...rollout.jobs.values()].some(job => isActive(job.state)),
        atMs,
        () => `${id} is ${to} with jobs at work`,
      );
    if (to === 'completed')
      for (const [jobId, job] of rollout.jobs)
        this.ledger.demand(
          'S12',
          ['succeeded', 'already-compliant', 'not-applicable'].includes(job.state),
          atMs,
          () => `${id} is completed and ${jobId} is ${job.state}`,
        );
  }

  #isApproved({ approval, hash }: RolloutSeen, atMs: number): boolean {
    return approval !== null && approval.hash === hash && approval.untilMs > atMs;
  }

  /** S10, I11: the entry was written before the move that it tells of is seen. */
  audited({ entry, previous, hash }: AuditSeen, atMs: number): void {
    const follows = hash !== null && entry.sequence === this.#auditSequence + 1 && Buffer.compare(previous, this.#auditHead) === 0;
    this.ledger.demand('S10', follows, atMs, () => `${entry.action} of ${entry.subject} has no place in the audit chain`);
    if (hash !== null) {
      this.ledger.demand(
        'I11',
        Buffer.compare(entryHash(this.#auditHead, entry), hash) === 0,
        atMs,
        () => `entry ${entry.sequence} does not follow from the one before`,
      );
      this.#auditHead = hash;
      this.#auditSequence = entry.sequence;
    }
    this.#unaudited = entry.subject;
  }

  #demandAudit(subject: string, atMs: number): void {
    this.ledger.demand('S10', this.#unaudited === subject, atMs, () => `${subject} moved without an audit entry`);
    this.#unaudited = '';
  }

  jobMade(job: JobStatus, atMs: number): void {
    const rollout = this.#rollouts.get(job.rolloutId)!;
    const planned = rollout.planned.get(job.hostId);
    const same =
      planned !== undefined && JSON.stringify(rollout.plan.transactions[planned.transaction]) === JSON.stringify(job.transaction);
    this.ledger.demand('S13', same && planned.ring === job.ringIndex, atMs, () => `job ${job.id} is not what was approved`);
    const seen: JobSeen = {
      rolloutId: job.rolloutId,
      ringIndex: job.ringIndex,
      hostId: job.hostId,
      state: job.state,
      attempt: 0,
      sinceMs: atMs,
      heardMs: atMs,
      accepted: false,
    };
    rollout.jobs.set(job.id, seen);
    this.#jobs.set(job.id, seen);
  }

  jobMoved(job: JobStatus, { event, from, to, detail }: JobMoved, atMs: number): void {
    this.moves += 1;
    const seen = this.#jobs.get(job.id)!;
    const rollout = this.#rollouts.get(job.rolloutId)!;
    this.#demandAudit(job.id, atMs);
    this.ledger.demand(
      'S9',
      seen.state === from && !isFinal(JOB, from),
      atMs,
      () => `job ${job.id}: ${event} from ${from}, it was ${seen.state}`,
    );
    if (event === 'offer') this.#offered(job, seen, rollout, atMs);
    if (event === 'permit-apply' || event === 'permit-reboot') this.#permitted(job, rollout, event, detail.permitId, atMs);
    if (event === 'retry') this.ledger.demand('I1', !job.touched, atMs, () => `job ${job.id} is tried again although the host was changed`);
    if (event === 'succeed') {
      this.#lastSuccess.set(job.hostId, atMs);
      const ring = rollout.rings[job.ringIndex]!;
      ring.lastSuccessMs = atMs;
    }
    seen.state = to;
    seen.sinceMs = atMs;
    seen.heardMs = atMs;
    this.#countActive(job, to, atMs);
    this.#countDisruption(job, rollout, to, atMs);
  }

  /** S3, S5, S9: its turn, one job on the host, and a number that rises by one. */
  #offered(job: JobStatus, seen: JobSeen, rollout: RolloutSeen, atMs: number): void {
    const before = rollout.rings.slice(0, job.ringIndex);
    this.ledger.demand('S3', before.every(isThrough), atMs, () => `job ${job.id} of ring ${job.ringIndex} was offered before its turn`);
    this.ledger.demand('S9', job.attempt === seen.attempt + 1, atMs, () => `job ${job.id}: attempt ${job.attempt} after ${seen.attempt}`);
    seen.attempt = job.attempt;
  }

  #permitted(job: JobStatus, rollout: RolloutSeen, event: 'permit-apply' | 'permit-reboot', permitId: unknown, atMs: number): void {
    const issued = this.#permits.get(`${job.id}/${job.attempt}/${event === 'permit-apply' ? 'apply' : 'reboot'}`);
    this.ledger.demand(
      'S2',
      issued !== undefined && issued.permit.permitId === permitId && issued.atMs === atMs,
      atMs,
      () => `job ${job.id} of ${rollout.id} was moved on without a permit`,
    );
  }

  permitIssued(permit: Permit, job: JobStatus, atMs: number): void {
    this.#permits.set(`${permit.jobId}/${permit.attempt}/${permit.phase}`, { permit, atMs });
    const rollout = this.#rollouts.get(job.rolloutId)!;
    const seen = this.#jobs.get(permit.jobId)!;
    const { hostId, phase, attempt } = permit;
    const minutes = phase === 'apply' ? rollout.planned.get(hostId)!.minutes : 0;
    this.ledger.demand(
      'S2',
      contains(rollout.plan.window, atMs, atMs + minutes * MINUTE_MS),
      atMs,
      () => `${hostId}: permit that does not fit its window`,
    );
    const frozen = this.freezes.some(
      one => Date.parse(one.startsAt) <= atMs && atMs < Date.parse(one.endsAt) && (one.kind === 'hard' || phase === 'reboot'),
    );
    this.ledger.demand('S2', !frozen, atMs, () => `${hostId}: permit to ${phase} in a freeze`);
    this.ledger.demand('S11', this.#killSwitch === null, atMs, () => `${hostId}: permit with the kill switch engaged`);
    const runs = rollout.state === 'running' || (rollout.state === 'halting' && phase === 'reboot');
    this.ledger.demand(
      'S7',
      runs && this.#isApproved(rollout, atMs),
      atMs,
      () => `${hostId}: permit while ${rollout.state}, approved until ${rollout.approval?.untilMs}`,
    );
    this.ledger.demand(
      'S9',
      attempt === seen.attempt,
      atMs,
      () => `${hostId}: permit for attempt ${attempt}, the job is at ${seen.attempt}`,
    );
    if (phase === 'reboot')
      this.ledger.demand('S14', rollout.plan.reboot !== 'never', atMs, () => `${hostId}: permit for a reboot that the policy forbids`);
    if (phase === 'apply') this.#demandGroups(hostId, atMs);
  }

  /** S4: members that are at work or have just been changed do not count. */
  #demandGroups(hostId: string, atMs: number): void {
    for (const group of this.groups) {
      if (!group.hostIds.has(hostId)) continue;
      const others = [...group.hostIds].filter(member => member !== hostId);
      const down = others.filter(member => {
        const soaks = atMs - (this.#lastSuccess.get(member) ?? Number.NEGATIVE_INFINITY) < group.memberSoakMinutes * MINUTE_MS;
        return soaks || [...(this.#active.get(member) ?? [])].some(id => isDisrupting(this.#jobs.get(id)!.state));
      });
      this.ledger.demand(
        'S4',
        others.length - down.length >= group.minAvailable,
        atMs,
        () => `${hostId}: permit while ${down.join(', ')} of ${group.name} are down, ${group.minAvailable} have to stand`,
      );
    }
  }

  #countActive(job: JobStatus, to: JobState, atMs: number): void {
    const own = this.#active.get(job.hostId) ?? new Set<string>();
    if (isActive(to)) own.add(job.id);
    else own.delete(job.id);
    this.#active.set(job.hostId, own);
    this.ledger.demand('S5', own.size <= 1, atMs, () => `${job.hostId} has ${own.size} jobs at once: ${[...own].join(', ')}`);
  }

  #countDisruption(job: JobStatus, rollout: RolloutSeen, to: JobState, atMs: number): void {
    const own = this.#disrupting.get(job.ringId) ?? new Set<string>();
    const before = own.size;
    if (isDisrupting(to)) own.add(job.id);
    else own.delete(job.id);
    this.#disrupting.set(job.ringId, own);
    this.#allDisrupting += own.size - before;
    if (own.size <= before) return;
    const most = rollout.plan.rings[job.ringIndex]!.concurrency;
    this.ledger.demand('S1', own.size <= most, atMs, () => `${own.size} hosts of ring ${job.ringId} at once, ${most} allowed`);
    this.ledger.demand('S1', this.#allDisrupting <= this.concurrencyMax, atMs, () => `${this.#allDisrupting} hosts at once`);
  }

  ringMoved(ring: RingStatus, moved: RingMoved, atMs: number): void {
    this.#demandAudit(ring.id, atMs);
    const seen = this.#rollouts.get(ring.rolloutId)!.rings[ring.ringIndex]!;
    this.ledger.demand(
      'S9',
      seen.state === moved.from,
      atMs,
      () => `ring ${ring.id}: ${moved.event} from ${moved.from}, it was ${seen.state}`,
    );
    seen.state = moved.to;
    seen.sinceMs = atMs;
  }

  /** S3, I15: what a gate that passes had to go on, counted anew from the jobs that were seen, against the thresholds that were approved. */
  gateAsked(ring: RingStatus, gate: GateDecision, atMs: number): void {
    if (gate.verdict !== 'pass') return;
    const rollout = this.#rollouts.get(ring.rolloutId)!;
    const jobs = [...rollout.jobs.values()].filter(job => job.ringIndex === ring.ringIndex);
    const count = (holds: (job: JobSeen) => boolean): number => jobs.filter(holds).length;
    const succeeded = count(job => job.state === 'succeeded');
    const failed = count(job => !job.accepted && FAILED.includes(job.state));
    const accepted = count(job => job.accepted);
    const compliant = count(job => job.state === 'already-compliant');
    const population = jobs.length - count(job => job.state === 'excluded' || job.state === 'not-applicable');
    const attempted = succeeded + failed + accepted;
    const { thresholds, soakMinutes, lastSuccessMs } = this.#termsOf(rollout, ring.ringIndex);
    const says = `ring ${ring.name} of ${ring.rolloutId} passed with ${succeeded} succeeded, ${failed} failed, ${accepted} accepted, ${compliant} compliant of ${population}`;
    this.ledger.demand('S3', failed * 100 <= thresholds.errorPercent * attempted, atMs, () => says);
    this.ledger.demand(
      'I15',
      (attempted + compliant) * 100 >= thresholds.minCoveragePercent * population,
      atMs,
      () => `${says}; ${thresholds.minCoveragePercent} % must be known`,
    );
    this.ledger.demand(
      'I15',
      attempted >= Math.min(thresholds.minSample, population - compliant),
      atMs,
      () => `${says}; ${thresholds.minSample} have to be tried`,
    );
    this.ledger.demand('I15', count(job => isActive(job.state)) === 0, atMs, () => `${says}, and some are still at work`);
    const soaked = lastSuccessMs === null || atMs >= lastSuccessMs + soakMinutes * MINUTE_MS;
    this.ledger.demand(
      'S3',
      soaked,
      atMs,
      () => `${says}, ${Math.round((atMs - lastSuccessMs!) / MINUTE_MS)} of ${soakMinutes} minutes after the last success`,
    );
  }

  /** A ring after skipped ones has the terms of the first of them where those are stricter (domain.md 2.3). */
  #termsOf(rollout: RolloutSeen, index: number) {
    const own = rollout.rings[index]!;
    let { thresholds, soakMinutes } = own;
    for (let before = index - 1; before >= 0 && rollout.rings[before]!.state === 'skipped'; before--) {
      thresholds = rollout.rings[before]!.thresholds;
      soakMinutes = Math.max(soakMinutes, rollout.rings[before]!.soakMinutes);
    }
    return { thresholds, soakMinutes, lastSuccessMs: own.lastSuccessMs };
  }

  killSwitch(engaged: boolean, atMs: number): void {
    this.#killSwitch = engaged ? atMs : null;
  }
  get killSwitchSinceMs(): number | null {
    return this.#killSwitch;
  }

  planSigned(plan: HostPlan): void {
    this.#plans.set(plan.planId, plan);
  }
  /** null: the engine never signed it. */
  signed(planId: string): HostPlan | null {
    return this.#plans.get(planId) ?? null;
  }
  planOf(rolloutId: string): RolloutPlan {
    return this.#rollouts.get(rolloutId)!.plan;
  }
  stoppedSince(rolloutId: string): { readonly sinceMs: number; readonly why: string } | undefined {
    return this.#stopped.get(rolloutId);
  }
  /** Whether every ring before this host's has passed its gate. */
  isTurnOf(rolloutId: string, hostId: string): boolean {
    const rollout = this.#rollouts.get(rolloutId)!;
    return rollout.rings.slice(0, rollout.planned.get(hostId)?.ring ?? 0).every(isThrough);
  }

  /** I7: a host is told of its own jobs only. */
  told(hostId: string, jobHostId: string, jobId: string, atMs: number): void {
    this.ledger.demand('I7', hostId === jobHostId, atMs, () => `${hostId} was told of ${jobId}, which is of ${jobHostId}`);
  }

  /** Set by the other half when a host writes down what it saw; read here when the engine counts it. */
  readonly truthOfResult = new Map<string, boolean>();

  /** I6: a success that the engine has taken was true on the host when it was observed. */
  resultTaken(job: JobStatus, plan: HostPlan, atMs: number): void {
    const seen = this.#jobs.get(job.id)!;
    seen.heardMs = atMs;
    this.ledger.demand(
      'S9',
      plan.attempt === seen.attempt,
      atMs,
      () => `${job.hostId}: a result of attempt ${plan.attempt} counts, the job is at ${seen.attempt}`,
    );
    if (job.state === 'succeeded')
      this.ledger.demand(
        'I6',
        this.truthOfResult.get(plan.planId) === true,
        atMs,
        () => `${job.hostId}: counted as patched, its packages say otherwise`,
      );
  }

  /** L1 to L5, S12, now and then: nothing stands still that may not. `jobs`: the rows as they are stored. */
  look(jobs: ReadonlyMap<string, JobStatus>, sinceServerUpMs: number, atMs: number): void {
    for (const rollout of this.#rollouts.values()) {
      if (isFinal(ROLLOUT, rollout.state) || rollout.jobs.size === 0) continue;
      this.ledger.demand(
        'S12',
        rollout.jobs.size === rollout.planned.size,
        atMs,
        () => `${rollout.id} has ${rollout.jobs.size} jobs for ${rollout.planned.size} hosts`,
      );
      if (rollout.state === 'paused')
        this.ledger.demand(
          'L4',
          atMs - rollout.sinceMs <= (ROLLOUT.states.paused.deadline!.minutes + LATE_MINUTES) * MINUTE_MS,
          atMs,
          () => `${rollout.id} has been paused since ${rollout.sinceMs}`,
        );
      for (const ring of rollout.rings)
        if (ring.state === 'running' && rollout.state === 'running')
          this.ledger.demand(
            'L2',
            atMs - ring.sinceMs <= (72 * 60 + LATE_MINUTES) * MINUTE_MS,
            atMs,
            () => `a ring of ${rollout.id} runs since ${ring.sinceMs}`,
          );
      for (const [jobId, seen] of rollout.jobs) this.#lookAtJob(jobId, seen, rollout, jobs, sinceServerUpMs, atMs);
    }
  }

  #lookAtJob(
    jobId: string,
    seen: JobSeen,
    rollout: RolloutSeen,
    jobs: ReadonlyMap<string, JobStatus>,
    sinceServerUpMs: number,
    atMs: number,
  ): void {
    const stored = jobs.get(jobId);
    this.ledger.demand(
      'S12',
      stored?.state === seen.state,
      atMs,
      () => `${jobId} is stored as ${stored?.state}, it was seen as ${seen.state}`,
    );
    if (stored === undefined || sinceServerUpMs < LATE_MINUTES * MINUTE_MS) return;
    const deadline = JOB.states[seen.state].deadline;
    if (deadline !== undefined && isActive(seen.state)) {
      const from =
        deadline.from === 'entered' || stored.lastHeardAt === null ? seen.sinceMs : Math.max(seen.sinceMs, Date.parse(stored.lastHeardAt));
      this.ledger.demand(
        'L1',
        atMs - from <= (deadline.minutes + LATE_MINUTES) * MINUTE_MS,
        atMs,
        () => `job ${jobId} is ${seen.state} beyond its deadline`,
      );
    }
    // A host that waits for its permit knows, and people can read, what it waits for.
    if (seen.state === 'staged' && atMs - seen.sinceMs > 15 * MINUTE_MS)
      this.ledger.demand('L5', stored.waitingOn !== null, atMs, () => `job ${jobId} waits for its permit and nobody can say why`);
    if (seen.state === 'queued' && rollout.state === 'running') this.#demandProgress(jobId, seen, rollout, stored, atMs);
  }

  /** L3: a job that could be offered is offered, at the latest when its ring has had nothing else to do for an hour. */
  #demandProgress(jobId: string, seen: JobSeen, rollout: RolloutSeen, stored: JobStatus, atMs: number): void {
    const ring = rollout.rings[seen.ringIndex]!;
    if (ring.state !== 'running') return;
    const waits = stored.parked || (stored.notBefore !== null && Date.parse(stored.notBefore) > atMs - 60 * MINUTE_MS);
    const hostIsBusy = (this.#active.get(seen.hostId)?.size ?? 0) > 0;
    const ringIsBusy = [...rollout.jobs.values()].some(job => job.ringIndex === seen.ringIndex && isActive(job.state));
    const closed = this.#killSwitch !== null || !contains(rollout.plan.window, atMs, atMs);
    const since = Math.max(seen.sinceMs, ring.sinceMs, rollout.sinceMs, seen.heardMs);
    const stuck = !waits && !hostIsBusy && !ringIsBusy && !closed && atMs - since > 60 * MINUTE_MS;
    this.ledger.demand('L3', !stuck, atMs, () => `job ${jobId} could be offered for an hour and is not`);
  }
}

function isThrough(ring: { readonly state: string }): boolean {
  return ring.state === 'passed' || ring.state === 'skipped';
}
