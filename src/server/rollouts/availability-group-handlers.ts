import { makeId } from '../../core/kernel/ids.ts';
import { sqlState } from '../../db/pool.ts';
import type { Handlers } from '../context.ts';
import { conflict, invalid, notFound } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { asPerson } from './people.ts';
import { otherMembers, promised } from './safety-facts.ts';
import type { Scopes } from './safety-scopes.ts';
import { inStep } from './step.ts';

export type AvailabilityGroupRoutes = 'availabilityGroupList' | 'availabilityGroupCreate' | 'availabilityGroupDelete';

const GROUP_COLUMNS = 'id, name, query, min_available, max_unavailable, max_unavailable_percent, member_soak_minutes, created_by';

/** Groups of hosts of which some have to stay, whatever is rolled out. */
export function availabilityGroupHandlers(engine: Engine): Handlers<AvailabilityGroupRoutes> {
  const { db } = engine.context;
  return {
    availabilityGroupList: async () => {
      const scopes = await engine.scopes.read();
      const rows = await db.query<GroupRow>(`select ${GROUP_COLUMNS} from availability_group order by name`);
      return { items: await Promise.all(rows.map(row => groupView(engine, row, scopes.groups.get(row.id) ?? null, scopes))) };
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
      return await groupView(engine, row!, scopes.groups.get(id) ?? null, scopes);
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

async function groupView(
  { context }: Engine,
  row: GroupRow,
  scope: ReadonlySet<string> | null,
  said: Pick<Scopes, 'recovered' | 'unwell'>,
) {
  const { available } = scope === null ? { available: 0 } : await otherMembers(context.db, scope, null, row, said, context.clock.now());
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
