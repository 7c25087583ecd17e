import { HOUR_MS, type Instant, MINUTE_MS, SECOND_MS, toInstant } from '../core/kernel/instants.ts';
import {
  choosePatches,
  decideOccurrence,
  dueOccurrences,
  type Lane,
  lanesOf,
  type PatchCase,
  type PolicyRule,
  REST_LANE,
} from '../core/rollouts/policy.ts';
import type { Occurrence } from '../core/rollouts/schedule/window.ts';
import type { Random } from './random.ts';
import type { SimServer } from './server.ts';
import { SITE_LABEL, SITES } from './sites.ts';
import { demandOrdered } from './witness-policies.ts';

/** The shipped server looks every second; what depends on hours is looked at less often here. */
const EVERY_MS = 20 * MINUTE_MS;
const REPLICAS = 2;

export interface SimPolicy {
  readonly id: string;
  readonly rule: PolicyRule;
  readonly authorId: string;
  /** null: turned off. */
  enabledAt: Instant | null;
  /** Rises with every change of it. */
  revision: number;
}

/** What a policy asks for: a rollout of these packages to these hosts in this window. Answers with its id; null when it made none. */
export type DraftFor = (policy: SimPolicy, lane: Lane, occurrence: Occurrence, patches: readonly PatchCase[]) => string | null;

/** What a server has made of an occurrence that it found undecided; written a little later. */
interface Intent {
  readonly atMs: number;
  readonly policy: SimPolicy;
  readonly revision: number;
  readonly lane: Lane;
  readonly occurrence: Occurrence;
  /** null: skipped. */
  readonly patches: readonly PatchCase[] | null;
}

/**
 * As src/server/rollouts/policy-runs.ts: which occurrences are due and what becomes of them is core's decision; a row of its own makes each happen once.
 * Two servers look at the same moment and write when they come to it: mostly within seconds, now and then after a pause of many minutes.
 */
export class SimPolicies {
  readonly #server: SimServer;
  readonly #random: Random;
  readonly #draft: DraftFor;
  readonly #decided = new Map<string, string | null>();
  #intents: Intent[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  readonly policies: SimPolicy[] = [];
  /** Since when a version has been offered, by package. */
  readonly patches: PatchCase[] = [];

  constructor(server: SimServer, random: Random, draft: DraftFor) {
    this.#server = server;
    this.#random = random;
    this.#draft = draft;
  }

  run(nowMs: number, hostsOf: (lane: Lane) => number): void {
    if (this.#intents.length > 0) this.#write(nowMs);
    if (this.policies.length === 0 || nowMs - this.#lookedAtMs < EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    const now = toInstant(nowMs);
    for (const policy of this.policies)
      for (const lane of policy.enabledAt === null ? [] : this.#lanes(policy.rule))
        for (const occurrence of dueOccurrences(policy.rule, lane, policy.enabledAt!, now))
          this.#decide(policy, lane, occurrence, hostsOf, nowMs);
  }

  /** People turn policies off and on again. */
  turn(nowMs: number): void {
    const { witness, mutants } = this.#server;
    for (const policy of this.policies) {
      const isOff = witness.books.policiesOff.has(policy.id);
      if (!this.#random.chance(isOff ? 0.1 : 0.02)) continue;
      if (isOff) witness.books.policiesOff.delete(policy.id);
      else witness.books.policiesOff.add(policy.id);
      policy.enabledAt = isOff ? toInstant(nowMs) : mutants.has('policy-off-ignored') ? policy.enabledAt : null;
      policy.revision += mutants.has('policy-off-ignored') ? 0 : 1;
    }
  }

  #lanes(rule: PolicyRule): Lane[] {
    const { mutants } = this.#server;
    return lanesOf(rule).map(lane => ({
      ...lane,
      ...(mutants.has('policy-zone-ignored') ? { timeZone: rule.schedule.timeZone } : {}),
      ...(mutants.has('policy-rest-takes-all') && lane.key === REST_LANE ? { query: rule.query } : {}),
    }));
  }

  #decide(policy: SimPolicy, lane: Lane, occurrence: Occurrence, hostsOf: (lane: Lane) => number, nowMs: number): void {
    const { store, mutants } = this.#server;
    if (this.#decided.has(keyOf(policy, lane, occurrence)) && !mutants.has('policy-occurs-twice')) return;
    const rule = mutants.has('policy-age-ignored') ? { ...policy.rule.patches, minAgeDays: 0 } : policy.rule.patches;
    const choice = choosePatches(rule, this.patches, occurrence.startsAt);
    const previous = [...this.#decided].find(
      ([known, id]) => known.startsWith(`${policy.id} ${lane.key} `) && id !== null && this.#runs(id),
    );
    const freezes = store.freezes.filter(freeze => freeze.kind === 'hard' && freeze.hostIds === null);
    const facts = { occurrence, hosts: hostsOf(lane), queryProblem: null, choice, freezes, previousOpen: previous?.[1] ?? null };
    const verdict = decideOccurrence({ ...facts, now: toInstant(nowMs) });
    const patches = verdict.do === 'skip' ? null : choice.chosen;
    for (let replica = 0; replica < REPLICAS; replica++) {
      const delayMs = this.#random.chance(0.1) ? this.#random.between(1, 40) * MINUTE_MS : this.#random.between(0, 5) * SECOND_MS;
      this.#intents.push({ atMs: nowMs + delayMs, policy, revision: policy.revision, lane, occurrence, patches });
    }
  }

  #write(nowMs: number): void {
    const due = this.#intents.filter(intent => intent.atMs <= nowMs);
    if (due.length === 0) return;
    this.#intents = this.#intents.filter(intent => intent.atMs > nowMs);
    for (const intent of due) this.#writeOne(intent, nowMs);
  }

  /** One transaction: the policy as it was read, the row that only one can write, and the draft. */
  #writeOne({ policy, revision, lane, occurrence, patches }: Intent, nowMs: number): void {
    const { witness, mutants } = this.#server;
    const key = keyOf(policy, lane, occurrence);
    if (policy.revision !== revision) return;
    if (this.#decided.has(key) && !mutants.has('policy-occurs-twice') && !mutants.has('policy-look-trusted')) return;
    const id = patches === null ? null : this.#draft(policy, lane, occurrence, patches);
    this.#decided.set(key, id);
    if (id !== null) demandOrdered(witness.books, policy, lane.key, occurrence, patches!, id, nowMs);
  }

  #runs(id: string): boolean {
    return ['running', 'paused', 'halting'].includes(this.#server.store.rollouts.get(id)?.state ?? 'completed');
  }
}

function keyOf({ id }: SimPolicy, lane: Lane, { startsAt }: Occurrence): string {
  return `${id} ${lane.key} ${startsAt}`;
}

const AUTHORS = ['ada', 'ben'] as const;
const ZONES = ['America/New_York', 'Asia/Tokyo', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Auckland'] as const;

/** Nightly orders: of up to three sites in their own zones, and of all other hosts in another. */
export function drawPolicies(random: Random, nowMs: number): SimPolicy[] {
  if (!random.chance(0.4)) return [];
  return AUTHORS.slice(0, random.chance(0.25) ? 2 : 1).map((authorId, n) => drawPolicy(random, `pol_${n + 1}`, authorId, nowMs));
}

function drawPolicy(random: Random, id: string, authorId: string, nowMs: number): SimPolicy {
  const hour = String(random.between(0, 23)).padStart(2, '0');
  const schedule = {
    timeZone: random.pick(['UTC', 'Europe/Berlin']),
    firstStart: `${toInstant(nowMs).slice(0, 10)}T${hour}:00`,
    minutes: random.pick([60, 120, 240]),
    repeat: 'FREQ=DAILY',
    gap: 'shift-forward',
    overlap: 'first',
  } as const;
  const named = SITES.slice(0, random.between(1, SITES.length)).map(site => [site, random.pick(ZONES)] as const);
  const zones = random.chance(0.7) ? { label: SITE_LABEL, values: Object.fromEntries(named) } : null;
  const patches = { securityOnly: random.chance(0.5), minAgeDays: random.pick([0, 1]), knownExploitedAtOnce: false };
  const rule: PolicyRule = { query: 'all', schedule, zones, patches, leadHours: random.between(1, 4) };
  return { id, rule, authorId, enabledAt: toInstant(nowMs - HOUR_MS), revision: 1 };
}
