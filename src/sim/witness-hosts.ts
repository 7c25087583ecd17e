import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { HostPlan } from '../core/rollouts/host-plan.ts';
import { deb } from '../core/versions/deb.ts';
import { compareVersions } from '../core/versions/scheme.ts';
import type { Ledger } from './ledger.ts';
import { contains } from './windows.ts';
import type { Witness } from './witness.ts';

/** A host as it really is; nobody in the simulation may ask for this but the witness. */
export interface HostTruth {
  readonly id: string;
  readonly packages: ReadonlyMap<string, string>;
  readonly broken: boolean;
  readonly needsReboot: boolean;
  /** The package manager is at work this moment. */
  readonly changing: boolean;
  /** Pre-hooks whose work holds, and the plan whose pre-hook has taken it out of service. */
  readonly prepared: ReadonlySet<string>;
  readonly outOfServiceFor: string | null;
  /** The archives that are about to be installed are those that their repository signed. */
  readonly genuine: boolean;
}

interface Written {
  readonly rebooted: boolean;
  readonly touched: boolean;
  readonly outcome: string;
  readonly failureClass: string | null;
}

/** Longest time between a yes and a start: the life of a permit, and what the clock of a host may be wrong. */
const PERMIT_MS = 5 * MINUTE_MS;
const SKEW_MS = 5 * MINUTE_MS;

/** Looks at what really happens on the hosts, whatever anybody reports: the rules of security.md 4.1. It decides nothing and tells nobody. */
export class HostWitness {
  readonly #engine: Witness;
  readonly #ledger: Ledger;
  /** Really being changed now: host to the plan at work and the packages before it. */
  readonly #working = new Map<string, { readonly plan: HostPlan; readonly before: ReadonlyMap<string, string> }>();
  /** Changed, and waiting for a reboot that is another plan's as well: host to plans. */
  readonly #waiting = new Map<string, Map<string, HostPlan>>();
  readonly #begun = new Set<string>();
  readonly #accepted = new Map<string, number>();

  constructor(engine: Witness) {
    this.#engine = engine;
    this.#ledger = engine.ledger;
  }

  /** I7: a host takes up plans that the engine signed for it, in rising order only. */
  planAccepted(hostId: string, plan: HostPlan, atMs: number): void {
    const signed = this.#engine.signed(plan.planId);
    const genuine = signed !== null && signed.hostId === hostId && JSON.stringify(signed) === JSON.stringify(plan);
    this.#ledger.demand('I7', genuine, atMs, () => `${hostId} took up ${plan.planId}, which was never signed for it`);
    const highest = this.#accepted.get(hostId) ?? 0;
    this.#ledger.demand('I7', plan.sequence > highest, atMs, () => `${hostId} accepted plan ${plan.sequence} after ${highest}`);
    this.#accepted.set(hostId, Math.max(highest, plan.sequence));
  }

  /** Packages begin to change. */
  changeBegins(host: HostTruth, plan: HostPlan, atMs: number): void {
    const { id } = host;
    const action = plan.planId;
    this.#ledger.demand('I1', !this.#begun.has(action), atMs, () => `${id}: plan ${action} begins a second time`);
    this.#ledger.demand('S5', !this.#working.has(id), atMs, () => `${id}: a second change begins while one is at work`);
    this.#begun.add(action);
    this.#working.set(id, { plan, before: new Map(host.packages) });
    this.#demandTime(id, plan, atMs);
    this.#ledger.demand('I9', this.#engine.isTurnOf(plan.rolloutId, id), atMs, () => `${id}: change before the ring before it has passed`);
    const unprepared = (plan.hooks ?? []).filter(hook => hook.phase === 'pre' && !host.prepared.has(hook.name));
    this.#ledger.demand(
      'I7',
      unprepared.length === 0,
      atMs,
      () => `${id}: change although pre-hook ${unprepared[0]!.name} has not ended well`,
    );
    this.#demandContent(host, plan, atMs);
    this.#demandRoom(plan, atMs);
    this.#demandGroups(id, 'changes', atMs);
  }

  #demandTime(id: string, plan: HostPlan, atMs: number): void {
    const { window } = this.#engine.planOf(plan.rolloutId);
    const open = [-SKEW_MS, 0, SKEW_MS].some(skew => contains(window, atMs + skew, atMs + skew));
    this.#ledger.demand(
      'I2',
      open && atMs < Date.parse(plan.notAfter) + SKEW_MS,
      atMs,
      () => `${id}: change outside its window or after its plan ran out`,
    );
    const stopped = this.#engine.stoppedSince(plan.rolloutId);
    const late = (sinceMs: number): boolean => atMs - sinceMs > PERMIT_MS + SKEW_MS;
    this.#ledger.demand(
      'I8',
      stopped === undefined || !late(stopped.sinceMs),
      atMs,
      () => `${id}: change begins ${Math.round((atMs - stopped!.sinceMs) / 1000)} s after ${stopped!.why}`,
    );
    const kill = this.#engine.books.killSwitchSinceMs;
    this.#ledger.demand('S11', kill === null || !late(kill), atMs, () => `${id}: change begins long after the kill switch was engaged`);
  }

  /** I13, S6: the host is as it was when the plan was made, or further on the same way; nothing unsigned, nothing back in time. */
  #demandContent(host: HostTruth, plan: HostPlan, atMs: number): void {
    for (const item of plan.transaction) {
      const now = host.packages.get(item.name) ?? null;
      this.#ledger.demand(
        'I13',
        now === item.fromVersion || now === item.toVersion,
        atMs,
        () => `${host.id}: ${item.name} is ${now}, the plan was made for ${item.fromVersion}`,
      );
      if (plan.kind === 'patch' && now !== null && item.toVersion !== null)
        this.#ledger.demand(
          'S6',
          compareVersions(deb, item.toVersion, now) !== -1,
          atMs,
          () => `${host.id}: ${item.name} would go back from ${now} to ${item.toVersion}`,
        );
    }
    this.#ledger.demand('S6', host.genuine, atMs, () => `${host.id}: archives are about to be installed that nobody signed`);
  }

  #demandRoom(plan: HostPlan, atMs: number): void {
    const rollout = this.#engine.planOf(plan.rolloutId);
    const ring = rollout.rings.find(one => one.hosts.some(host => host.hostId === plan.hostId));
    const atWork = [...[...this.#working.values()].map(one => one.plan), ...[...this.#waiting.values()].flatMap(own => [...own.values()])];
    const together = atWork.filter(one => one.rolloutId === plan.rolloutId && ring?.hosts.some(host => host.hostId === one.hostId)).length;
    const hosts = new Set(atWork.map(one => one.hostId)).size;
    this.#ledger.demand(
      'I12',
      ring === undefined || together <= ring.concurrency,
      atMs,
      () => `${together} hosts of ring ${ring!.name} are really at work, ${ring!.concurrency} allowed`,
    );
    this.#ledger.demand('I12', hosts <= this.#engine.books.concurrencyMax, atMs, () => `${hosts} hosts are really at work`);
  }

  /** Members that are really untouched. One that went down by itself counts as up: the rule is about what we do. */
  #demandGroups(hostId: string, does: string, atMs: number): void {
    for (const group of this.#engine.books.groups) {
      if (!group.hostIds.has(hostId)) continue;
      const others = [...group.hostIds].filter(member => member !== hostId && !this.isWorking(member)).length;
      const size = group.hostIds.size;
      const stay = group.minAvailable ?? size - Math.max(1, Math.trunc((size * (group.maxUnavailablePercent ?? 0)) / 100));
      this.#ledger.demand(
        'I3',
        others >= stay,
        atMs,
        () => `${hostId} ${does}: ${others} other members of ${group.name} stand, ${stay} have to`,
      );
    }
  }

  rebootBegins(host: HostTruth, permitted: boolean, policy: HostPlan['reboot'], atMs: number): void {
    const wanted = policy === 'always' || (policy === 'if-needed' && host.needsReboot);
    this.#ledger.demand('I10', permitted && policy !== 'never', atMs, () => `${host.id}: reboot without permission`);
    this.#ledger.demand('S14', wanted, atMs, () => `${host.id}: reboot that nothing asks for`);
    this.#ledger.demand('I5', !host.broken, atMs, () => `${host.id}: reboot with packages half done, which may not boot`);
    this.#ledger.demand('I5', !host.changing, atMs, () => `${host.id}: reboot in the middle of a transaction`);
    this.#demandGroups(host.id, 'reboots', atMs);
  }

  /** It has changed and waits for a reboot that serves others too; from here on another plan may work on the host. */
  changeWaits(host: HostTruth, plan: HostPlan, atMs: number): void {
    this.#settle(host, plan, atMs);
    const own = this.#waiting.get(host.id) ?? new Map<string, HostPlan>();
    this.#waiting.set(host.id, own.set(plan.planId, plan));
  }

  changeEnds(host: HostTruth, plan: HostPlan, atMs: number): void {
    this.#settle(host, plan, atMs);
    const own = this.#waiting.get(host.id);
    if (own?.delete(plan.planId) === true && own.size === 0) this.#waiting.delete(host.id);
  }

  /** S6: nothing has moved but what was approved, and nowhere else than asked. */
  #settle(host: HostTruth, { planId }: HostPlan, atMs: number): void {
    const work = this.#working.get(host.id);
    if (work?.plan.planId !== planId) return;
    this.#working.delete(host.id);
    const planned = new Map(work.plan.transaction.map(item => [item.name, item.toVersion]));
    for (const [name, version] of host.packages)
      this.#ledger.demand(
        'S6',
        version === work.before.get(name) || version === planned.get(name) || version.includes('~hand'),
        atMs,
        () => `${host.id}: ${name} moved from ${work.before.get(name)} to ${version} under ${planId}`,
      );
  }

  isWorking(hostId: string): boolean {
    return this.#working.has(hostId) || this.#waiting.has(hostId);
  }

  /** What the packages really were when the host wrote its result down. I5: a change that has begun is never reported as none. */
  resultWritten(host: HostTruth, plan: HostPlan, { rebooted, touched, outcome, failureClass }: Written, atMs: number): void {
    // A patch is also met by something newer, a rollback only by the exact version.
    const inPlace = plan.transaction.every(({ name, toVersion }) => {
      const now = host.packages.get(name) ?? null;
      return (
        now === toVersion || (plan.kind === 'patch' && now !== null && toVersion !== null && compareVersions(deb, now, toVersion) === 1)
      );
    });
    this.#engine.truthOfResult.set(plan.planId, inPlace && !host.broken && (plan.reboot !== 'always' || rebooted));
    // A person is told of a host that is left out of service: by a change that failed, or by the undoing that failed.
    const told = outcome === 'failed' && (touched || failureClass === 'post-hook-failed');
    if ((plan.hooks ?? []).length > 0)
      this.#ledger.demand(
        'I5',
        host.outOfServiceFor !== plan.planId || told,
        atMs,
        () => `${host.id}: is left out of service and its result says ${outcome}`,
      );
    this.#ledger.demand(
      'I5',
      touched || !this.#begun.has(plan.planId),
      atMs,
      () => `${host.id}: ${plan.planId} was begun and is reported as untouched`,
    );
  }

  /** I4: what was acknowledged to a host is in the store. */
  acknowledged(stored: boolean, hostId: string, atMs: number): void {
    this.#ledger.demand('I4', stored, atMs, () => `${hostId}: an acknowledged result is not in the store`);
  }
}
