import { HOUR_MS, SECOND_MS, toInstant } from '../core/kernel/instants.ts';
import { HOST_PLAN_TYPE, type HostPlan } from '../core/rollouts/host-plan.ts';
import { Declarations } from './declarations.ts';
import { drawFaults, type Fault, type FaultKind } from './faults.ts';
import { SimHost } from './host.ts';
import { SimKeys } from './keys.ts';
import { lastLook } from './last-look.ts';
import type { Rule, Violation } from './ledger.ts';
import { metricsOf } from './metrics.ts';
import { type Mutants, NO_MUTANTS } from './mutants.ts';
import { Network } from './network.ts';
import { Operators, PACKAGE_NAMES, PACKAGES } from './operators.ts';
import { Random } from './random.ts';
import { SimReconciler } from './reconciler.ts';
import { SimServer, type TaskForHost } from './server.ts';
import { STRETCHES } from './stretches.ts';
import { FAIR_SURROUNDINGS, type HostParts, type Surroundings } from './surroundings.ts';
import { Timeline } from './timeline.ts';
import { Witness } from './witness.ts';
import { HostWitness } from './witness-hosts.ts';

export interface Script {
  readonly hosts: number;
  readonly hours: number;
  readonly seed: number;
  /** What may go wrong; `faults` are some or all of what is drawn for these. */
  readonly kinds: readonly FaultKind[];
  readonly faults: readonly Fault[];
}

export interface Outcome {
  readonly script: Script;
  readonly violations: readonly Violation[];
  readonly hostHours: number;
  readonly events: number;
  readonly messages: number;
  readonly moves: number;
  readonly checks: Readonly<Record<Rule, number>>;
  readonly rollouts: Readonly<Record<string, number>>;
  readonly jobs: Readonly<Record<string, number>>;
}

/** Any instant will do; this one is a Monday in a month with a clock change. */
export const START_MS = Date.UTC(2026, 9, 19);
/** After the script everything is well again for this long: then whatever is open must come to an end (L1, L4). */
const HEAL_HOURS = 40;
const TICK_MS = 5 * SECOND_MS;
/** The witness looks over everything every ten minutes. */
const LOOK_TICKS = 120;

export function drawScript(hosts: number, hours: number, seed: number, kinds: readonly FaultKind[]): Script {
  return { hosts, hours, seed, kinds, faults: drawFaults(new Random(seed ^ 0x5eed), kinds, hosts, START_MS, START_MS + hours * HOUR_MS) };
}

/** Leaves of what was drawn only the faults with these numbers. */
export function keepFaults(script: Script, numbers: readonly number[]): Script {
  const kept = new Set(numbers);
  return { ...script, faults: script.faults.filter(fault => kept.has(fault.number)) };
}

/** Runs a script to its end, or to the first violation. The same script gives the same outcome, always. */
export function play(script: Script, mutants: Mutants = NO_MUTANTS): Outcome {
  return new World(script, mutants).run();
}

class World {
  readonly #script: Script;
  readonly #timeline = new Timeline(START_MS);
  readonly #random: Random;
  readonly #witness = new Witness();
  readonly #hostWitness = new HostWitness(this.#witness);
  readonly #keys = new SimKeys(1);
  readonly #stranger = new SimKeys(2);
  readonly #server: SimServer;
  readonly #reconciler: SimReconciler;
  readonly #hosts: SimHost[];
  readonly #operators: Operators;
  readonly #declarations: Declarations;
  readonly #network: Network;
  readonly #surroundings: Surroundings = { ...FAIR_SURROUNDINGS };
  #serverUp = true;
  #upSinceMs = START_MS;
  #ticks = 0;
  #forged = 0;
  #calm = false;

  constructor(script: Script, mutants: Mutants) {
    this.#script = script;
    this.#random = new Random(script.seed);
    this.#server = new SimServer(this.#witness, this.#keys, mutants);
    this.#reconciler = new SimReconciler(this.#server);
    this.#network = new Network(this.#timeline, this.#random.fork(1), () => this.#serverUp);
    const parts: Omit<HostParts, 'random'> = {
      timeline: this.#timeline,
      network: this.#network,
      server: this.#server,
      witness: this.#hostWitness,
      surroundings: this.#surroundings,
      mutants,
      world: { relay: (hostId, highest, tasks) => this.#relay(hostId, highest, tasks) },
    };
    this.#hosts = Array.from({ length: script.hosts }, (_, n) => {
      const host = new SimHost(`host_${String(n).padStart(5, '0')}`, `h${n}`, { ...parts, random: this.#random.fork(100 + n) });
      // The last one has an epoch, which its newer versions keep.
      for (let p = 0; p < PACKAGES; p++) host.packages.set(`pkg${p}`, p === PACKAGES - 1 ? '1:1' : '1');
      return host;
    });
    this.#operators = new Operators(this.#reconciler, this.#server, this.#hosts, this.#timeline, this.#random.fork(2));
    this.#operators.declareGroups();
    this.#declarations = new Declarations(
      this.#server,
      this.#reconciler,
      this.#hosts.map(host => host.id),
    );
    for (const host of this.#hosts) this.#server.hear(host.id, START_MS);
    this.#server.metrics = metricsOf(this.#surroundings, this.#hosts);
  }

  run(): Outcome {
    const { hours, faults } = this.#script;
    const endMs = START_MS + hours * HOUR_MS;
    for (const fault of faults) this.#timeline.at(fault.atMs, () => this.#begin(fault));
    this.#tick();
    this.#operators.work(endMs);
    const broken = () => this.#witness.ledger.violations.length > 0;
    this.#timeline.runUntil(endMs, broken);
    this.#heal();
    this.#timeline.runUntil(endMs + HEAL_HOURS * HOUR_MS, broken);
    if (!broken()) lastLook(this.#server, this.#hosts, this.#timeline.nowMs);
    return this.#outcome();
  }

  #tick(): void {
    this.#timeline.after(TICK_MS, () => this.#tick());
    if (!this.#serverUp) return;
    const { nowMs } = this.#timeline;
    this.#reconciler.reconcile(nowMs);
    this.#operators.look(this.#calm);
    this.#ticks += 1;
    if (this.#ticks % LOOK_TICKS === 0) this.#witness.look(this.#server.store.jobs, nowMs - this.#upSinceMs, nowMs);
  }

  #begin(fault: Fault): void {
    const host = this.#aim(fault);
    const end = STRETCHES[fault.kind]?.({ fault, host, surroundings: this.#surroundings });
    if (end !== undefined) this.#timeline.after(fault.durationMs, end);
    else this.#happen(fault, host);
  }

  /** Every other fault of a host is aimed at one that is at work or getting ready: that is where it can do harm. */
  #aim(fault: Fault): SimHost {
    const working = fault.amount % 2 === 1 ? this.#hosts.filter(host => (this.#server.store.activeOfHost.get(host.id)?.size ?? 0) > 0) : [];
    const among = working.length > 0 ? working : this.#hosts;
    return among[fault.target % among.length]!;
  }

  /** Faults that are a moment, or that the world itself has to undo. */
  #happen(fault: Fault, host: SimHost): void {
    const { nowMs } = this.#timeline;
    if (fault.kind === 'power-cut' || fault.kind === 'host-gone' || fault.kind === 'host-away') host.powerCut(fault.durationMs);
    if (fault.kind === 'agent-kill') host.killAgent(fault.durationMs);
    if (fault.kind === 'drift') host.drift(`pkg${fault.amount % (PACKAGES - 1)}`, `1~hand${fault.amount}`);
    if (fault.kind === 'pause' || fault.kind === 'halt') this.#operators.stopSomething(fault.kind);
    if (fault.kind === 'nobody-looks') this.#operators.awayUntilMs = Math.max(this.#operators.awayUntilMs, nowMs + fault.durationMs);
    if (fault.kind === 'freeze') this.#declarations.freeze(fault, nowMs);
    if (fault.kind === 'hold') this.#declarations.hold(fault, PACKAGE_NAMES, nowMs);
    if (fault.kind === 'retract') {
      const lift = this.#declarations.retract(fault, nowMs);
      if (lift !== null) this.#timeline.after(fault.durationMs, lift);
    }
    if (fault.kind === 'kill-switch') {
      this.#reconciler.setKillSwitch(true, nowMs);
      this.#timeline.after(fault.durationMs, () => this.#reconciler.setKillSwitch(false, this.#timeline.nowMs));
    }
    if (fault.kind === 'server-crash') {
      this.#serverUp = false;
      this.#timeline.after(fault.durationMs, () => {
        this.#serverUp = true;
        this.#upSinceMs = this.#timeline.nowMs;
      });
    }
  }

  /** While somebody sits on the line: a plan of his own under our key's name, or another host's genuine one. */
  #relay(hostId: string, highest: number, tasks: readonly TaskForHost[]): readonly TaskForHost[] {
    if (!this.#surroundings.hostile) return tasks;
    const [own] = tasks.filter(task => task.kind === 'job');
    const genuine = this.#anyPlan(plan => plan.hostId !== hostId && plan.sequence > highest);
    this.#forged += 1;
    if (this.#forged % 2 === 0 && genuine !== null)
      return [{ kind: 'job', jobId: genuine.jobId, attempt: genuine.attempt, envelope: this.#keys.sign(HOST_PLAN_TYPE, genuine) }];
    const base = genuine ?? this.#anyPlan(() => true);
    if (base === null) return tasks;
    const sequence = highest + 1;
    const jobId = own?.jobId ?? base.jobId;
    const attempt = own?.attempt ?? base.attempt;
    const forged: HostPlan = { ...base, planId: `forged_${this.#forged}`, hostId, sequence, jobId, attempt };
    return [{ kind: 'job', jobId, attempt, envelope: this.#stranger.forge(HOST_PLAN_TYPE, forged, this.#keys.keyid) }];
  }

  #anyPlan(holds: (plan: HostPlan) => boolean): HostPlan | null {
    const now = toInstant(this.#timeline.nowMs);
    for (const id of this.#server.store.active) {
      const job = this.#server.store.jobs.get(id)!;
      const plan = this.#server.planOf(id, job.attempt);
      if (plan.notAfter > now && holds(plan)) return plan;
    }
    return null;
  }

  /** Whatever was wrong is put right; people go on doing their part. */
  #heal(): void {
    this.#calm = true;
    if (!this.#serverUp) this.#upSinceMs = this.#timeline.nowMs;
    this.#serverUp = true;
    Object.assign(this.#surroundings, FAIR_SURROUNDINGS);
    if (this.#server.store.killSwitch) this.#reconciler.setKillSwitch(false, this.#timeline.nowMs);
    this.#declarations.clear();
    for (const host of this.#hosts) {
      host.weather.clear();
      host.comeBack();
      Object.assign(host, {
        clockSkewMs: 0,
        lockHeld: false,
        diskFull: false,
        inventoryLost: false,
        ailing: false,
        hookTrouble: 'none',
        rehearsing: 'well',
      });
    }
  }

  #outcome(): Outcome {
    const count = (states: Iterable<string>): Record<string, number> => {
      const counted: Record<string, number> = {};
      for (const state of states) counted[state] = (counted[state] ?? 0) + 1;
      return counted;
    };
    const { store } = this.#server;
    return {
      script: this.#script,
      violations: this.#witness.ledger.violations,
      hostHours: (this.#hosts.length * (this.#timeline.nowMs - START_MS)) / HOUR_MS,
      events: this.#timeline.ran,
      messages: this.#network.messages,
      moves: this.#witness.moves,
      checks: this.#witness.ledger.checks,
      rollouts: count([...store.rollouts.values()].map(rollout => rollout.state)),
      jobs: count([...store.jobs.values()].map(job => job.state)),
    };
  }
}
