import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/kernel/instants.ts';
import type { Db } from '../../db/db.ts';

export interface Installation {
  readonly id: string;
  readonly name: string;
}

/** The row that names this installation; made at the first start. Two first replicas at once agree on one. */
export async function openInstallation(db: Db, name: string, clock: Clock): Promise<Installation> {
  await db.query('insert into installation (id, name, created_at) values ($1, $2, $3) on conflict do nothing', [
    `fettle_${randomBytes(12).toString('hex')}`,
    name,
    clock.now(),
  ]);
  const [row] = await db.query<Installation>('select id, name from installation');
  if (row === undefined) throw new Error('the installation row is missing');
  return row;
}
