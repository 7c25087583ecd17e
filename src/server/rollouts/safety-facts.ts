import type { Instant } from '../../core/kernel/instants.ts';
import { UNREACHABLE_AFTER_MINUTES } from '../../core/kernel/limits.ts';
import { isAvailable, type MemberFacts, minAvailableOf } from '../../core/rollouts/availability.ts';
import { JOB_DISRUPTING, JOB_FAILED } from '../../core/rollouts/job-states.ts';
import type { FreezeKind, PermitFacts } from '../../core/rollouts/permit-decision.ts';
import type { LintFacts } from '../../core/rollouts/plan-lint.ts';
import type { Queryable } from '../../db/db.ts';
import { covers, type Scope, type Scopes } from './safety-scopes.ts';

interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly min_available: number | null;
  readonly max_unavailable: number | null;
  readonly max_unavailable_percent: number | null;
  readonly member_soak_minutes: number;
}

const GROUP_FIELDS = 'id, name, min_available, max_unavailable, max_unavailable_percent, member_soak_minutes';

/** Members that have to stay. Where nobody can say who belongs, nobody may go. */
export function promised(group: Pick<GroupRow, 'min_available' | 'max_unavailable' | 'max_unavailable_percent'>, scope: Scope): number {
  const { min_available: minAvailable, max_unavailable: maxUnavailable, max_unavailable_percent: maxUnavailablePercent } = group;
  const members = scope?.size ?? 0;
  return scope === null ? 1 : minAvailableOf({ minAvailable, maxUnavailable, maxUnavailablePercent }, members);
}

/** An agent checks in at least every minute: five minutes of silence are no longer health. Hosts by SSH are visited rarely; their own limit holds. */
export const HEALTH_MINUTES: Readonly<Record<string, number>> = { agent: 5, ssh: UNREACHABLE_AFTER_MINUTES.ssh };

/** The same in SQL, for a row of `job`: $2 is now, $4 those minutes by reach as JSON. */
export const HOST_IS_HEARD = `exists (select from host join host_seen seen on seen.host_id = host.id
  where host.id = job.host_id and seen.last_seen_at > $2::timestamptz - make_interval(mins => coalesce(($4::jsonb->>host.reach)::int, 0)))`;

/** Freezes in force that cover the host. One that was declared this moment, whose scope is not known here, covers it. */
export async function freezesOver(tx: Queryable, hostId: string, now: Instant, scopes: Scopes): Promise<PermitFacts['freezes']> {
  const rows = await tx.query<{ id: string; name: string; kind: FreezeKind; ends_at: Instant }>(
    'select id, name, kind, ends_at from freeze_window where ended_at is null and starts_at <= $1 and ends_at > $1',
    [now],
  );
  return rows.filter(row => covers(scopes.freezes.get(row.id), hostId)).map(({ name, kind, ends_at }) => ({ name, kind, endsAt: ends_at }));
}

/** Groups of the host with the number of other members that are well, under the groups' own locks, taken in the order of their ids (S4). */
export async function groupsOf(tx: Queryable, hostId: string, now: Instant, scopes: Scopes): Promise<PermitFacts['groups']> {
  const groups = await tx.query<GroupRow>(`select ${GROUP_FIELDS} from availability_group order by id for update`);
  const own = groups.filter(group => covers(scopes.groups.get(group.id), hostId));
  const facts: PermitFacts['groups'][number][] = [];
  for (const group of own) {
    const scope = scopes.groups.get(group.id) ?? null;
    const others = scope === null ? { available: 0, unwell: [] } : await otherMembers(tx, scope, hostId, group, scopes, now);
    facts.push({ name: group.name, ...others, minAvailable: promised(group, scope) });
  }
  return facts;
}

/** How many members are known to be well (core/rollouts/availability.ts), and what those say that are not. */
export async function otherMembers(
  tx: Queryable,
  scope: ReadonlySet<string>,
  except: string | null,
  group: Pick<GroupRow, 'member_soak_minutes'>,
  { recovered, unwell }: Pick<Scopes, 'recovered' | 'unwell'>,
  now: Instant,
): Promise<{ readonly available: number; readonly unwell: readonly string[] }> {
  const members = await tx.query<
    Omit<MemberFacts, 'healthMinutes' | 'recovered' | 'unwell'> & { readonly reach: string; readonly name: string }
  >(
    `select host.id as "hostId", host.name, host.reach, host_seen.last_seen_at as "lastSeenAt", coalesce(past.at_work, false) as "atWork",
       past.succeeded_at as "lastSucceededAt", past.failed_at as "lastFailedAt"
     from host left join host_seen on host_seen.host_id = host.id
       cross join lateral (select bool_or(state = any($3)) as at_work, max(finished_at) filter (where state = 'succeeded') as succeeded_at,
           max(finished_at) filter (where state = any($4) and touched) as failed_at
         from job where job.host_id = host.id) as past
     where host.id = any($1) and host.id is distinct from $2 and host.removed_at is null`,
    [[...scope], except, JOB_DISRUPTING, JOB_FAILED],
  );
  const facts = members.map(
    ({ reach, name: _, ...member }): MemberFacts => ({
      ...member,
      healthMinutes: HEALTH_MINUTES[reach] ?? 0,
      recovered: recovered.has(member.hostId),
      unwell: unwell.has(member.hostId),
    }),
  );
  const says = members.flatMap(
    ({ hostId, name }) =>
      unwell
        .get(hostId)
        ?.slice(0, 3)
        .map(reason => `${name}: ${reason}`) ?? [],
  );
  return { available: facts.filter(member => isAvailable(member, group.member_soak_minutes, now)).length, unwell: says.sort().slice(0, 5) };
}

/** For the plan lint: what is declared from now on. A scope that cannot be read covers every host. */
export async function declaredFor(tx: Queryable, now: Instant, scopes: Scopes): Promise<Pick<LintFacts, 'freezes' | 'groups'>> {
  const freezes = await tx.query<{ id: string; name: string; starts_at: Instant; ends_at: Instant }>(
    `select id, name, starts_at, ends_at from freeze_window where kind = 'hard' and ended_at is null and ends_at > $1`,
    [now],
  );
  const groups = await tx.query<GroupRow>(`select ${GROUP_FIELDS} from availability_group`);
  const scopeOf = (known: ReadonlyMap<string, Scope>, id: string): Scope => known.get(id) ?? null;
  return {
    freezes: freezes.map(({ id, name, starts_at, ends_at }) => ({
      name,
      startsAt: starts_at,
      endsAt: ends_at,
      hostIds: scopeOf(scopes.freezes, id),
    })),
    groups: groups.flatMap(group => {
      const hostIds = scopeOf(scopes.groups, group.id);
      return hostIds === null ? [] : [{ name: group.name, hostIds, minAvailable: promised(group, hostIds) }];
    }),
  };
}
