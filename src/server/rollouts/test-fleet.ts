import { openEnvelope } from '../../core/evidence/envelope.ts';
import { addMs, type Clock, type Instant } from '../../core/kernel/instants.ts';
import {
  type FailureClass,
  HOST_PLAN_TYPE,
  type HostPlan,
  type JobPhase,
  type JobResult,
  PERMIT_TYPE,
  type Permit,
  type TransactionItem,
} from '../../core/rollouts/host-plan.ts';
import { REHEARSAL_PLAN_TYPE, type RehearsalPlan, type RehearsalVerdict } from '../../core/rollouts/rehearsal.ts';
import type { Context } from '../context.ts';
import type { AgentTask, JobPort } from '../ports.ts';

/** A clock that tests hold in their hand. */
export class HeldClock implements Clock {
  #now: Instant = '2026-11-22T12:00:00.000Z';
  now(): Instant {
    return this.#now;
  }
  advance(seconds: number): void {
    this.#now = addMs(this.#now, seconds * 1000);
  }
}

/** What goes wrong on a host, per attempt; the last entry stays. */
export type Script = 'ok' | 'compliant' | 'power-cut' | FailureClass;

interface Journal {
  readonly plan: HostPlan;
  phase: JobPhase;
  sequence: number;
  result: JobResult | null;
  permitted: boolean;
  applied: boolean;
}

const TOUCHING: readonly Script[] = [
  'install-failed',
  'service-failed',
  'smoke-test-failed',
  'post-hook-failed',
  'verify-failed',
  'needs-human',
];

/**
 * A scripted host that speaks JobPort as the agent does: it verifies what it gets, keeps a journal, reports what it observes and never acts without a
 * permit. What it does to its packages is simulated; everything between it and the tables is real.
 */
export class ScriptedHost {
  readonly id: string;
  readonly packages: Map<string, string>;
  script: Script[] = ['ok'];
  /** Messages of this host arrive twice. */
  duplicates = false;
  online = true;
  /** Permits that it got; the tests count them. */
  readonly permits: Permit[] = [];
  readonly refusals: string[] = [];
  applied = 0;
  needsReboot = false;
  /** What the decision table says of it. */
  forensic: string[] = [];
  dueAt: string | null = null;
  #highestSequence = 0;
  #journal = new Map<string, Journal>();
  readonly #context: Context;

  constructor(context: Context, id: string, packages: Readonly<Record<string, string>>) {
    this.#context = context;
    this.id = id;
    this.packages = new Map(Object.entries(packages));
  }

  /** It can wait with its reboot for another job; and how often it did reboot. */
  sharesReboots = false;
  reboots = 0;
  /** What its rehearsal says, and how many there were. */
  rehearsal: RehearsalVerdict = 'passed';
  rehearsals = 0;

  /** One check-in: does what it can until it has to wait. `stopBefore`: dies there, keeping its journal. */
  async work(port: JobPort, stopBefore?: JobPhase): Promise<void> {
    if (!this.online) return;
    for (const task of await port.tasksFor(this.id)) {
      if (task.kind === 'simulate') await this.#simulate(port, task.request);
      if (task.kind === 'rehearse') await this.#rehearse(port, task);
      if (task.kind === 'job') await this.#job(port, task, stopBefore);
      if (task.kind === 'cancel') await this.#cancel(port, task.jobId, task.attempt);
    }
  }

  async #simulate(port: JobPort, request: Extract<AgentTask, { kind: 'simulate' }>['request']): Promise<void> {
    const transaction = request.changes.flatMap(
      ({
        name,
        arch,
        version,
      }): { action: 'upgrade' | 'downgrade'; name: string; arch: string; fromVersion: string; toVersion: string }[] => {
        const now = this.packages.get(name);
        return now === undefined || now === version
          ? []
          : [{ action: now < version ? 'upgrade' : 'downgrade', name, arch, fromVersion: now, toVersion: version }];
      },
    );
    await port.recordSimulation(this.id, request.requestId, { ok: true, transaction, problem: null, downloadBytes: 1000 });
  }

  async #rehearse(port: JobPort, task: Extract<AgentTask, { kind: 'rehearse' }>): Promise<void> {
    const opened = openEnvelope(task.envelope, REHEARSAL_PLAN_TYPE, this.#context.planKeys.trusted);
    if (!opened.ok || (opened.value as RehearsalPlan).hostId !== this.id) throw new Error('rehearsal refused');
    const now = this.#context.clock.now();
    this.rehearsals += 1;
    await port.recordRehearsal(this.id, task.rehearsalId, {
      verdict: this.rehearsal,
      failure: this.rehearsal === 'passed' ? null : { class: 'install-failed', message: 'scripted postinst', signature: 'x' },
      applySeconds: 1,
      writtenBytes: 1,
      rollback: null,
      checks: [],
      withheld: [],
      untouched: null,
      output: '',
      startedAt: now,
      finishedAt: now,
    });
  }

  async #job(port: JobPort, task: Extract<AgentTask, { kind: 'job' }>, stopBefore?: JobPhase): Promise<void> {
    const key = `${task.jobId}/${task.attempt}`;
    const journal = this.#journal.get(key) ?? this.#accept(task);
    this.#journal.set(key, journal);
    if (journal.result !== null) return await this.#report(port, journal);
    await this.#run(port, journal, stopBefore);
  }

  /** As the agent: signature, audience, time and sequence; anything wrong is a defect of the server under test. */
  #accept(task: Extract<AgentTask, { kind: 'job' }>): Journal {
    const opened = openEnvelope(task.envelope, HOST_PLAN_TYPE, this.#context.planKeys.trusted);
    if (!opened.ok) throw new Error(`plan refused: ${opened.problem}`);
    const plan = opened.value as HostPlan;
    const now = this.#context.clock.now();
    if (plan.hostId !== this.id || plan.jobId !== task.jobId || plan.attempt !== task.attempt)
      throw new Error('plan refused: not for this host and job');
    if (plan.sequence <= this.#highestSequence) throw new Error(`plan refused: sequence ${plan.sequence} after ${this.#highestSequence}`);
    if (now < plan.notBefore || now >= plan.notAfter) throw new Error('plan refused: not now');
    this.#highestSequence = plan.sequence;
    return { plan, phase: 'precheck', sequence: 0, result: null, permitted: false, applied: false };
  }

  async #run(port: JobPort, journal: Journal, stopBefore?: JobPhase): Promise<void> {
    const script = this.script.length > 1 ? this.script[Math.min(journal.plan.attempt, this.script.length) - 1]! : this.script[0]!;
    const at = (phase: JobPhase) => stopBefore === phase;
    const { plan } = journal;
    if (!journal.permitted) {
      if (at('precheck')) return;
      if ((await this.#say(port, journal, 'precheck')).cancelRequested) return await this.#end(port, journal, 'cancelled', null, false);
      if (plan.transaction.every(item => this.packages.get(item.name) === item.toVersion) || script === 'compliant')
        return await this.#end(port, journal, 'already-compliant', null, false);
      await this.#say(port, journal, 'simulate');
      await this.#say(port, journal, 'download');
      if (script !== 'ok' && script !== 'power-cut' && !TOUCHING.includes(script))
        return await this.#end(port, journal, 'failed', script, false);
      if (at('awaiting-permit')) return;
      await this.#say(port, journal, 'awaiting-permit');
      if (!(await this.#permit(port, journal, 'apply'))) return;
      journal.permitted = true;
    }
    if (at('apply')) return;
    await this.#say(port, journal, 'apply');
    if (!journal.applied) {
      this.applied += 1;
      for (const item of plan.transaction)
        if (item.toVersion !== null && script !== 'install-failed') this.packages.set(item.name, item.toVersion);
    }
    journal.applied = true;
    if (at('restart')) return;
    await this.#say(port, journal, 'restart');
    if (this.needsReboot && plan.reboot !== 'never') {
      await this.#say(port, journal, 'reboot');
      if (!(await this.#permit(port, journal, 'reboot'))) return;
      this.needsReboot = false;
      this.reboots += 1;
    }
    if (at('verify')) return;
    await this.#say(port, journal, 'verify');
    await this.#end(
      port,
      journal,
      script === 'ok' || script === 'power-cut' ? 'succeeded' : 'failed',
      script === 'ok' || script === 'power-cut' ? null : (script as FailureClass),
      true,
    );
  }

  async #permit(port: JobPort, journal: Journal, phase: 'apply' | 'reboot'): Promise<boolean> {
    const { plan } = journal;
    const { permit, refused } = await port.requestPermit(this.id, plan.jobId, plan.attempt, phase, this.sharesReboots);
    if (this.duplicates) await port.requestPermit(this.id, plan.jobId, plan.attempt, phase);
    if (refused !== null) {
      this.refusals.push(refused.code);
      if (refused.final) await this.#end(port, journal, 'cancelled', null, phase === 'reboot');
      return false;
    }
    const opened = openEnvelope(permit!, PERMIT_TYPE, this.#context.planKeys.trusted);
    if (!opened.ok) throw new Error(`permit refused: ${opened.problem}`);
    const value = opened.value as Permit;
    if (
      value.hostId !== this.id ||
      value.jobId !== plan.jobId ||
      value.attempt !== plan.attempt ||
      value.phase !== phase ||
      value.expiresAt <= this.#context.clock.now()
    )
      throw new Error('permit refused');
    this.permits.push(value);
    return true;
  }

  async #say(port: JobPort, journal: Journal, phase: JobPhase): Promise<{ cancelRequested: boolean }> {
    journal.phase = phase;
    journal.sequence += 1;
    const events = [{ sequence: journal.sequence, at: this.#context.clock.now(), phase, kind: 'phase-started' as const, text: '' }];
    const answer = await port.recordEvents(this.id, journal.plan.jobId, journal.plan.attempt, events);
    if (this.duplicates) await port.recordEvents(this.id, journal.plan.jobId, journal.plan.attempt, events);
    return answer;
  }

  async #end(
    port: JobPort,
    journal: Journal,
    outcome: JobResult['outcome'],
    failure: FailureClass | null,
    touched: boolean,
  ): Promise<void> {
    const { plan } = journal;
    const now = this.#context.clock.now();
    const row = (item: TransactionItem, version: string | null) => ({ name: item.name, arch: item.arch, version });
    journal.result = {
      jobId: plan.jobId,
      attempt: plan.attempt,
      outcome,
      failure: failure === null ? null : { class: failure, message: `scripted ${failure}`, signature: failure },
      touched,
      before: plan.transaction.map(item => row(item, item.fromVersion)),
      after: plan.transaction.map(item => ({
        ...row(item, this.packages.get(item.name) ?? null),
        state: failure === 'install-failed' ? 'half-configured' : 'installed',
      })),
      restartedUnits: touched ? ['nginx.service'] : [],
      rebooted: false,
      bootIdBefore: 'boot-1',
      bootIdAfter: 'boot-1',
      smokeTests: [],
      healed: [],
      startedAt: now,
      finishedAt: now,
    };
    await this.#report(port, journal);
  }

  async #report(port: JobPort, { plan, result }: Journal): Promise<void> {
    await port.recordResult(this.id, plan.jobId, plan.attempt, result!);
    if (this.duplicates) await port.recordResult(this.id, plan.jobId, plan.attempt, result!);
  }

  async #cancel(port: JobPort, jobId: string, attempt: number): Promise<void> {
    const journal = this.#journal.get(`${jobId}/${attempt}`);
    if (journal === undefined || journal.result !== null || journal.permitted)
      return journal?.permitted ? await this.#run(port, journal) : undefined;
    await this.#end(port, journal, 'cancelled', null, false);
  }

  /** What it would tell of an attempt, for tests that send it at the wrong time. */
  resultOf(jobId: string, attempt: number): JobResult | null {
    return this.#journal.get(`${jobId}/${attempt}`)?.result ?? null;
  }
}
