import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Access } from '../../api/contract.ts';
import { PolicySpec, type PolicySpecInput } from '../../api/policies.ts';
import type { Caller } from '../context.ts';
import { brokenInvariants } from './history-check.ts';
import { ada, grace, Story } from './test-story.ts';

const SPEC: PolicySpecInput = {
  name: 'fortnightly',
  query: 'env = prod',
  schedule: { timeZone: 'Europe/Berlin', firstStart: '2026-11-26T22:00', minutes: 240, repeat: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH' },
  rings: [{ name: 'all', percent: 100, soakMinutes: 0, concurrency: 10 }],
};
const DAY = 86_400;

describe('a policy', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(2);
    story.fleetQueries.set('env = prod', ['host_h1', 'host_h2']);
    story.offered.push({
      patchId: 'pat_openssl',
      title: 'openssl 2',
      platform: 'debian-12',
      sourceName: 'openssl',
      security: true,
      knownExploited: [],
    });
  });
  afterEach(() => story.end());

  const handlers = () => story.rollouts.handlers;
  const asked = <B>(body: B, id?: string) => ({ params: id === undefined ? undefined : { id }, query: undefined, body }) as never;
  const create = async (more: Partial<PolicySpecInput> = {}): Promise<string> => {
    const made = await handlers().policyCreate(asked(PolicySpec.parse({ ...SPEC, ...more })), ada, story.request);
    expect(made.enabled).toBe(false);
    return made.id;
  };
  const turn = (id: string, enabled: boolean, caller: Caller = ada) =>
    handlers().policySwitch(asked({ enabled, reason: '' }, id), caller, story.request);
  const get = (id: string) => handlers().policyGet(asked(undefined, id), ada, story.request);
  const rollouts = () =>
    story.db.query<{ id: string; name: string; state: string; policy_id: string; window_starts_at: string | null }>(
      'select id, name, state, policy_id, window_starts_at from rollout order by created_at, name',
    );

  it('makes, rehearses and hands in a rollout before its window, and its author may not approve it', async () => {
    const id = await create();
    await turn(id, true);
    await story.turn();
    expect(await rollouts()).toEqual([]);
    expect((await get(id)).nextStartsAt).toBe('2026-11-26T21:00:00.000Z');
    story.clock.advance(3 * DAY);
    for (let turns = 0; turns < 4; turns++) await story.turn();
    const [made] = await rollouts();
    expect(made).toMatchObject({ state: 'awaiting-approval', policy_id: id, window_starts_at: '2026-11-26T21:00:00.000Z' });
    const detail = await story.get(made!.id);
    expect(detail.rollout.requestedBy).toBe('policy fortnightly');
    const planHash = detail.rollout.planHash!;
    expect(await story.refused(story.act(made!.id, 'approve', ada, { planHash }))).toMatch(/somebody else has to approve/);
    await story.act(made!.id, 'approve', grace, { planHash });
    story.clock.advance(DAY + 9 * 3600);
    expect((await story.until(made!.id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(story.hosts.map(host => host.applied)).toEqual([1, 1]);
    expect((await get(id)).occurrences[0]).toMatchObject({ lane: 'rest', rolloutState: 'completed', skipReason: null });
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('makes one rollout per occurrence, whatever the replicas', async () => {
    await turn(await create(), true);
    await story.turn();
    story.clock.advance(3 * DAY);
    await story.db.query('delete from reconciler_lease');
    const replicas = [story.replica('same'), story.replica('same'), story.replica('same')];
    await Promise.all(replicas.map(replica => replica.reconcileOnce()));
    await Promise.all(replicas.map(replica => replica.reconcileOnce()));
    expect(await rollouts()).toHaveLength(1);
    const entries = await story.db.query<{ action: string }>(`select action from audit_entry where action like 'policy.%' order by action`);
    expect(entries.map(one => one.action)).toEqual(['policy.create', 'policy.enable', 'policy.occur']);
  });

  it('keeps the wall clock of each site', async () => {
    const lanes = ['(env = prod) and label.site = tokyo', '(env = prod) and label.site != tokyo'];
    story.fleetQueries.set(lanes[0]!, ['host_h1']);
    story.fleetQueries.set(lanes[1]!, ['host_h2']);
    await turn(await create({ zones: { label: 'site', values: { tokyo: 'Asia/Tokyo' } } }), true);
    await story.turn();
    story.clock.advance(3 * DAY);
    await story.turn();
    expect((await rollouts()).map(one => one.window_starts_at).sort()).toEqual(['2026-11-26T13:00:00.000Z', '2026-11-26T21:00:00.000Z']);
  });

  it('leaves out what is too young, shows the skipped occurrence with its reason, and says it beforehand', async () => {
    const id = await create({ patches: { minAgeDays: 10 } });
    await turn(id, true);
    await story.turn();
    const spec = PolicySpec.parse({ ...SPEC, patches: { minAgeDays: 10 } });
    const preview = await handlers().policyPreview(asked(spec), ada, story.request);
    expect(preview.lanes[0]).toMatchObject({ hosts: 2, patchesReady: 0 });
    expect(preview.lanes[0]!.patchesLater[0]).toMatchObject({ title: 'openssl 2', eligibleAt: '2026-12-02T12:00:00.000Z' });
    expect(preview.lanes[0]!.next.slice(0, 2).map(one => one.startsAt)).toEqual(['2026-11-26T21:00:00.000Z', '2026-12-10T21:00:00.000Z']);
    story.clock.advance(3 * DAY);
    await story.turn();
    expect(await rollouts()).toEqual([]);
    expect((await get(id)).occurrences).toMatchObject([
      { skipReason: 'nothing-to-patch', text: expect.stringContaining('younger than 10 days') },
    ]);
    story.clock.advance(14 * DAY);
    await story.turn();
    expect((await rollouts()).map(one => one.window_starts_at)).toEqual(['2026-12-10T21:00:00.000Z']);
  });

  it('says that it missed an occurrence while nothing ran', async () => {
    const id = await create();
    await turn(id, true);
    await story.turn();
    story.clock.advance(6 * DAY);
    await story.turn();
    expect((await get(id)).occurrences).toMatchObject([{ skipReason: 'missed', rolloutId: null }]);
  });

  it('skips an occurrence that a freeze covers', async () => {
    const id = await create();
    await turn(id, true);
    await handlers().freezeCreate(
      asked({
        name: 'quarter end',
        kind: 'hard',
        startsAt: '2026-11-26T00:00:00.000Z',
        endsAt: '2026-11-28T00:00:00.000Z',
        query: null,
        owner: 'x',
        reason: 'y',
      }),
      ada,
      story.request,
    );
    await story.turn();
    story.clock.advance(3 * DAY);
    await story.turn();
    expect((await get(id)).occurrences).toMatchObject([{ skipReason: 'frozen', text: expect.stringContaining('quarter end') }]);
  });

  it('takes up a known exploited patch at once, once, without a window', async () => {
    const id = await create();
    await turn(id, true);
    await story.turn();
    story.offered.push({
      patchId: 'pat_kev',
      title: 'curl 8',
      platform: 'debian-12',
      sourceName: 'curl',
      security: true,
      knownExploited: ['CVE-2026-1'],
    });
    story.clock.advance(61);
    await story.db.query('delete from reconciler_lease');
    const replicas = [story.replica('same'), story.replica('same')];
    await Promise.all(replicas.map(replica => replica.reconcileOnce()));
    story.clock.advance(61);
    await story.turn();
    const made = await rollouts();
    expect(made).toMatchObject([{ window_starts_at: null, name: expect.stringContaining('known exploited') }]);
    expect((await story.get(made[0]!.id)).spec.patchIds).toEqual(['pat_kev']);
  });

  it('is turned off by any operator, on by a planner only, and makes nothing while off', async () => {
    const id = await create();
    const operator = { ...ada, permissions: new Set<Access>(['rollout.read', 'rollout.operate']) } as Caller;
    expect(await story.refused(turn(id, true, operator))).toMatch(/rollout.plan/);
    await turn(id, true);
    await turn(id, false, operator);
    story.clock.advance(3 * DAY);
    await story.turn();
    expect(await rollouts()).toEqual([]);
    // What passed while it was off is none of its business.
    story.clock.advance(6 * DAY);
    await turn(id, true);
    await story.turn();
    expect((await get(id)).occurrences).toEqual([]);
  });

  it('withdraws what cannot be submitted, and says so', async () => {
    await turn(await create(), true);
    await story.turn();
    story.clock.advance(3 * DAY);
    await story.rollouts.reconcileOnce();
    story.fleetQueries.set('env = prod', []);
    await story.db.query(`update rollout set state = 'draft', plan_hash = null where policy_id is not null`);
    await story.rollouts.reconcileOnce();
    expect((await rollouts())[0]!.state).toMatch(/cancelled/);
  });

  it('refuses a wrong calendar, zone or query, and a name that is taken', async () => {
    const refused = (more: object) => story.refused(create(more as Partial<PolicySpecInput>));
    expect(await refused({ schedule: { ...SPEC.schedule, timeZone: 'Mars/Base' } })).toMatch(/not a date, time and zone/);
    expect(await refused({ query: 'bad =' })).toMatch(/value is missing/);
    await create();
    expect(await refused({})).toMatch(/There is a policy called fortnightly/);
  });
});
