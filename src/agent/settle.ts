import type { RebootFact } from '../core/inventory/snapshot.ts';
import { epochMs } from '../core/kernel/instants.ts';
import { counted } from '../core/kernel/words.ts';
import { hostVerdict, survivors } from '../core/verification/host-verdict.ts';
import { type ItemStatus, transactionStatus } from '../core/verification/transaction-status.ts';
import { PROBES, readKernel, readRebootRequired } from '../plugins/probes/catalog.ts';
import { TransportFault } from '../plugins/transports/spec.ts';
import { failure, type JobContext, type Stop, stop } from './job-context.ts';
import { AGENT_UNIT, hasSeatedSession, restartPlan } from './restart-units.ts';
import { type SmokeTestResult, smokeTest } from './smoke-test.ts';

/** What makes the installed versions effective, and the proof that they are. */

const CALL = { maxOutputBytes: 64_000, asRoot: true } as const;

/** Restarts what runs replaced files. A restart that fails is seen by the verification, with the unit's name. */
export async function restart(job: JobContext): Promise<{ readonly agentIsStale: boolean }> {
  if (job.plan.restart === 'never') return { agentIsStale: false };
  job.log.start('restart');
  const stale = await job.ask(PROBES.deletedMaps.read());
  if (!stale.ok) job.log.note(`processes with replaced files could not be read: ${stale.problem}`);
  const sessions = await job.parts.transport.run(['loginctl', 'list-sessions', '--no-legend', '--no-pager'], {
    ...CALL,
    timeoutMs: 10_000,
  });
  const replaced = new Set(job.plan.transaction.map(item => item.name));
  const plan = restartPlan(stale.ok ? stale.value : [], replaced, sessions.code === 0 && !hasSeatedSession(sessions.stdout));
  const timeoutMs = job.parts.settings.restartSeconds * 1000;
  if (plan.reexecute) {
    job.log.note('systemd itself runs replaced files: systemctl daemon-reexec');
    await job.parts.transport.run(['systemctl', 'daemon-reexec'], { ...CALL, timeoutMs });
  }
  for (const unit of plan.restart) {
    if (job.entry.restartedUnits.includes(unit)) continue;
    const done = await job.parts.transport.run(['systemctl', 'try-restart', '--no-ask-password', '--', unit], { ...CALL, timeoutMs });
    job.log.note(
      done.code === 0
        ? `restarted ${unit}`
        : `restart of ${unit}: ${done.stderr.trim().split('\n')[0] || (done.timedOut ? 'took too long' : `code ${done.code}`)}`,
    );
    await job.record({ restartedUnits: [...job.entry.restartedUnits, unit] });
  }
  for (const left of plan.leftAlone) job.log.note(`not restarted: ${left.name}, because ${left.reason}`);
  if (plan.restart.length > 0 || plan.reexecute) await job.pause(job.parts.settings.settleSeconds * 1000);
  job.log.done(plan.restart.length === 0 ? 'no service had to be restarted' : `${counted(plan.restart.length, 'service')} restarted`);
  return { agentIsStale: plan.leftAlone.some(left => left.name === AGENT_UNIT) };
}

export async function readReboot(job: JobContext): Promise<RebootFact> {
  const kernel = await job.ask(readKernel(await job.packages()));
  return job.ask(readRebootRequired(kernel.ok ? kernel.value : null));
}

export async function otherBoot(job: JobContext): Promise<boolean> {
  const boot = await job.parts.transport.readFile('/proc/sys/kernel/random/boot_id', 100);
  return boot !== null && job.entry.bootIdBefore !== null && Buffer.from(boot).toString().trim() !== job.entry.bootIdBefore;
}

/** Asks for the reboot; whoever runs this on the host itself is ended by it and comes back through `afterReboot`. */
export async function reboot(job: JobContext): Promise<void> {
  await job.record({ state: 'rebooting', rebootAskedAt: job.parts.clock.now() });
  job.rebootAsked = true;
  job.parts.turn?.noteReboot();
  await job.log.flush();
  const asked = await job.parts.transport
    .run(job.systemd ? ['systemctl', '--no-wall', 'reboot'] : ['reboot'], { ...CALL, timeoutMs: 30_000 })
    .catch((error: unknown) => {
      // The connection often goes before the answer comes.
      if (error instanceof TransportFault) return null;
      throw error;
    });
  if (asked !== null && asked.code !== 0) job.log.note(`reboot: ${asked.stderr.trim()}`);
}

/** null: the host runs since another boot. `waiting`: not yet. */
export async function afterReboot(job: JobContext): Promise<Stop | 'waiting' | null> {
  const system = await job.ask(PROBES.system.read());
  if (!system.ok) return 'waiting';
  if (system.value.bootId !== job.entry.bootIdBefore) {
    job.log.note(`the host is back with boot id ${system.value.bootId}`);
    return null;
  }
  const waited = epochMs(job.parts.clock.now()) - epochMs(job.entry.rebootAskedAt ?? job.parts.clock.now());
  if (waited < job.parts.settings.rebootSeconds * 1000) return 'waiting';
  return stop(failure('reboot-lost', `the host did not restart within ${job.parts.settings.rebootSeconds / 60} minutes`, 'same-boot'));
}

export interface Proof {
  readonly status: readonly ItemStatus[];
  readonly bootId: string | null;
  readonly smokeTests: readonly SmokeTestResult[];
  readonly stop: Stop | null;
}

/** After a boot services come up one after the other; a verdict in the middle of that would blame them. */
const BOOT_SETTLE_SECONDS = 120;

async function mainPids(job: JobContext): Promise<Map<string, number>> {
  const units = job.entry.restartedUnits;
  if (units.length === 0) return new Map();
  const shown = await job.parts.transport.run(['systemctl', 'show', '--no-pager', '-p', 'Id,MainPID', '--', ...units], {
    ...CALL,
    timeoutMs: 30_000,
  });
  const blocks = shown.stdout.split(/\n{2,}/).flatMap(block => {
    const [id, pid] = [/^Id=(.*)$/m.exec(block)?.[1], Number(/^MainPID=(\d+)$/m.exec(block)?.[1] ?? 0)];
    return id === undefined || pid === 0 ? [] : [[id, pid] as const];
  });
  return new Map(blocks);
}

/** Reads the host again and judges it, then runs the plan's own tests. */
export async function prove(job: JobContext): Promise<Proof> {
  const { transport, settings } = job.parts;
  const rebootAsked = job.entry.rebootAskedAt !== null;
  job.log.start('verify');
  if (rebootAsked) await transport.run(['systemctl', 'is-system-running', '--wait'], { ...CALL, timeoutMs: BOOT_SETTLE_SECONDS * 1000 });
  const packages = await job.packages();
  const status = transactionStatus(job.plan.transaction, packages);
  const system = await job.ask(PROBES.system.read());
  const services = await job.ask(PROBES.services.read());
  const stale = await job.ask(PROBES.deletedMaps.read());
  const bootId = system.ok ? system.value.bootId : null;
  const before = { failedUnits: job.entry.failedUnitsBefore, bootId: job.entry.bootIdBefore };
  const after = {
    status,
    services: services.ok ? services.value : null,
    staleProcesses: stale.ok ? stale.value : null,
    mainPids: await mainPids(job),
    reboot: rebootAsked ? await readReboot(job) : null,
    bootId,
  };
  const done = { restartedUnits: job.entry.restartedUnits, rebootAsked };
  const verdict = hostVerdict(job.plan, before, after, done);
  if (verdict) return { status, bootId, smokeTests: [], stop: stop(verdict) };
  for (const [unit, count] of survivors(job.plan, after, done))
    job.log.note(`${count} earlier processes of ${unit} (sessions, requests in work) go on with the replaced files until they end`);
  job.log.done('versions, services and processes are as planned');
  if (job.plan.smokeTests.length === 0) return { status, bootId, smokeTests: [], stop: null };

  job.log.start('smoke-test');
  const results: SmokeTestResult[] = [];
  for (const test of job.plan.smokeTests) {
    const result = await smokeTest(transport, test, settings.smokeTestSeconds, ms => job.pause(ms));
    job.log.note(`${result.passed ? 'passed' : 'FAILED'}: ${result.detail}`);
    results.push(result);
  }
  const failed = results.filter(r => !r.passed);
  if (failed.length === 0) job.log.done(`${results.length} passed`);
  return {
    status,
    bootId,
    smokeTests: results,
    stop:
      failed.length === 0
        ? null
        : stop(
            failure(
              'smoke-test-failed',
              failed
                .map(r => r.detail)
                .join('; ')
                .slice(0, 2000),
              ...failed.map(r => r.test.kind),
            ),
          ),
  };
}
