import { inForceAt } from '../../core/findings/exceptions/exception.ts';
import type { ExceptionKind } from '../../core/findings/exceptions/kinds.ts';
import { LeaveByHost } from '../../core/findings/exceptions/leave-by-host.ts';
import { EXCEPTION_GRANTED } from '../../core/findings/exceptions/states.ts';
import { EXPIRED_CHAINS_MAX } from '../../core/kernel/limits.ts';
import { type ExceptionFigures, exceptionFigures, type StandingException } from '../../core/reporting/exception-figures.ts';
import { stateIn } from '../runtime/state-in.ts';
import type { ExceptionEngine } from './engine.ts';
import { type ExceptionRow, exceptionsInForce, scopeOfRow, statusOf } from './rows.ts';

/** As of this moment: the end counts beside the state, because the server may have slept through it. */
export async function figuresOf({ context, scopes }: ExceptionEngine): Promise<ExceptionFigures<ExceptionKind>> {
  const { db, clock } = context;
  const now = clock.now();
  const rows = await exceptionsInForce(db);
  const inForce = rows.filter(row => inForceAt(statusOf(row), now));
  const standing = inForce.map(
    (row): StandingException<ExceptionKind> => ({ kind: row.kind, standsSince: row.stands_since, renewals: row.renewals }),
  );
  const leave = new LeaveByHost(inForce.map(scopeOfRow));
  let expiredOpen = 0;
  for (const row of await lapsed(db)) {
    const rest = leave.without(scopeOfRow(row));
    if (rest.hostIds.length > 0 && (await scopes.look(rest, leave.isExcused)).facts.open > 0) expiredOpen += 1;
  }
  return exceptionFigures(standing, expiredOpen, now);
}

/** The last of each chain that ran out after it had been granted, where nothing of the chain is granted in its place; the latest ones where there are too many. */
async function lapsed(db: ExceptionEngine['context']['db']): Promise<ExceptionRow[]> {
  return await db.query<ExceptionRow>(
    `select * from (select distinct on (chain_id) * from exception where state = 'expired' and approved_by_id is not null
       and not exists (select from exception next where next.chain_id = exception.chain_id and ${stateIn(EXCEPTION_GRANTED)})
     order by chain_id, state_since desc) as last order by state_since desc, id limit $1`,
    [EXPIRED_CHAINS_MAX],
  );
}
