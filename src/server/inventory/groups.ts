import { parseGroupQuery } from '../../core/inventory/group-query.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { sqlState } from '../../db/pool.ts';
import { actorOf } from '../actor.ts';
import type { Context, Handlers } from '../context.ts';
import type { FleetPort } from '../ports.ts';
import { conflict, invalid, notFound } from '../runtime/problems.ts';

interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly description: string;
  readonly created_at: string;
}

const COLUMNS = 'id, name, query, description, created_at';
const SAMPLE_HOSTS = 10;

type GroupRoute = 'groupList' | 'groupCreate' | 'groupUpdate' | 'groupDelete' | 'groupPreview';

export function groupHandlers(context: Context, fleet: Pick<FleetPort, 'resolve' | 'hostName'>): Handlers<GroupRoute> {
  const { db } = context;

  const view = async (row: GroupRow) => ({
    id: row.id,
    name: row.name,
    query: row.query,
    description: row.description,
    createdAt: row.created_at,
    hosts: (await fleet.resolve({ query: row.query })).hostIds.length,
  });

  return {
    async groupList() {
      const rows = await db.query<GroupRow>(`select ${COLUMNS} from host_group order by name`);
      return { items: await Promise.all(rows.map(view)) };
    },

    async groupCreate({ body }, caller) {
      refuseWrongQuery(body.query);
      const id = makeId('group', context.randomHex(8));
      const [row] = await uniqueName(body.name, () =>
        db.transaction(async tx => {
          const rows = await tx.query<GroupRow>(
            `insert into host_group (id, name, query, description, created_by, created_at) values ($1, $2, $3, $4, $5, $6) returning ${COLUMNS}`,
            [id, body.name, body.query, body.description, actorOf(caller), context.clock.now()],
          );
          await context.audit(tx, { actor: actorOf(caller), action: 'group.create', subject: id, detail: body });
          return rows;
        }),
      );
      return view(row!);
    },

    async groupUpdate({ params: { id }, body }, caller) {
      refuseWrongQuery(body.query);
      const [row] = await uniqueName(body.name, () =>
        db.transaction(async tx => {
          const [before] = await tx.query<GroupRow>(`select ${COLUMNS} from host_group where id = $1 for update`, [id]);
          if (!before) throw notFound('group', id);
          const rows = await tx.query<GroupRow>(
            `update host_group set name = $2, query = $3, description = $4 where id = $1 returning ${COLUMNS}`,
            [id, body.name, body.query, body.description],
          );
          await context.audit(tx, { actor: actorOf(caller), action: 'group.update', subject: id, detail: { before, after: body } });
          return rows;
        }),
      );
      return view(row!);
    },

    async groupDelete({ params: { id } }, caller) {
      await db.transaction(async tx => {
        const [before] = await tx.query<GroupRow>(`delete from host_group where id = $1 returning ${COLUMNS}`, [id]);
        if (!before) throw notFound('group', id);
        await context.audit(tx, {
          actor: actorOf(caller),
          action: 'group.delete',
          subject: id,
          detail: { name: before.name, query: before.query },
        });
      });
      return {};
    },

    async groupPreview({ body }) {
      const parsed = parseGroupQuery(body.query);
      if (!parsed.ok) return { hosts: 0, sample: [], problem: { message: parsed.problem.message, position: parsed.problem.position } };
      const { hostIds } = await fleet.resolve({ query: body.query });
      return { hosts: hostIds.length, sample: hostIds.slice(0, SAMPLE_HOSTS).map(id => fleet.hostName(id) ?? id), problem: null };
    },
  };
}

function refuseWrongQuery(query: string): void {
  const parsed = parseGroupQuery(query);
  if (!parsed.ok) throw invalid('body/query', `${parsed.problem.message} (at character ${parsed.problem.position + 1})`);
}

async function uniqueName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (sqlState(error) !== '23505') throw error;
    throw conflict('name-taken', `There is a group called ${name} already.`, 'Choose another name, or change that group.');
  }
}
