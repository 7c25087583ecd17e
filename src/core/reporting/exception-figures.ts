import { DAY_MS, epochMs, type Instant } from '../kernel/instants.ts';

/** An exception that excuses or holds something now. */
export interface StandingException<Kind extends string> {
  readonly kind: Kind;
  /** When the first of its chain was in force: a renewal does not make a leave young. */
  readonly standsSince: Instant;
  readonly renewals: number;
}

export interface ExceptionFigures<Kind extends string> {
  readonly inForce: number;
  /** Kinds that there are, the most frequent first. */
  readonly byKind: readonly { readonly kind: Kind; readonly count: number }[];
  /** null: none is in force. */
  readonly medianAgeDays: number | null;
  /** Of those in force. */
  readonly renewed: number;
  /** null: none is in force; an empty denominator is no 0 %. */
  readonly renewedPercent: number | null;
  /** Granted once, run out, and something of its scope is open all the same with no leave in its place. */
  readonly expiredOpen: number;
}

/** domain.md 5, "Exception count": those in force by kind, their median age, the share that was renewed, and what has run out and is still open. */
export function exceptionFigures<Kind extends string>(
  standing: readonly StandingException<Kind>[],
  expiredOpen: number,
  now: Instant,
): ExceptionFigures<Kind> {
  const kinds = Map.groupBy(standing, one => one.kind);
  const ages = standing.map(one => (epochMs(now) - epochMs(one.standsSince)) / DAY_MS).sort((a, b) => a - b);
  const renewed = standing.filter(one => one.renewals > 0).length;
  return {
    inForce: standing.length,
    byKind: [...kinds]
      .map(([kind, list]) => ({ kind, count: list.length }))
      .sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1)),
    medianAgeDays: medianOf(ages),
    renewed,
    renewedPercent: standing.length === 0 ? null : Math.round((1000 * renewed) / standing.length) / 10,
    expiredOpen,
  };
}

/** Rounded to tenths; the middle of the two in the middle. */
function medianOf(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null;
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!];
  return Math.round(5 * (low + high)) / 10;
}
