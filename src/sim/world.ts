import { HOUR_MS, SECOND_MS, toInstant } from '../core/kernel/instants.ts';
import type { HostPlan } from '../core/rollouts/host-plan.ts';
import { isFinal } from '../core/rollouts/machine.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import { drawFaults, type Fault, type FaultKind } from './faults.ts';
import { type HostParts, SimHost, type Surroundings } from './host.ts';
import { type Mutants, NO_MUTANTS } from './mutants.ts';
import { Network } from './network.ts';
import { Operators } from './operators.ts';
import { Random } from './random.ts';
import { SimServer } from './server.ts';
import { Timeline } from './timeline.ts';
import { type Violation, Witness } from './witness.ts';

export interface Script {
  readonly hosts: number;
  readonly hours: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
}

export interface Outcome {
  readonly script: Script;
  readonly violations: readonly Violation[];
  readonly hostHours: number;
  readonly events: number;
  readonly messages: number;
  readonly moves: number;
  readonly checks: number;
  readonly rollouts: Readonly<Record<string, number>>;
  readonly jobs: Readonly<Record<string, number>>;
}

/** Any instant will do; this one is a Monday in a month with a clock change. */
export const START_MS = Date.UTC(2026, 9, 19);
/** After the script everything is well again for this long: then whatever is open must come to an end (L1, L4). */
const HEAL_HOURS = 40;
const TICK_MS = 5 * SECOND_MS;

export function drawScript(hosts: number, hours: number, seed: number, kinds: readonly FaultKind[]): Script {
  return { hosts, hours, seed, faults: drawFaults(new Random(seed ^ 0x5eed), kinds, hosts, START_MS, START_MS + hours * HOUR_MS) };
}

/** Runs a script to its end, or to the first violation. The same script gives the same outcome, always. */
export function play(script: Script, mutants: Mutants = NO_MUTANTS): Outcome {
  return new World(script, mutants).run();
}

interface Stretch {
  readonly fault: Fault;
  readonly host: SimHost;
  readonly surroundings: Surroundings;
}

/** Faults that last: each begins at once and answers with its end. */
const STRETCHES: Partial<Record<FaultKind, (stretch: Stretch) => () => void>> = {
  loss: ({ host }) => during(host.weather, { loss: 0.33 }),
  duplicate: ({ host }) => during(host.weather, { duplicate: 0.5 }),
  delay: ({ host }) => during(host.weather, { delayMs: 1_200_000 }),
  partition: ({ host }) => during(host.weather, { partitioned: true }),
  'clock-skew': ({ host, fault }) => during(host, { clockSkewMs: fault.amount }),
  'lock-held': ({ host }) => during(host, { lockHeld: true }),
  'disk-full': ({ host }) => during(host, { diskFull: true }),
  'mirror-down': ({ surroundings }) => during(surroundings, { mirror: 'down' }),
  'mirror-corrupt': ({ surroundings }) => during(surroundings, { mirror: 'corrupt' }),
  'bad-patch': ({ surroundings, fault }) => during(surroundings, { badPatchPercent: fault.amount }),
  'bad-service': ({ surroundings, fault }) => during(surroundings, { badServicePercent: fault.amount }),
};

/** Sets the values and answers with what puts the fair ones back. */
function during<Target extends object>(target: Target, values: Partial<Target>): () => void {
  const fair: Partial<Target> = Object.fromEntries(
    Object.keys(values).map(name => [name, FAIR_VALUES[name as keyof typeof FAIR_VALUES]]),
  ) as Partial<Target>;
  Object.assign(target, values);
  return () => Object.assign(target, fair);
}

const FAIR_VALUES = {
  loss: 0.001,
  duplicate: 0.001,
  delayMs: 0,
  partitioned: false,
  clockSkewMs: 0,
  lockHeld: false,
  diskFull: false,
  mirror: 'well',
  badPatchPercent: 0,
  badServicePercent: 0,
} as const;

class World {
  readonly #script: Script;
  readonly #timeline = new Timeline(START_MS);
  readonly #random: Random;
  readonly #witness: Witness;
  readonly #server: SimServer;
  readonly #hosts: SimHost[];
  readonly #operators: Operators;
  readonly #network: Network;
  readonly #surroundings: Surroundings = { mirror: 'well', badPatchPercent: 0, badServicePercent: 0 };
  #serverUp = true;
  /** Since the server came up. */
  #ticks = 0;
  #calm = false;

  constructor(script: Script, mutants: Mutants) {
    this.#script = script;
    this.#random = new Random(script.seed);
    this.#witness = new Witness({
      ring: id => this.#server.store.rings.get(id),
      concurrencyMax: () => this.#server.store.concurrencyMax,
      window: rolloutId => this.#window(rolloutId),
      standing: hostId => this.#standing(hostId),
    });
    this.#server = new SimServer(this.#witness, mutants);
    this.#network = new Network(this.#timeline, this.#random.fork(1), () => this.#serverUp);
    const parts: Omit<HostParts, 'random'> = {
      timeline: this.#timeline,
      network: this.#network,
      server: this.#server,
      witness: this.#witness,
      surroundings: this.#surroundings,
      mutants,
      world: {
        changeBegins: (host, plan) => this.#changeBegins(host, plan),
        changeEnds: host => this.#witness.changeEnds(host.id),
        rebootBegins: (host, plan, permitId) => this.#witness.rebootBegins(host.id, permitId, plan.reboot, this.#timeline.nowMs),
      },
    };
    this.#hosts = Array.from({ length: script.hosts }, (_, n) => {
      const host = new SimHost(`host_${String(n).padStart(5, '0')}`, `h${n}`, { ...parts, random: this.#random.fork(100 + n) });
      for (let p = 0; p < 8; p++) host.packages.set(`pkg${p}`, '1');
      return host;
    });
    this.#operators = new Operators(this.#server, this.#hosts, this.#timeline, this.#random.fork(2));
    this.#operators.declareGroups();
  }

  run(): Outcome {
    const { hours, faults } = this.#script;
    const endMs = START_MS + hours * HOUR_MS;
    for (const fault of faults) this.#timeline.at(fault.atMs, () => this.#begin(fault));
    this.#tick();
    this.#operators.work(endMs);
    const broken = () => this.#witness.violations.length > 0;
    this.#timeline.runUntil(endMs, broken);
    this.#heal();
    this.#timeline.runUntil(endMs + HEAL_HOURS * HOUR_MS, broken);
    if (!broken()) this.#lastLook();
    return this.#outcome();
  }

  #tick(): void {
    this.#timeline.after(TICK_MS, () => this.#tick());
    if (this.#serverUp) this.#server.reconcile(this.#timeline.nowMs);
    if (this.#serverUp) this.#operators.look(this.#calm);
    this.#ticks = this.#serverUp ? this.#ticks + 1 : 0;
    if (this.#ticks % 24 === 23)
      for (const job of this.#server.overdue(this.#timeline.nowMs))
        this.#witness.ended('L1', false, this.#timeline.nowMs, `job ${job.id} is ${job.state} beyond its deadline`);
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
    if (fault.kind === 'power-cut' || fault.kind === 'host-gone') host.powerCut(fault.durationMs);
    if (fault.kind === 'agent-kill') host.killAgent(fault.durationMs);
    if (fault.kind === 'drift') host.packages.set(`pkg${fault.amount % 8}`, `1~hand${fault.amount}`);
    if (fault.kind === 'pause' || fault.kind === 'halt') this.#operators.stopSomething(fault.kind);
    if (fault.kind === 'freeze')
      this.#server.store.freezes.push({
        name: 'sim',
        kind: fault.amount > 50 ? 'hard' : 'reboot-only',
        startsAt: toInstant(nowMs),
        endsAt: toInstant(nowMs + fault.durationMs),
      });
    if (fault.kind === 'kill-switch') {
      this.#server.setKillSwitch(true, nowMs);
      this.#timeline.after(fault.durationMs, () => this.#server.setKillSwitch(false, this.#timeline.nowMs));
    }
    if (fault.kind === 'server-crash') {
      this.#serverUp = false;
      this.#timeline.after(fault.durationMs, () => {
        this.#serverUp = true;
      });
    }
  }

  /** Whatever was wrong is put right; people go on doing their part. */
  #heal(): void {
    this.#calm = true;
    this.#serverUp = true;
    Object.assign(this.#surroundings, { mirror: 'well', badPatchPercent: 0, badServicePercent: 0 } satisfies Surroundings);
    if (this.#server.store.killSwitch) this.#server.setKillSwitch(false, this.#timeline.nowMs);
    this.#server.store.freezes.length = 0;
    for (const host of this.#hosts) {
      host.weather.clear();
      Object.assign(host, { clockSkewMs: 0, lockHeld: false, diskFull: false });
    }
  }

  #changeBegins(host: SimHost, plan: HostPlan): void {
    this.#witness.changeBegins(host.id, plan, this.#server.store.jobs.get(plan.jobId)!.ringId, this.#timeline.nowMs);
  }

  #window(rolloutId: string): { startsAtMs: number; endsAtMs: number } {
    const { startsAt, endsAt } = this.#server.store.rollouts.get(rolloutId)!.plan.window;
    return {
      startsAtMs: startsAt === null ? 0 : Date.parse(startsAt),
      endsAtMs: endsAt === null ? Number.POSITIVE_INFINITY : Date.parse(endsAt),
    };
  }

  /** Members that are really up and untouched. One that went down by itself so lately that nobody can know it yet counts as up: the rule is about us. */
  #standing(hostId: string): { group: string; up: number; needed: number }[] {
    return this.#server.store.groups
      .filter(group => group.hostIds.has(hostId))
      .map(group => {
        const others = this.#hosts.filter(host => group.hostIds.has(host.id) && host.id !== hostId);
        const atWork = others.filter(host => this.#witness.isWorking(host.id)).length;
        return { group: group.name, up: others.length - atWork, needed: group.minAvailable };
      });
  }

  /** L1, I4, I5, S12: when all is well again and time has passed. */
  #lastLook(): void {
    const { store } = this.#server;
    const now = this.#timeline.nowMs;
    for (const rollout of store.rollouts.values())
      this.#witness.ended('L1', isFinal(ROLLOUT, rollout.state), now, `rollout ${rollout.id} is still ${rollout.state}`);
    for (const host of this.#hosts) {
      for (const entry of host.disk.journal.values()) {
        this.#witness.ended(
          'I4',
          entry.state !== 'finished' || this.#server.hasResult(entry.plan.jobId, entry.plan.attempt),
          now,
          `${host.id}: the result of ${entry.plan.planId} never reached the store`,
        );
        this.#witness.ended('L1', entry.state === 'finished', now, `${host.id}: ${entry.plan.planId} is still ${entry.state}`);
      }
      if (!host.broken) continue;
      const known = [...store.jobs.values()].some(job => job.hostId === host.id && job.touched && job.state !== 'succeeded');
      this.#witness.ended('I5', known, now, `${host.id} is half done and nobody knows`);
    }
    for (const ids of store.jobsOfRing.values())
      this.#witness.ended(
        'S12',
        ids.every(id => store.jobs.has(id)),
        now,
        'a job has vanished',
      );
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
      violations: this.#witness.violations,
      hostHours: (this.#hosts.length * (this.#timeline.nowMs - START_MS)) / HOUR_MS,
      events: this.#timeline.ran,
      messages: this.#network.messages,
      moves: this.#witness.moves,
      checks: this.#witness.checks,
      rollouts: count([...store.rollouts.values()].map(rollout => rollout.state)),
      jobs: count([...store.jobs.values()].map(job => job.state)),
    };
  }
}
