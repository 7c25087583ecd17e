import { parseArgs } from 'node:util';
import { MINUTE_MS, SECOND_MS, toInstant } from '../core/kernel/instants.ts';
import { isFinal } from '../core/kernel/machine.ts';
import type { RebootPolicy, TransactionItem } from '../core/rollouts/host-plan.ts';
import { inverseTransaction } from '../core/rollouts/inverse.ts';
import { JOB } from '../core/rollouts/job-states.ts';
import type { PlannedWindow } from '../core/rollouts/plan.ts';
import { lintPlan } from '../core/rollouts/plan-lint.ts';
import { type HostCase, makePlan } from '../core/rollouts/planner.ts';
import { APPROVAL_VALID_MINUTES } from '../core/rollouts/timers.ts';
import { WAITING_ON } from '../core/rollouts/waiting.ts';
import { SimHost } from './host.ts';
import { SimKeys } from './keys.ts';
import { approve, propose } from './launch.ts';
import { metricsOf } from './metrics.ts';
import { NO_MUTANTS } from './mutants.ts';
import { Network } from './network.ts';
import { Random } from './random.ts';
import { SimReconciler } from './reconciler.ts';
import { promisedBy, retractedAmong } from './safeguards.ts';
import { SimServer } from './server.ts';
import { caseOf, duration, OPTIONS, ringOf } from './stage-words.ts';
import type { SimRollout } from './store.ts';
import { FAIR_SURROUNDINGS, type Surroundings } from './surroundings.ts';
import { Timeline } from './timeline.ts';
import { Witness } from './witness.ts';
import { HostWitness } from './witness-hosts.ts';

/** A Monday morning. */
const START_MS = Date.UTC(2026, 10, 23, 8);

type Verb = (words: readonly string[], options: Readonly<Record<string, string | undefined>>) => void;

/**
 * A fleet that does what it is told, command by command, with the clock in the reader's hand: the same server, hosts and witness as in a run, but nothing
 * goes wrong unless the script says so. For the transcripts in docs/transcripts.
 */
export class Stage {
  readonly #timeline = new Timeline(START_MS);
  readonly #witness = new Witness();
  readonly #server = new SimServer(this.#witness, new SimKeys(1), NO_MUTANTS);
  readonly #reconciler = new SimReconciler(this.#server);
  readonly #surroundings: Surroundings = { ...FAIR_SURROUNDINGS };
  readonly #hosts = new Map<string, SimHost>();
  readonly #network: Network;
  readonly #lines: string[] = [];
  #serverUp = true;

  constructor() {
    this.#network = new Network(this.#timeline, new Random(1), () => this.#serverUp);
    const { jobMoved, ringMoved, rolloutMoved } = this.#witness;
    this.#witness.jobMoved = (job, moved, atMs) => {
      jobMoved.call(this.#witness, job, moved, atMs);
      const why = moved.reason === null ? '' : `: ${moved.reason}`;
      this.#log(atMs, `${job.hostName.padEnd(6)} ${moved.from} -> ${moved.to}${why}`);
    };
    this.#witness.ringMoved = (ring, moved, atMs) => {
      ringMoved.call(this.#witness, ring, moved, atMs);
      this.#log(atMs, `ring ${ring.name} ${moved.from} -> ${moved.to}${moved.reason === null ? '' : `: ${moved.reason}`}`);
    };
    this.#witness.rolloutMoved = (id, event, from, to, by, atMs) => {
      rolloutMoved.call(this.#witness, id, event, from, to, by, atMs);
      this.#log(atMs, `rollout ${id} ${from} -> ${to} by ${by}`);
    };
    this.#server.metrics = (name, hostIds) => metricsOf(this.#surroundings, this.#hosts.values())(name, hostIds);
    this.#tick();
  }

  /** Runs one line; answers with what it prints. A broken rule is a defect of the engine and throws. */
  run(line: string): string[] {
    this.#lines.length = 0;
    const { positionals, values } = parseArgs({ args: line.split(/\s+/), options: OPTIONS, allowPositionals: true });
    const [noun = '', second = '', ...rest] = positionals;
    const verb = this.#verbs[`${noun} ${second}`] ?? this.#verbs[noun];
    if (verb === undefined) throw new Error(`no such command: ${line}`);
    verb(this.#verbs[`${noun} ${second}`] === undefined ? [second, ...rest] : rest, values);
    const [violation] = this.#witness.ledger.violations;
    if (violation !== undefined) throw new Error(`${violation.rule}: ${violation.text}`);
    return [...this.#lines];
  }

  readonly #verbs: Readonly<Record<string, Verb>> = {
    fleet: names => {
      for (const name of names) this.#addHost(name);
      this.#say(`${names.length} ${names.length === 1 ? 'host' : 'hosts'}, each with openssl 1 and nginx 1`);
      this.#server.store.concurrencyMax = 50;
    },
    'group create': ([name = ''], { hosts = '', min = '1', soak = '0' }) => {
      const hostIds = new Set(hosts.split(','));
      const group = { name, hostIds, minAvailable: Number(min), maxUnavailablePercent: null, memberSoakMinutes: Number(soak) };
      for (const all of [this.#server.store.groups, this.#witness.books.groups]) {
        const at = all.findIndex(one => one.name === name);
        all.splice(at < 0 ? all.length : at, at < 0 ? 0 : 1, group);
      }
      this.#say(`of ${name} (${hosts.replaceAll(',', ', ')}) ${min} must stay available`);
    },
    'rollout create': ([name = ''], options) => this.#create(name, options),
    'rollout revert': ([name = ''], { of = '' }) => this.#revert(name, of),
    'rollout approve': ([name = ''], { as = 'ben' }) => approve(this.#server, this.#reconciler, this.#rollout(name), as, this.#nowMs),
    'rollout start': ([name = ''], { as = 'ada' }) => this.#reconciler.moveRollout(this.#rollout(name), 'start', as, this.#nowMs),
    'rollout pause': ([name = ''], { as = 'ada' }) => this.#reconciler.pause(this.#rollout(name), as, this.#nowMs),
    'rollout resume': ([name = ''], { as = 'ben' }) => {
      const retracted = this.#reconciler.retractedIn(this.#rollout(name));
      if (retracted !== null) return this.#say(`no: its plan holds a retracted update (${retracted})`);
      if (this.#reconciler.needsOverride(this.#rollout(name), this.#nowMs))
        this.#say(`this overrides the gate; ${as} did not ask for the rollout and may`);
      this.#reconciler.resume(this.#rollout(name), as, this.#nowMs);
    },
    'rollout halt': ([name = ''], { as = 'ada' }) => this.#reconciler.halt(this.#rollout(name), 'halt', as, `halted by ${as}`, this.#nowMs),
    'rollout supersede': ([name = ''], { as = 'ada' }) => this.#reconciler.supersede(this.#rollout(name), as, this.#nowMs),
    retract: ([text = ''], { as = 'ada' }) => {
      const [name = '', version = ''] = text.split('=');
      this.#reconciler.retract({ name, version }, as, this.#nowMs);
      const having = [...this.#hosts.values()].filter(host => host.packages.get(name) === version).map(host => host.name);
      this.#say(
        `nobody may install ${name} ${version} any more; ${having.length === 0 ? 'no host has it' : `${having.join(', ')} has it`}`,
      );
    },
    metrics: ([how = 'well']) => Object.assign(this.#surroundings, { metrics: how }),
    'rollout show': ([name = '']) => this.#show(this.#rollout(name)),
    wait: ([text = '']) => this.#timeline.runUntil(this.#nowMs + duration(text)),
    'wait until': ([name = '', state = '']) => this.#waitUntil(name, state),
    'host off': ([name = '', text = '']) => this.#host(name).powerCut(duration(text)),
    'host cut': ([name = '', text = '']) => this.#weather(name, text, { partitioned: true }),
    'host slow': ([name = '', text = '']) => this.#weather(name, text, { delayMs: 20 * MINUTE_MS }),
    'host double': ([name = '', text = '']) => this.#weather(name, text, { duplicate: 1 }),
    'host clock': ([name = '', text = '']) => {
      this.#host(name).clockSkewMs = duration(text);
    },
    'host install': ([name = '', text = '']) => {
      const [packageName = '', version = ''] = text.split('=');
      this.#host(name).drift(packageName, version);
    },
    'host repair': ([name = '']) => this.#host(name).repairByHand(),
    'mirror down': () => Object.assign(this.#surroundings, { mirror: 'down' }),
    'mirror up': () => Object.assign(this.#surroundings, { mirror: 'well' }),
    'patch breaks': ([percent = '100']) => Object.assign(this.#surroundings, { badPatchPercent: Number(percent) }),
    'patch works': () => Object.assign(this.#surroundings, { badPatchPercent: 0 }),
    'kill-switch engage': () => this.#reconciler.setKillSwitch(true, this.#nowMs),
    'kill-switch release': () => this.#reconciler.setKillSwitch(false, this.#nowMs),
    'server down': () => {
      this.#serverUp = false;
    },
    'server up': () => {
      this.#serverUp = true;
    },
  };

  get #nowMs(): number {
    return this.#timeline.nowMs;
  }

  #tick(): void {
    this.#timeline.after(SECOND_MS, () => this.#tick());
    if (this.#serverUp) this.#reconciler.reconcile(this.#nowMs);
  }

  #addHost(name: string): void {
    const host = new SimHost(name, name, {
      timeline: this.#timeline,
      network: this.#network,
      server: this.#server,
      witness: new HostWitness(this.#witness),
      surroundings: this.#surroundings,
      mutants: NO_MUTANTS,
      world: { relay: (_hostId, _highest, tasks) => tasks },
      random: new Random(7 + this.#hosts.size),
    });
    host.packages.set('openssl', '1').set('nginx', '1');
    this.#hosts.set(name, host);
    this.#server.hear(name, this.#nowMs);
  }

  #create(name: string, options: Readonly<Record<string, string | undefined>>): void {
    const { hosts = '', patch = 'openssl=2', exclude = '' } = options;
    const [packageName = '', version = ''] = patch.split('=');
    const chosen = hosts === '' ? [...this.#hosts.keys()] : hosts.split(',');
    const asked = (host: SimHost): TransactionItem[] => [
      { action: 'upgrade', name: packageName, arch: 'amd64', fromVersion: host.packages.get(packageName) ?? null, toVersion: version },
    ];
    const cases = chosen.map(id =>
      caseOf(this.#host(id), asked(this.#host(id)), exclude.split(',').includes(id) ? 'an exception is in force' : null),
    );
    this.#plan(name, 'patch', null, cases, options);
  }

  #revert(name: string, of: string): void {
    const cases = this.#reconciler
      .jobsOf(this.#rollout(of))
      .filter(job => job.touched && job.result !== null)
      .map(job => caseOf(this.#host(job.hostId), inverseTransaction(job.transaction, job.result!), null));
    this.#plan(name, 'rollback', of, cases, { rings: 'undo:100%:0:2' });
  }

  #plan(
    name: string,
    kind: 'patch' | 'rollback',
    revertsId: string | null,
    cases: readonly HostCase[],
    options: Readonly<Record<string, string | undefined>>,
  ): void {
    const { rings = 'all:100%:0:2', window, reboot = 'never', approval, health, 'catch-up': catchUp = '0' } = options;
    const request = {
      ...{
        rolloutId: name,
        kind,
        revertsId,
        patchIds: [],
        catchUpDays: Number(catchUp),
        rings: rings.split(',').map(ring => ringOf(ring, health !== undefined)),
        window: this.#windowOf(window),
      },
      ...{ restart: 'affected-services' as const, reboot: reboot as RebootPolicy, smokeTests: [] },
    };
    const made = makePlan(request, cases);
    const findings = lintPlan(made.plan, {
      now: toInstant(this.#nowMs),
      asked: new Map(cases.map(one => [one.hostId, one.asked])),
      rebootExpected: new Set(),
      retracted: new Map(retractedAmong(made.plan.transactions.flat(), this.#server.store.retractions).map(one => [one, 'it is bad'])),
      fettleHostId: null,
      freezes: [],
      groups: this.#server.store.groups.map(promisedBy),
    });
    for (const { hostName, reason } of made.report.excluded) this.#say(`left out: ${hostName}: ${reason}`);
    for (const { rule, level, message } of findings) if (level === 'error') this.#say(`the plan has an error: ${message} (${rule})`);
    if (findings.some(finding => finding.level === 'error')) return;
    for (const ring of made.plan.rings)
      this.#say(
        `ring ${ring.name}: ${ring.hosts.map(host => host.hostName).join(', ')}; ${ring.concurrency} at a time, soak ${ring.soakMinutes} min`,
      );
    const approvalMinutes = approval === undefined ? APPROVAL_VALID_MINUTES : duration(approval) / MINUTE_MS;
    const before = this.#lines.length;
    propose(this.#server, this.#reconciler, { id: name, kind, revertsId, made, requestedBy: 'ada', approvalMinutes }, this.#nowMs);
    this.#lines.length = before;
    this.#say(`plan ${made.hash.slice(0, 12)} waits for approval`);
  }

  #windowOf(text: string | undefined): PlannedWindow {
    if (text === undefined) return { startsAt: null, endsAt: null, timeZone: 'UTC', repeat: null };
    const [startsAt, endsAt] = text.split('-').map(time => `2026-11-23T${time}:00.000Z`);
    return { startsAt: startsAt!, endsAt: endsAt!, timeZone: 'UTC', repeat: null };
  }

  #weather(name: string, text: string, bad: Partial<SimHost['weather']>): void {
    const { weather } = this.#host(name);
    Object.assign(weather, bad);
    this.#timeline.after(duration(text), () => weather.clear());
  }

  /** Until the job of a host, `ROLLOUT/HOST`, or a rollout, is in a state. */
  #waitUntil(name: string, state: string): void {
    const [rolloutId = '', hostId] = name.split('/');
    const rollout = this.#rollout(rolloutId);
    const now = (): string => (hostId === undefined ? rollout.state : this.#server.store.jobs.get(`${rolloutId}-${hostId}`)!.state);
    this.#timeline.runUntil(this.#nowMs + 24 * 60 * MINUTE_MS, () => now() === state);
    if (now() !== state) throw new Error(`${name} is ${now()}, not ${state}, after a day`);
  }

  #show(rollout: SimRollout): void {
    this.#say(`${rollout.id}: ${rollout.state}${rollout.stopReason === null ? '' : ` (${rollout.stopReason})`}`);
    for (const id of rollout.ringIds) {
      const ring = this.#server.store.rings.get(id)!;
      this.#say(`  ring ${ring.name}: ${ring.state}${ring.stateReason === null ? '' : `: ${ring.stateReason}`}`);
      for (const job of this.#reconciler.jobsOfRing(id)) {
        const waits = job.waitingOn === null || isFinal(JOB, job.state) ? '' : `: ${WAITING_ON[job.waitingOn].text}`;
        const failure = job.failure === null || job.state === 'succeeded' ? '' : `: ${job.failure}`;
        this.#say(`    ${job.hostName.padEnd(6)} ${job.state}${waits}${isFinal(JOB, job.state) ? failure : ''}`);
      }
    }
  }

  #rollout(name: string): SimRollout {
    const rollout = this.#server.store.rollouts.get(name);
    if (rollout === undefined) throw new Error(`there is no rollout ${name}`);
    return rollout;
  }

  #host(name: string): SimHost {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }

  #say(text: string): void {
    this.#lines.push(text);
  }

  #log(atMs: number, text: string): void {
    this.#lines.push(`${toInstant(atMs).slice(11, 19)}  ${text}`);
  }
}
