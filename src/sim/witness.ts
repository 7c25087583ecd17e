import { isFinal } from '../core/kernel/machine.ts';
import type { GateDecision } from '../core/rollouts/gate.ts';
import type { HostPlan, Permit } from '../core/rollouts/host-plan.ts';
import { JOB, type JobState } from '../core/rollouts/job-states.ts';
import type { JobMoved, JobStatus } from '../core/rollouts/job-status.ts';
import type { RolloutPlan } from '../core/rollouts/plan.ts';
import type { RingMoved, RingStatus } from '../core/rollouts/ring-changes.ts';
import { ROLLOUT, type RolloutEvent, type RolloutState } from '../core/rollouts/rollout-states.ts';
import { Books, FAILED, isActive, isApproved, isDisrupting, isThrough, type JobSeen, type RolloutSeen } from './books.ts';
import { demandCaps } from './sites.ts';
import { AuditRules, type AuditSeen } from './witness-audit.ts';
import { GateRules } from './witness-gates.ts';
import { Looks } from './witness-looks.ts';
import { demandOffer, demandShortWait } from './witness-offers.ts';
import { PermitRules } from './witness-permits.ts';
import { seePlan } from './witness-plans.ts';
import { demandRehearsed } from './witness-rehearsals.ts';

/**
 * Keeps books of its own about what the engine commits, from the trace alone, and holds them against the rules of domain.md 2.7. It never asks the engine
 * what it thinks; the other half (witness-hosts.ts) looks at what really happens on the hosts.
 */
export class Witness {
  readonly books = new Books();
  readonly ledger = this.books.ledger;
  moves = 0;
  readonly #audit = new AuditRules(this.books.ledger);
  readonly #permits = new PermitRules(this.books);
  readonly #gates = new GateRules(this.books);
  readonly #looks = new Looks(this.books);
  readonly #disrupting = new Map<string, Set<string>>();
  readonly #plans = new Map<string, HostPlan>();
  readonly #stopped = new Map<string, { readonly sinceMs: number; readonly why: string }>();
  /** Hosts with the number of their jobs that disrupt them. */
  readonly #disrupted = new Map<string, number>();

  rolloutMade(id: string, plan: RolloutPlan, hash: string, requestedBy: string, rehearse: boolean, atMs: number): void {
    if (rehearse) this.books.rehearsals.set(id, new Map());
    seePlan(this.books, { id, plan, hash, requestedBy }, atMs);
  }

  approved(id: string, hash: string, by: string, untilMs: number, atMs: number): void {
    const rollout = this.books.rollouts.get(id)!;
    this.ledger.demand('S8', by !== rollout.requestedBy, atMs, () => `${id} was approved by ${by}, who asked for it`);
    rollout.approval = { hash, by, untilMs };
  }

  overridden(id: string, ringId: string, by: string, atMs: number): void {
    const { requestedBy } = this.books.rollouts.get(id)!;
    this.books.overridden.add(ringId);
    this.ledger.demand('S8', by !== requestedBy, atMs, () => `the gate of ${ringId} was overridden by ${by}, who asked for the rollout`);
  }

  /** S12: a job changes its ring only while it waits, when its own is through, and only into the last one. */
  movedToCatchUp(jobId: string, toIndex: number, atMs: number): void {
    const job = this.books.jobs.get(jobId)!;
    const { rings } = this.books.rollouts.get(job.rolloutId)!;
    const fair =
      job.state === 'queued' && isThrough(rings[job.ringIndex]!) && toIndex === rings.length - 1 && rings[toIndex]!.days !== null;
    this.ledger.demand('S12', fair, atMs, () => `job ${jobId} was moved from ring ${job.ringIndex} to ${toIndex} while ${job.state}`);
    job.ringIndex = toIndex;
  }

  accepted(jobId: string): void {
    this.books.jobs.get(jobId)!.accepted = true;
  }

  rolloutMoved(id: string, event: RolloutEvent, from: RolloutState, to: RolloutState, by: string, atMs: number): void {
    const rollout = this.books.rollouts.get(id)!;
    this.#audit.demandMove(id, atMs);
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
      this.ledger.demand('S7', isApproved(rollout, atMs), atMs, () => `${id} runs without a valid approval of its plan`);
      this.#demandNothingRetracted(rollout, atMs);
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

  jobMade(job: JobStatus, atMs: number): void {
    const rollout = this.books.rollouts.get(job.rolloutId)!;
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
    this.books.jobs.set(job.id, seen);
  }

  jobMoved(job: JobStatus, { event, from, to, detail }: JobMoved, atMs: number): void {
    this.moves += 1;
    const seen = this.books.jobs.get(job.id)!;
    const rollout = this.books.rollouts.get(job.rolloutId)!;
    this.#audit.demandMove(job.id, atMs);
    this.ledger.demand(
      'S9',
      seen.state === from && !isFinal(JOB, from),
      atMs,
      () => `job ${job.id}: ${event} from ${from}, it was ${seen.state}`,
    );
    if (event === 'offer') demandOffer(this.books, job, seen, rollout, atMs);
    if (event === 'permit-apply' || event === 'permit-reboot') this.#permits.used(job, rollout, event, detail.permitId, atMs);
    if (event === 'retry') this.ledger.demand('I1', !job.touched, atMs, () => `job ${job.id} is tried again although the host was changed`);
    if (FAILED.includes(to) && job.touched) this.books.leftFailed.add(job.hostId);
    if (event === 'succeed') {
      this.books.leftFailed.delete(job.hostId);
      this.books.lastSuccess.set(job.hostId, atMs);
      const ring = rollout.rings[job.ringIndex]!;
      ring.lastSuccessMs = atMs;
    }
    seen.state = to;
    seen.sinceMs = atMs;
    seen.heardMs = atMs;
    this.#countActive(job, to, atMs);
    this.#countDisruption(job, rollout, to, atMs);
  }

  #countActive(job: JobStatus, to: JobState, atMs: number): void {
    const own = this.books.active.get(job.hostId) ?? new Set<string>();
    if (isActive(to)) own.add(job.id);
    else own.delete(job.id);
    this.books.active.set(job.hostId, own);
    if (own.size === 0) this.books.freeSinceMs.set(job.hostId, atMs);
    // One that has installed and waits with its reboot leaves the host to the next; it still holds its slots.
    const holding = [...own].filter(id => !this.books.sharing.has(id) || this.books.jobs.get(id)!.state === 'installing');
    this.ledger.demand('S5', holding.length <= 1, atMs, () => `${job.hostId} has ${holding.length} jobs at once: ${holding.join(', ')}`);
  }

  rebootShared(job: JobStatus, atMs: number): void {
    demandShortWait(this.books, job, atMs);
  }

  #countDisruption(job: JobStatus, rollout: RolloutSeen, to: JobState, atMs: number): void {
    const own = this.#disrupting.get(job.ringId) ?? new Set<string>();
    const before = own.size;
    if (isDisrupting(to)) own.add(job.id);
    else own.delete(job.id);
    this.#disrupting.set(job.ringId, own);
    const onHost = (this.#disrupted.get(job.hostId) ?? 0) + own.size - before;
    if (onHost > 0) this.#disrupted.set(job.hostId, onHost);
    else this.#disrupted.delete(job.hostId);
    if (own.size <= before) return;
    const most = rollout.rings[job.ringIndex]!.concurrency;
    this.ledger.demand('S1', own.size <= most, atMs, () => `${own.size} hosts of ring ${job.ringId} at once, ${most} allowed`);
    const cap = rollout.plan.concurrencyMax;
    if (cap !== undefined) {
      const all = [...rollout.jobs].filter(([id, seen]) => (id === job.id ? isDisrupting(to) : isDisrupting(seen.state))).length;
      this.ledger.demand('S1', all <= cap, atMs, () => `${all} hosts of ${rollout.id} at once, ${cap} allowed`);
    }
    demandCaps(this.books, this.#disrupted, job.hostId, atMs);
  }

  heard(hostId: string, atMs: number): void {
    this.books.heardMs.set(hostId, atMs);
  }
  saidWell(hostId: string): void {
    this.books.leftFailed.delete(hostId);
  }
  /** S7: nothing runs on with something that was retracted this moment. */
  retracted(atMs: number): void {
    for (const rollout of this.books.rollouts.values()) if (rollout.state === 'running') this.#demandNothingRetracted(rollout, atMs);
  }
  #demandNothingRetracted({ id, plan }: RolloutSeen, atMs: number): void {
    const bad = plan.transactions
      .flat()
      .find(item => this.books.retractions.some(one => one.name === item.name && one.version === item.toVersion));
    this.ledger.demand('S7', bad === undefined, atMs, () => `${id} runs although ${bad!.name} ${bad!.toVersion} was retracted`);
  }
  audited(seen: AuditSeen, atMs: number): void {
    this.#audit.audited(seen, atMs);
  }
  permitIssued(permit: Permit, job: JobStatus, atMs: number): void {
    this.#permits.permitIssued(permit, job, atMs);
  }
  gateAsked(ring: RingStatus, gate: GateDecision, atMs: number): void {
    this.#gates.gateAsked(ring, gate, atMs);
  }
  look(jobs: ReadonlyMap<string, JobStatus>, sinceServerUpMs: number, atMs: number): void {
    this.#looks.look(jobs, sinceServerUpMs, atMs);
  }

  ringMoved(ring: RingStatus, moved: RingMoved, atMs: number): void {
    this.#audit.demandMove(ring.id, atMs);
    const seen = this.books.rollouts.get(ring.rolloutId)!.rings[ring.ringIndex]!;
    this.ledger.demand(
      'S9',
      seen.state === moved.from,
      atMs,
      () => `ring ${ring.id}: ${moved.event} from ${moved.from}, it was ${seen.state}`,
    );
    seen.state = moved.to;
    seen.sinceMs = atMs;
    if (moved.event === 'open') demandRehearsed(this.books, this.books.rollouts.get(ring.rolloutId)!, ring.ringIndex, atMs);
  }

  killSwitch(engaged: boolean, atMs: number): void {
    this.books.killSwitchSinceMs = engaged ? atMs : null;
  }

  planSigned(plan: HostPlan): void {
    this.#plans.set(plan.planId, plan);
  }
  /** null: the engine never signed it. */
  signed(planId: string): HostPlan | null {
    return this.#plans.get(planId) ?? null;
  }
  planOf(rolloutId: string): RolloutPlan {
    return this.books.rollouts.get(rolloutId)!.plan;
  }
  stoppedSince(rolloutId: string): { readonly sinceMs: number; readonly why: string } | undefined {
    return this.#stopped.get(rolloutId);
  }
  /** Whether every ring before this host's has passed its gate. */
  isTurnOf(rolloutId: string, hostId: string): boolean {
    const rollout = this.books.rollouts.get(rolloutId)!;
    const own = [...rollout.jobs.values()].find(job => job.hostId === hostId);
    return rollout.rings.slice(0, own?.ringIndex ?? 0).every(isThrough);
  }

  /** I7: a host is told of its own jobs only. */
  told(hostId: string, jobHostId: string, jobId: string, atMs: number): void {
    this.ledger.demand('I7', hostId === jobHostId, atMs, () => `${hostId} was told of ${jobId}, which is of ${jobHostId}`);
  }

  /** Set by the other half when a host writes down what it saw; read here when the engine counts it. */
  readonly truthOfResult = new Map<string, boolean>();

  /** I6: a success that the engine has taken was true on the host when it was observed. */
  resultTaken(job: JobStatus, plan: HostPlan, atMs: number): void {
    const seen = this.books.jobs.get(job.id)!;
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
}
