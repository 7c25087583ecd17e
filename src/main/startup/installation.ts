import { randomBytes } from 'node:crypto';
import type { Clock } from '../../core/kernel/instants.ts';
import type { Db } from '../../db/db.ts';

export interface Installation {
  readonly id: string;
  readonly name: string;
  /** Its hosts and its history are made up. What was begun as one stays one. */
  readonly demonstration: boolean;
}

/** The row that names this installation; made at the first start. Two first replicas at once agree on one. */
export async function openInstallation(db: Db, name: string, clock: Clock, demonstration = false): Promise<Installation> {
  await db.query('insert into installation (id, name, created_at, demonstration) values ($1, $2, $3, $4) on conflict do nothing', [
    `fettle_${randomBytes(12).toString('hex')}`,
    name,
    clock.now(),
    demonstration,
  ]);
  const [row] = await db.query<Installation>('select id, name, demonstration from installation');
  if (row === undefined) throw new Error('the installation row is missing');
  return row;
}
