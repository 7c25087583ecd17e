import { HOUR_MS, type Instant, MINUTE_MS, toInstant } from '../core/kernel/instants.ts';
import {
  choosePatches,
  decideOccurrence,
  dueOccurrences,
  type Lane,
  lanesOf,
  type PatchCase,
  type PolicyRule,
} from '../core/rollouts/policy.ts';
import type { Occurrence } from '../core/rollouts/schedule/window.ts';
import type { Random } from './random.ts';
import type { SimServer } from './server.ts';
import { demandOrdered } from './witness-policies.ts';

/** The shipped server looks every second; what depends on hours is looked at less often here. */
const EVERY_MS = 20 * MINUTE_MS;

export interface SimPolicy {
  readonly id: string;
  readonly rule: PolicyRule;
  readonly authorId: string;
  readonly enabledAt: Instant;
}

/** What a policy asks for: a rollout of these packages to these hosts in this window. Answers with its id; null when it made none. */
export type DraftFor = (policy: SimPolicy, lane: Lane, occurrence: Occurrence, patches: readonly PatchCase[]) => string | null;

/** As src/server/rollouts/policy-runs.ts: which occurrences are due and what becomes of them is core's decision; a row of its own makes each happen once. */
export class SimPolicies {
  readonly #server: SimServer;
  readonly #draft: DraftFor;
  readonly #decided = new Map<string, string | null>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  readonly policies: SimPolicy[] = [];
  /** Since when a version has been offered, by package. */
  readonly patches: PatchCase[] = [];

  constructor(server: SimServer, draft: DraftFor) {
    this.#server = server;
    this.#draft = draft;
  }

  run(nowMs: number, hostsOf: (lane: Lane) => number): void {
    if (nowMs - this.#lookedAtMs < EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    const now = toInstant(nowMs);
    for (const policy of this.policies)
      for (const lane of this.#lanes(policy.rule))
        for (const occurrence of dueOccurrences(policy.rule, lane, policy.enabledAt, now))
          this.#decide(policy, lane, occurrence, hostsOf(lane), now);
  }

  #lanes(rule: PolicyRule): Lane[] {
    const lanes = lanesOf(rule);
    return this.#server.mutants.has('policy-zone-ignored') ? lanes.map(lane => ({ ...lane, timeZone: rule.schedule.timeZone })) : lanes;
  }

  #decide(policy: SimPolicy, lane: Lane, occurrence: Occurrence, hosts: number, now: Instant): void {
    const { store, witness, mutants } = this.#server;
    const key = `${policy.id} ${lane.key} ${occurrence.startsAt}`;
    if (this.#decided.has(key) && !mutants.has('policy-occurs-twice')) return;
    const rule = mutants.has('policy-age-ignored') ? { ...policy.rule.patches, minAgeDays: 0 } : policy.rule.patches;
    const choice = choosePatches(rule, this.patches, occurrence.startsAt);
    const previous = [...this.#decided].find(
      ([known, id]) => known.startsWith(`${policy.id} ${lane.key} `) && id !== null && this.#runs(id),
    );
    const freezes = store.freezes.filter(freeze => freeze.kind === 'hard' && freeze.hostIds === null);
    const verdict = decideOccurrence({ now, occurrence, hosts, queryProblem: null, choice, freezes, previousOpen: previous?.[1] ?? null });
    const id = verdict.do === 'skip' ? null : this.#draft(policy, lane, occurrence, choice.chosen);
    this.#decided.set(key, id);
    if (id !== null) demandOrdered(witness.books, policy, lane.key, occurrence, choice.chosen, Date.parse(now));
  }

  #runs(id: string): boolean {
    return ['running', 'paused', 'halting'].includes(this.#server.store.rollouts.get(id)?.state ?? 'completed');
  }
}

/** A nightly order of one site in its own zone, and of all other hosts in another. */
export function drawPolicies(random: Random, nowMs: number): SimPolicy[] {
  if (!random.chance(0.5)) return [];
  const hour = String(random.between(0, 23)).padStart(2, '0');
  const schedule = {
    timeZone: random.pick(['UTC', 'Europe/Berlin']),
    firstStart: `${toInstant(nowMs).slice(0, 10)}T${hour}:00`,
    minutes: random.pick([60, 120, 240]),
    repeat: 'FREQ=DAILY',
    gap: 'shift-forward',
    overlap: 'first',
  } as const;
  const zones = random.chance(0.7)
    ? { label: 'site', values: { far: random.pick(['America/New_York', 'Asia/Tokyo', 'Australia/Lord_Howe']) } }
    : null;
  const patches = { securityOnly: random.chance(0.5), minAgeDays: random.pick([0, 1]), knownExploitedAtOnce: false };
  const rule: PolicyRule = { query: 'all', schedule, zones, patches, leadHours: random.between(1, 4) };
  return [{ id: 'pol_1', rule, authorId: 'ada', enabledAt: toInstant(nowMs - HOUR_MS) }];
}
