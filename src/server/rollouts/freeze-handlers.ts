import type { FreezeView } from '../../api/safety.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { addMs, DAY_MS, type Instant } from '../../core/kernel/instants.ts';
import { readCalendar } from '../../core/rollouts/schedule/icalendar.ts';
import type { Handlers } from '../context.ts';
import { invalid, notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { asPerson, type Person } from './people.ts';
import { inStep } from './step.ts';

export type FreezeRoutes = 'freezeList' | 'freezeCreate' | 'freezeImport' | 'freezeEnd';

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
/** When no change may start: declared by people, or read from a calendar. */
export function freezeHandlers(engine: Engine): Handlers<FreezeRoutes> {
  const { db, clock } = engine.context;
  return {
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
      const standing = await engine.context.db.query<{ key: string }>(
        `select ${SAME_FREEZE} as key from freeze_window where ended_at is null and ends_at > $1`,
        [now],
      );
      const known = new Set(standing.map(row => row.key));
      const [again, fresh] = [freezes.filter(one => known.has(keyOf(one))), freezes.filter(one => !known.has(keyOf(one)))];
      const created = await declareFreezes(engine, asPerson(caller), fresh);
      const repeated = again.map(one => ({ event: `${one.name}, ${one.startsAt.slice(0, 10)}`, reason: 'it is declared already' }));
      return { items: created.map(row => freezeView(row, now)), skipped: [...skipped, ...repeated] };
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
  };
}

/** Calendars are read in again and again: what stands with the same name, kind, hosts and times is the same freeze. */
const SAME_FREEZE = `concat_ws(chr(31), name, kind, coalesce(query, ''), (extract(epoch from starts_at) * 1000)::bigint, (extract(epoch from ends_at) * 1000)::bigint)`;
function keyOf({ name, kind, query, startsAt, endsAt }: NewFreeze): string {
  return [name, kind, query ?? '', Date.parse(startsAt), Date.parse(endsAt)].join('\u001f');
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
