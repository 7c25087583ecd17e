import type { Db } from '../../db/db.ts';
import type { SshLease } from './ssh-leases.ts';

/** What a job by SSH writes down before it acts; the form of `entry` is the executor's own. */
interface SshJournalRow {
  readonly planId: string;
  readonly sequence: number;
  /** Until the rollout has its result. */
  readonly isOpen: boolean;
  readonly entry: object;
}

export interface SshJournals {
  read(hostId: string, planId: string): Promise<object | null>;
  list(hostId: string): Promise<object[]>;
  highestSequence(hostId: string): Promise<number>;
  /** False when the lease went to another server: nothing was written, and nothing may be done. */
  write(lease: SshLease, row: SshJournalRow): Promise<boolean>;
  /** What was begun and not reported, by whichever server. */
  open(): Promise<{ readonly hostId: string; readonly entry: object }[]>;
}

/** Finished jobs are kept for a while, to answer an offer that comes twice. */
const KEPT = 20;

/** The lease's row is locked by the very statement that writes, so nobody can take over between the question and the write. */
const WRITE = `with fenced as (
  update ssh_lease set highest_sequence = greatest(highest_sequence, $4) where host_id = $1 and fence = $2 returning host_id),
written as (
  insert into ssh_job_journal (host_id, plan_id, sequence, is_open, entry) select host_id, $3, $4, $5, $6::jsonb from fenced
  on conflict (host_id, plan_id) do update set is_open = excluded.is_open, entry = excluded.entry returning host_id),
pruned as (
  delete from ssh_job_journal using written where ssh_job_journal.host_id = written.host_id and not is_open and plan_id <> $3 and not $5
    and plan_id not in (select plan_id from ssh_job_journal kept where kept.host_id = $1 and not is_open order by sequence desc limit $7))
select host_id from written`;

export function createSshJournals(db: Db): SshJournals {
  return {
    async read(hostId, planId) {
      const [row] = await db.query<{ entry: object }>('select entry from ssh_job_journal where host_id = $1 and plan_id = $2', [
        hostId,
        planId,
      ]);
      return row?.entry ?? null;
    },
    async list(hostId) {
      return (await db.query<{ entry: object }>('select entry from ssh_job_journal where host_id = $1', [hostId])).map(row => row.entry);
    },
    async highestSequence(hostId) {
      const [row] = await db.query<{ highest: number }>('select highest_sequence as highest from ssh_lease where host_id = $1', [hostId]);
      return row?.highest ?? 0;
    },
    async write(lease, { planId, sequence, isOpen, entry }) {
      const rows = await db.query(WRITE, [lease.hostId, lease.fence, planId, sequence, isOpen, storable(entry), KEPT]);
      return rows.length > 0;
    },
    open: () => db.query('select host_id as "hostId", entry from ssh_job_journal where is_open order by host_id, sequence'),
  };
}

/** PostgreSQL keeps no U+0000 in jsonb, and a host may say anything. */
function storable(entry: object): string {
  return JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '') : value));
}
