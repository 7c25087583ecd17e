import { readPlan, type Trust } from '../agent/decide.ts';
import { admitRehearsal } from '../agent/rehearsal/admit.ts';
import type { Envelope } from '../core/evidence/envelope.ts';
import { SECOND_MS } from '../core/kernel/instants.ts';
import type { HostPlan, JobEvent, JobPhase, JobResult } from '../core/rollouts/host-plan.ts';
import type { Failure } from '../core/verification/host-verdict.ts';
import type { JournalEntry } from './host-journal.ts';
import { Machine } from './machine.ts';
import { keepRehearsal } from './rehearsals.ts';
import type { TaskForHost } from './server.ts';
import type { HostParts } from './surroundings.ts';
import { instantOf } from './timeline.ts';

const CHECK_IN_MS = 60 * SECOND_MS;
/** A result is sent until it is acknowledged, with these pauses. */
const OUTBOX_MS = [5 * SECOND_MS, 15 * SECOND_MS, 60 * SECOND_MS];

/** The agent's way to the server: it asks for tasks, reads what is signed, tells what happens. What stands in `disk` survives a power cut. */
export abstract class HostAgent extends Machine {
  readonly disk = { journal: new Map<string, JournalEntry>(), highestSequence: 0 };
  agentUp = true;
  /** Rises whenever the agent or the host dies: what was on its way in the old life has no effect in the new one. */
  protected life = 0;
  /** The plan at work, and those that wait with their reboot beside it (as src/agent/job-desk.ts). */
  protected running: string | null = null;
  protected readonly aside = new Set<string>();
  /** What an earlier life has left open, in the order in which it is taken up. */
  protected leftOpen: JournalEntry[] = [];
  #sequence = 0;
  /** Written to memory only, as a mutant does. */
  #unsynced: (() => void)[] = [];

  constructor(id: string, name: string, parts: HostParts) {
    super(id, name, parts);
    parts.timeline.after(parts.random.next() * CHECK_IN_MS, () => this.checkIn(this.life));
  }

  protected abstract take(task: TaskForHost): void;
  protected abstract cancel(entry: JournalEntry): void;

  protected get nowMs(): number {
    return this.parts.timeline.nowMs;
  }
  protected get ownNow(): string {
    return instantOf(this.nowMs + this.clockSkewMs);
  }
  protected get trust(): Trust {
    return { hostId: this.id, installationId: 'sim', trustedKeys: [this.parts.server.keys.publicKey] };
  }

  protected later(seconds: number, run: () => void): void {
    const { life } = this;
    this.parts.timeline.after(seconds * SECOND_MS, () => {
      if (this.life === life && this.up && this.agentUp) run();
    });
  }

  /** Between `least` and `most` seconds. */
  protected takes(least: number, most: number): number {
    return least + this.parts.random.next() * (most - least);
  }

  protected checkIn(life: number): void {
    if (life !== this.life || !this.up || !this.agentUp) return;
    this.parts.timeline.after(CHECK_IN_MS * (0.9 + this.parts.random.next() * 0.2), () => this.checkIn(life));
    const { server } = this.parts;
    if (this.weather.isFair && this.parts.network.isUp && server.isIdle(this.id)) {
      server.hear(this.id, this.nowMs);
      this.#report();
      return;
    }
    this.call(
      () => {
        this.#report();
        return server.tasksFor(this.id, this.stands && this.#isIdle, this.nowMs);
      },
      tasks => {
        for (const task of this.parts.world.relay(this.id, this.disk.highestSequence, tasks)) this.take(task);
      },
    );
  }

  /** Its inventory goes with what it says. */
  #report(): void {
    if (this.inventoryLost) return;
    this.parts.server.observe(this.id, { observedAtMs: this.nowMs, failedUnits: this.isUnwell, bootedAtMs: this.bootedAtMs });
  }

  /** An answer for a life that is over is not heard. */
  protected call<Answer>(handle: () => Answer, answered: (answer: Answer) => void): void {
    const { life } = this;
    this.parts.network.call(this.weather, handle, answer => {
      if (this.life === life && this.up && this.agentUp) answered(answer);
    });
  }

  #rehearsal: string | null = null;

  /** In a copy of itself: nothing here can change. As src/agent/resident.ts, only while no job is in hand. */
  protected rehearse({ jobId, envelope }: TaskForHost): void {
    const { server, random, surroundings } = this.parts;
    if (!this.#isIdle || this.#rehearsal === jobId || envelope === null) return;
    const admitted = admitRehearsal(envelope, this.trust, this.ownNow);
    const fails = this.rehearsing === 'fails' || random.chance(surroundings.badPatchPercent / 100);
    const problem = (message: string) => ({ class: 'install-failed' as const, message, signature: 'rehearsal' });
    const verdict = !admitted.ok || this.rehearsing === 'impossible' ? 'not-possible' : fails ? 'failed' : 'passed';
    const report = { verdict, failure: verdict === 'passed' ? null : problem(admitted.ok ? 'as it is' : admitted.problem) } as const;
    this.#rehearsal = jobId;
    this.later(this.rehearsing === 'slow' ? this.takes(2_000, 6_000) : this.takes(20, 120), () => {
      this.call(
        () => keepRehearsal(server, this.id, jobId, report),
        () => {},
      );
      this.#rehearsal = null;
    });
  }

  /** The shipped check; two mutants leave a part of it out. */
  protected read(envelope: Envelope): ReturnType<typeof readPlan> {
    const { mutants } = this.parts;
    const claimed = (): HostPlan => JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as HostPlan;
    if (mutants.has('keyid-taken-for-signature')) return { ok: true, plan: claimed() };
    const hostId = mutants.has('audience-not-checked') ? claimed().hostId : this.id;
    return readPlan(envelope, { ...this.trust, hostId });
  }

  /** As src/agent/execute.ts: a plan that is not ours to act on leaves no trace in the journal. */
  protected refuse({ jobId, attempt }: TaskForHost, { class: failureClass, message, signature }: Failure): void {
    const now = this.ownNow;
    const result: JobResult = {
      jobId,
      attempt,
      outcome: 'failed',
      failure: { class: failureClass, message, signature },
      touched: false,
      rebooted: false,
      startedAt: now,
      finishedAt: now,
      ...{ before: [], after: [], restartedUnits: [], smokeTests: [], healed: [], bootIdBefore: null, bootIdAfter: null },
    };
    this.call(
      () => this.parts.server.recordResult(this.id, jobId, attempt, result, this.nowMs),
      () => {},
    );
  }

  /** The outbox: again and again until the server has answered. */
  protected send(entry: JournalEntry, tried = 0): void {
    const { result, plan } = entry;
    if (result === null || entry.acknowledged) return;
    const { server, witness, mutants } = this.parts;
    if (mutants.has('result-deleted-when-sent')) entry.acknowledged = true;
    this.call(
      () => {
        server.recordResult(this.id, plan.jobId, plan.attempt, result, this.nowMs);
        this.#report();
      },
      () => {
        if (!entry.acknowledged) witness.acknowledged(server.hasResult(plan.jobId, plan.attempt), this.id, this.nowMs);
        entry.acknowledged = true;
      },
    );
    this.later(OUTBOX_MS[Math.min(tried, OUTBOX_MS.length - 1)]! / SECOND_MS, () => this.send(entry, tried + 1));
  }

  protected say(entry: JournalEntry, phase: JobPhase, kind: JobEvent['kind'] = 'phase-started'): void {
    this.#sequence += 1;
    const event: JobEvent = { sequence: this.#sequence, at: this.ownNow, phase, kind, text: '' };
    const { jobId, attempt } = entry.plan;
    this.call(
      () => this.parts.server.recordEvents(this.id, jobId, attempt, [event], this.nowMs),
      cancelRequested => {
        if (cancelRequested && !this.isOver(entry)) this.cancel(entry);
      },
    );
  }

  /** As the agent, which takes no inventory while it has something in hand. */
  get #isIdle(): boolean {
    return this.running === null && this.aside.size === 0 && this.leftOpen.length === 0;
  }

  /** It has ended, or the agent is busy with something else. */
  protected isOver(entry: JournalEntry): boolean {
    return entry.state === 'finished' || (this.running !== entry.plan.planId && !this.aside.has(entry.plan.planId));
  }

  /** fsync: what is not synced is gone after a power cut. */
  protected write(change: () => void, unless: 'no-fsync-of-intent' | 'fsync-after-start'): void {
    change();
    if (this.parts.mutants.has(unless)) this.#unsynced.push(change);
  }

  protected loseUnsynced(): void {
    const lost = this.#unsynced.length > 0 && this.running !== null ? [this.running] : [];
    this.#unsynced = [];
    for (const planId of lost) {
      this.disk.highestSequence = (this.disk.journal.get(planId)?.plan.sequence ?? 1) - 1;
      this.disk.journal.delete(planId);
    }
  }

  /** Numbers of a new run stand above those of the run before, as the agent's do. */
  protected beginNewRun(): void {
    this.#rehearsal = null;
    this.#sequence += 1_000;
  }
}
