import { command } from '../core/kernel/commands.ts';
import type { Result } from '../core/kernel/faults.ts';
import { counted } from '../core/kernel/words.ts';
import { preHooksBegun } from '../core/rollouts/hooks.ts';
import type { Permit } from '../core/rollouts/host-plan.ts';
import { transactionDifferences } from '../core/verification/transaction-difference.ts';
import { beforeRows, isCompliant, transactionStatus } from '../core/verification/transaction-status.ts';
import type { ManagerProblem, Simulation } from '../plugins/package-managers/spec.ts';
import { PROBES } from '../plugins/probes/catalog.ts';
import { perform } from '../plugins/transports/spec.ts';
import { onPermitReply } from './decide.ts';
import { makeJobsFolder } from './host-unit.ts';
import { failure, type JobContext, type Stop, stop } from './job-context.ts';
import { otherBoot } from './settle.ts';
import { TURN_PAUSE_MS } from './turns.ts';

/** Everything before the point of no return: nothing here changes what is installed. Each answers null to go on. */

export async function precheck(job: JobContext): Promise<Stop | null> {
  job.log.start('precheck');
  job.rebootsBefore = job.parts.turn?.reboots() ?? 0;
  const { transport } = job.parts;
  const { manager } = job;
  if (!transport.canBeRoot) return stop(failure('precheck', 'there is no way to root on this host: give the user sudo', 'no-root'));
  if (!(await makeJobsFolder(transport)))
    return stop(failure('precheck', 'the folder for the job’s output could not be made on the host', 'state-folder'));
  const packages = await job.packages();
  const status = transactionStatus(job.plan.transaction, packages);
  const system = await job.ask(PROBES.system.read());
  const services = await job.ask(PROBES.services.read());
  await job.record({
    before: beforeRows(status),
    bootIdBefore: system.ok ? system.value.bootId : null,
    failedUnitsBefore: services.ok ? services.value.filter(s => s.activeState === 'failed').map(s => s.unit) : null,
  });
  if (isCompliant(job.plan, status)) return { outcome: 'already-compliant' };

  const planned = new Set(job.plan.transaction.map(item => item.name));
  const held = packages.filter(p => p.held && planned.has(p.name)).map(p => p.name);
  if (held.length > 0)
    return stop(failure('held', `on hold: ${held.join(', ')}. A hold is the administrator’s word and is never lifted from here.`, ...held));
  const health = await job.ask(manager.health());
  // What the plan itself puts right (a rollback of the broken package) is no reason to refuse; a waiting trigger is run by any transaction.
  const broken = packages.filter(
    p => !planned.has(p.name) && (p.reinstallRequired || ['half-installed', 'unpacked', 'half-configured'].includes(p.state)),
  );
  if (!health.healthy && (broken.length > 0 || health.problems.includes('dpkg was interrupted'))) {
    return stop(
      failure(
        'package-database-broken',
        `the package database is not in order: ${health.problems.slice(0, 5).join('; ')}`,
        ...broken.map(p => p.name).slice(0, 3),
      ),
    );
  }
  const room = await spaceProblem(job, [
    { path: '/var', bytes: SPACE_FLOOR },
    { path: '/usr', bytes: SPACE_FLOOR },
  ]);
  if (room) return room;
  const locked = await waitForLock(job);
  if (locked) return locked;
  job.log.done('the host can be patched');
  return null;
}

/** Below this no package operation is begun, whatever its size: dpkg writes its database anew for every step. */
const SPACE_FLOOR = 50_000_000;

async function spaceProblem(job: JobContext, needs: readonly { readonly path: string; readonly bytes: number }[]): Promise<Stop | null> {
  const measured = await perform(job.parts.transport, command(['df', '--output=target,avail', '-B1', '--', ...needs.map(n => n.path)]));
  const rows = measured.stdout
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/));
  const short = needs.flatMap((need, at) => {
    const [target, available] = rows[at] ?? [];
    return available !== undefined && Number(available) < need.bytes
      ? [`${need.path} (${target}) has ${megabytes(Number(available))} MB free and needs ${megabytes(need.bytes)} MB`]
      : [];
  });
  return short.length === 0 ? null : stop(failure('disk-space', short.join('; '), 'free'));
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1_000_000);

/** Another process at work is waited for, by name, and never ended. */
export async function waitForLock(job: JobContext): Promise<Stop | null> {
  const { settings } = job.parts;
  const { manager } = job;
  const until = Date.now() + settings.lockWaitSeconds * 1000;
  let said = '';
  let saidAtMs = 0;
  for (;;) {
    const lock = await job.ask(manager.lock());
    if (lock.state === 'free') return null;
    const holder = `${lock.holder}${lock.pid === null ? '' : ` (process ${lock.pid})`}`;
    if (holder !== said || Date.now() - saidAtMs >= settings.heartbeatSeconds * 1000) {
      job.log.note(`waiting for the package manager’s lock, held by ${holder}`);
      saidAtMs = Date.now();
    }
    said = holder;
    if (job.cancelled) return { outcome: 'cancelled' };
    if (Date.now() >= until || job.expired())
      return stop(
        failure(
          'package-manager-locked',
          `the package manager is in use by ${holder} for more than ${settings.lockWaitSeconds} seconds`,
          'lock',
        ),
      );
    await job.pause(2_000);
  }
}

/**
 * What the package manager would do now must be the approved set, item by item. The indexes are refreshed only when it is not: a plan names exact
 * versions, so indexes that know them are new enough, and a refresh costs a small host more processor time than the patch.
 */
export async function simulate(job: JobContext): Promise<Stop | null> {
  job.log.start('simulate');
  let simulation = await simulateOnce(job);
  if ('outcome' in simulation) {
    const refreshed = await withTries(job, () => job.ask(job.manager.refresh()), ['repository-unavailable', 'digest-mismatch']);
    if (!refreshed.ok) return stop(refreshed.problem);
    simulation = await simulateOnce(job);
    if ('outcome' in simulation) return simulation;
  }
  const room = await spaceProblem(job, job.manager.spaceNeeded(simulation));
  if (room) return room;
  job.log.done(
    `${counted(simulation.transaction.length, 'package')}, as approved${simulation.downloadBytes ? `; ${megabytes(simulation.downloadBytes)} MB to fetch` : ''}`,
  );
  return null;
}

export async function simulateOnce(job: JobContext, options = { sizes: true }): Promise<Simulation | Stop> {
  const status = transactionStatus(job.plan.transaction, await job.packages());
  const simulated = await job.ask(job.manager.simulate(job.request(), options));
  if (!simulated.ok) return stop(simulated.problem);
  const differences = transactionDifferences(status, simulated.value.transaction);
  if (differences.length === 0) return simulated.value;
  return stop(
    failure(
      'transaction-differs',
      `the host would do something else than was approved: ${differences.slice(0, 8).join('; ')}`,
      ...differences.slice(0, 2).map(d => d.split(' ').slice(0, 3).join(' ')),
    ),
  );
}

export async function download(job: JobContext): Promise<Stop | null> {
  job.log.start('download');
  let tried = 0;
  const fetched = await withTries(job, async () => {
    // An archive that is gone may have been replaced since the indexes were read; the simulation before apply sees that.
    if (tried++ > 0) await job.ask(job.manager.refresh());
    return job.ask(job.manager.download(job.request()));
  }, ['repository-unavailable', 'digest-mismatch']);
  if (!fetched.ok) return stop(fetched.problem);
  job.log.done(`${counted(fetched.value.files.length, 'archive')}, each as its signed index says`);
  return null;
}

/** A mirror that fails is asked again a few times: it is infrastructure, and nothing on the host has changed. */
async function withTries<T>(
  job: JobContext,
  attempt: () => Promise<Result<T, ManagerProblem>>,
  again: readonly ManagerProblem['class'][],
): Promise<Result<T, ManagerProblem>> {
  const { repositoryTries, repositoryPauseSeconds } = job.parts.settings;
  for (let tried = 1; ; tried++) {
    const result = await attempt();
    if (result.ok || !again.includes(result.problem.class) || tried >= repositoryTries || job.cancelled) return result;
    job.log.note(`${result.problem.message.split('\n')[0]} (try ${tried} of ${repositoryTries})`);
    await job.pause(repositoryPauseSeconds * 1000 * tried);
  }
}

/**
 * Asks for the right to disrupt until it comes, is finally refused, or the plan runs out. A server that cannot be reached is asked again. Returns with the
 * job's turn; between two questions another job of the host may have it. `rebooted`: one of them did, so what was prepared is to be prepared anew.
 */
export async function awaitPermit(job: JobContext, phase: Permit['phase']): Promise<Stop | 'rebooted' | null> {
  job.log.start(phase === 'apply' ? 'awaiting-permit' : 'reboot');
  let said = '';
  for (;;) {
    const given = await awaitTurn(job, phase);
    if (given) return given;
    if (phase === 'apply' && job.cancelled) return { outcome: 'cancelled' };
    if (phase === 'apply' && (job.parts.turn?.reboots() ?? 0) !== job.rebootsBefore) return 'rebooted';
    if (await isServedByOther(job)) {
      job.log.done('the reboot for the other rollout has served this one as well');
      return null;
    }
    if (job.expired()) return planEnded(job);
    const answer = await job.parts.gateway.permit(job.plan.jobId, job.plan.attempt, phase).catch((error: unknown) => ({
      permit: null,
      refused: { code: 'no-server', text: `the server cannot be reached: ${String(error)}`, retryAfterSeconds: 5, final: false },
    }));
    const next = onPermitReply(answer, job.plan, phase, job.parts.trust, job.parts.clock.now());
    if (next.do === 'cancel') return { outcome: 'cancelled' };
    if (next.do === 'fail') return stop(next.failure);
    if (next.do === 'go') {
      job.log.done(`permit to ${phase === 'apply' ? 'install' : 'reboot'}`);
      return null;
    }
    if (next.code === 'reboot-shared') job.sharesReboot = true;
    if (next.text !== said) job.log.note(next.text);
    said = next.text;
    // What an earlier process asked for may come yet: that reboot is to meet nobody else at work.
    if (job.entry.state !== 'rebooting') job.parts.turn?.pass();
    await job.pause(next.afterMs);
  }
}

const planEnded = (job: JobContext): Stop =>
  stop(failure('permit-refused', `the plan ended ${job.plan.notAfter} before a permit came`, 'plan-ended'));

/**
 * Before the server is asked, not after: a permit that another job keeps from being used would hold the whole host. A job that has nothing to undo need not
 * have its turn to end: the other one may be on a host that does not come back.
 */
async function awaitTurn(job: JobContext, phase: Permit['phase']): Promise<Stop | null> {
  const mayEnd = phase === 'apply' && !preHooksBegun(job.entry);
  const { turn, settings } = job.parts;
  let saidAtMs = Date.now();
  while (turn?.take() === false) {
    if (Date.now() - saidAtMs >= settings.heartbeatSeconds * 1000) {
      job.log.note('another job is at work on this host');
      saidAtMs = Date.now();
    }
    if (mayEnd && job.cancelled) return { outcome: 'cancelled' };
    if (mayEnd && job.expired()) return planEnded(job);
    await job.pause(TURN_PAUSE_MS);
  }
  return null;
}

/** As the agent does, which a reboot ends: the job that asked for the reboot comes first, then those that waited for it. No permit is needed for what is done. */
async function isServedByOther(job: JobContext): Promise<boolean> {
  return job.sharesReboot && (await otherBoot(job));
}
