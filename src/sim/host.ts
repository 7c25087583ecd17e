import { admitPlan, onPermitReply, readPlan, type Trust } from '../agent/decide.ts';
import type { Envelope } from '../core/evidence/envelope.ts';
import { SECOND_MS } from '../core/kernel/instants.ts';
import type { FailureClass, HostPlan, JobEvent, JobPhase, JobResult } from '../core/rollouts/host-plan.ts';
import { type Failure, hostVerdict } from '../core/verification/host-verdict.ts';
import { transactionDifferences } from '../core/verification/transaction-difference.ts';
import { isCompliant, transactionStatus } from '../core/verification/transaction-status.ts';
import { type JournalEntry, resultOf } from './host-journal.ts';
import type { Mutants } from './mutants.ts';
import { type Network, Weather } from './network.ts';
import type { Random } from './random.ts';
import type { PermitAnswer, SimServer, TaskForHost } from './server.ts';
import { instantOf, type Timeline } from './timeline.ts';
import type { HostTruth, HostWitness } from './witness-hosts.ts';

/** What is wrong around the host at the moment; the world sets it. */
export interface Surroundings {
  mirror: 'well' | 'down' | 'corrupt';
  /** Share of hosts in percent on which packages, or their services, break. */
  badPatchPercent: number;
  badServicePercent: number;
  /** Somebody between server and hosts changes what he likes. */
  hostile: boolean;
}

const CHECK_IN_MS = 60 * SECOND_MS;
const ANSWER_MS = 30 * SECOND_MS;
/** A result is sent until it is acknowledged, with these pauses. */
const OUTBOX_MS = [5 * SECOND_MS, 15 * SECOND_MS, 60 * SECOND_MS];
const HEARTBEAT_MS = 60 * SECOND_MS;
const BROKEN_BY_SCRIPT = 'left broken by a maintainer script';

/**
 * A host with its agent: signatures, the admission of plans, what follows from a permit's answer, the comparison of transactions and the verdict are the
 * agent's and core's own code; packages, disk and time are simulated. What stands in `disk` survives a power cut. One long class, because every step of a
 * job can be cut short by the same deaths.
 */
export class SimHost implements HostTruth {
  readonly id: string;
  readonly name: string;
  readonly weather = new Weather();
  readonly packages = new Map<string, string>();
  readonly disk = { journal: new Map<string, JournalEntry>(), highestSequence: 0 };
  /** Packages that a power cut left half done. */
  broken = false;
  serviceDown = false;
  up = true;
  agentUp = true;
  clockSkewMs = 0;
  lockHeld = false;
  diskFull = false;
  needsReboot = false;
  /** The archives that lie ready are those that were signed. */
  genuine = true;
  bootId = 1;
  /** Rises whenever the agent or the host dies: what was on its way in the old life has no effect in the new one. */
  #life = 0;
  #running: string | null = null;
  #applying: { planId: string; endsAtMs: number } | null = null;
  #sequence = 0;
  /** Written to memory only, as a mutant does. */
  #unsynced: (() => void)[] = [];
  readonly #parts: HostParts;

  constructor(id: string, name: string, parts: HostParts) {
    this.id = id;
    this.name = name;
    this.#parts = parts;
    this.#parts.timeline.after(parts.random.next() * CHECK_IN_MS, () => this.#checkIn(this.#life));
  }

  get #nowMs(): number {
    return this.#parts.timeline.nowMs;
  }
  get #ownNow(): string {
    return instantOf(this.#nowMs + this.clockSkewMs);
  }
  #later(seconds: number, run: () => void) {
    const life = this.#life;
    this.#parts.timeline.after(seconds * SECOND_MS, () => {
      if (this.#life === life && this.up && this.agentUp) run();
    });
  }
  /** Between `least` and `most` seconds. */
  #takes(least: number, most: number): number {
    return least + this.#parts.random.next() * (most - least);
  }

  #checkIn(life: number) {
    if (life !== this.#life || !this.up || !this.agentUp) return;
    this.#parts.timeline.after(CHECK_IN_MS * (0.9 + this.#parts.random.next() * 0.2), () => this.#checkIn(life));
    if (this.weather.isFair && this.#parts.network.isUp && this.#parts.server.isIdle(this.id)) {
      this.#parts.server.heardAtMs.set(this.id, this.#nowMs);
      return;
    }
    this.#call(
      () => this.#parts.server.tasksFor(this.id, this.stands, this.#nowMs),
      tasks => {
        for (const task of this.#parts.world.relay(this, tasks)) this.#take(task);
      },
    );
  }

  /** An answer for a life that is over is not heard. */
  #call<Answer>(handle: () => Answer, answered: (answer: Answer) => void): void {
    const life = this.#life;
    this.#parts.network.call(this.weather, handle, answer => {
      if (this.#life === life && this.up && this.agentUp) answered(answer);
    });
  }

  get #trust(): Trust {
    return { hostId: this.id, installationId: 'sim', trustedKeys: [this.#parts.server.keys.publicKey] };
  }

  #take(task: TaskForHost) {
    if (task.kind === 'cancel' || task.envelope === null) {
      const running = this.#running === null ? undefined : this.disk.journal.get(this.#running);
      if (running?.plan.jobId === task.jobId && running.plan.attempt === task.attempt) this.#cancel(running);
      return;
    }
    if (this.#running !== null && !this.#parts.mutants.has('two-active-jobs-per-host')) return;
    const read = this.#read(task.envelope);
    if (!read.ok) return this.#refuse(task, read.failure);
    const { plan } = read;
    const known = this.disk.journal.get(plan.planId);
    if (known !== undefined) return known.state === 'finished' ? this.#send(known) : this.#goOn(known);
    const highestSequence = this.#parts.mutants.has('replayed-plan-accepted') ? 0 : this.disk.highestSequence;
    const refusal = admitPlan(plan, task, { now: this.#ownNow, highestSequence });
    if (refusal !== null) return this.#refuse(task, refusal);
    const entry: JournalEntry = {
      plan,
      state: 'accepted',
      before: new Map(),
      bootIdBefore: this.bootId,
      failedBefore: this.serviceDown,
      result: null,
      acknowledged: false,
      cancelled: false,
      healed: [],
    };
    this.#write(() => {
      this.disk.journal.set(plan.planId, entry);
      if (!this.#parts.mutants.has('sequence-not-persisted'))
        this.disk.highestSequence = Math.max(this.disk.highestSequence, plan.sequence);
    }, 'no-fsync-of-intent');
    this.#parts.witness.planAccepted(this.id, plan, this.#nowMs);
    this.#goOn(entry);
  }

  /** The shipped check; two mutants leave a part of it out. */
  #read(envelope: Envelope): ReturnType<typeof readPlan> {
    const { mutants } = this.#parts;
    const claimed = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as HostPlan;
    if (mutants.has('keyid-taken-for-signature')) return { ok: true, plan: claimed };
    const hostId = mutants.has('audience-not-checked') ? claimed.hostId : this.id;
    return readPlan(envelope, { ...this.#trust, hostId });
  }

  /** As src/agent/execute.ts: a plan that is not ours to act on leaves no trace in the journal. */
  #refuse(task: TaskForHost, { class: failureClass, message, signature }: Failure) {
    const { jobId, attempt } = task;
    const now = this.#ownNow;
    const nothing = { before: [], after: [], restartedUnits: [], smokeTests: [], healed: [], bootIdBefore: null, bootIdAfter: null };
    const failure = { class: failureClass, message, signature };
    const result: JobResult = {
      jobId,
      attempt,
      outcome: 'failed',
      failure,
      touched: false,
      rebooted: false,
      startedAt: now,
      finishedAt: now,
      ...nothing,
    };
    this.#call(
      () => this.#parts.server.recordResult(this.id, jobId, attempt, result, this.#nowMs),
      () => {},
    );
  }

  /** Before the point of no return at once, after it never. */
  #cancel(entry: JournalEntry) {
    entry.cancelled = true;
    if (entry.state === 'accepted' && !this.#isChanging(entry)) this.#finish(entry, 'cancelled', null, '', false);
  }

  #isChanging(entry: JournalEntry): boolean {
    return this.#applying?.planId === entry.plan.planId;
  }

  /** fsync: what is not synced is gone after a power cut. */
  #write(change: () => void, unless: 'no-fsync-of-intent' | 'fsync-after-start') {
    if (!this.#parts.mutants.has(unless)) return change();
    change();
    this.#unsynced.push(change);
  }

  /** Takes a plan up, or up again, from what its journal says; never from what it was about to do. */
  #goOn(entry: JournalEntry) {
    this.#running = entry.plan.planId;
    if (entry.state === 'accepted') return this.#precheck(entry);
    if (entry.state === 'rebooting') return this.#verify(entry);
    const applying = this.#applying;
    // What apt began goes on in a unit of its own when only the agent was killed.
    if (applying !== null && applying.planId === entry.plan.planId && applying.endsAtMs > this.#nowMs)
      return this.#later((applying.endsAtMs - this.#nowMs) / SECOND_MS + 1, () => this.#afterApply(entry));
    this.#afterApply(entry);
  }

  #precheck(entry: JournalEntry) {
    this.#say(entry, 'precheck');
    this.#later(this.#takes(1, 3), () => {
      if (this.#ended(entry)) return;
      // What apt is doing for an earlier life of the agent holds the lock.
      if (this.#applying !== null) return this.#later(10, () => this.#precheck(entry));
      if (isCompliant(entry.plan, this.#status(entry.plan))) return this.#finish(entry, 'already-compliant', null, '', false);
      if (this.broken) return this.#finish(entry, 'failed', 'package-database-broken', 'dpkg was interrupted', false);
      if (this.diskFull) return this.#finish(entry, 'failed', 'disk-space', 'the disk is full', false);
      if (this.lockHeld)
        return this.#later(this.#takes(20, 60), () => {
          if (this.#ended(entry)) return;
          if (this.lockHeld) this.#finish(entry, 'failed', 'package-manager-locked', 'the lock is held', false);
          else this.#stage(entry);
        });
      this.#stage(entry);
    });
  }

  /** Cancelled while it was busy with something else. */
  #ended(entry: JournalEntry): boolean {
    return entry.state === 'finished' || this.#running !== entry.plan.planId;
  }

  #stage(entry: JournalEntry) {
    this.#say(entry, 'simulate');
    const differences = this.#differences(entry.plan);
    if (differences.length > 0) return this.#finish(entry, 'failed', 'transaction-differs', differences.join('; '), false);
    this.#later(this.#takes(2, 20), () => {
      if (this.#ended(entry)) return;
      this.#say(entry, 'download');
      const { mirror } = this.#parts.surroundings;
      if (mirror === 'down')
        return this.#later(this.#takes(10, 60), () => {
          if (!this.#ended(entry)) this.#finish(entry, 'failed', 'repository-unavailable', 'the mirror does not answer', false);
        });
      // The digest of each archive is compared with what its signed index says.
      this.genuine = mirror !== 'corrupt';
      if (!this.genuine) return this.#finish(entry, 'failed', 'digest-mismatch', 'other bytes than were signed', false);
      this.#later(this.#takes(1, 10), () => {
        if (!this.#ended(entry)) this.#awaitPermit(entry, 'apply');
      });
    });
  }

  #rows() {
    const state = this.broken ? ('half-configured' as const) : ('installed' as const);
    return [...this.packages].map(([name, version]) => ({
      name,
      arch: 'amd64',
      version,
      sourceName: name,
      sourceVersion: version,
      state,
      held: false,
    }));
  }

  #status(plan: HostPlan) {
    return transactionStatus(plan.transaction, this.#rows());
  }

  /** What the package manager would do now against the plan. */
  #differences(plan: HostPlan): readonly string[] {
    const simulated = plan.transaction
      .filter(item => this.packages.get(item.name) !== item.toVersion)
      .map(item => ({ ...item, fromVersion: this.packages.get(item.name) ?? null }));
    return transactionDifferences(this.#status(plan), simulated);
  }

  #awaitPermit(entry: JournalEntry, phase: 'apply' | 'reboot') {
    this.#say(entry, phase === 'apply' ? 'awaiting-permit' : 'reboot');
    this.#ask(entry, phase);
  }

  #ask(entry: JournalEntry, phase: 'apply' | 'reboot') {
    const { plan } = entry;
    if (phase === 'apply' && entry.cancelled) return this.#finish(entry, 'cancelled', null, '', false);
    if (this.#ownNow >= plan.notAfter) return this.#notPermitted(entry, phase, 'the plan ended before a permit came');
    let heard = false;
    this.#call(
      () => this.#parts.server.requestPermit(this.id, plan.jobId, plan.attempt, phase, this.#nowMs, this.#nowMs + this.clockSkewMs),
      reply => {
        if (heard) return;
        heard = true;
        this.#answered(entry, phase, reply);
      },
    );
    this.#later(ANSWER_MS / SECOND_MS, () => {
      if (heard || this.#ended(entry)) return;
      heard = true;
      this.#ask(entry, phase);
    });
  }

  #answered(entry: JournalEntry, phase: 'apply' | 'reboot', reply: PermitAnswer) {
    if (this.#ended(entry)) return;
    const next = onPermitReply(reply, entry.plan, phase, this.#trust, this.#ownNow);
    if (next.do === 'ask-again') return this.#later(next.afterMs / SECOND_MS, () => this.#ended(entry) || this.#ask(entry, phase));
    if (next.do === 'fail') return this.#notPermitted(entry, phase, next.failure.message);
    if (next.do === 'cancel') return this.#finish(entry, 'cancelled', null, '', phase === 'reboot');
    return phase === 'apply' ? this.#apply(entry) : this.#reboot(entry, true);
  }

  #notPermitted(entry: JournalEntry, phase: 'apply' | 'reboot', message: string) {
    this.#finish(entry, 'failed', 'permit-refused', message, phase === 'reboot');
  }

  #apply(entry: JournalEntry) {
    const { plan } = entry;
    // While the permit was waited for, others may have been at work: the set must still be the approved one.
    const differences = this.#differences(plan);
    if (differences.length > 0 && !this.#parts.mutants.has('success-believed'))
      return this.#finish(entry, 'failed', 'transaction-differs', differences.join('; '), false);
    const started = () => {
      entry.state = 'started';
      entry.before = new Map(this.packages);
      entry.bootIdBefore = this.bootId;
    };
    const late = this.#parts.mutants.has('fsync-after-start');
    if (!late) started();
    this.#say(entry, 'apply');
    this.#parts.witness.changeBegins(this, plan, this.#nowMs);
    const seconds = this.#takes(10, 90);
    this.#applying = { planId: plan.planId, endsAtMs: this.#nowMs + seconds * SECOND_MS };
    const life = this.#parts.timeline;
    life.after(seconds * SECOND_MS, () => this.#packagesDone(plan, entry));
    this.#heartbeat(entry);
    this.#later(seconds + 1, () => {
      if (late) started();
      this.#afterApply(entry);
    });
  }

  /** apt ends, whatever became of the agent; a power cut in between has taken `#applying` away. */
  #packagesDone(plan: HostPlan, entry: JournalEntry) {
    if (this.#applying?.planId !== plan.planId || !this.up) return;
    this.#applying = null;
    const { badPatchPercent, badServicePercent } = this.#parts.surroundings;
    if (plan.kind === 'patch' && this.#parts.random.chance(badPatchPercent / 100)) {
      this.broken = true;
      entry.healed.push(BROKEN_BY_SCRIPT);
      return;
    }
    for (const item of plan.transaction) if (item.toVersion !== null) this.packages.set(item.name, item.toVersion);
    this.broken = false;
    this.serviceDown = plan.kind === 'patch' && this.#parts.random.chance(badServicePercent / 100);
  }

  #heartbeat(entry: JournalEntry) {
    this.#later(HEARTBEAT_MS / SECOND_MS, () => {
      if (this.#running !== entry.plan.planId || this.#applying === null) return;
      this.#say(entry, 'apply', 'note');
      this.#heartbeat(entry);
    });
  }

  /** Observes, repairs what a crash left, goes on; never runs the transaction a second time. */
  #afterApply(entry: JournalEntry) {
    if (this.broken && entry.healed.length === 0) {
      // dpkg --configure -a, then the kept archives (security.md 4.4): nine times in ten that is enough.
      entry.healed.push('dpkg --configure -a');
      if (this.#parts.random.chance(0.9)) this.#repair(entry.plan);
    }
    this.#say(entry, 'restart');
    this.#later(this.#takes(1, 5), () => {
      const wants = entry.plan.reboot === 'always' || (entry.plan.reboot === 'if-needed' && this.needsReboot);
      const whole = !this.broken && isCompliant(entry.plan, this.#status(entry.plan));
      if (!wants || (!whole && !this.#parts.mutants.has('reboot-before-verify'))) return this.#verify(entry);
      if (this.#parts.mutants.has('reboot-without-permit')) return this.#reboot(entry, false);
      this.#awaitPermit(entry, 'reboot');
    });
  }

  #repair(plan: HostPlan) {
    this.broken = false;
    // Half of the transaction was done when the lights went out; the repair ends it one way or the other.
    const forward = this.#parts.random.chance(0.7);
    if (forward) for (const item of plan.transaction) if (item.toVersion !== null) this.packages.set(item.name, item.toVersion);
  }

  #reboot(entry: JournalEntry, permitted: boolean) {
    entry.state = 'rebooting';
    this.#parts.witness.rebootBegins(this, permitted, entry.plan.reboot, this.#nowMs);
    this.#die();
    this.up = false;
    this.#parts.timeline.after(this.#takes(60, 240) * SECOND_MS, () => this.#boot());
  }

  #verify(entry: JournalEntry) {
    this.#say(entry, 'verify');
    this.#later(this.#takes(2, 10), () => {
      if (this.#ended(entry)) return;
      const { plan } = entry;
      if (this.broken) {
        const byScript = entry.healed.includes(BROKEN_BY_SCRIPT);
        return this.#finish(entry, 'failed', byScript ? 'install-failed' : 'needs-human', 'packages are half done', true);
      }
      const unit = {
        unit: 'app.service',
        activeState: this.serviceDown ? 'failed' : 'active',
        subState: this.serviceDown ? 'failed' : 'running',
      };
      const verdict = hostVerdict(
        plan,
        { failedUnits: entry.failedBefore ? [unit.unit] : [], bootId: String(entry.bootIdBefore) },
        {
          status: this.#status(plan),
          services: [unit],
          staleProcesses: [],
          mainPids: new Map(),
          reboot: null,
          bootId: String(this.bootId),
        },
        { restartedUnits: [], rebootAsked: entry.state === 'rebooting' },
      );
      if (verdict !== null && !this.#parts.mutants.has('success-believed'))
        return this.#finish(entry, 'failed', verdict.class, verdict.message, true);
      this.#finish(entry, 'succeeded', null, '', true);
    });
  }

  #finish(entry: JournalEntry, outcome: JobResult['outcome'], failureClass: FailureClass | null, message: string, touched: boolean) {
    const { plan } = entry;
    entry.result = resultOf(entry, {
      outcome,
      failureClass,
      message,
      touched,
      now: this.#ownNow,
      bootId: this.bootId,
      broken: this.broken,
      packages: this.packages,
    });
    entry.state = 'finished';
    this.disk.journal.set(plan.planId, entry);
    if (this.#running === plan.planId) this.#running = null;
    if (touched) this.#parts.witness.changeEnds(this, this.#nowMs);
    this.#parts.witness.resultWritten(this, plan, this.bootId !== entry.bootIdBefore, touched, this.#nowMs);
    this.#send(entry);
  }

  /** The outbox: again and again until the server has answered. */
  #send(entry: JournalEntry, tried = 0) {
    const { result, plan } = entry;
    if (result === null || entry.acknowledged) return;
    if (this.#parts.mutants.has('result-deleted-when-sent')) entry.acknowledged = true;
    this.#call(
      () => this.#parts.server.recordResult(this.id, plan.jobId, plan.attempt, result, this.#nowMs),
      () => {
        if (!entry.acknowledged)
          this.#parts.witness.acknowledged(this.#parts.server.hasResult(plan.jobId, plan.attempt), this.id, this.#nowMs);
        entry.acknowledged = true;
      },
    );
    this.#later(OUTBOX_MS[Math.min(tried, OUTBOX_MS.length - 1)]! / SECOND_MS, () => this.#send(entry, tried + 1));
  }

  #say(entry: JournalEntry, phase: JobPhase, kind: JobEvent['kind'] = 'phase-started') {
    this.#sequence += 1;
    const event: JobEvent = { sequence: this.#sequence, at: this.#ownNow, phase, kind, text: '' };
    const { jobId, attempt } = entry.plan;
    this.#call(
      () => this.#parts.server.recordEvents(this.id, jobId, attempt, [event], this.#nowMs),
      cancelRequested => {
        if (cancelRequested && !this.#ended(entry)) this.#cancel(entry);
      },
    );
  }

  /** Power goes: what was only in memory is gone, and packages may be half done. */
  powerCut(backAfterMs: number): void {
    if (!this.up) return;
    if (this.#applying !== null) this.broken = true;
    this.#applying = null;
    for (const planId of this.#unsyncedPlans()) {
      this.disk.highestSequence = (this.disk.journal.get(planId)?.plan.sequence ?? 1) - 1;
      this.disk.journal.delete(planId);
    }
    this.#die();
    this.up = false;
    this.#parts.timeline.after(backAfterMs, () => this.#boot());
  }

  #unsyncedPlans(): string[] {
    const lost = this.#unsynced.length > 0 && this.#running !== null ? [this.#running] : [];
    this.#unsynced = [];
    return lost;
  }

  killAgent(backAfterMs: number): void {
    if (!this.agentUp || !this.up) return;
    this.#die();
    this.agentUp = false;
    this.#parts.timeline.after(backAfterMs, () => {
      this.agentUp = true;
      if (this.up) this.#startAgent();
    });
  }

  #die() {
    this.#life += 1;
    this.#running = null;
  }

  #boot() {
    if (this.up) return;
    this.up = true;
    this.needsReboot = false;
    this.bootId += 1;
    this.#life += 1;
    if (this.agentUp) this.#startAgent();
  }

  /** Open entries first, then the server is asked. */
  #startAgent() {
    const life = this.#life;
    // Numbers of a new run stand above those of the run before, as the agent's do.
    this.#sequence += 1_000;
    for (const entry of this.disk.journal.values()) {
      if (entry.state === 'finished') this.#send(entry);
      else if (this.#running === null) this.#goOn(entry);
    }
    this.#parts.timeline.after(2 * SECOND_MS, () => this.#checkIn(life));
  }

  /** Somebody moves a package by hand; not while the package manager is at work. */
  drift(name: string, version: string): void {
    if (this.#applying === null) this.packages.set(name, version);
  }

  /** Somebody logs in and puts it right. */
  repairByHand(): void {
    if (this.#applying !== null) return;
    this.broken = false;
    this.serviceDown = false;
  }

  /** Packages that are at work or half done do not serve. */
  get stands(): boolean {
    return this.up && !this.broken && !this.serviceDown && this.#applying === null;
  }
}

export interface HostParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly random: Random;
  readonly server: SimServer;
  readonly witness: HostWitness;
  readonly surroundings: Surroundings;
  readonly mutants: Mutants;
  readonly world: {
    /** What comes out at the other end of the line. */
    relay(host: SimHost, tasks: readonly TaskForHost[]): readonly TaskForHost[];
  };
}
