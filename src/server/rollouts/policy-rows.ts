import type { PolicySpecView, PolicyView } from '../../api/policies.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { lanesOf, nextOf, SKIP_REASONS, type SkipReason } from '../../core/rollouts/policy.ts';
import type { RolloutState } from '../../core/rollouts/rollout-states.ts';
import type { Queryable } from '../../db/db.ts';
import { notFound } from '../runtime/problems.ts';
import type { Person } from './people.ts';

export interface PolicyRow {
  readonly id: string;
  name: string;
  spec: PolicySpecView;
  enabled: boolean;
  enabled_at: Instant | null;
  author_ids: string[];
  readonly created_by: string;
  readonly created_at: Instant;
  readonly updated_by: string;
  readonly updated_at: Instant;
}

interface OccurrenceRow {
  readonly policy_id: string;
  readonly lane: string;
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly decided_at: Instant;
  readonly rollout_id: string | null;
  readonly rollout_state: RolloutState | null;
  readonly skip_reason: SkipReason | null;
  readonly detail: string;
}

const OCCURRENCES_SHOWN = 20;

/** A policy acts under its own name, with the rights to plan and to withdraw what it drafted, never to approve. */
export function policyPerson(policy: Pick<PolicyRow, 'id' | 'name'>): Person {
  return {
    kind: 'person',
    personId: policy.id,
    login: `policy ${policy.name}`,
    name: policy.name,
    roles: [],
    permissions: new Set(['rollout.read', 'rollout.plan', 'rollout.operate']),
    viaToken: true,
  };
}

export async function policyById(db: Queryable, id: string, lock = false): Promise<PolicyRow> {
  const [row] = await db.query<PolicyRow>(`select * from policy where id = $1 and removed_at is null ${lock ? 'for update' : ''}`, [id]);
  if (row === undefined) throw notFound('policy', id);
  return row;
}

export async function policyViews(db: Queryable, rows: readonly PolicyRow[], now: Instant): Promise<PolicyView[]> {
  const occurrences = await db.query<OccurrenceRow>(
    `select recent.*, rollout.state as rollout_state from (
       select *, row_number() over (partition by policy_id order by starts_at desc, lane) as place from policy_occurrence where policy_id = any($1)) as recent
     left join rollout on rollout.id = recent.rollout_id where place <= $2 order by starts_at desc, lane`,
    [rows.map(row => row.id), OCCURRENCES_SHOWN],
  );
  return rows.map(row => ({
    id: row.id,
    spec: row.spec,
    enabled: row.enabled,
    enabledAt: row.enabled_at,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedBy: row.updated_by,
    updatedAt: row.updated_at,
    nextStartsAt: row.enabled ? nextStart(row.spec, now) : null,
    occurrences: occurrences
      .filter(one => one.policy_id === row.id)
      .map(one => ({
        lane: one.lane,
        startsAt: one.starts_at,
        endsAt: one.ends_at,
        decidedAt: one.decided_at,
        rolloutId: one.rollout_id,
        rolloutState: one.rollout_state,
        skipReason: one.skip_reason,
        text: one.skip_reason === null ? one.detail : `${SKIP_REASONS[one.skip_reason]}${one.detail === '' ? '' : ` (${one.detail})`}`,
      })),
  }));
}

function nextStart(spec: PolicySpecView, now: Instant): Instant | null {
  const starts = lanesOf(spec).flatMap(lane => nextOf(spec, lane, now, 2).map(one => one.startsAt));
  return starts.filter(start => start > now).sort()[0] ?? null;
}
