import type { z } from 'zod';
import type { JobView } from '../../api/jobs.ts';
import type { PlanReportView } from '../../api/plans.ts';
import type { Gate, Ring, RolloutDetailView, RolloutSummaryView } from '../../api/rollouts.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { isHeard } from '../../core/rollouts/availability.ts';
import { isFailureClass, remedyOf } from '../../core/rollouts/failure-classes.ts';
import { JOB_ACTIVE, JOB_FAILED, JOB_SATISFIED } from '../../core/rollouts/job-states.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import { type Actor, verbStates } from '../../core/rollouts/verbs.ts';
import { WAITING_ON } from '../../core/rollouts/waiting.ts';
import type { Queryable } from '../../db/db.ts';
import { notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { expandReport, type StoredReport } from './planning.ts';
import { rehearsalViews } from './rehearsals.ts';
import { JOB_COLUMNS, RING_COLUMNS, type RolloutRow } from './rows.ts';
import { HEALTH_MINUTES } from './safety-facts.ts';
import { verbFacts } from './verb-facts.ts';
import { jobWaitsOn, rolloutWaits } from './waits.ts';

interface Tally {
  readonly succeeded: number;
  readonly failed: number;
  readonly active: number;
  readonly waiting: number;
}
const NOTHING: Tally = { succeeded: 0, failed: 0, active: 0, waiting: 0 };

/** `of`: the column of job that names the rollout or the ring. */
async function tallies(db: Queryable, of: 'rollout_id' | 'ring_id', ids: readonly string[]): Promise<Map<string, Tally>> {
  const rows = await db.query<Tally & { id: string }>(
    `select ${of} as id, count(*) filter (where state = any($2))::int as succeeded, count(*) filter (where state = any($3))::int as failed,
       count(*) filter (where state = any($4))::int as active, count(*) filter (where state = 'queued')::int as waiting
     from job where ${of} = any($1) group by ${of}`,
    [ids, JOB_SATISFIED, JOB_FAILED, JOB_ACTIVE],
  );
  return new Map(rows.map(({ id, succeeded, failed, active, waiting }) => [id, { succeeded, failed, active, waiting }]));
}

export async function summaries(db: Queryable, rows: readonly RolloutRow[]): Promise<RolloutSummaryView[]> {
  const counted = await tallies(
    db,
    'rollout_id',
    rows.map(row => row.id),
  );
  return rows.map(row => ({
    id: row.id,
    name: row.name,
    kind: row.kind,
    revertsId: row.reverts_id,
    state: row.state,
    stateReason: row.state_reason,
    requestedBy: row.requested_by,
    approvedBy: row.approved_by,
    selfApproved: row.self_approved,
    planHash: row.plan_hash,
    hosts: row.hosts,
    ...(counted.get(row.id) ?? NOTHING),
    patches: row.spec.patchIds.length,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }));
}

export async function rolloutById(db: Queryable, id: string): Promise<RolloutRow> {
  const [row] = await db.query<RolloutRow>('select * from rollout where id = $1', [id]);
  if (row === undefined) throw notFound('rollout', id);
  return row;
}

export async function detail(engine: Pick<Engine, 'context' | 'scopes'>, id: string, actor: Actor): Promise<RolloutDetailView> {
  const { db, clock } = engine.context;
  const now = clock.now();
  const row = await rolloutById(db, id);
  const [[rollout], rings, plan, facts, waitingOn, rehearsals] = await Promise.all([
    summaries(db, [row]),
    ringViews(db, id),
    planReport(db, row),
    verbFacts(db, now, row),
    rolloutWaits(engine, row, now),
    rehearsalViews(db, row),
  ]);
  return { rollout: rollout!, spec: row.spec, rings, verbs: verbStates(facts, actor), plan, rehearsals, waitingOn };
}

/** The plan in force, or the one that was refused, so that its errors can be read. */
async function planReport(db: Queryable, row: RolloutRow): Promise<PlanReportView | null> {
  const [plan] = await db.query<{ report: StoredReport }>(
    `select report from rollout_plan where rollout_id = $1 and (plan_hash = $2 or ($2::text is null and revision = $3)) order by prepared_at desc limit 1`,
    [row.id, row.plan_hash, row.revision],
  );
  return plan === undefined ? null : expandReport(plan.report);
}

interface GateRow {
  readonly ring_id: string;
  readonly at: Instant;
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly inputs: Record<string, number>;
  readonly statement: string;
  readonly reasons: string[];
  readonly metrics: z.output<typeof Gate>['metrics'];
  readonly decided_by: string;
}

async function ringViews(db: Queryable, rolloutId: string): Promise<z.output<typeof Ring>[]> {
  const rings = await db.query<RingStatus>(`select ${RING_COLUMNS} from ring where rollout_id = $1 order by ring_index`, [rolloutId]);
  const gates = await db.query<GateRow>(
    'select ring_id, at, verdict, inputs, statement, reasons, metrics, decided_by from gate_evaluation where rollout_id = $1 order by id',
    [rolloutId],
  );
  const counted = await tallies(
    db,
    'ring_id',
    rings.map(ring => ring.id),
  );
  return rings.map(ring => ({
    id: ring.id,
    index: ring.ringIndex,
    name: ring.name,
    state: ring.state,
    stateReason: ring.stateReason,
    hosts: ring.hosts,
    ...(counted.get(ring.id) ?? NOTHING),
    soakMinutes: ring.soakMinutes,
    concurrency: ring.concurrency,
    soakEndsAt: ring.soakEndsAt,
    gates: gates.filter(gate => gate.ring_id === ring.id).map(gateView),
  }));
}

function gateView({ decided_by, ...gate }: GateRow): z.output<typeof Gate> {
  const { at, verdict, inputs, statement, reasons, metrics } = gate;
  return { at, verdict, inputs, statement, reasons, metrics, decidedBy: decided_by };
}

export interface JobViewRow extends JobStatus {
  readonly rolloutState: RolloutRow['state'];
  readonly ringState: RingStatus['state'];
  readonly hostBusy: boolean;
  readonly hostReach: string;
  readonly hostSeenAt: Instant | null;
  readonly windowStartsAt: Instant | null;
}

/** Of a job with what its view needs from its rollout and ring. */
export const JOB_VIEW_COLUMNS = `${JOB_COLUMNS}, rollout.state as "rolloutState", rollout.window_starts_at as "windowStartsAt", ring.state as "ringState",
  exists (select from job other where other.host_id = job.host_id and other.id <> job.id and other.state in ('${JOB_ACTIVE.join("', '")}')) as "hostBusy",
  (select reach from host where host.id = job.host_id) as "hostReach", (select last_seen_at from host_seen where host_seen.host_id = job.host_id) as "hostSeenAt"`;

export function jobView(row: JobViewRow, now: Instant): JobView {
  const code = jobWaitsOn(row, {
    rollout: row.rolloutState,
    ring: row.ringState,
    hostBusy: row.hostBusy,
    hostSilent: !isHeard({ lastSeenAt: row.hostSeenAt, healthMinutes: HEALTH_MINUTES[row.hostReach] ?? 0 }, now),
    windowStartsAt: row.windowStartsAt,
    now,
  });
  return {
    id: row.id,
    rolloutId: row.rolloutId,
    hostId: row.hostId,
    hostName: row.hostName,
    ringIndex: row.ringIndex,
    state: row.state,
    phase: row.phase,
    attempt: row.attempt,
    waitingOn: code === null || code === 'host-working' ? null : WAITING_ON[code].text,
    waitingCode: code,
    failureClass: row.failureClass,
    failure: row.failure,
    remedy: row.failureClass !== null && isFailureClass(row.failureClass) ? remedyOf(row.failureClass, row.failureSignature) : null,
    infrastructure: row.infrastructure,
    touched: row.touched,
    transaction: [...row.transaction],
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    healed: [...row.healed],
  };
}
