import { HOUR_MS, MINUTE_MS, toInstant } from '../core/kernel/instants.ts';
import { isFinal } from '../core/kernel/machine.ts';
import type { TransactionItem } from '../core/rollouts/host-plan.ts';
import { inverseTransaction } from '../core/rollouts/inverse.ts';
import type { RolloutPlan } from '../core/rollouts/plan.ts';
import { lintPlan } from '../core/rollouts/plan-lint.ts';
import { type HostCase, makePlan, type PlanMade } from '../core/rollouts/planner.ts';
import type { Lane, PatchCase } from '../core/rollouts/policy.ts';
import { ROLLOUT, type RolloutState } from '../core/rollouts/rollout-states.ts';
import type { Occurrence } from '../core/rollouts/schedule/window.ts';
import { APPROVAL_VALID_MINUTES } from '../core/rollouts/timers.ts';
import { type Actor, VERBS, type Verb, type VerbFacts, whyNot } from '../core/rollouts/verbs.ts';
import { deb } from '../core/versions/deb.ts';
import { compareVersions } from '../core/versions/scheme.ts';
import type { SimHost } from './host.ts';
import { approve, propose } from './launch.ts';
import { caseOf, drawTerms, planWithoutEpochs, type Terms, withoutEpochs } from './plan-draws.ts';
import { drawPolicies, SimPolicies, type SimPolicy } from './policies.ts';
import type { Random } from './random.ts';
import type { SimReconciler } from './reconciler.ts';
import { promisedBy, retractedAmong, type SimGroup } from './safeguards.ts';
import type { SimServer } from './server.ts';
import { declareSites, hostsMatching } from './sites.ts';
import type { SimRollout } from './store.ts';
import type { Timeline } from './timeline.ts';

/** A new rollout this often, in hours. */
const EVERY_HOURS = [1, 4] as const;
export const PACKAGES = 8;
export const PACKAGE_NAMES = Array.from({ length: PACKAGES }, (_, n) => `pkg${n}`);
/** Who has gone on so often and is stopped by the same host again plans anew. */
const RESUMES_MAX = 5;
const REPLACEABLE: readonly RolloutState[] = ['scheduled', 'running', 'paused'];
const PEOPLE = ['ada', 'ben', 'cleo'] as const;
const ALL_PERMISSIONS: ReadonlySet<string> = new Set(Object.values(VERBS).map(verb => verb.permission));

interface Launch {
  readonly kind: 'patch' | 'rollback';
  readonly revertsId: string | null;
  readonly wishes: readonly { readonly host: SimHost; readonly asked: readonly TransactionItem[] }[];
  readonly terms?: Terms;
  /** Who asks for it; drawn where nobody is named. */
  readonly by?: string;
}

/**
 * People: they plan with the real planner and lint, approve, start, look what has stopped and why, go on, give up, take back, each only where the shipped
 * verbs allow it. What they do is drawn from the seed; the script's faults make them stop things at other times.
 */
export class Operators {
  readonly #reconciler: SimReconciler;
  readonly #server: SimServer;
  readonly #hosts: readonly SimHost[];
  readonly #timeline: Timeline;
  readonly #random: Random;
  #number = 0;
  #release = 1;
  #lastLookMs = 0;
  /** Until then nobody looks. */
  awayUntilMs = 0;
  readonly #resumed = new Map<string, number>();
  readonly #policies: SimPolicies;

  constructor(reconciler: SimReconciler, server: SimServer, hosts: readonly SimHost[], timeline: Timeline, random: Random) {
    this.#reconciler = reconciler;
    this.#server = server;
    this.#hosts = hosts;
    this.#timeline = timeline;
    this.#random = random;
    this.#policies = new SimPolicies(server, random.fork(2), (policy, lane, occurrence, patches) =>
      this.#draft(policy, lane, occurrence, patches),
    );
    this.#policies.policies.push(...drawPolicies(random, timeline.nowMs));
  }

  /** What a policy orders for one occurrence; its author hands it in, and somebody else approves it. */
  #draft(policy: SimPolicy, lane: Lane, { startsAt, endsAt }: Occurrence, patches: readonly PatchCase[]): string | null {
    const newest = new Map(patches.map(({ patchId }) => patchId.split('=') as [string, string]));
    const wishes = hostsMatching(lane.query, this.#hosts, this.#server.store.sites).map(host => {
      const asked = [...newest].flatMap(([name, toVersion]): TransactionItem[] => {
        const fromVersion = host.packages.get(name) ?? '0';
        return compareVersions(deb, fromVersion, toVersion) === -1
          ? [{ action: 'upgrade', name, arch: 'amd64', fromVersion, toVersion }]
          : [];
      });
      return { host, asked };
    });
    const window = { startsAt, endsAt, timeZone: lane.timeZone, repeat: null, cutoffMinutes: 0 };
    const terms: Terms = { ...drawTerms(this.#random, this.#timeline.nowMs), window, profile: 'normal' };
    return this.#launch({ kind: 'patch', revertsId: null, wishes, terms, by: policy.authorId });
  }

  /** A pair, a trio and a farm with a budget among the first hosts: what must stand. */
  declareGroups(): void {
    const ids = this.#hosts.map(host => host.id);
    const { store, witness } = this.#server;
    if (ids.length >= 2) store.groups.push(group('pair', ids.slice(0, 2), { minAvailable: 1, memberSoakMinutes: 5 }));
    if (ids.length >= 7) store.groups.push(group('trio', ids.slice(4, 7), { minAvailable: 2 }));
    if (ids.length >= 12) store.groups.push(group('farm', ids.slice(7, 12), { maxUnavailablePercent: 20 }));
    witness.books.groups.push(...store.groups);
    store.concurrencyMax = Math.max(2, Math.min(20, Math.floor(ids.length / 3)));
    witness.books.concurrencyMax = store.concurrencyMax;
    declareSites(this.#server, ids, this.#random.fork(1));
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
    const names = new Set(Array.from({ length: this.#random.between(1, 3) }, () => `pkg${this.#random.between(0, PACKAGES - 1)}`));
    const knownSince = toInstant(this.#timeline.nowMs);
    for (const name of names) {
      const patchId = `${name}=${name === `pkg${PACKAGES - 1}` ? '1:' : ''}${this.#release}`;
      this.#policies.patches.push({ patchId, title: patchId, security: this.#random.chance(0.7), knownExploited: [], knownSince });
    }
    const chosen = this.#hosts.filter(() => this.#random.chance(0.6));
    // A feed that has lost the epoch: what looks newer is a step back. The lint must see it.
    const careless = this.#random.chance(0.15);
    if (!this.#random.chance(0.3))
      return void this.#launch({ kind: 'patch', revertsId: null, wishes: this.#wishes(chosen, names, careless) });
    // A patch night: two teams patch the same hosts in the same window, and both need the reboot.
    const terms = { ...drawTerms(this.#random, this.#timeline.nowMs), reboot: this.#random.pick(['if-needed', 'always'] as const) };
    for (const name of PACKAGE_NAMES.filter(() => this.#random.chance(0.3)).slice(0, 2))
      this.#launch({ kind: 'patch', revertsId: null, wishes: this.#wishes(chosen, new Set([name]), false), terms });
  }

  #wishes(hosts: readonly SimHost[], names: ReadonlySet<string>, careless: boolean): Launch['wishes'] {
    const target = (name: string): string => (name === `pkg${PACKAGES - 1}` && !careless ? `1:${this.#release}` : String(this.#release));
    const asked = (host: SimHost, name: string): TransactionItem => {
      return { action: 'upgrade', name, arch: 'amd64', fromVersion: host.packages.get(name) ?? '0', toVersion: target(name) };
    };
    return hosts.map(host => ({ host, asked: [...names].map(name => asked(host, name)) }));
  }

  #launch({ kind, revertsId, wishes, terms: given, by }: Launch): string | null {
    const id = `rol_${String(++this.#number).padStart(4, '0')}`;
    const terms = given ?? drawTerms(this.#random, this.#timeline.nowMs);
    const evidence = kind === 'patch' && this.#random.chance(0.15);
    const cases = wishes.map(({ host, asked }) => caseOf(host, asked, terms.reboot, evidence && this.#random.chance(0.3)));
    const made = makePlan({ rolloutId: id, kind, revertsId, patchIds: [], restart: 'affected-services', smokeTests: [], ...terms }, cases);
    if (made.plan.rings.length === 0 || this.#lintErrors(made, cases).length > 0) return null;
    this.#submit(id, kind, revertsId, made, by);
    if (terms.window.startsAt === null) this.#timeline.after(this.#random.between(1, 20) * MINUTE_MS, () => this.#start(id));
    for (const { host } of wishes) if (terms.reboot === 'if-needed' && this.#random.chance(0.7)) host.needsReboot = true;
    return id;
  }

  #lintErrors({ plan }: PlanMade, cases: readonly HostCase[]) {
    const blind = this.#server.mutants.has('epoch-ignored');
    const asked = new Map(cases.map(one => [one.hostId, blind ? one.asked.map(withoutEpochs) : one.asked]));
    const facts = {
      now: toInstant(this.#timeline.nowMs),
      asked,
      rebootExpected: new Set<string>(),
      fettleHostId: null,
      freezes: [],
      groups: this.#server.store.groups.map(promisedBy),
      retracted: this.#retracted(plan),
    };
    const windowless = { ...plan, window: { startsAt: null, endsAt: null, timeZone: 'UTC', repeat: null } };
    const read = this.#server.mutants.has('lint-without-window') ? windowless : blind ? planWithoutEpochs(plan) : plan;
    return lintPlan(read, facts).filter(finding => finding.level === 'error');
  }

  #retracted({ kind, transactions }: RolloutPlan): ReadonlyMap<string, string> {
    const { store, mutants } = this.#server;
    if (kind === 'rollback' || mutants.has('retraction-ignored')) return new Map();
    return new Map(retractedAmong(transactions.flat(), store.retractions).map(text => [text, 'it is bad']));
  }

  /** From the draft to the approval by somebody else; approvals of different length. */
  #submit(id: string, kind: 'patch' | 'rollback', revertsId: string | null, made: PlanMade, by?: string): void {
    const requestedBy = by ?? this.#random.pick(PEOPLE);
    const approvalMinutes = this.#random.chance(0.15) ? this.#random.between(30, 400) : APPROVAL_VALID_MINUTES;
    const ringMinutes = made.plan.catchUpDays !== undefined && this.#random.chance(0.8) ? this.#random.between(60, 360) : null;
    const rollout = propose(
      this.#server,
      this.#reconciler,
      { id, kind, revertsId, made, requestedBy, approvalMinutes, rehearse: this.#random.chance(0.3), ringMinutes },
      this.#timeline.nowMs,
    );
    this.#decide(rollout);
  }

  /** Somebody approves it who may; where nobody may (what it holds was retracted), it is asked again later. */
  #decide(rollout: SimRollout): void {
    const approver = this.#whoMay('approve', rollout);
    if (approver !== null) approve(this.#server, this.#reconciler, rollout, approver, this.#timeline.nowMs);
  }

  /** Somebody tries, anybody; who may not lets the next one do it. */
  #whoMay(verb: Verb, rollout: SimRollout): string | null {
    const facts: VerbFacts = {
      now: toInstant(this.#timeline.nowMs),
      state: rollout.state,
      authorIds: this.#server.mutants.has('author-may-approve') ? [] : [rollout.requestedBy],
      windowStartsAt: rollout.window.startsAt,
      killSwitch: this.#server.store.killSwitch,
      retracted: this.#reconciler.retractedIn(rollout),
      approvalExpiresAt: rollout.state === 'awaiting-approval' ? null : rollout.approvalExpiresAt,
      stopped: this.#reconciler.stopped(rollout, this.#timeline.nowMs),
    };
    const first = this.#random.between(0, PEOPLE.length - 1);
    const order = [...PEOPLE.slice(first), ...PEOPLE.slice(0, first)];
    const actor = (personId: string): Actor => ({ personId, permissions: ALL_PERMISSIONS, viaToken: false, singlePerson: false });
    return order.find(person => whyNot(verb, facts, actor(person)) === null) ?? null;
  }

  #start(id: string) {
    const rollout = this.#server.store.rollouts.get(id);
    if (rollout === undefined || rollout.state !== 'scheduled') return;
    const person = this.#whoMay('start', rollout);
    if (person === null) return this.#timeline.after(10 * MINUTE_MS, () => this.#start(id));
    this.#reconciler.moveRollout(rollout, 'start', person, this.#timeline.nowMs);
  }

  /** Every quarter of an hour somebody looks at what has stopped. When all is well again they see things through. */
  look(calm: boolean): void {
    const nowMs = this.#timeline.nowMs;
    if (!calm) this.#policies.run(nowMs, lane => hostsMatching(lane.query, this.#hosts, this.#server.store.sites).length);
    if (nowMs - this.#lastLookMs < 15 * MINUTE_MS || (nowMs < this.awayUntilMs && !calm)) return;
    this.#lastLookMs = nowMs;
    this.#policies.turn(nowMs);
    for (const host of this.#hosts) if (host.up && !host.stands && this.#random.chance(calm ? 0.5 : 0.03)) host.repairByHand();
    for (const jobId of [...this.#server.store.evidenceNeeded]) if (this.#random.chance(0.3)) this.#reconciler.recordEvidence(jobId);
    for (const rollout of [...this.#server.store.open]) {
      if (rollout.state === 'awaiting-approval') this.#decide(rollout);
      if (!calm && rollout.kind === 'patch' && REPLACEABLE.includes(rollout.state) && this.#random.chance(0.004)) this.#replace(rollout);
      if (rollout.state === 'scheduled' && calm && rollout.plan.window.startsAt === null) this.#start(rollout.id);
      if (rollout.state !== 'paused') continue;
      const luck = this.#random.next();
      const resumed = this.#resumed.get(rollout.id) ?? 0;
      if (luck > 0.85 || resumed > RESUMES_MAX) this.#giveUp(rollout);
      else if (calm ? luck < 0.5 : luck < 0.35) this.#resume(rollout);
    }
  }

  /** Something newer is out: the old rollout gives way, and the same hosts get the newer version (domain.md 2.8). */
  #replace(old: SimRollout) {
    this.#reconciler.supersede(old, this.#random.pick(PEOPLE), this.#timeline.nowMs);
    this.#release += 1;
    const names = new Set(old.plan.transactions.flat().map(item => item.name));
    const ids = new Set(old.plan.rings.flatMap(ring => ring.hosts.map(host => host.hostId)));
    const chosen = this.#hosts.filter(host => ids.has(host.id));
    this.#launch({ kind: 'patch', revertsId: null, wishes: this.#wishes(chosen, names, false) });
  }

  #resume(rollout: SimRollout) {
    const person = this.#whoMay('resume', rollout);
    if (person === null) return;
    this.#resumed.set(rollout.id, (this.#resumed.get(rollout.id) ?? 0) + 1);
    this.#reconciler.resume(rollout, person, this.#timeline.nowMs);
  }

  #giveUp(rollout: SimRollout) {
    this.#reconciler.halt(rollout, 'halt', this.#random.pick(PEOPLE), 'an operator gave up', this.#timeline.nowMs);
    if (rollout.kind === 'patch' && this.#random.chance(0.5)) this.#timeline.after(HOUR_MS, () => this.#takeBack(rollout));
  }

  #takeBack(rollout: SimRollout) {
    if (!isFinal(ROLLOUT, rollout.state)) return;
    const wishes = this.#reconciler
      .jobsOf(rollout)
      .filter(job => job.touched && job.result !== null)
      .map(job => ({ host: this.#hosts.find(host => host.id === job.hostId)!, asked: inverseTransaction(job.transaction, job.result!) }));
    if (wishes.length > 0) this.#launch({ kind: 'rollback', revertsId: rollout.id, wishes });
  }

  stopSomething(how: 'pause' | 'halt'): void {
    const running = [...this.#server.store.open].filter(one => one.state === 'running' || (how === 'halt' && one.state === 'paused'));
    if (running.length === 0) return;
    const rollout = this.#random.pick(running);
    const person = this.#random.pick(PEOPLE);
    if (how === 'pause') this.#reconciler.pause(rollout, person, this.#timeline.nowMs);
    else this.#reconciler.halt(rollout, 'halt', person, 'an operator halted it', this.#timeline.nowMs);
  }
}

function group(name: string, ids: readonly string[], promise: Partial<SimGroup>): SimGroup {
  return { name, hostIds: new Set(ids), minAvailable: null, maxUnavailablePercent: null, memberSoakMinutes: 0, ...promise };
}
