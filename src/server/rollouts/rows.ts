import type { RolloutSpecView } from '../../api/rollouts.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { ChangeRequestState } from '../../core/rollouts/change-request-states.ts';
import type { JobResult, TransactionItem } from '../../core/rollouts/host-plan.ts';
import type { JobState } from '../../core/rollouts/job-states.ts';
import type { GateThresholds } from '../../core/rollouts/plan.ts';
import type { RingState } from '../../core/rollouts/ring-states.ts';
import type { RolloutState } from '../../core/rollouts/rollout-states.ts';

/** Rows as PostgreSQL hands them over; columns are explained in src/db/migrations/0004-rollouts.sql. */
export interface PauseReason {
  readonly code: 'person' | 'gate-failed' | 'gate-inconclusive';
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

export interface RingRow {
  readonly id: string;
  readonly rollout_id: string;
  readonly ring_index: number;
  readonly name: string;
  state: RingState;
  state_since: Instant;
  state_reason: string | null;
  readonly hosts: number;
  readonly soak_minutes: number;
  readonly concurrency: number;
  readonly gate: GateThresholds;
  soak_ends_at: Instant | null;
  last_success_at: Instant | null;
}

export interface JobRow {
  readonly id: string;
  readonly rollout_id: string;
  readonly ring_id: string;
  readonly ring_index: number;
  readonly position: number;
  readonly host_id: string;
  readonly host_name: string;
  state: JobState;
  state_since: Instant;
  phase: string | null;
  attempt: number;
  attempts_left: number;
  waiting_on: string | null;
  parked: boolean;
  not_before: Instant | null;
  retry_since: Instant | null;
  readonly estimated_minutes: number;
  last_heard_at: Instant | null;
  cancel_requested: boolean;
  failure_class: string | null;
  failure: string | null;
  failure_signature: string | null;
  infrastructure: boolean;
  touched: boolean;
  failure_accepted_by: string | null;
  readonly transaction: TransactionItem[];
  result: JobResult | null;
  healed: string[];
  closed_vulnerabilities: string[];
  started_at: Instant | null;
  finished_at: Instant | null;
}

export interface SimulationRow {
  readonly id: string;
  readonly host_id: string;
  readonly request: unknown;
  readonly host: unknown;
  readonly answer: unknown;
}
