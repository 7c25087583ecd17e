import type { RetractionView, SafeguardHoldView } from '../../api/safety.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { addMs, DAY_MS, type Instant } from '../../core/kernel/instants.ts';
import { HOLD_DAYS_MAX } from '../../core/rollouts/timers.ts';
import type { Queryable } from '../../db/db.ts';
import { sqlState } from '../../db/pool.ts';
import type { Handlers } from '../context.ts';
import { conflict, invalid, notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockRollout } from './locks.ts';
import { moveRollout } from './moves.ts';
import { setPauseReasons } from './pause-reasons.ts';
import { asPerson, type Person } from './people.ts';
import { retractedInPlan } from './safeguards.ts';
import type { Scopes } from './safety-scopes.ts';
import { inStep, type Step } from './step.ts';

export type SafeguardRoutes =
  | 'holdList'
  | 'holdCreate'
  | 'holdLift'
  | 'retractionList'
  | 'retractionCreate'
  | 'retractionHosts'
  | 'retractionLift';

interface HoldRow {
  readonly id: string;
  readonly name: string;
  readonly query: string | null;
  readonly source_name: string | null;
  readonly reason: string;
  readonly owner: string;
  readonly created_by: string;
  readonly created_at: Instant;
  readonly ends_at: Instant;
  readonly lifted_at: Instant | null;
}

interface RetractionRow {
  readonly id: string;
  readonly source_name: string;
  readonly source_version: string;
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: Instant;
  readonly lifted_by: string | null;
  readonly lifted_at: Instant | null;
}

export function safeguardHandlers(engine: Engine): Handlers<SafeguardRoutes> {
  const { db, clock } = engine.context;
  return {
    holdList: async () => {
      const scopes = await engine.scopes.read();
      const rows = await db.query<HoldRow>('select * from safeguard_hold order by lifted_at is not null, ends_at desc limit 200');
      return { items: rows.map(row => holdView(row, scopes, clock.now())) };
    },
    holdCreate: async ({ body }, caller) => {
      const person = asPerson(caller);
      const now = clock.now();
      if (body.endsAt <= now) throw invalid('body/endsAt', 'This hold would be over already.');
      if (body.endsAt > addMs(now, HOLD_DAYS_MAX * DAY_MS))
        throw invalid('body/endsAt', `A hold lasts ${HOLD_DAYS_MAX} days at most; declare it again when it is still needed.`);
      const problem = body.query === null ? null : (await engine.fleet.resolve({ query: body.query })).problem;
      if (problem !== null) throw invalid('body/query', problem);
      const id = makeId('hold', engine.context.randomHex(16));
      const row = await inStep(engine.context, async step => {
        const [made] = await step.tx.query<HoldRow>(
          `insert into safeguard_hold (id, name, query, source_name, reason, owner, created_by, created_at, ends_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning *`,
          [id, body.name, body.query, body.sourceName, body.reason, body.owner, person.login, step.now, body.endsAt],
        );
        step.audit({ actor: person.login, action: 'hold.create', subject: id, detail: body });
        return made!;
      });
      return holdView(row, await engine.scopes.read(), clock.now());
    },
    holdLift: async ({ params }, caller) => {
      const { login } = asPerson(caller);
      await inStep(engine.context, async step => {
        const lifted = await step.tx.query(
          'update safeguard_hold set lifted_by = $2, lifted_at = $3 where id = $1 and lifted_at is null and ends_at > $3 returning id',
          [params.id, login, step.now],
        );
        if (lifted.length === 0) throw notFound('hold in force', params.id);
        step.audit({ actor: login, action: 'hold.lift', subject: params.id, detail: {} });
      });
      return {};
    },
    retractionList: async () => {
      const rows = await db.query<RetractionRow>('select * from retraction order by lifted_at is not null, created_at desc limit 200');
      return { items: await Promise.all(rows.map(row => retractionView(engine, row))) };
    },
    retractionCreate: async ({ body }, caller) => {
      const person = asPerson(caller);
      const id = makeId('retraction', engine.context.randomHex(16));
      const row = await inStep(engine.context, step => retract(engine, step, person, id, body)).catch(error => {
        if (sqlState(error) === '23505')
          throw conflict(
            'retracted-already',
            `${body.sourceName} ${body.sourceVersion} is retracted already.`,
            'See the list of retractions.',
          );
        throw error;
      });
      return await retractionView(engine, row);
    },
    retractionHosts: async ({ params }) => {
      const [row] = await db.query<RetractionRow>('select * from retraction where id = $1', [params.id]);
      if (row === undefined) throw notFound('retraction', params.id);
      const hostIds = await hostsWith(engine, row);
      const jobs = await db.query<{ host_id: string; rollout_id: string }>(
        `select distinct on (job.host_id) job.host_id, job.rollout_id from job, jsonb_array_elements(job.transaction) as item
         where job.host_id = any($1) and job.touched and exists (
           select from package_version known where known.name = item->>'name' and known.version = item->>'toVersion' and known.source_name = $2 and known.source_version = $3)
         order by job.host_id, job.finished_at desc nulls first`,
        [hostIds, row.source_name, row.source_version],
      );
      const by = new Map(jobs.map(job => [job.host_id, job.rollout_id]));
      return {
        items: hostIds.map(hostId => ({ hostId, hostName: engine.fleet.hostName(hostId) ?? hostId, rolloutId: by.get(hostId) ?? null })),
      };
    },
    retractionLift: async ({ params, body }, caller) => {
      const { login } = asPerson(caller);
      await inStep(engine.context, async step => {
        const lifted = await step.tx.query(
          'update retraction set lifted_by = $2, lifted_at = $3, lifted_reason = $4 where id = $1 and lifted_at is null returning id',
          [params.id, login, step.now, body.reason],
        );
        if (lifted.length === 0) throw notFound('retraction in force', params.id);
        step.audit({ actor: login, action: 'retraction.lift', subject: params.id, detail: { reason: body.reason } });
      });
      return {};
    },
  };
}

/** The block and every pause stand in one transaction: permits read the block, so none slips in between. */
async function retract(
  engine: Engine,
  step: Step,
  person: Person,
  id: string,
  { sourceName, sourceVersion, reason }: { sourceName: string; sourceVersion: string; reason: string },
): Promise<RetractionRow> {
  const [row] = await step.tx.query<RetractionRow>(
    'insert into retraction (id, source_name, source_version, reason, created_by, created_at) values ($1, $2, $3, $4, $5, $6) returning *',
    [id, sourceName, sourceVersion, reason, person.login, step.now],
  );
  step.audit({ actor: person.login, action: 'retraction.create', subject: id, detail: { sourceName, sourceVersion, reason } });
  const running = await step.tx.query<{ id: string }>(`select id from rollout where state = 'running' order by id`);
  for (const { id: rolloutId } of running) {
    const rollout = await lockRollout(step.tx, rolloutId, 'update');
    if (rollout.state !== 'running' || (await retractedInPlan(step.tx, rolloutId, rollout.plan_hash)) === null) continue;
    const text = `${sourceName} ${sourceVersion} was retracted by ${person.login}: ${reason}`;
    await setPauseReasons(step, rollout, [...rollout.pause_reasons, { code: 'retracted', text }]);
    await moveRollout(step, rollout, 'pause', { actor: person.login, reason: text, detail: { retractionId: id } });
  }
  step.afterwards(() => engine.poke());
  return row!;
}

async function hostsWith(engine: Engine, row: RetractionRow): Promise<string[]> {
  const binaries = await engine.context.db.query<{ name: string; version: string }>(
    'select distinct name, version from package_version where source_name = $1 and source_version = $2 order by 1, 2',
    [row.source_name, row.source_version],
  );
  if (binaries.length === 0) return [];
  const query = binaries.map(({ name, version }) => `package ${quoted(name)} = ${quoted(version)}`).join(' or ');
  return (await engine.fleet.resolve({ query })).hostIds;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

async function retractionView(engine: Engine, row: RetractionRow): Promise<RetractionView> {
  const paused = await pausedBy(engine.context.db, row.id);
  return {
    id: row.id,
    sourceName: row.source_name,
    sourceVersion: row.source_version,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    liftedBy: row.lifted_by,
    liftedAt: row.lifted_at,
    hosts: (await hostsWith(engine, row)).length,
    pausedRollouts: paused,
  };
}

async function pausedBy(db: Queryable, retractionId: string): Promise<string[]> {
  const rows = await db.query<{ subject: string }>(
    `select distinct subject from audit_entry where action = 'rollout.pause' and detail->>'retractionId' = $1 order by 1`,
    [retractionId],
  );
  return rows.map(row => row.subject);
}

function holdView(row: HoldRow, scopes: Scopes, now: Instant): SafeguardHoldView {
  const state = row.lifted_at !== null ? 'lifted' : row.ends_at <= now ? 'over' : 'in-force';
  return {
    id: row.id,
    name: row.name,
    query: row.query,
    sourceName: row.source_name,
    reason: row.reason,
    owner: row.owner,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endsAt: row.ends_at,
    hosts: state === 'in-force' ? (scopes.holds.get(row.id)?.size ?? null) : 0,
    state,
  };
}
