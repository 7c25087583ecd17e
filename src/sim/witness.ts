import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { GateDecision } from '../core/rollouts/gate.ts';
import type { HostPlan } from '../core/rollouts/host-plan.ts';
import { JOB, JOB_DISRUPTING } from '../core/rollouts/job-states.ts';
import type { JobMoved, JobStatus } from '../core/rollouts/job-status.ts';
import { isFinal } from '../core/rollouts/machine.ts';
import type { PermitFacts } from '../core/rollouts/permit-decision.ts';
import type { RingMoved, RingStatus } from '../core/rollouts/ring-changes.ts';

export interface Violation {
  readonly rule: string;
  readonly atMs: number;
  readonly text: string;
}

/** Longest time between a yes and a start: the life of a permit, and what the clock of a host may be wrong. */
const PERMIT_MS = 5 * MINUTE_MS;
const SKEW_MS = 5 * MINUTE_MS;

/** What the world can be asked about the truth. */
export interface Truth {
  ring(id: string): { readonly concurrency: number; readonly rolloutId: string } | undefined;
  concurrencyMax(): number;
  /** Members of availability groups that stand beside this host: how many are up and untouched, and how many have to be. */
  /** Of the approved plan, whatever the server makes of it. */
  window(rolloutId: string): { readonly startsAtMs: number; readonly endsAtMs: number };
  standing(hostId: string): readonly { readonly group: string; readonly up: number; readonly needed: number }[];
}

interface Stopped {
  readonly sinceMs: number;
  readonly why: string;
}

/**
 * Watches both what the server writes and what really happens on the hosts, and says where they, or the rules of domain.md 2.7 and security.md 4.1, part.
 * It decides nothing and tells nobody.
 */
export class Witness {
  readonly violations: Violation[] = [];
  checks = 0;
  moves = 0;
  readonly #truth: Truth;
  /** Really being changed now: host to the plan at work. */
  readonly #working = new Map<string, { plan: HostPlan; ringId: string }>();
  readonly #begun = new Set<string>();
  readonly #passed = new Set<string>();
  readonly #succeeded = new Map<string, number>();
  readonly #successes = new Map<string, number>();
  readonly #stopped = new Map<string, Stopped>();
  readonly #lastState = new Map<string, string>();
  readonly #disrupting = new Map<string, Set<string>>();
  readonly #accepted = new Map<string, number>();
  readonly #resultTruth = new Map<string, boolean>();
  #allDisrupting = 0;
  #killSwitch: Stopped | null = null;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  #demand(rule: string, holds: boolean, atMs: number, text: () => string): void {
    this.checks += 1;
    if (!holds) this.violations.push({ rule, atMs, text: text() });
  }

  /** S1, S3, S5, S9: what the server writes. */
  jobMoved(job: JobStatus, { event, from, to, detail }: JobMoved, atMs: number): void {
    this.moves += 1;
    const known = this.#lastState.get(job.id) ?? JOB.initial;
    this.#demand('S9', known === from && !isFinal(JOB, from), atMs, () => `job ${job.id}: ${event} from ${from}, it was ${known}`);
    this.#lastState.set(job.id, to);
    this.#countDisruption(job, to, atMs);
    if (event === 'offer')
      this.#demand(
        'S3',
        this.#isTurnOf(job),
        atMs,
        () => `job ${job.id} of ring ${job.ringIndex} was offered before the ring before it had passed`,
      );
    if (event === 'permit-apply' || event === 'permit-reboot')
      this.#demand('S2', detail.permitId !== undefined, atMs, () => `job ${job.id} was moved on without a permit`);
    if (event === 'succeed') {
      this.#successes.set(job.ringId, (this.#successes.get(job.ringId) ?? 0) + 1);
      const times = (this.#succeeded.get(job.id) ?? 0) + 1;
      this.#succeeded.set(job.id, times);
      this.#demand('S9', times === 1, atMs, () => `job ${job.id} succeeded ${times} times`);
    }
    if (event === 'retry') this.#demand('I1', !job.touched, atMs, () => `job ${job.id} is tried again although the host was changed`);
  }

  #countDisruption(job: JobStatus, to: string, atMs: number): void {
    const own = this.#disrupting.get(job.ringId) ?? new Set<string>();
    const before = own.size;
    if ((JOB_DISRUPTING as readonly string[]).includes(to)) own.add(job.id);
    else own.delete(job.id);
    this.#disrupting.set(job.ringId, own);
    this.#allDisrupting += own.size - before;
    const ring = this.#truth.ring(job.ringId);
    if (own.size <= before || ring === undefined) return;
    this.#demand(
      'S1',
      own.size <= ring.concurrency,
      atMs,
      () => `${own.size} hosts of ring ${job.ringId} at once, ${ring.concurrency} allowed`,
    );
    this.#demand('S1', this.#allDisrupting <= this.#truth.concurrencyMax(), atMs, () => `${this.#allDisrupting} hosts at once`);
  }

  #isTurnOf(job: JobStatus): boolean {
    for (let index = 0; index < job.ringIndex; index++) if (!this.#passed.has(`${job.rolloutId}/${index}`)) return false;
    return true;
  }

  ringMoved(ring: RingStatus, moved: RingMoved, _atMs: number): void {
    if (moved.to === 'passed' || moved.to === 'skipped') this.#passed.add(`${ring.rolloutId}/${ring.ringIndex}`);
  }

  /** I15: nothing unknown passes; S3 of the gate itself. */
  gateAsked(ring: RingStatus, gate: GateDecision, atMs: number): void {
    const {
      succeeded = 0,
      failed = 0,
      attempted = 0,
      accepted = 0,
      coveragePercent = 0,
      hosts = 0,
      excluded = 0,
      compliant = 0,
    } = gate.inputs;
    if (gate.verdict !== 'pass') return;
    const known = this.#successes.get(ring.id) ?? 0;
    this.#demand(
      'I15',
      succeeded <= known,
      atMs,
      () => `ring ${ring.name} passed on ${succeeded} successes, ${known} hosts have succeeded`,
    );
    this.#demand(
      'S3',
      failed * 100 <= ring.gate.errorPercent * attempted,
      atMs,
      () => `ring ${ring.name} passed with ${failed} of ${attempted} failed`,
    );
    this.#demand(
      'I15',
      coveragePercent >= ring.gate.minCoveragePercent,
      atMs,
      () => `ring ${ring.name} passed with ${coveragePercent} % of its hosts known`,
    );
    const toTry = hosts - excluded - compliant;
    this.#demand(
      'I15',
      attempted >= Math.min(ring.gate.minSample, toTry) && (attempted > 0 || toTry === 0 || accepted > 0),
      atMs,
      () => `ring ${ring.name} passed on ${attempted} of ${toTry} hosts`,
    );
  }

  permitIssued(facts: PermitFacts, hostId: string, rolloutId: string, atMs: number): void {
    const { rollout } = facts;
    const { startsAtMs, endsAtMs } = this.#truth.window(rolloutId);
    const needed = facts.phase === 'apply' ? facts.job.estimatedMinutes * MINUTE_MS : 0;
    this.#demand('S2', atMs >= startsAtMs && atMs + needed <= endsAtMs, atMs, () => `${hostId}: permit that does not fit its window`);
    this.#demand(
      'S11',
      !(this.#killSwitch !== null && facts.phase === 'apply'),
      atMs,
      () => `${hostId}: permit with the kill switch engaged`,
    );
    this.#demand(
      'S7',
      rollout.state === 'running' || (rollout.state === 'halting' && facts.phase === 'reboot'),
      atMs,
      () => `${hostId}: permit while ${rollout.state}`,
    );
    this.#demand(
      'S14',
      facts.phase === 'apply' || rollout.reboot !== 'never',
      atMs,
      () => `${hostId}: permit for a reboot that the policy forbids`,
    );
    this.#demand(
      'S9',
      facts.askedAttempt === facts.job.attempt,
      atMs,
      () => `${hostId}: permit for attempt ${facts.askedAttempt}, the job is at ${facts.job.attempt}`,
    );
  }

  rolloutStopped(rolloutId: string, why: string, atMs: number): void {
    this.#stopped.set(rolloutId, { sinceMs: atMs, why });
  }

  rolloutGoesOn(rolloutId: string): void {
    this.#stopped.delete(rolloutId);
  }

  killSwitch(engaged: boolean, atMs: number): void {
    this.#killSwitch = engaged ? { sinceMs: atMs, why: 'kill switch' } : null;
  }

  /** I7: a host takes up plans in rising order only. */
  planAccepted(hostId: string, plan: HostPlan, atMs: number): void {
    const highest = this.#accepted.get(hostId) ?? 0;
    this.#demand('I7', plan.sequence > highest, atMs, () => `${hostId} accepted plan ${plan.sequence} after ${highest}`);
    this.#accepted.set(hostId, Math.max(highest, plan.sequence));
  }

  /** What really happens: packages begin to change on a host. The window is that of the rollout. */
  changeBegins(hostId: string, plan: HostPlan, ringId: string, atMs: number): void {
    const window = this.#truth.window(plan.rolloutId);
    const action = plan.planId;
    this.#demand('I1', !this.#begun.has(action), atMs, () => `${hostId}: plan ${action} begins a second time`);
    this.#demand('S5', !this.#working.has(hostId), atMs, () => `${hostId}: a second change begins while one is at work`);
    this.#begun.add(action);
    this.#working.set(hostId, { plan, ringId });
    this.#demand('I2', atMs >= window.startsAtMs - SKEW_MS && atMs < window.endsAtMs, atMs, () => `${hostId}: change outside its window`);
    const late = PERMIT_MS + SKEW_MS;
    const stopped = this.#stopped.get(plan.rolloutId);
    this.#demand(
      'I8',
      stopped === undefined || atMs - stopped.sinceMs <= late,
      atMs,
      () => `${hostId}: change begins ${Math.round((atMs - stopped!.sinceMs) / 1000)} s after ${stopped!.why}`,
    );
    this.#demand(
      'S11',
      this.#killSwitch === null || atMs - this.#killSwitch.sinceMs <= late,
      atMs,
      () => `${hostId}: change begins long after the kill switch was engaged`,
    );
    const ring = this.#truth.ring(ringId);
    const together = [...this.#working.values()].filter(one => one.ringId === ringId).length;
    this.#demand(
      'I12',
      ring === undefined || together <= ring.concurrency,
      atMs,
      () => `${together} hosts of ring ${ringId} are really at work, ${ring!.concurrency} allowed`,
    );
    this.#demand('I12', this.#working.size <= this.#truth.concurrencyMax(), atMs, () => `${this.#working.size} hosts are really at work`);
    for (const { group, up, needed } of this.#truth.standing(hostId))
      this.#demand('I3', up >= needed, atMs, () => `${hostId}: ${up} other members of ${group} stand, ${needed} have to`);
  }

  rebootBegins(hostId: string, permitId: string | null, policy: HostPlan['reboot'], atMs: number): void {
    this.#demand('I10', permitId !== null && policy !== 'never', atMs, () => `${hostId}: reboot without permission`);
    for (const { group, up, needed } of this.#truth.standing(hostId))
      this.#demand('I3', up >= needed, atMs, () => `${hostId} reboots: ${up} other members of ${group} stand, ${needed} have to`);
  }

  changeEnds(hostId: string): void {
    this.#working.delete(hostId);
  }

  isWorking(hostId: string): boolean {
    return this.#working.has(hostId);
  }

  /** What the packages of the host really were when it wrote down its result. I5: a change that has begun is never reported as none. */
  resultWritten(hostId: string, planId: string, meets: boolean, touched: boolean, atMs: number): void {
    this.#resultTruth.set(planId, meets);
    this.#demand('I5', touched || !this.#begun.has(planId), atMs, () => `${hostId}: ${planId} was begun and is reported as untouched`);
  }

  /** I6: a success that the server has taken was true on the host when it was observed. */
  resultAccepted(job: JobStatus, plan: HostPlan, atMs: number): void {
    if (job.state === 'succeeded')
      this.#demand(
        'I6',
        this.#resultTruth.get(plan.planId) === true,
        atMs,
        () => `${job.hostId}: counted as patched, its packages say otherwise`,
      );
  }

  /** I4: what was acknowledged to a host is in the store. */
  acknowledged(stored: boolean, hostId: string, atMs: number): void {
    this.#demand('I4', stored, atMs, () => `${hostId}: an acknowledged result is not in the store`);
  }

  ended(rule: string, holds: boolean, atMs: number, text: string): void {
    this.#demand(rule, holds, atMs, () => text);
  }
}
