import { addMs, type Instant, MINUTE_MS } from '../kernel/instants.ts';
import type { RebootPolicy } from './host-plan.ts';
import { isPreparing, JOB_ACTIVE, JOB_DISRUPTING, type JobState } from './job-states.ts';
import type { RolloutProfile } from './permit-decision.ts';
import type { RingState } from './ring-states.ts';
import type { RolloutState } from './rollout-states.ts';
import type { WaitingOn } from './waiting.ts';

/**
 * One reboot for several rollouts on one host (domain.md 2.8): a host that has installed and needs a reboot waits with it for the next rollout that is about to
 * change it as well. The last of them gets the permit; the others verify after the same boot. Meanwhile such a host keeps its slots and its place in its groups.
 */
export interface OtherJobOnHost {
  readonly rolloutName: string;
  readonly state: JobState;
  readonly parked: boolean;
  readonly notBefore: Instant | null;
  readonly waitingOn: WaitingOn | null;
  readonly estimatedMinutes: number;
  readonly reboot: RebootPolicy;
  readonly rolloutState: RolloutState;
  readonly ringState: RingState;
  readonly windowStartsAt: Instant | null;
  readonly windowEndsAt: Instant | null;
}

/** Longer than this nobody waits for a rollout that has not begun to change the host: an offer, a download and a slot take minutes. */
export const SHARE_WAIT_MINUTES = 30;

/** What a queued or preparing job may wait on and still be about to begin: the host itself. */
const ABOUT_TO_BEGIN: readonly (WaitingOn | null)[] = [null, 'host', 'host-working', 'host-lock'];

/** Job that asks for its reboot. `since`: when the host began to ask. `windowEndsAt`: its own, which must not run out over the waiting. */
interface OwnReboot {
  readonly state: JobState;
  readonly since: Instant;
  readonly windowEndsAt: Instant | null;
  readonly profile: RolloutProfile;
}

/** The rollout that the reboot waits for; null: it need not. An emergency waits for nobody. */
export function rebootWaitsFor(own: OwnReboot, others: readonly OtherJobOnHost[], now: Instant): string | null {
  if (own.profile === 'emergency' || own.state !== 'reboot-pending') return null;
  const installing = others.find(other => other.state === 'installing');
  // Never in the middle of a transaction, whatever its policy and whatever the window.
  if (installing !== undefined) return installing.rolloutName;
  if (now >= addMs(own.since, SHARE_WAIT_MINUTES * MINUTE_MS)) return null;
  return others.find(other => isComing(other, own.windowEndsAt, now))?.rolloutName ?? null;
}

/** It waits with its reboot for another rollout's, so the host is free for that one. The same in SQL: `waitsForSharedReboot`. */
export function sharesItsReboot(job: { readonly state: JobState; readonly sharesReboot: boolean }): boolean {
  return job.sharesReboot && job.state === 'reboot-pending';
}

/** What else on the host keeps it from changing packages, or from rebooting: what only prepares goes on after a reboot. Hosts ask while nothing of it is under way. */
export const HOLDS_HOST: Readonly<Record<'apply' | 'reboot', readonly JobState[]>> = {
  apply: JOB_ACTIVE,
  reboot: JOB_DISRUPTING.filter(state => state !== 'reboot-pending'),
};

function isComing(other: OtherJobOnHost, ownEnd: Instant | null, now: Instant): boolean {
  const { state, reboot, rolloutState, ringState, notBefore, windowStartsAt, windowEndsAt } = other;
  if (state !== 'queued' && !isPreparing(state)) return false;
  if (reboot === 'never' || rolloutState !== 'running' || ringState !== 'running' || other.parked) return false;
  if ((notBefore !== null && notBefore > now) || !ABOUT_TO_BEGIN.includes(other.waitingOn)) return false;
  if (windowStartsAt !== null && windowStartsAt > now) return false;
  // Its estimate has the reboot in it, so the shared one fits both windows when its own does.
  const through = addMs(now, other.estimatedMinutes * MINUTE_MS);
  return (windowEndsAt === null || through <= windowEndsAt) && (ownEnd === null || through <= ownEnd);
}
