import type { HostFacts } from '../inventory/snapshot.ts';
import { addMs, type Instant, MINUTE_MS } from '../kernel/instants.ts';

/** What is known of one member of an availability group. */
export interface MemberFacts {
  readonly hostId: string;
  readonly lastSeenAt: Instant | null;
  /** Silence up to this is still health; 0: nothing this host's reach says is ever health. */
  readonly healthMinutes: number;
  /** A job of any rollout is beyond its point of no return there, or lost. */
  readonly atWork: boolean;
  readonly lastSucceededAt: Instant | null;
  /** The last time that a rollout changed it and failed. */
  readonly lastFailedAt: Instant | null;
  /** Its own inventory says since that it is well, or a person does. */
  readonly recovered: boolean;
  /** Its own newest inventory says that something on it has failed, whoever is to blame. */
  readonly unwell: boolean;
}

/** What a group promises; exactly one is given. A share rounds down, at least one (domain.md 2.7 S1; GCP rounds up). */
interface GroupPromise {
  readonly minAvailable: number | null;
  readonly maxUnavailable: number | null;
  readonly maxUnavailablePercent: number | null;
}

/** How many members have to stay. A disruption budget is the same promise from the other side: failed members keep using it up until they are well. */
export function minAvailableOf({ minAvailable, maxUnavailable, maxUnavailablePercent }: GroupPromise, members: number): number {
  if (minAvailable !== null) return minAvailable;
  const budget = maxUnavailable ?? Math.max(1, Math.floor((members * (maxUnavailablePercent ?? 0)) / 100));
  return Math.max(0, members - budget);
}

/** Whether a host was heard of so lately that it counts as being there. `healthMinutes` as in MemberFacts. */
export function isHeard({ lastSeenAt, healthMinutes }: Pick<MemberFacts, 'lastSeenAt' | 'healthMinutes'>, now: Instant): boolean {
  return lastSeenAt !== null && lastSeenAt > addMs(now, -healthMinutes * MINUTE_MS);
}

/**
 * Why a host does not serve by its own account, none when it says nothing of the kind: a failed unit, a package database that is half done. What a host could
 * not read it does not say; that it is there at all is asked apart (`isHeard`).
 */
export function unwellBecause({ packageManager, services }: Pick<HostFacts, 'packageManager' | 'services'>): string[] {
  const failed = (services ?? []).filter(service => service.activeState === 'failed').map(service => `${service.unit} has failed`);
  return packageManager?.healthy === false ? ['its package database is not in order', ...failed] : failed;
}

/**
 * S4: a member counts for its group only when it is known to be well: heard of lately, not at work, not unwell by its own account, not left failed by a
 * rollout, and past the soak after its own change. Unknown, lost and failed members count as down, for whatever reason.
 */
export function isAvailable(member: MemberFacts, soakMinutes: number, now: Instant): boolean {
  const { atWork, lastSucceededAt, lastFailedAt, recovered, unwell } = member;
  if (!isHeard(member, now) || atWork || unwell) return false;
  if (lastSucceededAt !== null && lastSucceededAt > addMs(now, -soakMinutes * MINUTE_MS)) return false;
  return lastFailedAt === null || recovered || (lastSucceededAt !== null && lastSucceededAt > lastFailedAt);
}
