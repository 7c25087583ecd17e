import { addMs, epochMs, type Instant, MINUTE_MS } from '../kernel/instants.ts';
import type { PlannedRing, PlannedWindow, RolloutPlan } from './plan.ts';
import { nextOccurrences, ruleOf } from './schedule/planned-window.ts';

/** When a ring would begin and be through, were every host to take as long as predicted. null: its hosts do not fit what is left of the windows. */
interface RingForecast {
  readonly name: string;
  readonly startsAt: Instant;
  readonly endsAt: Instant | null;
}

/** A rule without end is followed this many openings far: two years of fortnights. */
const OPENINGS_MAX = 60;

/** `from`: when the first ring could begin. Hosts run in batches of the ring's concurrency; a batch begins only where it still fits before the cutoff. */
export function forecast(plan: Pick<RolloutPlan, 'rings' | 'window'>, from: Instant): RingForecast[] {
  const openings = openingsFrom(plan.window, from);
  const rings: RingForecast[] = [];
  let at = from;
  for (const ring of plan.rings) {
    const done = through(ring, openings, at);
    rings.push({ name: ring.name, startsAt: done?.startsAt ?? at, endsAt: done?.endsAt ?? null });
    if (done === null) return [...rings, ...plan.rings.slice(rings.length).map(one => ({ name: one.name, startsAt: at, endsAt: null }))];
    at = done.endsAt;
  }
  return rings;
}

interface Opening {
  readonly startsAt: Instant;
  /** Cutoff taken off; null is open for ever. */
  readonly endsAt: Instant | null;
}

function openingsFrom(window: PlannedWindow, from: Instant): Opening[] {
  const cut = (end: Instant | null): Instant | null => (end === null ? null : addMs(end, -(window.cutoffMinutes ?? 0) * MINUTE_MS));
  const rule = ruleOf(window);
  if (rule === null) return [{ startsAt: window.startsAt ?? from, endsAt: cut(window.endsAt) }];
  return nextOccurrences(rule, from, OPENINGS_MAX).map(one => ({ startsAt: one.startsAt, endsAt: cut(one.endsAt) }));
}

function through(ring: PlannedRing, openings: readonly Opening[], from: Instant): { startsAt: Instant; endsAt: Instant } | null {
  const batchMs = Math.max(0, ...ring.hosts.map(host => host.estimatedMinutes)) * MINUTE_MS;
  let left = Math.ceil(ring.hosts.length / Math.max(1, ring.concurrency));
  let startsAt: Instant | null = null;
  for (const opening of openings) {
    const begin = opening.startsAt > from ? opening.startsAt : from;
    const roomMs = opening.endsAt === null ? Number.POSITIVE_INFINITY : epochMs(opening.endsAt) - epochMs(begin);
    const fits = Math.min(left, batchMs === 0 ? left : Math.floor(roomMs / batchMs));
    if (fits <= 0) continue;
    startsAt ??= begin;
    left -= fits;
    if (left === 0) return { startsAt, endsAt: addMs(begin, fits * batchMs + ring.soakMinutes * MINUTE_MS) };
  }
  return null;
}

/** What can be done where a plan comes too late (domain.md 2.8); each is a decision of people, none is taken by itself. */
const LATE_OFFERS = ['emergency-profile', 'extra-window', 'mitigation', 'exception'] as const;
type LateOffer = (typeof LATE_OFFERS)[number];

interface LateHosts {
  readonly ring: string;
  readonly dueAt: Instant;
  /** null: never, as the windows are. */
  readonly finishesAt: Instant | null;
  readonly hosts: readonly string[];
  readonly offers: readonly LateOffer[];
}

/** Hosts whose first due date comes before their ring is through, grouped by ring; a day after it would be too late to find out. */
export function lateHosts(plan: RolloutPlan, dueOf: ReadonlyMap<string, Instant>, from: Instant): LateHosts[] {
  const rings = forecast(plan, from);
  const asSoonAsPossible = forecast({ rings: plan.rings.map(ring => ({ ...ring, soakMinutes: 0 })), window: OPEN }, from);
  return plan.rings.flatMap((ring, index) => {
    const { endsAt } = rings[index]!;
    const late = ring.hosts.filter(host => isBefore(dueOf.get(host.hostId), endsAt));
    if (late.length === 0) return [];
    const dueAt = late.map(host => dueOf.get(host.hostId)!).sort()[0]!;
    const quick = asSoonAsPossible[index]!.endsAt;
    const inTime = quick !== null && quick <= dueAt;
    const offers = LATE_OFFERS.filter(offer => inTime || (offer !== 'emergency-profile' && offer !== 'extra-window'));
    return [{ ring: ring.name, dueAt, finishesAt: endsAt, hosts: late.map(host => host.hostName), offers }];
  });
}

const OPEN: PlannedWindow = { startsAt: null, endsAt: null, timeZone: 'UTC', repeat: null };

function isBefore(dueAt: Instant | undefined, endsAt: Instant | null): boolean {
  return dueAt !== undefined && (endsAt === null || dueAt < endsAt);
}
