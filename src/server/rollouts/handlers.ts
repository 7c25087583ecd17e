import type { EventEmitter } from 'node:events';
import type { z } from 'zod';
import type { RolloutVerb } from '../../api/rollouts.ts';
import { ROLLOUT } from '../../core/rollouts/rollout-states.ts';
import type { Waiting } from '../../core/rollouts/waiting.ts';
import type { Caller, Handlers } from '../context.ts';
import { notFound } from '../runtime/problems.ts';
import { approve, cancel, reject, requestApproval } from './approval.ts';
import { createDraft, editDraft } from './drafts.ts';
import type { Engine } from './engine.ts';
import { eventsAfter, follow } from './log.ts';
import { actorOf, asPerson, type Person } from './people.ts';
import { hostProof, proofCsv } from './proof.ts';
import { rehearsalViews, rehearseNow } from './rehearsals.ts';
import { draftRollback } from './rollback.ts';
import type { RolloutRow } from './rows.ts';
import { halt, pause, resume, start } from './running.ts';
import { submit } from './submission.ts';
import { detail, JOB_VIEW_COLUMNS, type JobViewRow, jobView, rolloutById, summaries } from './views.ts';
import { rolloutWaits } from './waits.ts';

export type RolloutRoutes =
  | 'rolloutList'
  | 'rolloutCreate'
  | 'rolloutGet'
  | 'rolloutUpdate'
  | 'rolloutAct'
  | 'rolloutRehearse'
  | 'rolloutRollback'
  | 'rolloutJobs'
  | 'rolloutEvents'
  | 'rolloutStream'
  | 'rolloutProof'
  | 'rolloutExplain'
  | 'jobGet'
  | 'hostProof';

type Verb = z.output<typeof RolloutVerb>;
interface Asked {
  readonly planHash: string | undefined;
  readonly reason: string;
}

const VERBS: Readonly<Record<Verb, (engine: Engine, person: Person, id: string, asked: Asked) => Promise<void>>> = {
  submit: (engine, person, id) => submit(engine, person, id),
  'request-approval': (engine, person, id, { reason }) => requestApproval(engine, person, id, reason),
  approve: (engine, person, id, { planHash, reason }) => approve(engine, person, id, planHash, reason),
  reject: (engine, person, id, { reason }) => reject(engine, person, id, reason),
  start: (engine, person, id, { reason }) => start(engine, person, id, reason),
  pause: (engine, person, id, { reason }) => pause(engine, person, id, reason),
  resume: (engine, person, id, { reason }) => resume(engine, person, id, reason),
  halt: (engine, person, id, { reason }) => halt(engine, person, id, reason),
  cancel: (engine, person, id, { reason }) => cancel(engine, person, id, reason),
  edit: async (engine, person, id) => editDraft(engine, person, id, (await rolloutById(engine.context.db, id)).spec),
};

const ROLLOUT_SORTS: Readonly<Record<string, string>> = {
  createdAt: 'created_at',
  name: 'lower(name)',
  state: 'state',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  hosts: 'hosts',
};
const JOB_SORTS: Readonly<Record<string, string>> = {
  hostName: 'job.host_name',
  state: 'job.state',
  ringIndex: 'job.ring_index',
  startedAt: 'job.started_at',
  finishedAt: 'job.finished_at',
};

export function rolloutHandlers(engine: Engine, news: EventEmitter): Handlers<RolloutRoutes> {
  const { db, clock } = engine.context;
  const detailFor = async (id: string, caller: Caller) => detail(engine, id, await actorOf(engine, caller));
  return {
    rolloutList: async ({ query }) => {
      const { page, pageSize, search, state } = query;
      const where = `($1::text is null or state = $1) and ($2::text is null or name ilike $2)`;
      const values = [state ?? null, search === undefined ? null : likePattern(search)];
      const rows = await db.query<RolloutRow>(
        `select * from rollout where ${where} order by ${orderBy(query.sort, ROLLOUT_SORTS, 'created_at desc')}, id limit $3 offset $4`,
        [...values, pageSize, (page - 1) * pageSize],
      );
      const [counted] = await db.query<{ total: number }>(`select count(*)::int as total from rollout where ${where}`, values);
      return { items: await summaries(db, rows), total: counted?.total ?? 0, page, pageSize };
    },
    rolloutCreate: async ({ body }, caller) =>
      detailFor(await createDraft(engine, asPerson(caller), { spec: body, kind: 'patch', revertsId: null }), caller),
    rolloutGet: ({ params }, caller) => detailFor(params.id, caller),
    rolloutUpdate: async ({ params, body }, caller) => {
      await editDraft(engine, asPerson(caller), params.id, body);
      return await detailFor(params.id, caller);
    },
    rolloutAct: async ({ params, body }, caller) => {
      await VERBS[body.verb](engine, asPerson(caller), params.id, { planHash: body.planHash, reason: body.reason });
      return await detailFor(params.id, caller);
    },
    rolloutRehearse: async ({ params, body }, caller) => {
      await rehearseNow(engine, asPerson(caller), params.id, body.hostIds);
      return await detailFor(params.id, caller);
    },
    rolloutRollback: async ({ params, body }, caller) =>
      detailFor(await draftRollback(engine, asPerson(caller), params.id, body.hostIds, body.reason), caller),
    rolloutJobs: async ({ params, query }) => {
      const { page, pageSize, search, state, ring } = query;
      await rolloutById(db, params.id);
      const where = `job.rollout_id = $1 and ($2::text is null or job.state = $2) and ($3::int is null or job.ring_index = $3) and ($4::text is null or job.host_name ilike $4)`;
      const values = [params.id, state ?? null, ring ?? null, search === undefined ? null : likePattern(search)];
      const rows = await db.query<JobViewRow>(
        `select ${JOB_VIEW_COLUMNS} from job join rollout on rollout.id = job.rollout_id join ring on ring.id = job.ring_id where ${where}
         order by ${orderBy(query.sort, JOB_SORTS, 'job.ring_index')}, job.ring_index, job.position limit $5 offset $6`,
        [...values, pageSize, (page - 1) * pageSize],
      );
      const [counted] = await db.query<{ total: number }>(`select count(*)::int as total from job where ${where}`, values);
      const now = clock.now();
      return { items: rows.map(row => jobView(row, now)), total: counted?.total ?? 0, page, pageSize };
    },
    rolloutEvents: async ({ params, query }) => {
      await rolloutById(db, params.id);
      return { items: await eventsAfter(db, params.id, query.after, query.limit) };
    },
    rolloutStream: async ({ params, query }, _caller, request) => {
      await rolloutById(db, params.id);
      return follow(db, news, params.id, query.after, request.signal);
    },
    rolloutProof: async ({ params }) => {
      await rolloutById(db, params.id);
      return proofCsv(engine, params.id);
    },
    rolloutExplain: async ({ params }) => {
      const row = await rolloutById(db, params.id);
      const waitingOn = await rolloutWaits(engine, row, clock.now());
      return { state: row.state, text: explainedText(row, waitingOn), waitingOn };
    },
    jobGet: async ({ params }) => {
      const [row] = await db.query<JobViewRow>(
        `select ${JOB_VIEW_COLUMNS} from job join rollout on rollout.id = job.rollout_id join ring on ring.id = job.ring_id where job.id = $1`,
        [params.id],
      );
      if (row === undefined) throw notFound('job', params.id);
      const events = await db.query<{ sequence: number; at: string; phase: string; kind: string; text: string }>(
        'select sequence, at, phase, kind, text from job_event where job_id = $1 and attempt = $2 order by sequence',
        [row.id, row.attempt],
      );
      const rollout = await rolloutById(db, row.rolloutId);
      const rehearsal = (await rehearsalViews(db, rollout)).find(one => one.hostId === row.hostId) ?? null;
      return { job: jobView(row, clock.now()), rehearsal, result: row.result === null ? null : { ...row.result }, events };
    },
    hostProof: async ({ params }) => ({ items: await hostProof(engine, params.id) }),
  };
}

/** What the state means, why it is in it, and what it waits on with the next instant at which that can change by itself. */
function explainedText(row: RolloutRow, waitingOn: readonly Waiting[]): string[] {
  const { meaning } = ROLLOUT.states[row.state];
  const reason = row.state_reason ?? '';
  const saidBelow = reason === '' || waitingOn.some(one => one.text.includes(reason));
  const waits = waitingOn.map(({ text, changesAt }) => {
    const said = /[.!?]$/.test(text) ? text : `${text}.`;
    return changesAt === null ? said : `${said} This can change at ${changesAt.slice(0, 16).replace('T', ' ')} UTC.`;
  });
  return [meaning, ...(saidBelow ? [] : [reason]), ...waits];
}

/** `sort` names a field of the view, `-` first for descending; whatever is not in the list of columns is ignored, so no text reaches the statement. */
function orderBy(sort: string | undefined, columns: Readonly<Record<string, string>>, otherwise: string): string {
  const field = sort?.replace(/^-/, '') ?? '';
  return Object.hasOwn(columns, field) ? `${columns[field]}${sort?.startsWith('-') ? ' desc' : ''} nulls last` : otherwise;
}

function likePattern(search: string): string {
  return `%${search.replace(/[\\%_]/g, '\\$&')}%`;
}
