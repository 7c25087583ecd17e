import { transactionStatus } from '../core/verification/transaction-status.ts';
import type { ChangeCommand } from '../plugins/package-managers/spec.ts';
import { forgetUnit, hostUnit, startUnit, type UnitState, unitOutput, unitState, wasStarted, watchUnit } from './host-unit.ts';
import { failure, type JobContext, JobLeft, type Stop, stop } from './job-context.ts';

/** The repairs of one job: configure, unpack again, configure, fix, and one more for safety. */
const REPAIRS_MAX = 6;

/** Writes the intent, then starts: after a crash between the two the unit's absence shows that nothing was begun. */
export async function apply(job: JobContext): Promise<Stop | null> {
  const change = job.manager.apply(job.request());
  await job.record({ state: 'started', startedAt: job.parts.clock.now(), steps: [change.step] });
  job.log.start('apply');
  const unit = hostUnit(job.plan.jobId, job.plan.attempt, change.step);
  const started = await startUnit(job.parts.transport, unit, change, job.systemd);
  if (typeof started === 'object' && !(await wasStarted(job.parts.transport, unit))) {
    await job.record({ startedAt: null });
    return stop(failure('precheck', `the package manager could not be started: ${started.problem}`, 'unit'));
  }
  return afterApply(job);
}

/** Start and watch one changing program. A unit that exists already is watched, never started a second time. */
async function runChange(job: JobContext, change: ChangeCommand): Promise<UnitState> {
  const unit = hostUnit(job.plan.jobId, job.plan.attempt, change.step);
  const started = await startUnit(job.parts.transport, unit, change, job.systemd);
  if (typeof started === 'object') {
    job.log.note(`${change.step} could not be started: ${started.problem}`);
    return { state: 'absent', pid: 0, code: null, killed: false };
  }
  return watch(job, change.step);
}

/** Follows one unit of the job to its end, and lets the server know that the host is alive meanwhile. Still `running` when `seconds` are over. */
export async function watch(job: JobContext, step: string, seconds = job.parts.settings.applySeconds): Promise<UnitState> {
  const { transport, settings, signal } = job.parts;
  const unit = hostUnit(job.plan.jobId, job.plan.attempt, step);
  let quietSince = Date.now();
  const heartbeat = setInterval(() => {
    if (Date.now() - quietSince >= settings.heartbeatSeconds * 1000) job.log.note(`${step} is still at work`);
  }, settings.heartbeatSeconds * 1000);
  try {
    const end = await watchUnit(transport, unit, job.systemd, {
      seconds,
      signal,
      onOutput: text => {
        quietSince = Date.now();
        job.log.output(text);
      },
    });
    if (end === 'left') throw new JobLeft();
    if (end === 'timed-out') return { state: 'running', pid: 0, code: null, killed: false };
    return end;
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * From here on the host is observed. Also the way back in after a crash: `apply` may run still, may have ended, or may be forgotten by a reboot.
 * null: every planned version is in place.
 */
export async function afterApply(job: JobContext): Promise<Stop | null> {
  const { transport, settings } = job.parts;
  const unit = hostUnit(job.plan.jobId, job.plan.attempt, 'apply');
  let ended = await unitState(transport, unit, job.systemd);
  if (ended.state === 'running') ended = await watch(job, 'apply');
  if (ended.state === 'running')
    return stop(failure('timed-out', `the transaction runs longer than ${settings.applySeconds} seconds; it was not ended`, 'apply'));
  const otherBoot = (await currentBootId(job)) !== job.entry.bootIdBefore;
  // After another boot the file may be lost although the program had begun: only the same boot proves that it never was.
  if (ended.state === 'absent' && !otherBoot && !(await wasStarted(transport, unit))) return neverBegun(job);
  const output = await unitOutput(transport, unit);
  const interrupted = ended.killed || (ended.state === 'absent' && otherBoot);
  if (interrupted)
    job.log.note(ended.killed ? 'the package manager was ended by a signal' : 'the host was restarted while packages were being installed');
  const repairing = await repair(job);
  if (repairing === 'running') return stop(failure('timed-out', 'a repair of the package database runs on; it was not ended', 'repair'));
  await forgetUnit(transport, unit, job.systemd);
  return judge(job, output, ended.code, interrupted);
}

async function currentBootId(job: JobContext): Promise<string | null> {
  const read = await job.parts.transport.readFile('/proc/sys/kernel/random/boot_id', 100);
  return read === null ? null : Buffer.from(read).toString().trim();
}

/** What the package database shows decides; the output only says whom to blame when it is not as planned. */
async function judge(job: JobContext, output: string, code: number | null, interrupted: boolean): Promise<Stop | null> {
  const status = transactionStatus(job.plan.transaction, await job.packages());
  if (status.every(s => s.inPlace)) {
    job.log.done(
      job.entry.healed.length === 0
        ? 'every planned version is installed'
        : `every planned version is installed, after ${job.entry.healed.join(', ')}`,
    );
    return null;
  }
  const wrong = status
    .filter(s => !s.inPlace)
    .map(s => `${s.item.name} is ${s.version ?? 'not installed'}${s.halfDone ? ` (${s.state})` : ''}`);
  const standing = wrong.slice(0, 10).join('; ');
  const said = job.manager.problemOf(output);
  if (said?.class === 'install-failed' && !interrupted) return stop({ ...said, message: `${said.message}\n${standing}`.slice(0, 2000) });
  const health = await job.ask(job.manager.health());
  if (!health.healthy)
    return stop(
      failure(
        'needs-human',
        `the package database could not be repaired: ${health.problems.slice(0, 5).join('; ')}`,
        ...status.filter(s => s.halfDone).map(s => s.item.name),
      ),
    );
  if (interrupted)
    return stop(failure('interrupted', `installation was interrupted; the package database is in order again, but ${standing}`, 'apply'));
  return stop(said ?? failure('install-failed', `the package manager ended with code ${code}, and ${standing}`, 'unknown'));
}

/** Intent was written, and then this process ended before it could start the unit. Nothing was changed; the plan is not begun a second time. */
async function neverBegun(job: JobContext): Promise<Stop> {
  await job.record({ startedAt: null });
  return stop(failure('interrupted', 'the agent stopped before the package manager was started; nothing was changed', 'before-apply'));
}

/** The heal ladder (security.md 4.4): each rung is its own unit, and what is observed between them decides whether there is a next one. */
async function repair(job: JobContext): Promise<'running' | 'done'> {
  const { transport } = job.parts;
  const last = job.entry.steps.at(-1)!;
  if (last !== 'apply' && (await unitState(transport, hostUnit(job.plan.jobId, job.plan.attempt, last), job.systemd)).state === 'running')
    await watch(job, last);
  for (let count = 0; count < REPAIRS_MAX; count++) {
    const packages = await job.packages();
    const tried = job.entry.steps.slice(1).map(step => step.replace(/-\d+$/, ''));
    const next = await job.ask(job.manager.repair({ packages, request: job.request(), tried }));
    if (next === null) return 'done';
    const step = `${next.step}-${job.entry.steps.length}`;
    job.log.note(`repairing: ${next.title}`);
    await job.record({ steps: [...job.entry.steps, step], healed: [...job.entry.healed, next.title] });
    const ended = await runChange(job, { ...next, step });
    if (ended.state === 'running') return 'running';
    await forgetUnit(transport, hostUnit(job.plan.jobId, job.plan.attempt, step), job.systemd);
  }
  return 'done';
}
