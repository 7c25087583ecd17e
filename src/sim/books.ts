import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { Measured } from '../core/rollouts/health.ts';
import type { Permit } from '../core/rollouts/host-plan.ts';
import { JOB_ACTIVE, JOB_DISRUPTING, type JobState } from '../core/rollouts/job-states.ts';
import type { RolloutPlan } from '../core/rollouts/plan.ts';
import type { RolloutState } from '../core/rollouts/rollout-states.ts';
import { Ledger } from './ledger.ts';
import type { SimFreeze, SimGroup, SimHold, SimRetraction } from './safeguards.ts';
import type { HostInventory } from './server.ts';
import type { RehearsalsSeen } from './witness-rehearsals.ts';

/** What the engine does to a job, as it was committed. */
export interface JobSeen {
  readonly rolloutId: string;
  ringIndex: number;
  readonly hostId: string;
  state: JobState;
  attempt: number;
  sinceMs: number;
  heardMs: number;
  accepted: boolean;
}

export type Thresholds = RolloutPlan['rings'][number]['gate'];

export interface RingSeen {
  state: string;
  sinceMs: number;
  lastSuccessMs: number | null;
  readonly soakMinutes: number;
  readonly thresholds: Thresholds;
  readonly concurrency: number;
  /** Of the ring that comes last: so long it may wait for hosts that are off; null for every other. */
  readonly days: number | null;
}

export interface RolloutSeen {
  readonly id: string;
  readonly plan: RolloutPlan;
  readonly hash: string;
  readonly requestedBy: string;
  readonly jobs: Map<string, JobSeen>;
  readonly planned: ReadonlyMap<
    string,
    { readonly ring: number; readonly transaction: number; readonly minutes: number; readonly forensic: boolean }
  >;
  approval: { readonly hash: string; readonly by: string; readonly untilMs: number } | null;
  state: RolloutState;
  sinceMs: number;
  readonly rings: RingSeen[];
}

export const FAILED: readonly JobState[] = ['failed', 'verify-failed', 'timed-out'];

/** Minutes that the reconciler of the simulator may come later than the deadline, being off for up to ten of them after a crash. */
export const LATE_MINUTES = 12;

/** Silence of a host up to this is no silence: it asks once a minute (domain.md 2.4, two polls, and what a message may take). */
export const SILENCE_MS = 5 * MINUTE_MS;

/** Three tries each time that somebody goes on, and some more for the emergencies of a few days: beyond that something takes turns for ever. */
export const ATTEMPTS_MAX = 40;

/** What the witness has seen, in its own words: written from the trace alone, read by the rules that stand in files of their own. */
export class Books {
  readonly ledger = new Ledger();
  concurrencyMax = 50;
  readonly sites = new Map<string, string>();
  siteConcurrencyMax: number | null = null;
  readonly groups: SimGroup[] = [];
  readonly freezes: SimFreeze[] = [];
  readonly holds: SimHold[] = [];
  readonly retractions: SimRetraction[] = [];
  /** Jobs whose evidence has been recorded. */
  readonly evidence = new Set<string>();
  /** Hosts that a rollout has left failed, until they say that they are well. */
  readonly leftFailed = new Set<string>();
  killSwitchSinceMs: number | null = null;
  readonly rollouts = new Map<string, RolloutSeen>();
  readonly jobs = new Map<string, JobSeen>();
  readonly permits = new Map<string, { readonly permit: Permit; readonly atMs: number }>();
  readonly lastSuccess = new Map<string, number>();
  /** Any word from the host. */
  readonly heardMs = new Map<string, number>();
  readonly inventories = new Map<string, HostInventory>();
  /** What the metrics server has answered lately. */
  readonly said: { readonly name: string; readonly hostIds: readonly string[]; readonly said: Measured; readonly atMs: number }[] = [];
  readonly overridden = new Set<string>();
  /** Occurrences for which a policy has made a rollout. */
  readonly occurred = new Set<string>();
  /** Policies that people have turned off. */
  readonly policiesOff = new Set<string>();
  /** Of rollouts whose canaries have to rehearse. */
  readonly rehearsals = new Map<string, RehearsalsSeen>();
  readonly active = new Map<string, Set<string>>();
  /** When the last job of a host came to its end. */
  readonly freeSinceMs = new Map<string, number>();
  /** Jobs that were told to wait with their reboot for another rollout's. */
  readonly sharing = new Set<string>();

  isDisrupted(hostId: string): boolean {
    return [...(this.active.get(hostId) ?? [])].some(id => isDisrupting(this.jobs.get(id)!.state));
  }
}

export function isActive(state: JobState): boolean {
  return JOB_ACTIVE.includes(state);
}

export function isDisrupting(state: JobState): boolean {
  return (JOB_DISRUPTING as readonly JobState[]).includes(state);
}

export function isThrough(ring: { readonly state: string }): boolean {
  return ring.state === 'passed' || ring.state === 'skipped';
}

/** S7: an approval of exactly this plan, in force. */
export function isApproved({ approval, hash }: RolloutSeen, atMs: number): boolean {
  return approval !== null && approval.hash === hash && approval.untilMs > atMs;
}
