import type { z } from 'zod';
import type { Overview } from '../../api/findings.ts';
import { EXCEPTION_IN_FORCE, EXCEPTION_UNDECIDED } from '../../core/findings/exceptions/states.ts';
import type { Context } from '../context.ts';
import { stateIn } from '../runtime/state-in.ts';
import type { ExceptionRow } from './rows.ts';

type Item = z.output<typeof Overview>['next'][number];

/** What people have to do about exceptions: decide, decide again, and renew or fix what ends soon. */
export async function exceptionAttention({ db }: Context): Promise<Item[]> {
  const rows = await db.query<
    Pick<ExceptionRow, 'id' | 'title' | 'state' | 'state_reason' | 'requested_by' | 'reason' | 'ends_at' | 'frozen_at' | 'reminded_days'>
  >(
    `select id, title, state, state_reason, requested_by, reason, ends_at, frozen_at, reminded_days from exception
     where state in ('requested', 'under-review', 'expiring') order by state = 'expiring', ends_at, id`,
  );
  return rows.map(row => {
    const href = `/exceptions/${row.id}`;
    if (row.state === 'expiring')
      return {
        kind: 'exception-expiring',
        title: `Exception “${row.title}” ends on ${row.ends_at.slice(0, 10)}`,
        reason: 'Close its findings, or ask for a renewal.',
        href,
        urgency: (row.reminded_days ?? 30) <= 7 ? 'soon' : 'later',
      };
    return row.frozen_at === null
      ? {
          kind: 'exception-request',
          title: `Decide on exception “${row.title}”`,
          reason: `Asked for by ${row.requested_by}: ${row.reason}`,
          href,
          urgency: 'soon',
        }
      : {
          kind: 'exception-reopened',
          title: `Look at exception “${row.title}” again`,
          reason: row.state_reason ?? row.reason,
          href,
          urgency: 'now',
        };
  });
}

export async function exceptionCounts({ db }: Context): Promise<{ inForce: number; expiring: number; waiting: number }> {
  const [row] = await db.query<{ inForce: number; expiring: number; waiting: number }>(
    `select count(*) filter (where ${stateIn(EXCEPTION_IN_FORCE)})::int as "inForce", count(*) filter (where state = 'expiring')::int as expiring,
       count(*) filter (where ${stateIn(EXCEPTION_UNDECIDED)})::int as waiting from exception`,
  );
  return row ?? { inForce: 0, expiring: 0, waiting: 0 };
}
