import type { Instant } from '../../core/kernel/instants.ts';
import { counted } from '../../core/kernel/words.ts';
import type { TransactionItem } from '../../core/rollouts/host-plan.ts';
import type { WaitingOn } from '../../core/rollouts/waiting.ts';
import type { Queryable } from '../../db/db.ts';
import { safeguardsFor } from './safeguards.ts';
import { freezesOver, groupsOf } from './safety-facts.ts';
import type { Scopes } from './safety-scopes.ts';

interface Sample {
  readonly hostId: string;
  readonly transaction: readonly TransactionItem[];
}
type Names = (db: Queryable, job: Sample, now: Instant, scopes: Scopes) => Promise<readonly string[]>;

/** Reasons that have names of their own; read again for a few of the hosts, because what stopped them first may have made way for another. */
const NAMES: Readonly<Partial<Record<WaitingOn, { readonly of: Names; say(names: readonly string[]): string }>>> = {
  freeze: { of: async (db, job, now, scopes) => (await freezesOver(db, job.hostId, now, scopes)).map(one => one.name), say: called },
  hold: { of: async (db, job, now, scopes) => (await safeguardsFor(db, job, now, scopes)).holds.map(one => one.name), say: called },
  retracted: {
    of: async (db, job, now, scopes) => (await safeguardsFor(db, job, now, scopes)).retracted,
    say: names => `${names.join(', ')}.`,
  },
  availability: {
    of: async (db, job, now, scopes) =>
      (await shortGroups(db, job.hostId, now, scopes)).map(
        group =>
          `${group.name}: ${counted(group.available, 'other is', 'others are')} well, ${counted(group.minAvailable, 'has', 'have')} to stay`,
      ),
    say: names => `${names.join('; ')}.`,
  },
};

async function shortGroups(db: Queryable, hostId: string, now: Instant, scopes: Scopes) {
  return (await groupsOf(db, hostId, now, scopes)).filter(group => group.available < group.minAvailable);
}

function called(names: readonly string[]): string {
  return names.length === 1 ? `It is called “${names[0]}”.` : `They are called ${names.map(name => `“${name}”`).join(' and ')}.`;
}

export function hasNames(code: WaitingOn): boolean {
  return NAMES[code] !== undefined;
}

/** null: nothing with a name holds them any more; they will learn it when they ask next. */
export async function namesOf(
  db: Queryable,
  code: WaitingOn,
  jobIds: readonly string[],
  now: Instant,
  scopes: Scopes,
): Promise<string | null> {
  const known = NAMES[code];
  if (known === undefined) return null;
  const jobs = await db.query<Sample>('select host_id as "hostId", transaction from job where id = any($1) order by id', [jobIds]);
  const names = new Set<string>();
  for (const job of jobs) for (const name of await known.of(db, job, now, scopes)) names.add(name);
  return names.size === 0 ? null : known.say([...names]);
}
