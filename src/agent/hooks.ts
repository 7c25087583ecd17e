import { epochMs } from '../core/kernel/instants.ts';
import { counted } from '../core/kernel/words.ts';
import { HOOKS_FOLDER, missingHooks } from '../core/rollouts/hooks.ts';
import type { HookRun, HookSpec } from '../core/rollouts/host-plan.ts';
import type { Failure } from '../core/verification/host-verdict.ts';
import { PROBES } from '../plugins/probes/catalog.ts';
import { HOST_ENVIRONMENT } from '../plugins/transports/spec.ts';
import { watch } from './apply.ts';
import { forgetUnit, hostUnit, startUnit, unitOutput, unitState } from './host-unit.ts';
import { failure, type JobContext, type Stop, stop } from './job-context.ts';
import type { HookBegun, JournalEntry } from './journal.ts';

/**
 * The host's own programs around a transaction. They may run more than once: whoever offers one makes it idempotent.
 * - Pre-hooks run in order once the permit is there, right before the package manager starts. When the job is taken up again before that start, all of them
 *   run again: what they prepared may not have outlived the crash.
 * - Post-hooks run in order when the host is verified. One whose good end is in the journal is not run again; one that was under way is.
 * - When nothing was changed in the end although pre-hooks had begun, all post-hooks run as well, so that a host that was taken out of service comes back.
 *   After a change that failed none runs: such a host is not put back into service unseen.
 * An earlier run that has not ended is waited for, so two of one job never run at once.
 */
export type HookOutcome = 'planned' | 'verified' | 'untouched';

/** What is kept of a hook's output on the host; the rest is read and thrown away, so that no hook fills a disk. */
const OUTPUT_BYTES = 65_536;
/** Of that, in the result. */
const RESULT_CHARS = 2_000;
/** After its time a hook gets TERM, then KILL; the unit ends whatever it has left behind. */
const KILL_AFTER_SECONDS = 10;
const GRACE_SECONDS = 20;

/** Constant text: seconds and path come as arguments. The last bytes of output are kept in memory and written at the end. */
const BOUNDED = `set -o pipefail; timeout --kill-after=${KILL_AFTER_SECONDS} -- "$0" "$1" 2>&1 | tail -c ${OUTPUT_BYTES}`;
export function boundedArgv(seconds: number, path: string): string[] {
  return ['bash', '-c', BOUNDED, String(seconds), path];
}

/** timeout(1): the time was over; and 128 + 9, when TERM did not end it. */
const TIMED_OUT: readonly (number | null)[] = [124, 137];

export function hooksOf(job: JobContext, phase: HookSpec['phase']): readonly HookSpec[] {
  return (job.plan.hooks ?? []).filter(hook => hook.phase === phase);
}

export function preHooksBegun(entry: JournalEntry): boolean {
  return (entry.hooks ?? []).some(hook => hook.phase === 'pre');
}

/** What is told of them: the last run of each, in the order of the plan. */
export function hookRuns(job: JobContext): HookRun[] {
  const last = new Map((job.entry.hooks ?? []).flatMap(begun => (begun.run === null ? [] : [[`${begun.phase} ${begun.name}`, begun.run]])));
  return [...last.values()];
}

/** null to go on. Every one of them has to end with 0. */
export async function preHooks(job: JobContext): Promise<Stop | null> {
  const hooks = hooksOf(job, 'pre');
  if (hooks.length === 0) return null;
  job.log.start('pre-hook');
  await waitForEarlier(job);
  for (const hook of hooks) {
    if (job.cancelled) return { outcome: 'cancelled' };
    const run = await runHook(job, hook, 'planned');
    if (run.outcome !== 'passed') return stop(failure('pre-hook-failed', runText(run), run.name, run.outcome));
  }
  job.log.done(`${counted(hooks.length, 'pre-hook has', 'pre-hooks have')} ended well`);
  return null;
}

/** All of them run, also after one that failed: each may put something back that the others do not. null when all ended well. */
export async function postHooks(job: JobContext, outcome: 'verified' | 'untouched'): Promise<Failure | null> {
  const hooks = hooksOf(job, 'post');
  if (hooks.length === 0) return null;
  job.log.start('post-hook');
  await waitForEarlier(job);
  const ended = new Set(outcome === 'verified' ? passed(job.entry) : []);
  const failed: HookRun[] = [];
  for (const hook of hooks) {
    if (ended.has(hook.name)) continue;
    const run = await runHook(job, hook, outcome);
    if (run.outcome !== 'passed') failed.push(run);
  }
  if (failed.length > 0)
    return failure('post-hook-failed', failed.map(runText).join('\n').slice(0, 2_000), ...failed.slice(0, 3).map(run => run.name));
  job.log.done(`${counted(hooks.length, 'post-hook has', 'post-hooks have')} ended well`);
  return null;
}

/** Names of post-hooks that ended well after the transaction was begun. */
function passed({ hooks = [], startedAt }: JournalEntry): string[] {
  return hooks.flatMap(hook =>
    hook.phase === 'post' && hook.run?.outcome === 'passed' && startedAt !== null && hook.begunAt >= startedAt ? [hook.name] : [],
  );
}

function runText(run: HookRun): string {
  const how: Readonly<Record<HookRun['outcome'], string>> = {
    passed: 'ended well',
    failed: run.code === null ? 'was ended by a signal' : `ended with code ${run.code}`,
    'timed-out': `did not end within its ${run.seconds} seconds`,
    refused: 'was not run',
  };
  const said = run.output.trim().split('\n').slice(-5).join('\n').slice(-600);
  return `${run.phase}-hook ${run.name} ${how[run.outcome]}${said === '' ? '' : `: ${said}`}`;
}

const stepOf = (number: number) => `hook-${number}`;

/** The unit of a hook outlives a crash of whoever watched it. */
async function waitForEarlier(job: JobContext): Promise<void> {
  const begun = job.entry.hooks ?? [];
  const last = begun.at(-1);
  if (last === undefined || last.run !== null) return;
  const step = stepOf(begun.length - 1);
  const unit = hostUnit(job.plan.jobId, job.plan.attempt, step);
  if ((await unitState(job.parts.transport, unit, job.systemd)).state === 'running') {
    job.log.note(`${last.phase}-hook ${last.name} of the run before is still at work`);
    await watch(job, step, secondsOf(job, last) + KILL_AFTER_SECONDS + GRACE_SECONDS);
  }
  await forgetUnit(job.parts.transport, unit, job.systemd);
}

function secondsOf(job: JobContext, { phase, name }: Pick<HookSpec, 'phase' | 'name'>): number {
  return job.plan.hooks?.find(hook => hook.phase === phase && hook.name === name)?.timeoutSeconds ?? 0;
}

async function runHook(job: JobContext, hook: HookSpec, outcome: HookOutcome): Promise<HookRun> {
  const { transport, clock } = job.parts;
  const begun: HookBegun = { phase: hook.phase, name: hook.name, begunAt: clock.now(), run: null };
  const before = job.entry.hooks ?? [];
  const keep = async (run: HookRun): Promise<HookRun> => {
    await job.record({ hooks: [...before, { ...begun, run }] });
    job.log.note(runText(run).split('\n')[0]!);
    return run;
  };
  const offered = await job.ask(PROBES.hooks.read());
  const missing = missingHooks([hook], offered.ok ? offered.value : null);
  const refused = offered.ok ? `the host does not offer it: ${missing.join('')}` : offered.problem;
  if (missing.length > 0) return keep({ phase: hook.phase, name: hook.name, outcome: 'refused', code: null, seconds: 0, output: refused });

  await job.record({ hooks: [...before, begun] });
  const step = stepOf(before.length);
  const unit = hostUnit(job.plan.jobId, job.plan.attempt, step);
  const argv = [...environment(job, hook, outcome), ...boundedArgv(hook.timeoutSeconds, `${HOOKS_FOLDER}/${hook.name}`)];
  const started = await startUnit(transport, unit, { argv, step, title: `${hook.phase}-hook ${hook.name}` }, job.systemd, [
    `RuntimeMaxSec=${hook.timeoutSeconds + KILL_AFTER_SECONDS + GRACE_SECONDS}`,
    'KillMode=control-group',
  ]);
  if (typeof started === 'object')
    return keep({ phase: hook.phase, name: hook.name, outcome: 'refused', code: null, seconds: 0, output: started.problem });
  const ended = await watch(job, step, hook.timeoutSeconds + KILL_AFTER_SECONDS + 2 * GRACE_SECONDS);
  const output = await unitOutput(transport, unit, RESULT_CHARS);
  await forgetUnit(transport, unit, job.systemd);
  const late = ended.state === 'running' || ended.killed || TIMED_OUT.includes(ended.code);
  return keep({
    phase: hook.phase,
    name: hook.name,
    outcome: late ? 'timed-out' : ended.code === 0 ? 'passed' : 'failed',
    code: ended.code,
    seconds: late ? hook.timeoutSeconds : Math.max(0, Math.round((epochMs(clock.now()) - epochMs(begun.begunAt)) / 1000)),
    output,
  });
}

/** A closed list of words: nothing of the agent's or the login's environment, and nothing that anybody could have typed. */
function environment({ plan }: JobContext, { phase }: HookSpec, outcome: HookOutcome): string[] {
  const { PATH, LC_ALL, HOME } = HOST_ENVIRONMENT;
  const words = {
    PATH,
    LC_ALL,
    HOME,
    FETTLE_PHASE: phase,
    FETTLE_OUTCOME: outcome,
    FETTLE_ROLLOUT: plan.rolloutId,
    FETTLE_JOB: plan.jobId,
  };
  return ['env', '-i', '--chdir=/', ...Object.entries(words).map(([name, value]) => `${name}=${value}`)];
}
