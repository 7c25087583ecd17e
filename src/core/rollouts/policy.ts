import { addMs, DAY_MS, HOUR_MS, type Instant } from '../kernel/instants.ts';
import { counted } from '../kernel/words.ts';
import { type Interval, subtract } from './schedule/intervals.ts';
import { minutesOf, untilClock } from './schedule/planned-window.ts';
import { type Occurrence, occurrences, type WindowLength, type WindowRule, windowProblem } from './schedule/window.ts';

/**
 * A standing order: which hosts, when, which patches. It makes one rollout per occurrence and zone by itself; a person still approves each plan.
 * Everything here is a decision from facts; the server stores what it answers.
 */
interface PolicySchedule {
  readonly timeZone: string;
  /** Wall clock of the first occurrence, `2026-11-26T22:00`; its time of day holds for all. */
  readonly firstStart: string;
  readonly minutes: number;
  /** Absent: exact. */
  readonly length?: 'exact' | 'wall-clock' | undefined;
  /** RFC 5545 rule, or `PATCH-TUESDAY+3`. */
  readonly repeat: string;
  readonly gap: WindowRule['gap'];
  readonly overlap: WindowRule['overlap'];
}

/** Hosts whose label has this value keep the time of that zone; all others keep the time of the schedule. */
interface PolicyZones {
  readonly label: string;
  readonly values: Readonly<Record<string, string>>;
}

interface PolicyPatches {
  readonly securityOnly: boolean;
  /** Approval delay: a patch goes along only when it has been known here for so many days as its window opens (domain.md 2.8, minimum age). */
  readonly minAgeDays: number;
  /** A patch that closes a known exploited vulnerability waits neither for its age nor for the next occurrence. */
  readonly knownExploitedAtOnce: boolean;
}

export interface PolicyRule {
  readonly query: string;
  readonly schedule: PolicySchedule;
  readonly zones: PolicyZones | null;
  readonly patches: PolicyPatches;
  /** The rollout is made so long before its window opens: to be rehearsed and approved in time. */
  readonly leadHours: number;
}

/** The hosts that share one clock. `key` names it for ever: with the start it is what makes an occurrence happen once. */
export interface Lane {
  readonly key: string;
  readonly title: string;
  readonly timeZone: string;
  readonly query: string;
}

export const REST_LANE = 'rest';

export function lanesOf(rule: PolicyRule): Lane[] {
  const rest = { key: REST_LANE, title: 'all hosts', timeZone: rule.schedule.timeZone, query: rule.query };
  if (rule.zones === null) return [rest];
  const { label, values } = rule.zones;
  const name = `label.${quoted(label)}`;
  const base = rule.query.trim() === '' ? 'all' : rule.query;
  const named = Object.entries(values).map(([value, timeZone]): Lane => {
    return { key: `${label}=${value}`, title: `${label} ${value}`, timeZone, query: `(${base}) and ${name} = ${quoted(value)}` };
  });
  const others = Object.keys(values)
    .map(value => `${name} != ${quoted(value)}`)
    .join(' and ');
  return [...named, { ...rest, title: `every other ${label}`, query: others === '' ? base : `(${base}) and ${others}` }];
}

/** The group query language takes a word or a quoted text with backslashes. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_-]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function windowRule({ schedule }: PolicyRule, timeZone: string): WindowRule {
  const { firstStart, minutes, repeat, gap, overlap } = schedule;
  const exact: WindowLength = { kind: 'exact', minutes };
  return {
    timeZone,
    firstStart,
    length: schedule.length === 'wall-clock' ? clockLength(firstStart, minutes) : exact,
    repeat,
    gap,
    overlap,
  };
}

/** A start that is no time is said by windowProblem. */
function clockLength(firstStart: string, minutes: number): WindowLength {
  try {
    const start = Temporal.PlainDateTime.from(firstStart);
    return untilClock(start, start.add({ minutes }));
  } catch {
    return { kind: 'exact', minutes };
  }
}

/** A sentence for the person who wrote it, or null. */
export function policyProblem(rule: PolicyRule): string | null {
  for (const lane of lanesOf(rule)) {
    const problem = windowProblem(windowRule(rule, lane.timeZone));
    if (problem !== null) return lane.key === REST_LANE ? problem : `${lane.title}: ${problem}`;
  }
  return null;
}

/** The next ones that have not ended, for the preview. */
export function nextOf(rule: PolicyRule, lane: Lane, now: Instant, most: number): Occurrence[] {
  return occurrences(windowRule(rule, lane.timeZone), now, addMs(now, PREVIEW_DAYS * DAY_MS), most);
}
/** Monthly rules show a year of themselves. */
const PREVIEW_DAYS = 400;

/** Those whose time to be prepared has come, from `since` (when the policy was turned on) on; each is made or skipped once. */
export function dueOccurrences(rule: PolicyRule, lane: Lane, since: Instant, now: Instant): Occurrence[] {
  const from = since > addMs(now, -LOOK_BACK_DAYS * DAY_MS) ? since : addMs(now, -LOOK_BACK_DAYS * DAY_MS);
  return occurrences(windowRule(rule, lane.timeZone), from, addMs(now, rule.leadHours * HOUR_MS + 1), DUE_MAX).filter(
    one => one.startsAt >= from,
  );
}
/** A server that was away longer than this says so once, not for every night it missed. */
const LOOK_BACK_DAYS = 35;
const DUE_MAX = 40;

/** A patch that some host of the lane needs and is offered. `knownSince`: when this installation first saw it offered. */
export interface PatchCase {
  readonly patchId: string;
  readonly title: string;
  readonly security: boolean;
  readonly knownExploited: readonly string[];
  readonly knownSince: Instant;
}

interface PatchChoice {
  readonly chosen: readonly PatchCase[];
  readonly left: readonly { readonly patch: PatchCase; readonly reason: string; readonly eligibleAt: Instant | null }[];
}

/** `at`: when the window opens. An age that is unknown is none: first seen here is the latest that it can be, so a patch is never taken for older than it is. */
export function choosePatches(rule: PolicyPatches, patches: readonly PatchCase[], at: Instant): PatchChoice {
  const chosen: PatchCase[] = [];
  const left: { patch: PatchCase; reason: string; eligibleAt: Instant | null }[] = [];
  for (const patch of patches) {
    const exploited = patch.knownExploited.length > 0;
    const eligibleAt = addMs(patch.knownSince, rule.minAgeDays * DAY_MS);
    if (rule.securityOnly && !patch.security && !exploited) left.push({ patch, reason: 'no security update', eligibleAt: null });
    else if (eligibleAt > at && !(exploited && rule.knownExploitedAtOnce))
      left.push({ patch, reason: `younger than ${counted(rule.minAgeDays, 'day')}`, eligibleAt });
    else chosen.push(patch);
  }
  return { chosen, left };
}

/** Why an occurrence makes no rollout. Closed; each is stored with the occurrence and shown. */
export const SKIP_REASONS = {
  missed: 'its window had closed before it could be prepared: Fettle was not running, or the policy was written later',
  frozen: 'a hard freeze covers its whole window',
  'no-hosts': 'no host matches',
  'query-problem': 'its query cannot be read any more',
  'nothing-to-patch': 'no patch qualifies',
  'previous-open': 'the rollout of an earlier occurrence has not ended',
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

export interface OccurrenceFacts {
  readonly now: Instant;
  readonly occurrence: Interval;
  readonly hosts: number;
  readonly queryProblem: string | null;
  readonly choice: PatchChoice;
  /** Hard freezes that cover every host. */
  readonly freezes: readonly (Interval & { readonly name: string })[];
  /** An earlier rollout of the same lane that still runs. */
  readonly previousOpen: string | null;
}

export type OccurrenceVerdict =
  | { readonly do: 'create'; readonly patchIds: readonly string[] }
  | { readonly do: 'skip'; readonly reason: SkipReason; readonly detail: string };

interface SkipRule {
  readonly reason: SkipReason;
  readonly applies: (facts: OccurrenceFacts) => boolean;
  readonly detail: (facts: OccurrenceFacts) => string;
}

const SKIPS: readonly SkipRule[] = [
  { reason: 'missed', applies: facts => facts.occurrence.endsAt <= facts.now, detail: facts => `it closed at ${facts.occurrence.endsAt}` },
  { reason: 'query-problem', applies: facts => facts.queryProblem !== null, detail: facts => facts.queryProblem ?? '' },
  { reason: 'no-hosts', applies: facts => facts.hosts === 0, detail: () => '' },
  { reason: 'previous-open', applies: facts => facts.previousOpen !== null, detail: facts => facts.previousOpen ?? '' },
  {
    reason: 'frozen',
    applies: facts => minutesOf(subtract([facts.occurrence], facts.freezes)) === 0,
    detail: facts => facts.freezes.map(freeze => freeze.name).join(', '),
  },
  {
    reason: 'nothing-to-patch',
    applies: facts => facts.choice.chosen.length === 0,
    detail: ({ choice }) =>
      choice.left.length === 0
        ? 'every host is up to date'
        : [...Map.groupBy(choice.left, one => one.reason)].map(([reason, list]) => `${list.length} ${reason}`).join(', '),
  },
];

export function decideOccurrence(facts: OccurrenceFacts): OccurrenceVerdict {
  const skip = SKIPS.find(rule => rule.applies(facts));
  return skip === undefined
    ? { do: 'create', patchIds: facts.choice.chosen.map(patch => patch.patchId) }
    : { do: 'skip', reason: skip.reason, detail: skip.detail(facts) };
}

/** Known exploited patches that no rollout of this policy has taken up yet; they go out at once, in one rollout. */
export function emergencyPatches(rule: PolicyPatches, patches: readonly PatchCase[], taken: ReadonlySet<string>): PatchCase[] {
  return rule.knownExploitedAtOnce ? patches.filter(patch => patch.knownExploited.length > 0 && !taken.has(patch.patchId)) : [];
}
