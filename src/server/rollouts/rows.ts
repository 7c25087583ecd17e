import type { RolloutSpecView } from '../../api/rollout-spec.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { ChangeRequestState } from '../../core/rollouts/change-request-states.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import type { RolloutState } from '../../core/rollouts/rollout-states.ts';

/** Rows as PostgreSQL hands them over; columns are explained in src/db/migrations/0004-rollouts.sql. */
export interface PauseReason {
  readonly code: 'person' | 'gate-failed' | 'gate-inconclusive' | 'retracted' | 'rehearsal-failed' | 'rehearsal-unanswered';
  readonly text: string;
}

export interface RolloutRow {
  readonly id: string;
  name: string;
  readonly kind: 'patch' | 'rollback';
  readonly reverts_id: string | null;
  state: RolloutState;
  state_since: Instant;
  state_reason: string | null;
  spec: RolloutSpecView;
  revision: number;
  readonly requested_by: string;
  readonly requested_by_id: string;
  author_ids: string[];
  approved_by: string | null;
  self_approved: boolean;
  plan_hash: string | null;
  change_request_id: string | null;
  window_starts_at: Instant | null;
  window_ends_at: Instant | null;
  halt_outcome: 'halted' | 'expired' | 'superseded' | null;
  pause_reasons: PauseReason[];
  closes_vulnerabilities: number;
  hosts: number;
  readonly created_at: Instant;
  started_at: Instant | null;
  finished_at: Instant | null;
  /** The policy that made it. */
  readonly policy_id: string | null;
}

export interface ChangeRequestRow {
  readonly id: string;
  readonly rollout_id: string;
  readonly plan_hash: string;
  state: ChangeRequestState;
  state_since: Instant;
  readonly requested_by: string;
  readonly requested_by_id: string;
  expires_at: Instant;
}

const camel = (names: readonly string[], table: string): string =>
  names.map(name => `${table}.${name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)} as "${name}"`).join(', ');

/** Jobs and rings are read in the shape in which core decides about them. */
const JOB_FIELDS: readonly (keyof JobStatus)[] = [
  'id',
  'rolloutId',
  'ringId',
  'ringIndex',
  'position',
  'hostId',
  'hostName',
  'transaction',
  'estimatedMinutes',
  'state',
  'stateSince',
  'phase',
  'attempt',
  'attemptsLeft',
  'waitingOn',
  'parked',
  'notBefore',
  'retrySince',
  'lastHeardAt',
  'cancelRequested',
  'sharesReboot',
  'failureClass',
  'failure',
  'failureSignature',
  'infrastructure',
  'touched',
  'failureAcceptedBy',
  'result',
  'healed',
  'closedVulnerabilities',
  'startedAt',
  'finishedAt',
];
export const JOB_COLUMNS = camel(JOB_FIELDS, 'job');

const RING_FIELDS: readonly (keyof RingStatus)[] = [
  'id',
  'rolloutId',
  'ringIndex',
  'name',
  'hosts',
  'soakMinutes',
  'concurrency',
  'gate',
  'state',
  'stateSince',
  'stateReason',
  'soakEndsAt',
  'lastSuccessAt',
  'deadlineMinutes',
];
export const RING_COLUMNS = camel(RING_FIELDS, 'ring');
