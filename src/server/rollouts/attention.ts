import type { z } from 'zod';
import type { Overview } from '../../api/findings.ts';
import type { Queryable } from '../../db/db.ts';
import type { RolloutRow } from './rows.ts';

export type AttentionItem = z.output<typeof Overview>['next'][number];

const URGENCY: Partial<
  Record<
    RolloutRow['state'],
    { readonly kind: string; readonly urgency: AttentionItem['urgency']; readonly title: (name: string) => string; readonly reason: string }
  >
> = {
  paused: {
    kind: 'rollout-paused',
    urgency: 'now',
    title: name => `Rollout “${name}” is stopped and waits for you`,
    reason: 'It was paused.',
  },
  'awaiting-approval': {
    kind: 'rollout-approval',
    urgency: 'now',
    title: name => `Approve or reject rollout “${name}”`,
    reason: 'Its plan waits for a second person.',
  },
  planned: {
    kind: 'rollout-planned',
    urgency: 'soon',
    title: name => `Ask for approval of rollout “${name}”`,
    reason: 'Its plan is ready.',
  },
  draft: { kind: 'rollout-refused', urgency: 'soon', title: name => `The plan of rollout “${name}” has errors`, reason: 'Edit it.' },
};

/** What people have to do about rollouts, most urgent first, for the overview. */
export async function attention(db: Queryable): Promise<AttentionItem[]> {
  const lost = await db.query<{ rollout_id: string; name: string; hosts: string[] }>(
    `select job.rollout_id, rollout.name, array_agg(job.host_name order by job.host_name) as hosts from job join rollout on rollout.id = job.rollout_id where job.state = 'lost' group by 1, 2`,
  );
  const rows = await db.query<RolloutRow>(
    `select * from rollout where state in ('paused', 'awaiting-approval', 'planned') or (state = 'draft' and state_reason is not null) order by state_since`,
  );
  const items = [
    ...lost.map(
      ({ rollout_id, name, hosts }): AttentionItem => ({
        kind: 'host-lost',
        title: `${hosts.length === 1 ? hosts[0] : `${hosts.length} hosts`} fell silent in the middle of rollout “${name}”`,
        reason: 'The host was being changed and has not been heard of since. Look at its console; it reports by itself when it is back.',
        href: `/rollouts/${rollout_id}`,
        urgency: 'now',
      }),
    ),
    ...rows.flatMap((row): AttentionItem[] => {
      const known = URGENCY[row.state];
      return known === undefined
        ? []
        : [
            {
              kind: known.kind,
              title: known.title(row.name),
              reason: row.state_reason ?? known.reason,
              href: `/rollouts/${row.id}`,
              urgency: known.urgency,
            },
          ];
    }),
  ];
  return items.sort((a, b) => ORDER[a.urgency] - ORDER[b.urgency]);
}

const ORDER: Readonly<Record<AttentionItem['urgency'], number>> = { now: 0, soon: 1, later: 2 };
