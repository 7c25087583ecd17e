import { onPermitReply, rebootProblem } from '../agent/decide.ts';
import { SECOND_MS } from '../core/kernel/instants.ts';
import { preHooksBegun, undoesHooks } from '../core/rollouts/hooks.ts';
import type { FailureClass, HostPlan, JobResult } from '../core/rollouts/host-plan.ts';
import { hostVerdict } from '../core/verification/host-verdict.ts';
import { isCompliant } from '../core/verification/transaction-status.ts';
import { HostHooks } from './host-hooks.ts';
import { type JournalEntry, resultOf } from './host-journal.ts';
import { BROKEN_BY_SCRIPT } from './machine.ts';
import type { PermitAnswer } from './server.ts';

const ANSWER_MS = 30 * SECOND_MS;
const HEARTBEAT_MS = 60 * SECOND_MS;

/**
 * One job on the host, step by step: what follows from a permit's answer, the comparison of transactions and the verdict are the agent's and core's own
 * code. Each step can be cut short by the same deaths, and is taken up again from what the journal says.
 */
export abstract class HostSteps extends HostHooks {
  protected abstract restart(): void;

  /** Before the point of no return at once, after it never. */
  protected cancel(entry: JournalEntry) {
    entry.cancelled = true;
    // Between its hooks it looks by itself.
    const inHooks = preHooksBegun(entry) && this.running === entry.plan.planId;
    if (entry.state === 'accepted' && !this.isChanging(entry) && !inHooks) this.#finish(entry, 'cancelled', null, '', false);
  }

  /** Takes a plan up, or up again, from what its journal says; never from what it was about to do. */
  protected goOn(entry: JournalEntry) {
    this.running = entry.plan.planId;
    this.aside.delete(entry.plan.planId);
    if (entry.state === 'accepted') return this.#precheck(entry);
    if (entry.state === 'rebooting') return this.#verify(entry);
    const { applying } = this;
    // What apt began goes on in a unit of its own when only the agent was killed.
    if (applying !== null && this.isChanging(entry) && applying.endsAtMs > this.nowMs)
      return this.later((applying.endsAtMs - this.nowMs) / SECOND_MS + 1, () => this.#afterApply(entry));
    this.#afterApply(entry);
  }

  /** As the agent's desk: with what was left open, as soon as nothing is at work. */
  protected takeUpNext() {
    if (this.running !== null) return;
    const next = this.leftOpen.shift();
    if (next !== undefined) this.goOn(next);
  }

  /** It waits with its reboot; another job may begin beside it. */
  #stepAside({ plan }: JournalEntry) {
    if (this.running !== plan.planId) return;
    this.running = null;
    this.aside.add(plan.planId);
    this.parts.witness.changeWaits(this, plan, this.nowMs);
    this.takeUpNext();
  }

  #precheck(entry: JournalEntry) {
    this.say(entry, 'precheck');
    this.later(this.takes(1, 3), () => {
      if (this.isOver(entry)) return;
      // What apt is doing for an earlier life of the agent holds the lock.
      if (this.applying !== null) return this.later(10, () => this.#precheck(entry));
      if (isCompliant(entry.plan, this.status(entry.plan))) return this.#finish(entry, 'already-compliant', null, '', false);
      if (this.broken) return this.#finish(entry, 'failed', 'package-database-broken', 'dpkg was interrupted', false);
      if (this.diskFull) return this.#finish(entry, 'failed', 'disk-space', 'the disk is full', false);
      if (this.lockHeld)
        return this.later(this.takes(20, 60), () => {
          if (this.isOver(entry)) return;
          if (this.lockHeld) this.#finish(entry, 'failed', 'package-manager-locked', 'the lock is held', false);
          else this.#stage(entry);
        });
      this.#stage(entry);
    });
  }

  #stage(entry: JournalEntry) {
    this.say(entry, 'simulate');
    const differences = this.differences(entry.plan);
    if (differences.length > 0) return this.#finish(entry, 'failed', 'transaction-differs', differences.join('; '), false);
    this.later(this.takes(2, 20), () => {
      if (this.isOver(entry)) return;
      this.say(entry, 'download');
      const { mirror } = this.parts.surroundings;
      if (mirror === 'down')
        return this.later(this.takes(10, 60), () => {
          if (!this.isOver(entry)) this.#finish(entry, 'failed', 'repository-unavailable', 'the mirror does not answer', false);
        });
      // The digest of each archive is compared with what its signed index says.
      this.genuine = mirror !== 'corrupt';
      if (!this.genuine) return this.#finish(entry, 'failed', 'digest-mismatch', 'other bytes than were signed', false);
      this.later(this.takes(1, 10), () => {
        if (!this.isOver(entry)) this.#awaitPermit(entry, 'apply');
      });
    });
  }

  #awaitPermit(entry: JournalEntry, phase: 'apply' | 'reboot') {
    this.say(entry, phase === 'apply' ? 'awaiting-permit' : 'reboot');
    this.#ask(entry, phase);
  }

  #ask(entry: JournalEntry, phase: 'apply' | 'reboot') {
    const { plan } = entry;
    if (phase === 'apply' && entry.cancelled) return this.#finish(entry, 'cancelled', null, '', false);
    if (this.ownNow >= plan.notAfter) return this.#notPermitted(entry, phase, 'the plan ended before a permit came');
    let heard = false;
    this.call(
      () => this.parts.server.requestPermit(this.id, plan, phase, this.nowMs, this.nowMs + this.clockSkewMs, this.sharesReboots),
      reply => {
        if (heard) return;
        heard = true;
        this.#answered(entry, phase, reply);
      },
    );
    this.later(ANSWER_MS / SECOND_MS, () => {
      if (heard || this.isOver(entry)) return;
      heard = true;
      this.#ask(entry, phase);
    });
  }

  #answered(entry: JournalEntry, phase: 'apply' | 'reboot', reply: PermitAnswer) {
    if (this.isOver(entry)) return;
    const next = onPermitReply(reply, entry.plan, phase, this.trust, this.ownNow);
    if (next.do === 'ask-again' && next.code === 'reboot-shared') this.#stepAside(entry);
    if (next.do === 'ask-again') return this.later(next.afterMs / SECOND_MS, () => this.isOver(entry) || this.#ask(entry, phase));
    if (next.do === 'fail') return this.#notPermitted(entry, phase, next.failure.message);
    if (next.do === 'cancel') return this.#finish(entry, 'cancelled', null, '', phase === 'reboot');
    if (phase === 'apply') return this.#apply(entry);
    const broken = rebootProblem(this.aside.has(entry.plan.planId), this.broken ? ['dpkg was interrupted'] : []);
    if (broken !== null && !this.parts.mutants.has('reboot-over-wreckage'))
      return this.#finish(entry, 'failed', broken.class, broken.message, true);
    this.#reboot(entry, true);
  }

  #notPermitted(entry: JournalEntry, phase: 'apply' | 'reboot', message: string) {
    this.#finish(entry, 'failed', 'permit-refused', message, phase === 'reboot');
  }

  #apply(entry: JournalEntry) {
    const { plan } = entry;
    const { mutants } = this.parts;
    // While the permit was waited for, others may have been at work: the set must still be the approved one.
    const differences = this.differences(plan);
    if (differences.length > 0 && !mutants.has('success-believed'))
      return this.#finish(entry, 'failed', 'transaction-differs', differences.join('; '), false);
    this.preHooks(
      entry,
      () => (entry.cancelled ? this.#finish(entry, 'cancelled', null, '', false) : this.#begin(entry)),
      run => this.#finish(entry, 'failed', 'pre-hook-failed', `pre-hook ${run.name}: ${run.outcome}`, false),
    );
  }

  #begin(entry: JournalEntry) {
    const { plan } = entry;
    const { mutants, timeline, witness } = this.parts;
    // Hooks take their time.
    const moved = preHooksBegun(entry) ? this.differences(plan) : [];
    if (moved.length > 0) return this.#finish(entry, 'failed', 'transaction-differs', moved.join('; '), false);
    const started = () => {
      entry.state = 'started';
      entry.startedAt = this.ownNow;
      entry.before = new Map(this.packages);
      entry.bootIdBefore = this.bootId;
    };
    const late = mutants.has('fsync-after-start');
    if (!late) started();
    this.say(entry, 'apply');
    witness.changeBegins(this, plan, this.nowMs);
    const seconds = this.takes(10, 90);
    this.applying = { planId: plan.planId, endsAtMs: this.nowMs + seconds * SECOND_MS };
    timeline.after(seconds * SECOND_MS, () => this.packagesDone(plan, entry));
    this.#heartbeat(entry);
    this.later(seconds + 1, () => {
      if (late) started();
      this.#afterApply(entry);
    });
  }

  #heartbeat(entry: JournalEntry) {
    this.later(HEARTBEAT_MS / SECOND_MS, () => {
      if (this.running !== entry.plan.planId || this.applying === null) return;
      this.say(entry, 'apply', 'note');
      this.#heartbeat(entry);
    });
  }

  /** Observes, repairs what a crash left, goes on; never runs the transaction a second time. */
  #afterApply(entry: JournalEntry) {
    const { plan } = entry;
    const { mutants } = this.parts;
    if (this.broken && entry.healed.length === 0) {
      // dpkg --configure -a, then the kept archives (security.md 4.4): nine times in ten that is enough.
      entry.healed.push('dpkg --configure -a');
      if (this.parts.random.chance(0.9)) this.repair(plan);
    }
    this.say(entry, 'restart');
    this.later(this.takes(1, 5), () => {
      const needed = this.needsReboot || mutants.has('reboot-for-nothing');
      // Another job's reboot has served this one as well.
      const always = plan.reboot === 'always' && this.bootId === entry.bootIdBefore;
      const wants = always || (plan.reboot === 'if-needed' && needed);
      const whole = !this.broken && isCompliant(plan, this.status(plan));
      if (!wants || (!whole && !mutants.has('reboot-before-verify'))) return this.#verify(entry);
      if (mutants.has('reboot-without-permit')) return this.#reboot(entry, false);
      this.#awaitPermit(entry, 'reboot');
    });
  }

  #reboot(entry: JournalEntry, permitted: boolean) {
    entry.state = 'rebooting';
    this.parts.witness.rebootBegins(this, permitted, entry.plan.reboot, this.nowMs);
    this.restart();
  }

  #verify(entry: JournalEntry) {
    this.say(entry, 'verify');
    this.later(this.takes(2, 10), () => {
      if (this.isOver(entry)) return;
      const { plan } = entry;
      if (this.broken) {
        const byScript = entry.healed.includes(BROKEN_BY_SCRIPT);
        return this.#finish(entry, 'failed', byScript ? 'install-failed' : 'needs-human', 'packages are half done', true);
      }
      const verdict = this.#verdict(plan, entry);
      if (verdict !== null && !this.parts.mutants.has('success-believed'))
        return this.#finish(entry, 'failed', verdict.class, verdict.message, true);
      const proven = () => this.#finish(entry, 'succeeded', null, '', true);
      if (this.parts.mutants.has('post-hooks-forgotten')) return proven();
      this.postHooks(entry, 'verified', proven, runs =>
        this.#finish(entry, 'failed', 'post-hook-failed', `post-hook ${runs[0]!.name}: ${runs[0]!.outcome}`, true),
      );
    });
  }

  #verdict(plan: HostPlan, entry: JournalEntry): ReturnType<typeof hostVerdict> {
    const [activeState, subState] = this.serviceDown || this.ailing ? ['failed', 'failed'] : ['active', 'running'];
    const unit = { unit: 'app.service', activeState, subState };
    const observed = { services: [unit], staleProcesses: [], mainPids: new Map(), reboot: null, bootId: String(this.bootId) };
    return hostVerdict(
      plan,
      { failedUnits: entry.failedBefore ? [unit.unit] : [], bootId: String(entry.bootIdBefore) },
      { status: this.status(plan), ...observed },
      { restartedUnits: [], rebootAsked: entry.state === 'rebooting' },
    );
  }

  /** Where nothing was changed, what pre-hooks did is undone first; an undoing that fails is graver than what stopped the job. */
  #finish(entry: JournalEntry, outcome: JobResult['outcome'], failureClass: FailureClass | null, message: string, touched: boolean) {
    const end = () => this.#write(entry, outcome, failureClass, message, touched);
    if (!undoesHooks(entry) || this.parts.mutants.has('hooks-not-undone')) return end();
    if (this.isOver(entry)) return;
    this.postHooks(entry, 'untouched', end, () =>
      this.#write(entry, 'failed', 'post-hook-failed', `${message}; the undoing failed`, touched),
    );
  }

  #write(entry: JournalEntry, outcome: JobResult['outcome'], failureClass: FailureClass | null, message: string, touched: boolean) {
    const { plan } = entry;
    const { witness } = this.parts;
    const { ownNow: now, bootId, broken, packages } = this;
    entry.result = resultOf(entry, { outcome, failureClass, message, touched, now, bootId, broken, packages });
    entry.state = 'finished';
    this.disk.journal.set(plan.planId, entry);
    if (this.running === plan.planId) this.running = null;
    this.aside.delete(plan.planId);
    if (touched) witness.changeEnds(this, plan, this.nowMs);
    witness.resultWritten(this, plan, { rebooted: this.bootId !== entry.bootIdBefore, touched, outcome, failureClass }, this.nowMs);
    this.send(entry);
    this.takeUpNext();
  }
}
