import { afterEach, beforeEach, expect, it } from 'vitest';
import { Story } from './test-story.ts';

let story: Story;
beforeEach(async () => {
  story = await Story.begin(3);
});
afterEach(() => story.end());

const ALL_AT_ONCE = [{ name: 'all', percent: 100, concurrency: 10 }];

/** As server/exceptions leaves it after an approval. */
async function exceptionInForce(hostIds: readonly string[], sourceName = 'openssl', endsAt = '2026-12-01T00:00:00.000Z'): Promise<void> {
  await story.db.query(
    `insert into exception (id, title, kind, state, state_since, reason, selection, host_ids, findings, patch, scope_hash, frozen_at, owner_id, owner, requested_by,
       requested_by_id, created_at, approved_by, approved_by_id, approved_at, baseline, starts_at, ends_at, life_class, chain_id)
     values ('exc_1', 'month end', 'operational', 'active', $1, 'books are being closed', '{}', $2, '[]', $3::jsonb, 'x', $1, 'per_g', 'grace', 'ada',
       'per_ada', $1, 'grace', 'per_grace', $1, '{}', $1, $4, 'other', 'exc_1')`,
    [story.clock.now(), hostIds, JSON.stringify({ patchId: 'p', sourceName, targetVersion: '2' }), endsAt],
  );
}

it('an operational exception leaves its patch out of the transaction of its hosts, and of nobody else', async () => {
  await exceptionInForce(['host_h1']);
  const id = await story.plan({ rings: ALL_AT_ONCE });
  const { plan } = await story.get(id);
  expect(plan!.excluded).toEqual([
    expect.objectContaining({
      hostId: 'host_h1',
      reason: 'exception “month end” holds it back until 2026-12-01T00:00:00.000Z: books are being closed',
    }),
  ]);
  expect(plan!.rings.flatMap(ring => ring.hosts.map(host => host.hostId)).sort()).toEqual(['host_h2', 'host_h3']);
});

it('what else is asked of the host stays in its transaction', async () => {
  await exceptionInForce(['host_h1']);
  story.target.nginx = '2';
  for (const host of story.hosts) host.packages.set('nginx', '1');
  const id = await story.plan({ rings: ALL_AT_ONCE });
  const hosts = (await story.get(id)).plan!.rings.flatMap(ring => ring.hosts);
  const named = (hostId: string) =>
    hosts
      .find(host => host.hostId === hostId)
      ?.transaction.map(item => item.name)
      .sort();
  expect([named('host_h1'), named('host_h2')]).toEqual([['nginx'], ['nginx', 'openssl']]);
});

it('holds a host that is in a running rollout already, until its end', async () => {
  const id = await story.started({ rings: ALL_AT_ONCE });
  await exceptionInForce(['host_h1'], 'openssl', '2026-11-22T13:00:00.000Z');
  await story.turn();
  expect(story.hosts.map(host => host.applied)).toEqual([0, 1, 1]);
  expect(story.host(1).refusals).toEqual(['hold']);
  const [wait] = (await story.get(id)).waitingOn;
  expect(wait).toMatchObject({ code: 'hold', changesAt: '2026-11-22T13:00:00.000Z', text: expect.stringContaining('“month end”') });
  story.clock.advance(3_700);
  await story.turn();
  expect(story.hosts.map(host => host.applied)).toEqual([1, 1, 1]);
});

it('one of another package, or of another host, holds nothing', async () => {
  await exceptionInForce(['host_h1'], 'nginx');
  await story.started({ rings: ALL_AT_ONCE });
  await story.turn();
  expect(story.hosts.map(host => host.applied)).toEqual([1, 1, 1]);
});
