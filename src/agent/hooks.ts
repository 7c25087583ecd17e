import { epochMs } from '../core/kernel/instants.ts';
import { counted } from '../core/kernel/words.ts';
import {
  HOOKS_FOLDER,
  type HookBegun,
  type HookOutcome,
  missingHooks,
  nextPostHook,
  nextPreHook,
  passedPostHooks,
} from '../core/rollouts/hooks.ts';
import type { HookRun, HookSpec } from '../core/rollouts/host-plan.ts';
import type { Failure } from '../core/verification/host-verdict.ts';
import { PROBES } from '../plugins/probes/catalog.ts';
import { HOST_ENVIRONMENT } from '../plugins/transports/spec.ts';
import { watch } from './apply.ts';
import { forgetUnit, hostUnit, startUnit, unitOutput, unitState } from './host-unit.ts';
import { failure, type JobContext, type Stop, stop } from './job-context.ts';

/**
 * The host's own programs around a transaction; which of them run, and when again, is decided in core/rollouts/hooks.ts. They may run more than once: whoever
 * offers one makes it idempotent. An earlier run that has not ended is waited for, so two of one job never run at once.
 */
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

/** null to go on. Every one of them has to end with 0. */
export async function preHooks(job: JobContext): Promise<Stop | null> {
  const hooks = hooksOf(job, 'pre');
  if (hooks.length === 0) return null;
  job.log.start('pre-hook');
  await waitForEarlier(job);
  const ended: HookRun[] = [];
  let step = nextPreHook(hooks, ended);
  for (; step.do === 'run'; step = nextPreHook(hooks, ended)) {
    if (job.cancelled) return { outcome: 'cancelled' };
    ended.push(await runHook(job, step.hook, 'planned'));
  }
  if (step.do === 'stop') {
    const [run] = step.failed;
    return stop(failure('pre-hook-failed', runText(run!), run!.name, run!.outcome));
  }
  job.log.done(`${counted(hooks.length, 'pre-hook has', 'pre-hooks have')} ended well`);
  return null;
}

/** null when all ended well. */
export async function postHooks(job: JobContext, outcome: 'verified' | 'untouched'): Promise<Failure | null> {
  const hooks = hooksOf(job, 'post');
  if (hooks.length === 0) return null;
  job.log.start('post-hook');
  await waitForEarlier(job);
  const before = passedPostHooks(job.entry, outcome);
  const ended: HookRun[] = [];
  let step = nextPostHook(hooks, before, ended);
  for (; step.do === 'run'; step = nextPostHook(hooks, before, ended)) ended.push(await runHook(job, step.hook, outcome));
  if (step.do === 'stop')
    return failure(
      'post-hook-failed',
      step.failed.map(runText).join('\n').slice(0, 2_000),
      ...step.failed.slice(0, 3).map(run => run.name),
    );
  job.log.done(`${counted(hooks.length, 'post-hook has', 'post-hooks have')} ended well`);
  return null;
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
