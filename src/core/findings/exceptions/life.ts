import { addMs, DAY_MS, epochMs, type Instant } from '../../kernel/instants.ts';
import type { ExceptionKind } from './kinds.ts';

/** domain.md 2.12: an approval that nobody gives within 14 days is not given. */
export const DECIDE_MINUTES = 14 * 1440;
/** domain.md 2.12: notices before the end, days. */
export const REMINDER_DAYS = [30, 14, 7, 1] as const;
/** domain.md 2.6: two renewals; the next need a higher approver. There is no role above risk owner, so a second risk owner stands for it. */
export const RENEWALS_MAX = 2;
/** An exception that is asked for again this soon after another of the same findings ended is its renewal, whatever it is called: the same finding that
 * reappears within 30 days is the same one (domain.md 5). */
export const CHAIN_DAYS = 30;
/** A control that nobody has looked at for this long is not known to work: no data never passes. A quarter, as PCI DSS scans (domain.md 4.3). */
export const CONTROL_CHECK_DAYS = 90;
/** domain.md 2.12: no hold without an end, 30 days at most. */
export const OPERATIONAL_DAYS_MAX = 30;

/** The worst finding of the scope decides. */
export interface Worst {
  /** The shortest time that a decision table gives, days; null: none has a date. */
  readonly decisionDays: number | null;
  readonly knownExploited: boolean;
  /** Highest CVSS score; null: nobody scored one of them, which counts as high. */
  readonly cvssScore: number | null;
}

/** domain.md 2.6: how long an exception may live, by the class of its worst finding. The first row that applies. */
export const LIFE_CLASSES = [
  { name: 'three-day', days: 14, meaning: 'the decision table gives three days or less', applies: w => (w.decisionDays ?? 999) <= 3 },
  {
    name: 'critical',
    days: 30,
    meaning: 'known exploited, or CVSS 9.0 and more',
    applies: w => w.knownExploited || (w.cvssScore ?? 0) >= 9,
  },
  { name: 'high', days: 90, meaning: 'CVSS 7.0 and more, or not scored', applies: w => w.cvssScore === null || w.cvssScore >= 7 },
  { name: 'other', days: 180, meaning: 'everything else', applies: () => true },
] as const satisfies readonly { name: string; days: number; meaning: string; applies: (worst: Worst) => boolean }[];
export type LifeClass = (typeof LIFE_CLASSES)[number]['name'];

export interface Life {
  readonly name: LifeClass;
  readonly days: number;
  readonly meaning: string;
}

export function lifeOf(worst: Worst, kind: ExceptionKind): Life {
  const { name, days, meaning } = LIFE_CLASSES.find(row => row.applies(worst))!;
  return kind === 'operational' && days > OPERATIONAL_DAYS_MAX
    ? { name, days: OPERATIONAL_DAYS_MAX, meaning: `a hold lasts ${OPERATIONAL_DAYS_MAX} days at most` }
    : { name, days, meaning };
}

/** Why these ends are not allowed; null when they are. Starts are counted from today at the earliest. */
export function lifeProblem(startsAt: Instant, endsAt: Instant, now: Instant, life: Life): string | null {
  if (endsAt <= now) return 'it would be over already';
  if (endsAt <= startsAt) return 'it ends before it starts';
  const from = startsAt > now ? startsAt : now;
  const latest = addMs(from, life.days * DAY_MS);
  return endsAt > latest
    ? `it may last ${life.days} days (${life.meaning}), so until ${latest.slice(0, 16).replace('T', ' ')} UTC at most`
    : null;
}

/** The tightest notice that is due, days; null while the end is far. A life shorter than a notice starts with the one that fits. */
export function reminderDue(endsAt: Instant, now: Instant): number | null {
  const leftDays = (epochMs(endsAt) - epochMs(now)) / DAY_MS;
  return REMINDER_DAYS.findLast(days => leftDays <= days) ?? null;
}

export function approvalsNeeded(renewals: number): number {
  return renewals > RENEWALS_MAX ? 2 : 1;
}
