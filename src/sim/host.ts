import { admitPlan } from '../agent/decide.ts';
import { inOrder } from '../agent/job-desk.ts';
import { SECOND_MS } from '../core/kernel/instants.ts';
import type { JournalEntry } from './host-journal.ts';
import { HostSteps } from './host-steps.ts';
import type { TaskForHost } from './server.ts';

/** A host with its agent: which plans it takes up, and how it dies and comes back. */
export class SimHost extends HostSteps {
  protected take(task: TaskForHost) {
    if (task.kind === 'rehearse') return this.rehearse(task);
    if (task.kind === 'cancel' || task.envelope === null) {
      const inHand = this.#inHand(task);
      if (inHand !== undefined) this.cancel(inHand);
      return;
    }
    const { mutants, witness } = this.parts;
    if (this.#inHand(task) !== undefined) return;
    if (this.running !== null && !mutants.has('two-active-jobs-per-host')) return;
    const read = this.read(task.envelope);
    if (!read.ok) return this.refuse(task, read.failure);
    const { plan } = read;
    const known = this.disk.journal.get(plan.planId);
    if (known !== undefined) return known.state === 'finished' ? this.send(known) : this.goOn(known);
    const highestSequence = mutants.has('replayed-plan-accepted') ? 0 : this.disk.highestSequence;
    const refusal = admitPlan(plan, task, { now: this.ownNow, highestSequence });
    if (refusal !== null) return this.refuse(task, refusal);
    const entry: JournalEntry = {
      plan,
      acceptedAt: this.ownNow,
      startedAt: null,
      hooks: [],
      state: 'accepted',
      before: new Map(),
      bootIdBefore: this.bootId,
      failedBefore: this.serviceDown || this.ailing,
      result: null,
      acknowledged: false,
      cancelled: false,
      healed: [],
    };
    this.write(() => {
      this.disk.journal.set(plan.planId, entry);
      if (!mutants.has('sequence-not-persisted')) this.disk.highestSequence = Math.max(this.disk.highestSequence, plan.sequence);
    }, 'no-fsync-of-intent');
    witness.planAccepted(this.id, plan, this.nowMs);
    this.goOn(entry);
  }

  /** Power goes: what was only in memory is gone, and packages may be half done. */
  powerCut(backAfterMs: number) {
    if (!this.up) return;
    if (this.applying !== null) this.broken = true;
    this.applying = null;
    this.loseUnsynced();
    this.#die();
    this.up = false;
    this.parts.timeline.after(backAfterMs, () => this.#boot());
  }

  killAgent(backAfterMs: number) {
    if (!this.agentUp || !this.up) return;
    this.#die();
    this.agentUp = false;
    this.parts.timeline.after(backAfterMs, () => {
      this.agentUp = true;
      if (this.up) this.#startAgent();
    });
  }

  protected restart() {
    this.#die();
    this.up = false;
    this.parts.timeline.after(this.takes(60, 240) * SECOND_MS, () => this.#boot());
  }

  #inHand({ jobId, attempt }: TaskForHost): JournalEntry | undefined {
    const ids = [...(this.running === null ? [] : [this.running]), ...this.aside];
    return [...ids.map(id => this.disk.journal.get(id)), ...this.leftOpen].find(
      entry => entry?.plan.jobId === jobId && entry.plan.attempt === attempt,
    );
  }

  #die() {
    this.life += 1;
    this.running = null;
    this.aside.clear();
    this.leftOpen = [];
  }

  #boot() {
    if (this.up) return;
    this.up = true;
    if (this.parts.mutants.has('agent-not-enabled')) this.agentUp = false;
    this.needsReboot = false;
    // What a hook has prepared does not outlive a boot; that the host is out of service does.
    this.prepared.clear();
    this.bootId += 1;
    this.bootedAtMs = this.nowMs;
    this.life += 1;
    if (this.agentUp) this.#startAgent();
  }

  /** Whoever has switched it off switches it on again. */
  comeBack(): void {
    this.#boot();
  }

  /** Open entries first, in the agent's own order, then the server is asked. */
  #startAgent() {
    const { life } = this;
    this.beginNewRun();
    const entries = [...this.disk.journal.values()];
    for (const entry of entries) if (entry.state === 'finished') this.send(entry);
    this.leftOpen = inOrder(entries.filter(entry => entry.state !== 'finished'));
    this.takeUpNext();
    this.parts.timeline.after(2 * SECOND_MS, () => this.checkIn(life));
  }
}
