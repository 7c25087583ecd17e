import { HOUR_MS, MINUTE_MS, toInstant } from '../core/kernel/instants.ts';
import type { TransactionItem } from '../core/rollouts/host-plan.ts';
import { inverseTransaction } from '../core/rollouts/inverse.ts';
import { isFinal } from '../core/rollouts/machine.ts';
import { lintPlan } from '../core/rollouts/plan-lint.ts';
import { type HostCase, makePlan } from '../core/rollouts/planner.ts';
import { ATTEMPTS_MAX } from '../core/rollouts/retry.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import type { SimHost } from './host.ts';
import type { Random } from './random.ts';
import { approvalUntil, type SimServer } from './server.ts';
import type { SimRollout } from './store.ts';
import type { Timeline } from './timeline.ts';

/** A new rollout this often, in hours. */
const EVERY_HOURS = [1, 4] as const;
const PACKAGES = 8;

/**
 * People: they plan with the real planner and lint, approve, start, look what has stopped and why, go on, give up, take back. What they do is drawn from
 * the seed; the script's faults make them stop things at other times.
 */
export class Operators {
  readonly #server: SimServer;
  readonly #hosts: readonly SimHost[];
  readonly #timeline: Timeline;
  readonly #random: Random;
  #number = 0;
  #release = 1;
  #lastLookMs = 0;

  constructor(server: SimServer, hosts: readonly SimHost[], timeline: Timeline, random: Random) {
    this.#server = server;
    this.#hosts = hosts;
    this.#timeline = timeline;
    this.#random = random;
  }

  /** Pairs and a trio among the first hosts: the quorums that must stand. */
  declareGroups(): void {
    const ids = this.#hosts.map(host => host.id);
    if (ids.length >= 2)
      this.#server.store.groups.push({ name: 'pair', hostIds: new Set(ids.slice(0, 2)), minAvailable: 1, memberSoakMinutes: 5 });
    if (ids.length >= 7)
      this.#server.store.groups.push({ name: 'trio', hostIds: new Set(ids.slice(4, 7)), minAvailable: 2, memberSoakMinutes: 0 });
    this.#server.store.concurrencyMax = Math.max(2, Math.min(20, Math.floor(ids.length / 3)));
  }

  work(untilMs: number): void {
    this.#timeline.after(this.#random.between(1, 30) * MINUTE_MS, () => this.#next(untilMs));
  }

  #next(untilMs: number) {
    if (this.#timeline.nowMs >= untilMs) return;
    this.#plan();
    this.#timeline.after(this.#random.between(EVERY_HOURS[0] * 60, EVERY_HOURS[1] * 60) * MINUTE_MS, () => this.#next(untilMs));
  }

  #plan() {
    this.#release += 1;
    const names = Array.from({ length: this.#random.between(1, 3) }, () => `pkg${this.#random.between(0, PACKAGES - 1)}`);
    const chosen = this.#hosts.filter(() => this.#random.chance(0.6));
    const target = String(this.#release);
    this.#launch(
      'patch',
      null,
      chosen.map(host => ({
        host,
        asked: [...new Set(names)].map(
          (name): TransactionItem => ({
            action: 'upgrade',
            name,
            arch: 'amd64',
            fromVersion: host.packages.get(name) ?? '0',
            toVersion: target,
          }),
        ),
      })),
    );
  }

  #launch(
    kind: 'patch' | 'rollback',
    revertsId: string | null,
    wishes: readonly { host: SimHost; asked: readonly TransactionItem[] }[],
  ): void {
    const nowMs = this.#timeline.nowMs;
    const id = `rol_${String(++this.#number).padStart(4, '0')}`;
    const windowed = this.#random.chance(0.4);
    const startsAtMs = nowMs + this.#random.between(0, 90) * MINUTE_MS;
    const window = windowed
      ? {
          startsAt: toInstant(startsAtMs),
          endsAt: toInstant(startsAtMs + this.#random.pick([12, 25, 60, 240]) * MINUTE_MS),
          timeZone: 'UTC',
          repeat: null,
        }
      : { startsAt: null, endsAt: null, timeZone: 'UTC', repeat: null };
    const reboot = this.#random.pick(['never', 'never', 'if-needed', 'always'] as const);
    const concurrency = this.#random.between(1, 5);
    const rings = [
      { name: 'canary', hosts: this.#random.between(1, 2), soakMinutes: this.#random.between(0, 30), concurrency: 1 },
      { name: 'early', percent: 20, soakMinutes: this.#random.between(0, 10), concurrency },
      { name: 'rest', percent: 100, soakMinutes: 0, concurrency: concurrency * 2 },
    ];
    const cases = wishes.map(
      ({ host, asked }): HostCase => ({
        hostId: host.id,
        hostName: host.name,
        asked,
        excluded: asked.length === 0 ? 'nothing to change' : null,
        rehearsal: null,
        restartUnits: [],
        rebootExpected: reboot !== 'never',
        runsFettle: false,
      }),
    );
    const made = makePlan(
      { rolloutId: id, kind, revertsId, patchIds: [], rings, window, restart: 'affected-services', reboot, smokeTests: [] },
      cases,
    );
    const facts = {
      now: toInstant(nowMs),
      asked: new Map(cases.map(one => [one.hostId, one.asked])),
      rebootExpected: new Set<string>(),
      fettleHostId: null,
      freezes: [],
      groups: this.#server.store.groups,
    };
    if (lintPlan(made.plan, facts).some(finding => finding.level === 'error')) return;
    this.#store(id, kind, revertsId, made.plan, made.hash, nowMs);
    if (!windowed) this.#timeline.after(this.#random.between(1, 20) * MINUTE_MS, () => this.#start(id));
    for (const { host } of wishes) if (reboot === 'if-needed') host.needsReboot = true;
  }

  #store(
    id: string,
    kind: 'patch' | 'rollback',
    revertsId: string | null,
    plan: SimRollout['plan'],
    planHash: string,
    nowMs: number,
  ): void {
    const now = toInstant(nowMs);
    const { store } = this.#server;
    const ringIds = plan.rings.map((_, index) => `${id}/${index}`);
    for (const [index, ring] of plan.rings.entries()) {
      const ringId = ringIds[index]!;
      store.rings.set(ringId, {
        id: ringId,
        rolloutId: id,
        ringIndex: index,
        name: ring.name,
        hosts: ring.hosts.length,
        soakMinutes: ring.soakMinutes,
        concurrency: ring.concurrency,
        gate: ring.gate,
        state: 'pending',
        stateSince: now,
        stateReason: null,
        soakEndsAt: null,
        lastSuccessAt: null,
      });
      store.jobsOfRing.set(
        ringId,
        ring.hosts.map(host => `${id}:${host.hostId}`),
      );
      for (const [position, host] of ring.hosts.entries())
        store.jobs.set(`${id}:${host.hostId}`, {
          id: `${id}:${host.hostId}`,
          rolloutId: id,
          ringId,
          ringIndex: index,
          position,
          hostId: host.hostId,
          hostName: host.hostName,
          transaction: plan.transactions[host.transaction]!,
          estimatedMinutes: host.estimatedMinutes,
          state: 'queued',
          stateSince: now,
          phase: null,
          attempt: 0,
          attemptsLeft: ATTEMPTS_MAX,
          waitingOn: null,
          parked: false,
          notBefore: null,
          retrySince: null,
          lastHeardAt: null,
          cancelRequested: false,
          failureClass: null,
          failure: null,
          failureSignature: null,
          infrastructure: false,
          touched: false,
          failureAcceptedBy: null,
          result: null,
          healed: [],
          closedVulnerabilities: [],
          startedAt: null,
          finishedAt: null,
        });
    }
    store.rollouts.set(id, {
      id,
      kind,
      revertsId,
      plan,
      planHash,
      ringIds,
      approvalExpiresAt: approvalUntil(nowMs),
      state: 'scheduled',
      stateSince: now,
      changeState: 'scheduled',
      haltOutcome: null,
      stopReason: null,
    });
  }

  #start(id: string) {
    const rollout = this.#server.store.rollouts.get(id);
    if (rollout === undefined || rollout.state !== 'scheduled') return;
    if (this.#server.store.killSwitch) return this.#timeline.after(10 * MINUTE_MS, () => this.#start(id));
    this.#server.begin(rollout, this.#timeline.nowMs);
  }

  /** Every quarter of an hour somebody looks at what has stopped. When all is well again they see things through. */
  look(calm: boolean): void {
    const nowMs = this.#timeline.nowMs;
    if (nowMs - this.#lastLookMs < 15 * MINUTE_MS) return;
    this.#lastLookMs = nowMs;
    for (const host of this.#hosts) if (host.up && !host.stands && this.#random.chance(calm ? 0.5 : 0.03)) host.repairByHand();
    for (const rollout of [...this.#server.store.rollouts.values()]) {
      if (isFinal(ROLLOUT, rollout.state)) continue;
      if (rollout.state === 'scheduled' && calm && rollout.plan.window.startsAt === null) this.#start(rollout.id);
      if (rollout.state !== 'paused') continue;
      const luck = this.#random.next();
      if (this.#server.store.killSwitch) continue;
      if (calm ? luck < 0.5 : luck < 0.35) this.#server.resume(rollout, nowMs);
      else if (luck > 0.85) this.#giveUp(rollout, nowMs);
    }
  }

  #giveUp(rollout: SimRollout, nowMs: number) {
    this.#server.halt(rollout, 'halt', 'an operator gave up', nowMs);
    if (rollout.kind === 'patch' && this.#random.chance(0.5)) this.#timeline.after(HOUR_MS, () => this.#takeBack(rollout));
  }

  #takeBack(rollout: SimRollout) {
    if (!isFinal(ROLLOUT, rollout.state)) return;
    const jobs = rollout.ringIds.flatMap(id => this.#server.store.jobsOfRing.get(id) ?? []).map(id => this.#server.store.jobs.get(id)!);
    const wishes = jobs
      .filter(job => job.touched && job.result !== null)
      .map(job => ({ host: this.#hosts.find(host => host.id === job.hostId)!, asked: inverseTransaction(job.transaction, job.result!) }));
    if (wishes.length > 0) this.#launch('rollback', rollout.id, wishes);
  }

  stopSomething(how: 'pause' | 'halt'): void {
    const running = [...this.#server.store.rollouts.values()].filter(
      rollout => rollout.state === 'running' || (how === 'halt' && rollout.state === 'paused'),
    );
    if (running.length === 0) return;
    const rollout = this.#random.pick(running);
    if (how === 'pause') this.#server.pause(rollout, this.#timeline.nowMs);
    else this.#server.halt(rollout, 'halt', 'an operator halted it', this.#timeline.nowMs);
  }
}
