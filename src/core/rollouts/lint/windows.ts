import { addMs, DAY_MS, type Instant, MINUTE_MS } from '../../kernel/instants.ts';
import { counted } from '../../kernel/words.ts';
import { forecast, lateHosts } from '../forecast.ts';
import type { RolloutPlan } from '../plan.ts';
import { subtract } from '../schedule/intervals.ts';
import { currentOrNext, minutesOf, repeatProblem } from '../schedule/planned-window.ts';
import type { LintFacts } from './facts.ts';
import { everyHost, hostNames } from './hosts.ts';

/** Time: windows, freezes, due dates and how long an approval lasts. */
const APPROVAL_DAYS = 30;

export function windowOrder({ window }: RolloutPlan, { now }: LintFacts): string[] {
  if (window.startsAt !== null && window.endsAt !== null && window.startsAt >= window.endsAt) return ['the window ends before it starts'];
  if (repeatProblem(window) !== null) return [];
  return currentOrNext(window, now) === null ? ['the window is over'] : [];
}

/** The open stretch of time that comes first, cut at now; null without an end. */
function nextOpening({ window }: RolloutPlan, now: Instant): { readonly startsAt: Instant; readonly endsAt: Instant } | null {
  if (repeatProblem(window) !== null) return null;
  const next = currentOrNext(window, now);
  if (next?.endsAt == null) return null;
  if (window.startsAt !== null && window.startsAt >= next.endsAt) return null;
  const endsAt = addMs(next.endsAt, -(window.cutoffMinutes ?? 0) * MINUTE_MS);
  const startsAt = next.startsAt !== null && next.startsAt > now ? next.startsAt : now;
  return endsAt <= startsAt ? { startsAt, endsAt: startsAt } : { startsAt, endsAt };
}

function openMinutes(plan: RolloutPlan, now: Instant): number | null {
  const opening = nextOpening(plan, now);
  return opening === null ? null : minutesOf([opening]);
}

/** domain.md 3.5: a window that a freeze eats whole is named at plan time. */
export function freezeLeavesTime(plan: RolloutPlan, facts: LintFacts): string[] {
  const opening = nextOpening(plan, facts.now);
  if (opening === null || plan.window.repeat !== null) return [];
  const stuck = everyHost(plan).filter(host => {
    const freezes = facts.freezes.filter(freeze => freeze.hostIds === null || freeze.hostIds.has(host.hostId));
    return freezes.length > 0 && subtract([opening], freezes).every(left => minutesOf([left]) < host.estimatedMinutes);
  });
  const names = facts.freezes.map(freeze => freeze.name).join(', ');
  return stuck.length === 0 ? [] : [`${hostNames(stuck)}: a freeze (${names}) leaves no time in the window`];
}

/** L6: a host that can never start is named now, not on the night. */
export function windowFitsHost(plan: RolloutPlan, facts: LintFacts): string[] {
  const open = openMinutes(plan, facts.now);
  if (open === null) return [];
  const tooLong = everyHost(plan).filter(host => host.estimatedMinutes > open);
  if (tooLong.length === 0) return [];
  const longest = Math.max(...tooLong.map(host => host.estimatedMinutes));
  return [`${hostNames(tooLong)} may need ${counted(longest, 'minute')}, the window has ${open}: no permit would ever be given`];
}

export function windowFitsAll(plan: RolloutPlan, facts: LintFacts): string[] {
  const open = openMinutes(plan, facts.now);
  if (open === null || open <= 0) return [];
  const needed = plan.rings.reduce(
    (sum, ring) =>
      sum +
      ring.soakMinutes +
      Math.ceil(ring.hosts.length / ring.concurrency) * Math.max(0, ...ring.hosts.map(host => host.estimatedMinutes)),
    0,
  );
  return needed > open
    ? [`all rings one after another may take ${needed} minutes with their soak, the window has ${open}: the last hosts may not be reached`]
    : [];
}

/** Intl is the platform's own table of zones; no clock is read. A fixed offset is refused: it is wrong for half of the year (domain.md 3.2). */
export function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** domain.md 2.8 "SLA feasibility": never discovered on day two. */
export function dueDates(plan: RolloutPlan, { now, dueOf }: LintFacts): string[] {
  if (dueOf === undefined || dueOf.size === 0) return [];
  return lateHosts(plan, dueOf, now).map(late => {
    const names = late.hosts.length <= 3 ? late.hosts.join(', ') : `${late.hosts.slice(0, 3).join(', ')} and ${late.hosts.length - 3} more`;
    const when = late.finishesAt === null ? 'never, as its windows are' : `by ${late.finishesAt}`;
    return `${names}: due on ${late.dueAt}, ring ${late.ring} is through ${when}. What can be done: ${late.offers.map(offer => offer.replace('-', ' ')).join(', ')}`;
  });
}

/** S7: an approval lasts thirty days from now at the most; what comes later is not reached by it. */
export function approvalHorizon(plan: RolloutPlan, { now }: LintFacts): string[] {
  const end = forecast(plan, now).at(-1)?.endsAt;
  return end != null && end > addMs(now, APPROVAL_DAYS * DAY_MS)
    ? [`the last ring is through by ${end}: the approval runs out before`]
    : [];
}
