import type { EngineView, FreezeView } from '../../api/safety.ts';
import { makeId } from '../../core/kernel/ids.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { addMs, DAY_MS } from '../../core/kernel/instants.ts';
import { JOB_DISRUPTING } from '../../core/rollouts/job-states.ts';
import { readCalendar } from '../../core/rollouts/schedule/icalendar.ts';
import { subtract } from '../../core/rollouts/schedule/intervals.ts';
import { currentOrNext, minutesOf, nextOccurrences, repeatProblem, ruleOf } from '../../core/rollouts/schedule/planned-window.ts';
import type { Occurrence } from '../../core/rollouts/schedule/window.ts';
import { sqlState } from '../../db/pool.ts';
import type { Handlers } from '../context.ts';
import { conflict, forbidden, invalid, notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { asPerson, type Person } from './people.ts';
import { availableMembers, declaredFor, promised } from './safety-facts.ts';
import { inStep, type Step } from './step.ts';

export type SafetyRoutes =
  | 'engineGet'
  | 'engineUpdate'
  | 'killSwitchSet'
  | 'freezeList'
  | 'freezeCreate'
  | 'freezeImport'
  | 'freezeEnd'
  | 'availabilityGroupList'
  | 'availabilityGroupCreate'
  | 'availabilityGroupDelete'
  | 'windowPreview';

interface FreezeRow {
  readonly id: string;
  readonly name: string;
  readonly kind: FreezeView['kind'];
  readonly starts_at: Instant;
  readonly ends_at: Instant;
  readonly query: string | null;
  readonly owner: string;
  readonly reason: string;
  readonly created_by: string;
  readonly ended_at: Instant | null;
}

type NewFreeze = Pick<FreezeRow, 'name' | 'kind' | 'query' | 'owner' | 'reason'> & { readonly startsAt: Instant; readonly endsAt: Instant };

/** An import reaches this far ahead; a calendar is imported again sooner than that. */
const IMPORT_DAYS = 400;
const PREVIEW_OCCURRENCES = 10;
const GROUP_COLUMNS = 'id, name, query, min_available, max_unavailable, max_unavailable_percent, member_soak_minutes, created_by';

export function safetyHandlers(engine: Engine): Handlers<SafetyRoutes> {
  const { db, clock } = engine.context;
  return {
    engineGet: () => engineView(engine),
    engineUpdate: async ({ body }, caller) => {
      await inStep(engine.context, async step => {
        if (body.prometheusUrl != null && !/^https?:$/.test(new URL(body.prometheusUrl).protocol))
          throw invalid('body/prometheusUrl', 'Prometheus is asked over http or https.');
        await step.tx.query(
          `update engine_lock set concurrency_max = coalesce($1, concurrency_max), prometheus_url = case when $2 then $3 else prometheus_url end`,
          [body.concurrencyMax ?? null, body.prometheusUrl !== undefined, body.prometheusUrl ?? null],
        );
        step.audit({ actor: asPerson(caller).login, action: 'engine.update', subject: 'engine', detail: body });
      });
      return await engineView(engine);
    },
    killSwitchSet: async ({ body }, caller) => {
      await setKillSwitch(engine, asPerson(caller), body.engaged, body.reason);
      return await engineView(engine);
    },
    freezeList: async () => {
      const now = clock.now();
      const rows = await db.query<FreezeRow>(
        "select * from freeze_window where ends_at > $1::timestamptz - interval '90 days' order by ends_at <= $1, ended_at is not null, starts_at",
        [now],
      );
      return { items: rows.map(row => freezeView(row, now)) };
    },
    freezeCreate: async ({ body }, caller) => {
      const [created] = await declareFreezes(engine, asPerson(caller), [body]);
      return freezeView(created!, clock.now());
    },
    freezeImport: async ({ body }, caller) => {
      const now = clock.now();
      const { events, skipped } = readCalendar(body.calendar, body.timeZone, now, addMs(now, IMPORT_DAYS * DAY_MS));
      const { kind, query, owner } = body;
      const freezes = events.flatMap(event =>
        event.intervals.map(
          (interval): NewFreeze => ({
            name: event.summary.slice(0, 200),
            kind,
            query,
            owner,
            reason: event.description === '' ? `imported: ${event.summary}` : event.description,
            ...interval,
          }),
        ),
      );
      const created = await declareFreezes(engine, asPerson(caller), freezes);
      return { items: created.map(row => freezeView(row, now)), skipped: [...skipped] };
    },
    freezeEnd: async ({ params }, caller) => {
      await inStep(engine.context, async step => {
        const { login } = asPerson(caller);
        const ended = await step.tx.query(
          'update freeze_window set ended_by = $2, ended_at = $3 where id = $1 and ended_at is null and ends_at > $3 returning id',
          [params.id, login, step.now],
        );
        if (ended.length === 0) throw notFound('freeze in force', params.id);
        step.audit({ actor: login, action: 'freeze.end', subject: params.id, detail: {} });
      });
      return {};
    },
    availabilityGroupList: async () => {
      const scopes = await engine.scopes.read();
      const rows = await db.query<GroupRow>(`select ${GROUP_COLUMNS} from availability_group order by name`);
      return { items: await Promise.all(rows.map(row => groupView(engine, row, scopes.groups.get(row.id) ?? null, scopes.recovered))) };
    },
    availabilityGroupCreate: async ({ body }, caller) => {
      const person = asPerson(caller);
      const promises = [body.minAvailable, body.maxUnavailable, body.maxUnavailablePercent].filter(one => one !== null);
      if (promises.length !== 1)
        throw invalid('body/minAvailable', 'Say in one way how many: minAvailable, maxUnavailable or maxUnavailablePercent.');
      const { problem } = await engine.fleet.resolve({ query: body.query });
      if (problem !== null) throw invalid('body/query', problem);
      const id = makeId('availability-group', engine.context.randomHex(16));
      await inStep(engine.context, async step => {
        await step.tx.query(
          'insert into availability_group (id, name, query, min_available, member_soak_minutes, created_by, created_at, max_unavailable, max_unavailable_percent) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
          [
            id,
            body.name,
            body.query,
            body.minAvailable,
            body.memberSoakMinutes,
            person.login,
            step.now,
            body.maxUnavailable,
            body.maxUnavailablePercent,
          ],
        );
        step.audit({ actor: person.login, action: 'availability-group.create', subject: id, detail: body });
      }).catch(error => {
        if (sqlState(error) === '23505')
          throw conflict('name-taken', `There is an availability group called ${body.name}.`, 'Choose another name.');
        throw error;
      });
      const [row] = await db.query<GroupRow>(`select ${GROUP_COLUMNS} from availability_group where id = $1`, [id]);
      const scopes = await engine.scopes.read();
      return await groupView(engine, row!, scopes.groups.get(id) ?? null, scopes.recovered);
    },
    availabilityGroupDelete: async ({ params }, caller) => {
      await inStep(engine.context, async step => {
        const gone = await step.tx.query<{ name: string }>('delete from availability_group where id = $1 returning name', [params.id]);
        if (gone[0] === undefined) throw notFound('availability group', params.id);
        step.audit({
          actor: asPerson(caller).login,
          action: 'availability-group.delete',
          subject: params.id,
          detail: { name: gone[0].name },
        });
      });
      return {};
    },
    windowPreview: async ({ body }) => {
      const now = clock.now();
      const problem = repeatProblem(body);
      if (problem !== null) return { problem, occurrences: [] };
      const rule = ruleOf(body);
      const once = currentOrNext(body, now);
      const single: Occurrence[] =
        once?.startsAt == null || once.endsAt === null ? [] : [{ startsAt: once.startsAt, endsAt: once.endsAt, note: null }];
      const found = rule === null ? single : nextOccurrences(rule, now, PREVIEW_OCCURRENCES);
      const { freezes } = await declaredFor(db, now, await engine.scopes.read());
      const everywhere = freezes.filter(freeze => freeze.hostIds === null);
      return { problem: null, occurrences: found.map(one => ({ ...one, freeMinutes: minutesOf(subtract([one], everywhere)) })) };
    },
  };
}

async function engineView({ context }: Engine): Promise<EngineView> {
  const [row] = await context.db.query<{
    kill_switch: boolean;
    kill_switch_by: string | null;
    kill_switch_at: Instant | null;
    kill_switch_reason: string | null;
    concurrency_max: number;
    prometheus_url: string | null;
    disrupting: number;
  }>('select engine_lock.*, (select count(*)::int from job where state = any($1)) as disrupting from engine_lock', [JOB_DISRUPTING]);
  if (row === undefined) throw new Error('engine_lock has its row');
  return {
    killSwitch: { engaged: row.kill_switch, by: row.kill_switch_by, at: row.kill_switch_at, reason: row.kill_switch_reason },
    concurrencyMax: row.concurrency_max,
    disrupting: row.disrupting,
    prometheusUrl: row.prometheus_url,
  };
}

/** S11: permits lock the same row, so none is issued after this has been committed. To stop is free; to let go takes a person. */
async function setKillSwitch(engine: Engine, person: Person, engaged: boolean, reason: string): Promise<void> {
  if (!engaged && person.viaToken) throw forbidden('not-by-token', 'An API token cannot release the kill switch.', 'Sign in as a person.');
  await inStep(engine.context, async step => {
    const [row] = await step.tx.query<{ kill_switch: boolean }>('select kill_switch from engine_lock for update');
    if (row?.kill_switch === engaged) return;
    await step.tx.query('update engine_lock set kill_switch = $1, kill_switch_by = $2, kill_switch_at = $3, kill_switch_reason = $4', [
      engaged,
      person.login,
      step.now,
      reason,
    ]);
    await tellRunning(step, `kill switch ${engaged ? 'engaged' : 'released'} by ${person.login}: ${reason}`);
    step.audit({
      actor: person.login,
      action: engaged ? 'kill-switch.engage' : 'kill-switch.release',
      subject: 'engine',
      detail: { reason },
    });
    step.afterwards(() => engine.poke());
  });
}

async function tellRunning(step: Step, text: string): Promise<void> {
  const running = await step.tx.query<{ id: string }>(`select id from rollout where state in ('running', 'paused', 'halting')`);
  for (const { id } of running) step.say(id, { kind: 'rollout', text });
}

async function declareFreezes(engine: Engine, person: Person, freezes: readonly NewFreeze[]): Promise<FreezeRow[]> {
  for (const freeze of freezes) {
    if (freeze.startsAt >= freeze.endsAt) throw invalid('body/endsAt', 'A freeze ends after it starts.');
    if (freeze.endsAt <= engine.context.clock.now()) throw invalid('body/endsAt', 'This freeze would be over already.');
    const problem = freeze.query === null ? null : (await engine.fleet.resolve({ query: freeze.query })).problem;
    if (problem !== null) throw invalid('body/query', problem);
  }
  return await inStep(engine.context, async step => {
    const created: FreezeRow[] = [];
    for (const { name, kind, startsAt, endsAt, query, owner, reason } of freezes) {
      const id = makeId('freeze', engine.context.randomHex(16));
      const [row] = await step.tx.query<FreezeRow>(
        'insert into freeze_window (id, name, kind, starts_at, ends_at, query, owner, reason, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *',
        [id, name, kind, startsAt, endsAt, query, owner, reason, person.login, step.now],
      );
      created.push(row!);
      step.audit({
        actor: person.login,
        action: 'freeze.create',
        subject: id,
        detail: { name, kind, startsAt, endsAt, query, owner, reason },
      });
    }
    return created;
  });
}

function freezeView(row: FreezeRow, now: Instant): FreezeView {
  const state = row.ended_at !== null ? 'ended-early' : row.ends_at <= now ? 'over' : row.starts_at <= now ? 'in-force' : 'coming';
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    query: row.query,
    owner: row.owner,
    reason: row.reason,
    createdBy: row.created_by,
    state,
  };
}

interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly min_available: number | null;
  readonly max_unavailable: number | null;
  readonly max_unavailable_percent: number | null;
  readonly member_soak_minutes: number;
  readonly created_by: string;
}

async function groupView({ context }: Engine, row: GroupRow, scope: ReadonlySet<string> | null, recovered: ReadonlySet<string>) {
  const available = scope === null ? 0 : await availableMembers(context.db, scope, null, row, recovered, context.clock.now());
  const members = scope?.size ?? 0;
  const stay = promised(row, scope);
  const problem =
    scope === null
      ? 'its query cannot be read any more: no member can start'
      : members - 1 < stay
        ? `${members} members cannot spare one while ${stay} have to stay: no member can ever start`
        : null;
  return {
    id: row.id,
    name: row.name,
    query: row.query,
    minAvailable: stay,
    maxUnavailable: row.max_unavailable,
    maxUnavailablePercent: row.max_unavailable_percent,
    memberSoakMinutes: row.member_soak_minutes,
    members,
    available,
    problem,
    createdBy: row.created_by,
  };
}
