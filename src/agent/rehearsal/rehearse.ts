import { setTimeout as wait } from 'node:timers/promises';
import type { Envelope } from '../../core/evidence/envelope.ts';
import type { Clock } from '../../core/kernel/instants.ts';
import type { RehearsalPlan, RehearsalReport, Untouched } from '../../core/rollouts/rehearsal.ts';
import type { Failure } from '../../core/verification/host-verdict.ts';
import { transactionDifferences } from '../../core/verification/transaction-difference.ts';
import { type ItemStatus, transactionStatus } from '../../core/verification/transaction-status.ts';
import type { PackageManager, SimulationRequest } from '../../plugins/package-managers/spec.ts';
import { converse, type Transport, TransportFault } from '../../plugins/transports/spec.ts';
import type { Trust } from '../decide.ts';
import { hasSystemd, makeJobsFolder } from '../host-unit.ts';
import { failure } from '../job-context.ts';
import { admitRehearsal } from './admit.ts';
import { checksArgv, judgeChecks, parseChecks, wantedChecks } from './checks.ts';
import { compareFingerprints, type Fingerprint, fingerprint } from './fingerprint.ts';
import { InsideTransport, runInside } from './inside.ts';
import { copiedMounts } from './mounts.ts';
import { roomForCopy } from './room.ts';
import { openSandbox, type Sandbox, WITHHELD_FILE } from './sandbox.ts';

interface Rehearser {
  readonly transport: Transport;
  manager(): Promise<PackageManager>;
  readonly clock: Clock;
  readonly trust: Trust;
  /** Ends it early when the process ends; the server asks again. */
  readonly signal: AbortSignal;
}

/** After this the copy is ended by the host itself, whoever is watching. */
const SANDBOX_SECONDS = 30 * 60;
/** A transaction that takes longer has failed its rehearsal: in memory it is faster than it will be on the disk. */
const APPLY_SECONDS = 15 * 60;
const CHECKS_SECONDS = 4 * 60;
const LOCK_SECONDS = 60;
const OUTPUT_CHARS = 8_000;

/**
 * Runs the plan's transaction in a throw-away copy of the host and tells what it saw. Throws only when the host cannot be reached at all; whatever else
 * stands in the way is a report that says so. The archives that it fetches are those that the real job needs.
 */
export async function rehearse(rehearser: Rehearser, envelope: Envelope): Promise<RehearsalReport> {
  const startedAt = rehearser.clock.now();
  const seen = new Seen();
  const admitted = admitRehearsal(envelope, rehearser.trust, startedAt);
  if (!admitted.ok) seen.stop('not-possible', failure('plan-refused', `the host refused the rehearsal: ${admitted.problem}`, 'rehearsal'));
  else {
    await rehearser.transport.connect();
    try {
      await carryOut(rehearser, admitted.plan, seen);
    } catch (error) {
      if (rehearser.signal.aborted) throw error;
      seen.stop(
        'not-possible',
        failure('interrupted', `the rehearsal broke off: ${error instanceof TransportFault ? error.message : String(error)}`, 'rehearsal'),
      );
    }
  }
  return { ...seen.report, startedAt, finishedAt: rehearser.clock.now() };
}

/** What has been learnt so far; the first reason to stop stays. */
class Seen {
  report: Omit<RehearsalReport, 'startedAt' | 'finishedAt'> = {
    verdict: 'passed',
    failure: null,
    applySeconds: null,
    writtenBytes: null,
    rollback: null,
    checks: [],
    withheld: [],
    untouched: null,
    output: '',
  };
  add(part: Partial<Seen['report']>): void {
    this.report = { ...this.report, ...part };
  }
  stop(verdict: 'failed' | 'not-possible', why: Failure): void {
    if (this.report.failure === null) this.add({ verdict, failure: { ...why, message: why.message.slice(0, 2_000) } });
  }
}

interface Stage {
  readonly rehearser: Rehearser;
  readonly plan: RehearsalPlan;
  readonly manager: PackageManager;
  readonly systemd: boolean;
  readonly request: SimulationRequest;
}

async function carryOut(rehearser: Rehearser, plan: RehearsalPlan, seen: Seen): Promise<void> {
  const { transport } = rehearser;
  if (!transport.canBeRoot)
    return seen.stop('not-possible', failure('precheck', 'there is no way to root on this host: give the user sudo', 'no-root'));
  if (!(await makeJobsFolder(transport)))
    return seen.stop('not-possible', failure('precheck', 'the folder for its output could not be made on the host', 'state-folder'));
  const stage: Stage = {
    rehearser,
    plan,
    manager: await rehearser.manager(),
    systemd: await hasSystemd(transport),
    request: {
      changes: plan.transaction.map(item => ({ name: item.name, arch: item.arch, version: item.toVersion })),
      allowDowngrade: plan.kind === 'rollback',
    },
  };
  const unready = (await waitForLock(stage)) ?? (await simulate(stage));
  if (unready) return seen.stop('not-possible', unready);
  const fetched = await converse(transport, stage.manager.download(stage.request));
  if (!fetched.ok) return seen.stop('not-possible', fetched.problem);
  const backProblem = await fetchWayBack(stage);
  const mounts = copiedMounts(Buffer.from((await transport.readFile('/proc/self/mountinfo', 1_000_000)) ?? []).toString());
  if (!mounts.ok) return seen.stop('not-possible', failure('precheck', mounts.problem, 'file-systems'));
  const room = await roomForCopy(transport, fetched.value.files);
  if (!room.ok) return seen.stop('not-possible', failure('disk-space', room.problem, 'copy'));

  const before = await fingerprint(transport, stage.systemd);
  const opened = await openSandbox(transport, stage.systemd, { mounts: mounts.mounts, ...room.room, seconds: SANDBOX_SECONDS });
  if (!opened.ok) return seen.stop('not-possible', failure('precheck', opened.problem, 'no-copy'));
  try {
    await perform(stage, opened.sandbox, backProblem, seen);
  } finally {
    await opened.sandbox.close();
  }
  await compare(stage, before, seen);
}

/** The real system afterwards. A package database that somebody else changed meanwhile makes the rehearsal one of another host. */
async function compare(stage: Stage, before: Fingerprint, seen: Seen): Promise<void> {
  const untouched: Untouched = compareFingerprints(before, await fingerprint(stage.rehearser.transport, stage.systemd));
  seen.add({ untouched });
  if (untouched.packages === false)
    seen.stop('not-possible', failure('transaction-differs', 'the packages of the host changed while it was rehearsing', 'moved'));
}

async function perform(stage: Stage, sandbox: Sandbox, backProblem: string | null, seen: Seen): Promise<void> {
  const { transport } = stage.rehearser;
  const inside = new InsideTransport(transport, sandbox);
  const step = (name: string, argv: readonly string[], seconds: number) =>
    runInside(
      { transport, sandbox, systemd: stage.systemd, id: stage.plan.rehearsalId, signal: stage.rehearser.signal },
      name,
      argv,
      seconds,
    );
  const wanted = wantedChecks(await changedFiles(stage), await runningPrograms(transport));
  const checks = async (name: string) => parseChecks((await step(name, checksArgv(wanted), CHECKS_SECONDS)).output);

  const checksBefore = await checks('checks-before');
  const usedBefore = await used(inside);
  const applied = await step('apply', stage.manager.apply(stage.request).argv, APPLY_SECONDS);
  seen.add({ applySeconds: applied.seconds, output: applied.output.slice(-OUTPUT_CHARS) });
  const status = transactionStatus(stage.plan.transaction, await packagesOf(stage.manager, inside));
  const problem = applied.timedOut
    ? failure('timed-out', `the transaction was not through after ${APPLY_SECONDS / 60} minutes`, 'apply')
    : notInPlace(stage.manager, status, applied.output, applied.code);
  const usedAfter = await used(inside);
  seen.add({
    writtenBytes: usedBefore === null || usedAfter === null ? null : Math.max(0, usedAfter - usedBefore),
    withheld: await withheld(inside),
  });
  // The copy was too small, not the host: its own disk is looked at before the real change.
  if (problem) return seen.stop(problem.class === 'disk-space' ? 'not-possible' : 'failed', problem);

  const judged = judgeChecks(checksBefore, await checks('checks-after'));
  seen.add({ checks: judged });
  const broken = judged.filter(check => !check.passed);
  if (broken.length > 0)
    seen.stop(
      'failed',
      failure(
        'smoke-test-failed',
        broken.map(check => `${check.subject} (${check.kind}): ${check.detail}`).join('; '),
        ...broken.slice(0, 2).map(check => check.subject),
      ),
    );
  seen.add({ rollback: await rollBack(stage, inside, backProblem, step) });
}

async function packagesOf(manager: PackageManager, transport: Transport) {
  const read = await converse(transport, manager.packages());
  if (!read.ok) throw new Error(`the package list could not be read: ${read.problem}`);
  return read.value;
}

/** As in a job: what the package database shows decides, the output says whom to blame. */
function notInPlace(manager: PackageManager, status: readonly ItemStatus[], output: string, code: number | null): Failure | null {
  const wrong = status
    .filter(one => !one.inPlace)
    .map(one => `${one.item.name} is ${one.version ?? 'not installed'}${one.halfDone ? ` (${one.state})` : ''}`);
  if (wrong.length === 0) return null;
  const said = manager.problemOf(output);
  if (said) return { ...said, message: `${said.message}\n${wrong.slice(0, 10).join('; ')}` };
  return failure('install-failed', `the package manager ended with code ${code}, and ${wrong.slice(0, 10).join('; ')}`, 'unknown');
}

type Step = (name: string, argv: readonly string[], seconds: number) => ReturnType<typeof runInside>;

/** Back to exactly what the host has now. What was newly installed stays, as in a real rollback (core/rollouts/inverse.ts). */
async function rollBack(stage: Stage, inside: Transport, backProblem: string | null, step: Step): Promise<RehearsalReport['rollback']> {
  if (backProblem !== null) return { outcome: 'not-possible', seconds: null, reason: backProblem };
  const items = stage.plan.transaction.filter(item => item.fromVersion !== null);
  if (items.length === 0) return { outcome: 'not-possible', seconds: null, reason: 'nothing was there before' };
  const changes = items.map(item => ({ name: item.name, arch: item.arch, version: item.fromVersion }));
  const back = await step('rollback', stage.manager.apply({ changes, allowDowngrade: true }).argv, APPLY_SECONDS);
  const restored = items.map(item => ({ ...item, action: 'downgrade' as const, fromVersion: item.toVersion, toVersion: item.fromVersion }));
  const problem = notInPlace(stage.manager, transactionStatus(restored, await packagesOf(stage.manager, inside)), back.output, back.code);
  return { outcome: problem === null ? 'restored' : 'failed', seconds: back.seconds, reason: problem?.message ?? null };
}

async function waitForLock({ rehearser, manager }: Stage): Promise<Failure | null> {
  const until = Date.now() + LOCK_SECONDS * 1000;
  for (;;) {
    const lock = await converse(rehearser.transport, manager.lock());
    if (lock.state === 'free') return null;
    if (Date.now() >= until) return failure('package-manager-locked', `the package manager is in use by ${lock.holder}`, 'lock');
    await wait(2_000, undefined, { signal: rehearser.signal });
  }
}

/** The set must be the approved one, else something else would be rehearsed. */
async function simulate({ rehearser, manager, plan, request }: Stage): Promise<Failure | null> {
  const { transport } = rehearser;
  let problem: Failure | null = null;
  for (const refresh of [false, true]) {
    if (refresh) {
      const refreshed = await converse(transport, manager.refresh());
      if (!refreshed.ok) return refreshed.problem;
    }
    const simulated = await converse(transport, manager.simulate(request));
    if (!simulated.ok) problem = simulated.problem;
    else {
      const status = transactionStatus(plan.transaction, await packagesOf(manager, transport));
      if (status.every(one => one.inPlace))
        return failure('precheck', 'every planned version is installed already: there is nothing to rehearse', 'compliant');
      const differences = transactionDifferences(status, simulated.value.transaction);
      if (differences.length === 0) return null;
      problem = failure(
        'transaction-differs',
        `the host would do something else than was planned: ${differences.slice(0, 8).join('; ')}`,
        'differs',
      );
    }
  }
  return problem;
}

/** null: everything for the way back lies ready. */
async function fetchWayBack({ rehearser, manager, plan }: Stage): Promise<string | null> {
  const installed = plan.transaction.flatMap(item =>
    item.fromVersion === null ? [] : [{ name: item.name, arch: item.arch, version: item.fromVersion }],
  );
  if (installed.length === 0) return null;
  const fetched = await converse(rehearser.transport, manager.downloadInstalled(installed));
  return fetched.ok ? null : `the repositories do not offer what is installed now: ${fetched.problem.message.split('\n')[0]}`;
}

const CALL = { timeoutMs: 60_000, maxOutputBytes: 2_000_000, asRoot: true } as const;

async function changedFiles({ rehearser, plan }: Stage): Promise<string[]> {
  const names = plan.transaction.filter(item => item.fromVersion !== null).map(item => item.name);
  if (names.length === 0) return [];
  return (await rehearser.transport.run(['dpkg-query', '-L', '--', ...new Set(names)], CALL)).stdout.split('\n');
}

async function runningPrograms(transport: Transport): Promise<string[]> {
  const found = await transport.run(['find', '/proc', '-maxdepth', '2', '-name', 'exe', '-printf', '%l\\n'], CALL);
  // A program that is replaced while it runs is shown as deleted; the new one is at the same place.
  return [...new Set(found.stdout.split('\n').map(line => line.replace(/ \(deleted\)$/, '')))];
}

async function used(inside: Transport): Promise<number | null> {
  const asked = await inside.run(['df', '-B1', '--output=used', '/'], CALL);
  return asked.code === 0 ? Number(asked.stdout.trim().split('\n').at(-1)) : null;
}

const WITHHELD_MAX = 50;

async function withheld(inside: Transport): Promise<string[]> {
  const read = await inside.run(['cat', WITHHELD_FILE], { ...CALL, maxOutputBytes: 64_000 });
  return [
    ...new Set(
      read.stdout
        .split('\n')
        .map(line => line.trim().slice(0, 200))
        .filter(Boolean),
    ),
  ].slice(0, WITHHELD_MAX);
}
