import { openEnvelope } from '../core/evidence/envelope.ts';
import { snapshotDigests } from '../core/inventory/digest.ts';
import { toPackageRow } from '../core/inventory/package-row.ts';
import type { Clock, Instant } from '../core/kernel/instants.ts';
import {
  type FailureClass,
  HOST_PLAN_TYPE,
  type HostPlan,
  type JobEvent,
  type JobPhase,
  type JobResult,
} from '../core/rollouts/host-plan.ts';
import type { HostPart } from './cast.ts';
import type { Machine } from './machine.ts';
import { rehearsalOf } from './rehearsal-answer.ts';
import { agentCaller, ask, type DemoServer } from './world.ts';

/** What goes wrong with the next job on a host. `stuck`: it falls silent after it has begun. */
interface Trouble {
  readonly class: FailureClass | 'stuck';
  readonly message: string;
}

type Stage = 'accepted' | 'asking' | 'applying' | 'rebooting' | 'finishing' | 'reported';

interface Journal {
  readonly plan: HostPlan;
  readonly before: JobResult['before'];
  readonly bootIdBefore: string;
  readonly startedAt: Instant;
  stage: Stage;
  sequence: number;
  restarted: string[];
}

type JobTask = { readonly jobId: string; readonly attempt: number; readonly envelope: Parameters<typeof openEnvelope>[0] };

/**
 * A made-up host with its agent. It speaks to the server as the agent does, through the same handlers; what it would do to packages happens in its
 * Machine. One step of a job at each check-in, so that a rollout takes time.
 */
export class DemoHost {
  readonly machine: Machine;
  hostId = '';
  trouble: Trouble | null = null;
  /** It answers nothing any more. */
  silent = false;
  /** It does not come to answering rehearsals. */
  busy = false;
  heardAt: Instant = '2000-01-01T00:00:00.000Z';
  #journal: Journal | null = null;
  #trusted: readonly string[] = [];
  readonly #server: () => DemoServer['handlers'];
  readonly #clock: Clock;

  constructor(machine: Machine, server: () => DemoServer['handlers'], clock: Clock) {
    this.machine = machine;
    this.#server = server;
    this.#clock = clock;
  }

  get part(): HostPart {
    return this.machine.part;
  }
  get isWorking(): boolean {
    return this.#journal !== null && this.#journal.stage !== 'reported';
  }
  get #ask() {
    return { handlers: this.#server() };
  }
  get #self() {
    return agentCaller(this.hostId);
  }

  async enrol(token: string): Promise<void> {
    const nobody = { kind: 'public', remoteAddress: this.part.address } as const;
    const body = { token, hostname: this.part.name, machineId: null, publicKey: '', agentVersion: 'demo' };
    const known = await ask(this.#ask, nobody, 'agentEnrol', { body });
    this.hostId = known.hostId;
    this.#trusted = known.trustedKeys;
  }

  /** As a server finds it that was started again. */
  resume(hostId: string, trusted: readonly string[]): void {
    this.hostId = hostId;
    this.#trusted = trusted;
  }

  async report(): Promise<void> {
    const observedAt = this.#clock.now();
    const snapshot = {
      facts: this.machine.facts(observedAt),
      packages: this.machine.records(),
      candidates: this.machine.candidates(observedAt),
    };
    const body = {
      observedAt,
      digests: snapshotDigests(snapshot),
      facts: snapshot.facts as unknown as Record<string, unknown>,
      packages: snapshot.packages.map(toPackageRow).map(row => [...row] as [string, string, string, string, string, string, 0 | 1]),
      candidates: snapshot.candidates.map(candidate => ({ ...candidate, origins: [...candidate.origins] })),
      history: this.machine.takeLog(),
    };
    await ask(this.#ask, this.#self, 'agentReport', { body });
  }

  /** One check-in. True when there was something to do. */
  async checkIn(): Promise<boolean> {
    if (this.silent || this.hostId === '') return false;
    this.heardAt = this.#clock.now();
    const body = { agentVersion: 'demo', bootId: this.machine.bootId, digests: null, openJobs: [], waitSeconds: 0 };
    const { tasks } = await ask(this.#ask, this.#self, 'agentCheckIn', { body });
    let worked = false;
    for (const task of tasks) {
      if (task.kind === 'simulate' && !this.busy) await this.#simulate(task.request);
      else if (task.kind === 'rehearse') await this.#rehearse(task.rehearsalId);
      else if (task.kind === 'job') {
        const before = this.#journal?.stage;
        await this.#job(task as unknown as JobTask);
        // Who asks for a permit in vain has done nothing.
        if (before === 'asking' && this.#journal?.stage === 'asking') continue;
      } else if (task.kind === 'cancel') await this.#cancel(task);
      else continue;
      worked = true;
    }
    return worked;
  }

  async #simulate(request: { requestId: string; changes: readonly { name: string; version: string }[] }): Promise<void> {
    const transaction = this.machine.transactionFor(request.changes);
    const body = { ok: true, transaction, problem: null, downloadBytes: 180_000 * transaction.length + request.changes.length * 40_000 };
    await ask(this.#ask, this.#self, 'agentSimulation', { params: { id: request.requestId }, body });
  }

  async #rehearse(id: string): Promise<void> {
    await ask(this.#ask, this.#self, 'agentRehearsal', { params: { id }, body: rehearsalOf(this.machine, this.#clock.now()) });
  }

  async #job(task: JobTask): Promise<void> {
    const known = this.#journal;
    const journal = known?.plan.jobId === task.jobId && known.plan.attempt === task.attempt ? known : this.#accept(task);
    this.#journal = journal;
    if (journal.stage === 'accepted') return await this.#prepare(journal);
    if (journal.stage === 'asking') return await this.#begin(journal);
    if (journal.stage === 'applying') return await this.#apply(journal);
    if (journal.stage === 'rebooting') return await this.#reboot(journal);
    if (journal.stage === 'finishing') await this.#finish(journal);
  }

  /** The signature is checked as an agent checks it: a plan that somebody else made would be a defect of the server. */
  #accept(task: JobTask): Journal {
    const opened = openEnvelope(task.envelope, HOST_PLAN_TYPE, this.#trusted);
    if (!opened.ok) throw new Error(`plan refused: ${opened.problem}`);
    const plan = opened.value as HostPlan;
    return {
      plan,
      before: plan.transaction.map(({ name, arch }) => ({ name, arch, version: this.machine.packages.get(name)?.version ?? null })),
      bootIdBefore: this.machine.bootId,
      startedAt: this.#clock.now(),
      stage: 'accepted',
      sequence: 0,
      restarted: [],
    };
  }

  async #prepare(journal: Journal): Promise<void> {
    if (await this.#say(journal, ['precheck', ['disk, locks and package database are in order']]))
      return await this.#end(journal, 'cancelled');
    if (journal.plan.transaction.every(item => this.machine.packages.get(item.name)?.version === item.toVersion))
      return await this.#end(journal, 'already-compliant');
    await this.#say(
      journal,
      ['simulate', [`the transaction is the approved one: ${journal.plan.transaction.length} package changes`]],
      ['download', []],
    );
    const { trouble } = this;
    if (trouble !== null && BEFORE_APPLY.includes(trouble.class)) return await this.#fail(journal, trouble, false);
    await this.#say(journal, ['awaiting-permit', []]);
    journal.stage = 'asking';
    await this.#begin(journal);
  }

  /** Again at each check-in until the permit is given or refused for good. */
  async #begin(journal: Journal): Promise<void> {
    if (!(await this.#permit(journal, 'apply'))) return;
    journal.stage = 'applying';
    await this.#say(journal, [
      'apply',
      journal.plan.transaction.slice(0, 6).map(item => `Setting up ${item.name} (${item.toVersion}) ...`),
    ]);
    if (this.trouble?.class === 'stuck') this.silent = true;
  }

  async #apply(journal: Journal): Promise<void> {
    const { plan } = journal;
    const trouble = this.trouble;
    this.machine.apply(plan.transaction);
    const names = plan.transaction.map(item => item.name);
    if (trouble?.class === 'install-failed') {
      this.machine.breakPackage(names[0]!, trouble.message);
      return await this.#fail(journal, trouble, true);
    }
    const units = this.machine.unitsOver(names);
    if (plan.restart === 'affected-services') journal.restarted = units;
    else for (const unit of units.slice(0, 1)) this.machine.stale.set(unit, { packageName: names[0]!, pid: 1000 + this.part.number });
    await this.#say(journal, ['restart', journal.restarted.map(unit => `restarted ${unit}`)]);
    if (trouble?.class === 'service-failed') {
      for (const unit of units.slice(0, 1)) this.machine.failedUnits.add(unit);
      return await this.#fail(journal, trouble, true);
    }
    journal.stage = plan.reboot === 'always' || (plan.reboot === 'if-needed' && this.machine.needsReboot) ? 'rebooting' : 'finishing';
    if (journal.stage === 'rebooting') await this.#reboot(journal);
  }

  async #reboot(journal: Journal): Promise<void> {
    await this.#say(journal, ['reboot', []]);
    if (!(await this.#permit(journal, 'reboot'))) return;
    this.machine.reboot(this.#clock.now());
    journal.stage = 'finishing';
  }

  async #finish(journal: Journal): Promise<void> {
    await this.#say(journal, ['verify', ['every target version is in place']], ['smoke-test', []]);
    if (this.trouble !== null && this.trouble.class !== 'stuck') return await this.#fail(journal, this.trouble, true);
    await this.#end(journal, 'succeeded', null, true);
  }

  async #permit(journal: Journal, phase: 'apply' | 'reboot'): Promise<boolean> {
    const { jobId, attempt } = journal.plan;
    const { permit, refused } = await ask(this.#ask, this.#self, 'agentPermit', { params: { id: jobId, attempt }, body: { phase } });
    if (refused?.final) await this.#end(journal, 'cancelled', null, phase === 'reboot');
    return permit !== null;
  }

  async #cancel(task: { readonly jobId: string; readonly attempt: number }): Promise<void> {
    const journal = this.#journal;
    if (journal?.plan.jobId !== task.jobId || journal.plan.attempt !== task.attempt || journal.stage === 'reported') return;
    if (journal.stage === 'accepted' || journal.stage === 'asking') return await this.#end(journal, 'cancelled');
    if (journal.stage === 'applying') await this.#apply(journal);
    else if (journal.stage === 'rebooting') await this.#reboot(journal);
    else await this.#finish(journal);
  }

  /** True when the server asks to stop. */
  async #say(journal: Journal, ...phases: readonly (readonly [JobPhase, readonly string[]])[]): Promise<boolean> {
    const now = this.#clock.now();
    const events = phases.flatMap(([phase, lines]): JobEvent[] => [
      { sequence: ++journal.sequence, at: now, phase, kind: 'phase-started', text: phase },
      ...lines.map(
        (text): JobEvent => ({ sequence: ++journal.sequence, at: now, phase, kind: phase === 'apply' ? 'output' : 'note', text }),
      ),
    ]);
    const { jobId, attempt } = journal.plan;
    const answer = await ask(this.#ask, this.#self, 'agentJobEvents', { params: { id: jobId, attempt }, body: { events } });
    return answer.cancelRequested;
  }

  async #fail(journal: Journal, trouble: Trouble, touched: boolean): Promise<void> {
    await this.#end(journal, 'failed', trouble, touched);
  }

  /** A host reports what it has before it reports what it did. */
  async #end(journal: Journal, outcome: JobResult['outcome'], trouble: Trouble | null = null, touched = false): Promise<void> {
    const { plan } = journal;
    journal.stage = 'reported';
    if (touched) await this.report();
    const signature = trouble === null ? '' : `${trouble.class}:${plan.transaction[0]?.name ?? ''}`;
    const result = {
      jobId: plan.jobId,
      attempt: plan.attempt,
      outcome,
      failure: trouble === null ? null : { class: trouble.class, message: trouble.message, signature },
      touched,
      before: [...journal.before],
      after: plan.transaction.map(({ name, arch }) => {
        const now = this.machine.packages.get(name);
        return { name, arch, version: now?.version ?? null, state: now?.state ?? 'not-installed' };
      }),
      restartedUnits: journal.restarted,
      rebooted: this.machine.bootId !== journal.bootIdBefore,
      bootIdBefore: journal.bootIdBefore,
      bootIdAfter: this.machine.bootId,
      smokeTests: plan.smokeTests.map(test => ({ test: { ...test }, passed: trouble === null, detail: trouble?.message ?? 'as expected' })),
      healed: [],
      startedAt: journal.startedAt,
      finishedAt: this.#clock.now(),
    };
    await ask(this.#ask, this.#self, 'agentJobResult', { params: { id: plan.jobId, attempt: plan.attempt }, body: result });
  }
}

const BEFORE_APPLY: readonly Trouble['class'][] = ['repository-unavailable', 'disk-space', 'package-manager-locked', 'precheck'];
