import { MINUTE_MS, SECOND_MS } from '../core/kernel/instants.ts';
import { type HookBegun, type HookOutcome, type HookStep, nextPostHook, nextPreHook, passedPostHooks } from '../core/rollouts/hooks.ts';
import type { HookRun, HookSpec } from '../core/rollouts/host-plan.ts';
import { HostAgent } from './host-agent.ts';
import type { JournalEntry } from './host-journal.ts';

/** What the host's administrator offers. `drain` takes it out of service, `undrain` puts it back, `backup` copies something. */
export const OFFERED_HOOKS = ['drain', 'backup', 'undrain'] as const;

/** The host's own programs around a change: which run, and when again, is core's decision; how they end is the fault of the day. */
export abstract class HostHooks extends HostAgent {
  /** A hook goes on in a unit of its own when only the agent was killed. */
  #hookEndsAtMs = 0;

  protected preHooks(entry: JournalEntry, goOn: () => void, stopped: (failed: HookRun) => void): void {
    const { hooks = [] } = entry.plan;
    const resumed = this.parts.mutants.has('pre-hooks-kept-over-crash') ? ended(entry.hooks, 'pre') : [];
    this.#walk(
      entry,
      'planned',
      resumed,
      runs => nextPreHook(hooks, this.#believed(runs)),
      goOn,
      failed => stopped(failed[0]!),
    );
  }

  protected postHooks(
    entry: JournalEntry,
    outcome: 'verified' | 'untouched',
    done: () => void,
    failed: (runs: readonly HookRun[]) => void,
  ): void {
    const { hooks = [] } = entry.plan;
    const before = passedPostHooks({ hooks: entry.hooks, startedAt: entry.startedAt }, outcome);
    this.#walk(entry, outcome, [], runs => nextPostHook(hooks, before, runs), done, failed);
  }

  #believed(runs: readonly HookRun[]): readonly HookRun[] {
    return this.parts.mutants.has('pre-hook-failure-ignored') ? runs.map(run => ({ ...run, outcome: 'passed' as const })) : runs;
  }

  #walk(
    entry: JournalEntry,
    outcome: HookOutcome,
    runs: readonly HookRun[],
    next: (runs: readonly HookRun[]) => HookStep,
    done: () => void,
    failed: (runs: readonly HookRun[]) => void,
  ): void {
    const step = next(runs);
    const again = (): void => this.#walk(entry, outcome, runs, next, done, failed);
    if (step.do === 'stop') failed(step.failed);
    else if (step.do === 'done' || (outcome === 'planned' && entry.cancelled)) done();
    else if (this.nowMs < this.#hookEndsAtMs) this.later((this.#hookEndsAtMs - this.nowMs) / SECOND_MS, again);
    if (step.do !== 'run' || (outcome === 'planned' && entry.cancelled) || this.nowMs < this.#hookEndsAtMs) return;
    if (runs.length === 0) this.say(entry, outcome === 'planned' ? 'pre-hook' : 'post-hook');
    this.#run(entry, step.hook, run => {
      if (!this.isOver(entry)) this.#walk(entry, outcome, [...runs, run], next, done, failed);
    });
  }

  /** Its beginning is written before it begins, its end after it has ended. */
  #run(entry: JournalEntry, { phase, name, timeoutSeconds }: HookSpec, then: (run: HookRun) => void): void {
    const begun: HookBegun = { phase, name, begunAt: this.ownNow, run: null };
    const at = entry.hooks.push(begun) - 1;
    const outcome = this.#howItEnds();
    const seconds = outcome === 'refused' ? 0 : outcome === 'timed-out' ? timeoutSeconds : this.takes(1, timeoutSeconds * 0.8);
    this.#hookEndsAtMs = this.nowMs + seconds * SECOND_MS;
    const { bootId } = this;
    this.parts.timeline.after(seconds * SECOND_MS, () => {
      if (this.up && this.bootId === bootId && outcome !== 'refused') this.#takesEffect(entry.plan.planId, name, outcome);
    });
    this.later(seconds + 0.1, () => {
      const run: HookRun = { phase, name, outcome, code: outcome === 'passed' ? 0 : 1, seconds, output: '' };
      entry.hooks[at] = { ...begun, run };
      then(run);
    });
  }

  #howItEnds(): HookRun['outcome'] {
    return this.hookTrouble === 'none' ? 'passed' : this.hookTrouble;
  }

  /** One that does not end well may have done its work all the same. */
  #takesEffect(planId: string, name: string, outcome: HookRun['outcome']): void {
    if (outcome !== 'passed' && this.parts.random.chance(0.5)) {
      if (name === 'drain') this.outOfServiceFor = planId;
      return;
    }
    if (name === 'drain') this.outOfServiceFor = planId;
    if (name === 'undrain') {
      this.outOfServiceFor = null;
      this.prepared.clear();
    } else if (outcome === 'passed') this.prepared.add(name);
  }
}

function ended(begun: readonly HookBegun[], phase: HookSpec['phase']): HookRun[] {
  return begun.flatMap(({ run }) => (run !== null && run.phase === phase && run.outcome === 'passed' ? [run] : []));
}

/** Both of its longest together end well before a permit has run out. */
export const HOOK_SECONDS = (2 * MINUTE_MS) / SECOND_MS;
