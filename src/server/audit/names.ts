import type { Queryable } from '../../db/db.ts';

/** Ids as they stand in subjects, actors (`host:host_...`) and details. */
const ID = /\b(?:host|rol|ring|job|chg|pmt|per|grp|frz|avl|pol|exc)_[0-9a-f]{16,64}\b/g;

/**
 * What people call the things that entries speak of, by id: a host its name, a ring `canary of NAME`, a job `HOST in NAME`.
 * Things that have been deleted have no name any more and are left out.
 */
export async function namesIn(db: Queryable, entries: readonly object[]): Promise<Record<string, string>> {
  const ids = [...new Set(JSON.stringify(entries).match(ID) ?? [])];
  if (ids.length === 0) return {};
  const rows = await db.query<{ id: string; name: string }>(
    `select id, name from host where id = any($1)
     union all select id, name from rollout where id = any($1)
     union all select id, name from person where id = any($1)
     union all select id, name from host_group where id = any($1)
     union all select id, name from freeze_window where id = any($1)
     union all select id, name from availability_group where id = any($1)
     union all select id, name from policy where id = any($1)
     union all select id, title from exception where id = any($1)
     union all select ring.id, ring.name || ' of ' || rollout.name from ring join rollout on rollout.id = ring.rollout_id where ring.id = any($1)
     union all select job.id, job.host_name || ' in ' || rollout.name from job join rollout on rollout.id = job.rollout_id where job.id = any($1)
     union all select change_request.id, rollout.name from change_request join rollout on rollout.id = change_request.rollout_id where change_request.id = any($1)
     union all select permit.id, job.host_name || ' in ' || rollout.name from permit join job on job.id = permit.job_id join rollout on rollout.id = job.rollout_id where permit.id = any($1)`,
    [ids],
  );
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
}

/** The ids of what people call by this name: `subject` may be either. */
export async function idsNamed(db: Queryable, name: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select id from host where name = $1 union all select id from rollout where name = $1 union all select id from exception where title = $1 union all select id from person where lower(login) = lower($1) or name = $1`,
    [name],
  );
  return rows.map(({ id }) => id);
}
