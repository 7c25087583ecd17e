import type { Instant } from '../core/kernel/instants.ts';
import { minAvailableOf } from '../core/rollouts/availability.ts';
import type { TransactionItem } from '../core/rollouts/host-plan.ts';
import type { FreezeKind } from '../core/rollouts/permit-decision.ts';
import type { RolloutPlan } from '../core/rollouts/plan.ts';

/** Hosts that it covers; null: all. */
type Scope = ReadonlySet<string> | null;

export interface SimFreeze {
  readonly name: string;
  readonly kind: FreezeKind;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly hostIds: Scope;
}

export interface SimHold {
  readonly name: string;
  /** null: whatever it is. */
  readonly packageName: string | null;
  readonly endsAt: Instant;
  readonly hostIds: Scope;
}

export interface SimRetraction {
  readonly name: string;
  readonly version: string;
}

/** A quorum or a budget: one of the two is given. */
export interface SimGroup {
  readonly name: string;
  readonly hostIds: ReadonlySet<string>;
  readonly minAvailable: number | null;
  readonly maxUnavailablePercent: number | null;
  readonly memberSoakMinutes: number;
}

export function covers(scope: Scope, hostId: string): boolean {
  return scope === null || scope.has(hostId);
}

/** With the promise as core reads it, for permits and for the lint. */
export function promisedBy({ name, hostIds, minAvailable, maxUnavailablePercent }: SimGroup) {
  return { name, hostIds, minAvailable: minAvailableOf({ minAvailable, maxUnavailable: null, maxUnavailablePercent }, hostIds.size) };
}

export function holdsOver(
  holds: readonly SimHold[],
  { hostId, transaction }: { readonly hostId: string; readonly transaction: readonly TransactionItem[] },
  now: Instant,
): SimHold[] {
  return holds.filter(
    hold =>
      hold.endsAt > now &&
      covers(hold.hostIds, hostId) &&
      (hold.packageName === null || transaction.some(item => item.name === hold.packageName)),
  );
}

/** As `NAME VERSION`; only what would be installed counts. */
export function retractedAmong(items: readonly TransactionItem[], retractions: readonly SimRetraction[]): string[] {
  const hit = (item: TransactionItem): boolean => retractions.some(one => one.name === item.name && one.version === item.toVersion);
  return retractions.length === 0 ? [] : [...new Set(items.filter(hit).map(item => `${item.name} ${item.toVersion}`))].sort();
}

/** What of an approved plan has been retracted since, in words; null when nothing has. */
export function retractedInPlan(plan: RolloutPlan, retractions: readonly SimRetraction[]): string | null {
  const found = retractions.length === 0 ? [] : retractedAmong(plan.transactions.flat(), retractions);
  return found.length === 0 ? null : found.join(', ');
}
