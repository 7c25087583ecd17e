import { canonicalJson, sha256Hex } from '../kernel/canonical-json.ts';
import type { Instant } from '../kernel/instants.ts';
import type { Proof } from './confidence.ts';
import type { HealthMetric } from './health.ts';
import type { HookSpec, RebootPolicy, RestartPolicy, SmokeTest, TransactionItem } from './host-plan.ts';

/**
 * What is approved: immutable, named by the SHA-256 of its canonical JSON. It holds nothing that differs between two makings of the same plan
 * (no clock, no random id), so that asking again for the same thing gives the same hash.
 */
export interface RolloutPlan {
  readonly version: 1;
  readonly rolloutId: string;
  readonly kind: 'patch' | 'rollback';
  readonly revertsId: string | null;
  readonly patchIds: readonly string[];
  /** Distinct transactions; hosts refer to them by position. A fleet of one image has one. */
  readonly transactions: readonly (readonly TransactionItem[])[];
  readonly rings: readonly PlannedRing[];
  readonly window: PlannedWindow;
  readonly restart: RestartPolicy;
  readonly reboot: RebootPolicy;
  readonly smokeTests: readonly SmokeTest[];
  /** Absent where there are none: plans without hooks keep their hash. */
  readonly hooks?: readonly HookSpec[];
  readonly profile?: 'emergency';
  readonly concurrencyMax?: number;
  /** Hosts that were not reached get one more ring, open so many days. */
  readonly catchUpDays?: number;
}

export interface PlannedRing {
  readonly name: string;
  readonly soakMinutes: number;
  readonly concurrency: number;
  readonly gate: GateThresholds;
  /** In the order in which they are offered. */
  readonly hosts: readonly PlannedHost[];
}

export interface PlannedHost {
  readonly hostId: string;
  readonly hostName: string;
  readonly transaction: number;
  readonly rehearsed: 'on-host' | 'predicted';
  /** Longest time that this host's disruption is expected to take, reboot included. */
  readonly estimatedMinutes: number;
  /** Evidence has to be collected there first. */
  readonly forensic?: true;
}

/** Half-open, [startsAt, endsAt). null: open on that side. The zone is for people; instants decide. */
export interface PlannedWindow {
  readonly startsAt: Instant | null;
  readonly endsAt: Instant | null;
  readonly timeZone: string;
  /** null: once. Else the rule by which the occurrence from startsAt to endsAt repeats (schedule/window.ts). */
  readonly repeat: string | null;
  /** No change starts that could still run in the last minutes. */
  readonly cutoffMinutes?: number | undefined;
  /** Of a window that repeats; absent: exact, shift-forward, first (schedule/window.ts). */
  readonly length?: 'exact' | 'wall-clock' | undefined;
  readonly gap?: 'shift-forward' | 'skip' | undefined;
  readonly overlap?: 'first' | 'second' | undefined;
}

/** Integers; percentages of hosts (domain.md 2.3). */
export interface GateThresholds {
  /** More than this share of failed hosts fails the ring. */
  readonly errorPercent: number;
  /** Fewer attempts than this (or than there are hosts) prove nothing. */
  readonly minSample: number;
  readonly minCoveragePercent: number;
  /** What the ring has to show; its size and soak are made from it where they are not given. */
  readonly proof?: Proof;
  readonly health?: readonly HealthMetric[];
}

export function planText(plan: RolloutPlan): string {
  return canonicalJson(plan);
}

export function planHash(text: string): string {
  return sha256Hex(text);
}

export function itemKey(item: { readonly name: string; readonly arch: string }): string {
  return `${item.name}:${item.arch}`;
}

/** A reviewable line: `openssl 3.0.20-1 -> 3.0.22-1`. */
export function itemText(item: TransactionItem): string {
  if (item.action === 'install') return `${item.name} ${item.toVersion} (new)`;
  if (item.action === 'remove') return `${item.name} ${item.fromVersion} (removed)`;
  return `${item.name} ${item.fromVersion} -> ${item.toVersion}`;
}
