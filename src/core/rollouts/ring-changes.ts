import { invariant } from '../kernel/faults.ts';
import { addMs, epochMs, type Instant, MINUTE_MS } from '../kernel/instants.ts';
import { move } from '../kernel/machine.ts';
import { evaluateGate, type GateDecision, type Health, isTripped, type RingCounts } from './gate.ts';
import type { GateThresholds } from './plan.ts';
import { RING, type RingEvent, type RingState } from './ring-states.ts';

export interface RingStatus {
  readonly id: string;
  readonly rolloutId: string;
  readonly ringIndex: number;
  readonly name: string;
  readonly hosts: number;
  readonly soakMinutes: number;
  readonly concurrency: number;
  readonly gate: GateThresholds;
  readonly state: RingState;
  readonly stateSince: Instant;
  readonly stateReason: string | null;
  readonly soakEndsAt: Instant | null;
  readonly lastSuccessAt: Instant | null;
  /** For the ring of those that were not reached: it waits longer than others. */
  readonly deadlineMinutes?: number | null;
}

export interface RingMoved {
  readonly event: RingEvent;
  readonly from: RingState;
  readonly to: RingState;
  readonly reason: string | null;
}

/**
 * domain.md 2.3: a ring that proves nothing hands its soak and its gate to the next, which is the canary now. Not to the ring of those that were not
 * reached: nothing comes after it, and with another ring's coverage hosts that stay away would stop the rollout (L2).
 */
export function inheritFrom(skipped: RingStatus, next: RingStatus): RingStatus {
  if (next.deadlineMinutes != null) return next;
  return { ...next, soakMinutes: Math.max(next.soakMinutes, skipped.soakMinutes), gate: skipped.gate };
}

/** What becomes of a ring. */
export interface RingChange {
  readonly ring: RingStatus;
  readonly moves: readonly RingMoved[];
  /** The answer of the gate, when it was asked. */
  readonly gate: GateDecision | null;
}

export function sendRing(change: RingChange, event: RingEvent, now: Instant, reason: string | null = null): RingChange {
  const { ring } = change;
  const step = move(RING, ring.state, event);
  invariant(step.ok, `ring ${ring.id}: ${event} in ${ring.state}: ${step.ok ? '' : step.reason}`);
  return {
    ...change,
    ring: { ...ring, state: step.to, stateSince: now, stateReason: reason },
    moves: [...change.moves, { event, from: ring.state, to: step.to, reason }],
  };
}

export function sameRing(ring: RingStatus): RingChange {
  return { ring, moves: [], gate: null };
}

/**
 * Moves the ring whose turn it is as far as the counts allow. Called again with the same counts it changes nothing more. `examples`: hosts that went
 * wrong, in words, for the reason that people read.
 */
export function progressRing(
  ring: RingStatus,
  counts: RingCounts,
  lastSuccessAt: Instant | null,
  examples: string,
  now: Instant,
  health: Health = null,
): RingChange {
  let change = sameRing(ring);
  if (change.ring.state === 'pending') change = sendRing(change, 'open', now);
  if (change.ring.state === 'eligible') change = sendRing(change, 'begin', now);
  if (change.ring.state === 'running') change = settle(change, counts, lastSuccessAt, now);
  if (change.ring.state === 'soaking') change = soak(change, counts, now, health);
  if (change.ring.state === 'evaluating') change = decide(change, counts, examples, now, health);
  // Hosts that were in flight when a gate could not tell may since have said what it is.
  if (ring.state === 'gate-pending') change = recheck(change, counts, examples, now, health);
  return change;
}

function settle(change: RingChange, counts: RingCounts, lastSuccessAt: Instant | null, now: Instant): RingChange {
  const { ring } = change;
  if (isTripped(counts, ring.gate)) return sendRing(change, 'trip', now, tripReason(counts));
  if (counts.active === 0 && counts.waiting === 0) {
    const soakEndsAt = lastSuccessAt === null ? now : addMs(lastSuccessAt, ring.soakMinutes * MINUTE_MS);
    return sendRing(
      { ...change, ring: { ...ring, lastSuccessAt, soakEndsAt } },
      'settle',
      now,
      ring.soakMinutes > 0 ? `soaks until ${soakEndsAt}` : null,
    );
  }
  const minutes = ring.deadlineMinutes ?? RING.states.running.deadline!.minutes;
  if (epochMs(now) < epochMs(ring.stateSince) + minutes * MINUTE_MS) return change;
  return sendRing(change, 'incomplete', now, `${counts.waiting + counts.active} hosts have no answer after ${minutes / 60} hours`);
}

function tripReason(counts: RingCounts): string {
  if (counts.failed > 0) return `${counts.failed} failed`;
  return counts.infrastructure > 0 ? 'infrastructure' : 'hosts are not ready';
}

/** A ring with health metrics is asked about only once they have been measured, after its soak. */
function soak(change: RingChange, counts: RingCounts, now: Instant, health: Health): RingChange {
  if (isTripped(counts, change.ring.gate)) return sendRing(change, 'trip', now, tripReason(counts));
  if (health === 'unmeasured') return change;
  return change.ring.soakEndsAt !== null && now >= change.ring.soakEndsAt ? sendRing(change, 'evaluate', now) : change;
}

function decide(change: RingChange, counts: RingCounts, examples: string, now: Instant, health: Health): RingChange {
  const gate = evaluateGate(counts, change.ring.gate, health);
  const asked = { ...change, gate };
  if (gate.verdict === 'pass') return sendRing(asked, gate.nothingAttempted ? 'skip' : 'pass', now, gate.statement);
  return sendRing(asked, gate.verdict === 'fail' ? 'fail' : 'unsure', now, stopReason(change.ring, gate, examples));
}

function recheck(change: RingChange, counts: RingCounts, examples: string, now: Instant, health: Health): RingChange {
  const gate = evaluateGate(counts, change.ring.gate, health);
  return gate.verdict === 'fail' ? sendRing({ ...change, gate }, 'fail', now, stopReason(change.ring, gate, examples)) : change;
}

function stopReason(ring: RingStatus, gate: GateDecision, examples: string): string {
  return `ring ${ring.name}: ${gate.reasons.join('; ')}${examples}`;
}
