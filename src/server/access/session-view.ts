import type { z } from 'zod';
import type { Session } from '../../api/access.ts';
import type { Context } from '../context.ts';
import type { Person } from '../runtime/callers.ts';
import { unauthenticated } from '../runtime/problems.ts';
import { callerOf, type PersonRow, personById, personView, singlePerson } from './person-rows.ts';

type SessionView = z.output<typeof Session>;

async function viewOf(context: Context, row: PersonRow, person: Person): Promise<SessionView> {
  const { name, version, demonstration } = context.installation;
  return {
    person: personView(row),
    permissions: [...person.permissions].sort(),
    singlePerson: await singlePerson(context.db, row.id),
    installation: name,
    version,
    demonstration,
  };
}

/** As the caller may act now; through an API token that is less. */
export async function sessionOf(context: Context, person: Person): Promise<SessionView> {
  const row = await personById(context.db, person.personId);
  if (row === null) throw unauthenticated();
  return await viewOf(context, row, person);
}

/** Right after a sign-in. */
export async function newSessionOf(context: Context, personId: string): Promise<SessionView> {
  const row = await personById(context.db, personId);
  if (row === null) throw unauthenticated();
  return await viewOf(context, row, callerOf(row, null));
}
