import { isFinal } from '../core/kernel/machine.ts';
import { JOB } from '../core/rollouts/job-states.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import { StateCode } from './explore-code.ts';
import { type ExploreOptions, firstState, isActive, isDisrupting, type State } from './explore-state.ts';
import { successors } from './explore-steps.ts';
import { StateTable } from './explore-table.ts';

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
  const stride = options.hosts + 1;
  const code = new StateCode(start);
  const table = new StateTable(stride);
  const labels: string[] = [];
  const labelIds = new Map<string, number>();
  const row = new Uint16Array(stride);
  const next = new Uint16Array(stride);
  code.encode(start, row, null, row);
  table.add(row, -1, 0);
  let steps = 0;
  let ends = 0;
  const done = (complete: boolean, at: number, rule: string | null): Exploration => ({
    states: table.size,
    steps,
    complete,
    ends,
    broken: rule === null ? null : { rule, path: table.pathTo(at).map(id => labels[id]!) },
  });
  for (let at = 0; at < table.size; at++) {
    table.read(at, row);
    const state = code.decode(row);
    const rule = brokenRule(state);
    if (rule !== null) return done(false, at, rule);
    let moves = 0;
    for (const [by, after] of successors(state, options)) {
      steps += 1;
      code.encode(after, next, state, row);
      if (equal(next, row)) continue;
      moves += 1;
      let label = labelIds.get(by);
      if (label === undefined) {
        label = labels.push(by) - 1;
        labelIds.set(by, label);
      }
      if (table.add(next, at, label) && table.size >= options.statesMax) return done(false, at, null);
    }
    if (moves > 0) continue;
    ends += 1;
    if (!isFinal(ROLLOUT, state.rollout) && state.rollout !== 'paused')
      return done(false, at, `L1: nothing can happen any more in ${state.rollout}`);
  }
  return done(true, 0, null);
}

function equal(a: Uint16Array, b: Uint16Array): boolean {
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
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
