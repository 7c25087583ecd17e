import { JOB } from '../core/rollouts/job-states.ts';
import { isFinal } from '../core/rollouts/machine.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import { type ExploreOptions, firstState, isActive, isDisrupting, keyOf, renumbered, type State } from './explore-state.ts';
import { successors } from './explore-steps.ts';

export type { ExploreOptions } from './explore-state.ts';

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  readonly complete: boolean;
  readonly ends: number;
  readonly broken: { readonly rule: string; readonly path: readonly string[] } | null;
}

/**
 * Every order in which anything can happen to a small fleet: a canary and three hosts in two pairs, of which one member each must stay. The decisions are
 * the shipped functions; time is left out and every time-out is something that may happen now. Hosts may die at any point, messages may be lost or come
 * twice, permits may run out before they are used, a person may pause, resume and halt, the window may close.
 */
export function explore(options: ExploreOptions): Exploration {
  const start = firstState(options);
  const seen = new Map<string, { readonly from: string | null; readonly by: string }>([[keyOf(start), { from: null, by: 'start' }]]);
  let frontier: [string, State][] = [[keyOf(start), start]];
  let steps = 0;
  let ends = 0;
  while (frontier.length > 0) {
    const next: [string, State][] = [];
    for (const [key, state] of frontier) {
      const rule = brokenRule(state);
      if (rule !== null) return { states: seen.size, steps, complete: false, ends, broken: { rule, path: pathTo(seen, key) } };
      let moves = 0;
      for (const [by, after] of successors(state, options)) {
        steps += 1;
        const canonical = renumbered(after);
        const name = keyOf(canonical);
        if (name === key) continue;
        moves += 1;
        if (seen.has(name)) continue;
        if (seen.size >= options.statesMax) return { states: seen.size, steps, complete: false, ends, broken: null };
        seen.set(name, { from: key, by });
        next.push([name, canonical]);
      }
      if (moves > 0) continue;
      ends += 1;
      if (!isFinal(ROLLOUT, state.rollout) && state.rollout !== 'paused')
        return {
          states: seen.size,
          steps,
          complete: false,
          ends,
          broken: { rule: `L1: nothing can happen any more in ${state.rollout}`, path: pathTo(seen, key) },
        };
    }
    frontier = next;
  }
  return { states: seen.size, steps, complete: true, ends, broken: null };
}

function pathTo(seen: ReadonlyMap<string, { readonly from: string | null; readonly by: string }>, key: string): string[] {
  const path: string[] = [];
  for (let at: string | null = key; at !== null; at = seen.get(at)!.from) path.unshift(seen.get(at)!.by);
  return path;
}

/** The truth on the hosts, whatever the server thinks. */
function brokenRule(state: State): string | null {
  const changing = state.hosts.map(host => host.stage === 'changing');
  const atOnce = changing.filter(Boolean).length;
  if (state.permitAfterHalt) return 'I8: a permit was given while the rollout did not run';
  if (atOnce > state.rings[1]!.concurrency) return `S1: ${atOnce} hosts are changing at once`;
  for (let n = 0; n + 1 < state.hosts.length; n += 2)
    if (changing[n] && changing[n + 1]) return `S4: both members of pair ${n / 2} are changing`;
  const gateOpen = ['passed', 'skipped'].includes(state.rings[0]!.state);
  if (!gateOpen && changing.some((one, n) => one && n > 0)) return 'S3: a host beyond the canary is changing before the gate has passed';
  const canaryPassed = state.rings[0]!.state === 'passed';
  if (canaryPassed && state.jobs[0]!.state !== 'succeeded' && state.jobs[0]!.failureAcceptedBy === null)
    return `S3: the gate has passed and the canary is ${state.jobs[0]!.state}`;
  for (const [n, job] of state.jobs.entries()) {
    const host = state.hosts[n]!;
    if (job.state === 'succeeded' && host.outcome !== 'good') return `I6: ${job.hostId} counts as patched and is not`;
    if (host.stage === 'changing' && host.attempt === job.attempt && !isDisrupting(job) && !isFinal(JOB, job.state))
      return `S2: ${job.hostId} is changing while its job is ${job.state}`;
    if (host.stage === 'changing' && host.attempt < job.attempt)
      return `I1: ${job.hostId} changes for attempt ${host.attempt}, its job is at ${job.attempt}`;
  }
  if (isFinal(ROLLOUT, state.rollout) && state.jobs.some(isActive)) return `S9: ${state.rollout} while jobs are at work`;
  return null;
}
