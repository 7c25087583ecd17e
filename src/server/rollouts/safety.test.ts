import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MaintenanceWindow } from '../../api/rollout-spec.ts';
import type { Caller } from '../context.ts';
import { brokenInvariants } from './history-check.ts';
import { ada, grace, Story, token } from './test-story.ts';

const ALL_AT_ONCE = [{ name: 'all', percent: 100, concurrency: 10 }];

describe('what says no', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(3);
  });
  afterEach(() => story.end());

  const body = <B>(value: B) => ({ params: undefined, query: undefined, body: value });
  const kill = (engaged: boolean, caller: Caller = ada) =>
    story.rollouts.handlers.killSwitchSet(body({ engaged, reason: 'incident 7' }), caller, story.request);
  const freeze = (startsAt: string, endsAt: string, kind: 'hard' | 'reboot-only' = 'hard', query: string | null = null) =>
    story.rollouts.handlers.freezeCreate(
      body({ name: 'quarter end', kind, startsAt, endsAt, query, owner: 'finance', reason: 'closing' }),
      ada,
      story.request,
    );
  const touched = () => story.hosts.filter(host => host.applied > 0).length;

  it('the kill switch: no permit while it is engaged, by anybody; a person lets go', async () => {
    const id = await story.started({ rings: ALL_AT_ONCE });
    await kill(true, token);
    await story.turn();
    expect(touched()).toBe(0);
    expect(new Set(story.hosts.flatMap(host => host.refusals))).toEqual(new Set(['kill-switch']));
    const { waitingOn, verbs } = await story.get(id);
    expect(waitingOn[0]!.text).toMatch(/Engaged by grace: incident 7/);
    expect(verbs.find(verb => verb.verb === 'halt')!.enabled).toBe(true);
    expect(await story.refused(kill(false, token))).toMatch(/API token/);
    expect((await kill(false)).killSwitch.engaged).toBe(false);
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('a hard freeze holds every permit until it ends, and says when', async () => {
    const id = await story.started({ rings: ALL_AT_ONCE });
    const made = await freeze('2026-11-22T11:00:00.000Z', '2026-11-22T13:00:00.000Z');
    expect(made.state).toBe('in-force');
    await story.turn();
    expect(touched()).toBe(0);
    expect((await story.get(id)).waitingOn.map(one => one.code)).toEqual(['freeze']);
    const { text } = await story.rollouts.handlers.rolloutExplain(
      { params: { id }, query: undefined, body: undefined },
      ada,
      story.request,
    );
    expect(text.at(-1)).toBe(
      'A freeze is in force. It is called “quarter end”. 3 hosts: h1, h2, h3. This can change at 2026-11-22 13:00 UTC.',
    );
    story.clock.advance(3600);
    await story.turn();
    expect(touched()).toBe(3);
  });

  it('a freeze covers the hosts of its query only, and an approver can end it early', async () => {
    story.fleetQueries.set('role = db', ['host_h1']);
    await story.started({ rings: ALL_AT_ONCE });
    const { id } = await freeze('2026-11-22T11:00:00.000Z', '2026-11-29T00:00:00.000Z', 'hard', 'role = db');
    await story.turn();
    expect(story.hosts.map(host => host.applied)).toEqual([0, 1, 1]);
    await story.rollouts.handlers.freezeEnd({ params: { id }, query: undefined, body: undefined }, grace, story.request);
    await story.turn();
    expect(story.hosts.map(host => host.applied)).toEqual([1, 1, 1]);
  });

  it('a reboot-only freeze lets packages change and holds the reboot', async () => {
    story.host(1).needsReboot = true;
    const id = await story.started({ rings: ALL_AT_ONCE, reboot: 'if-needed', selector: { hostIds: ['host_h1'] } });
    await freeze('2026-11-22T11:00:00.000Z', '2026-11-22T12:10:00.000Z', 'reboot-only');
    await story.turn();
    expect([story.host(1).applied, story.host(1).refusals]).toEqual([1, ['freeze']]);
    expect((await story.jobStates(id)).h1).toBe('reboot-pending');
    story.clock.advance(660);
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(story.host(1).permits.map(permit => permit.phase)).toEqual(['apply', 'reboot']);
  });

  it('an availability group: two members of a pair are never down together, and the second waits for the soak of the first', async () => {
    story.fleetQueries.set('role = db', ['host_h1', 'host_h2']);
    await story.seen();
    const group = await story.rollouts.handlers.availabilityGroupCreate(
      body({ name: 'db', query: 'role = db', minAvailable: 1, maxUnavailable: null, maxUnavailablePercent: null, memberSoakMinutes: 5 }),
      ada,
      story.request,
    );
    expect(group).toMatchObject({ members: 2, available: 2, problem: null });
    const id = await story.started({ rings: ALL_AT_ONCE });
    await story.turn();
    expect(story.hosts.map(host => host.applied)).toEqual([1, 0, 1]);
    expect(story.host(2).refusals).toEqual(['availability']);
    expect((await story.get(id)).waitingOn.find(one => one.code === 'availability')?.text).toContain(
      'db: 0 others are well, 1 has to stay. 1 host: h2.',
    );
    story.clock.advance(120);
    await story.seen();
    await story.turn();
    expect(story.host(2).applied).toBe(0);
    story.clock.advance(200);
    await story.seen();
    await story.turn();
    expect(story.host(2).applied).toBe(1);
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
  });

  it('a group whose other member says itself that it is unwell lets nobody go, and says why', async () => {
    story.fleetQueries.set('role = db', ['host_h1', 'host_h2']);
    await story.seen();
    story.failing.add('host_h2');
    const group = await story.rollouts.handlers.availabilityGroupCreate(
      body({ name: 'db', query: 'role = db', minAvailable: 1, maxUnavailable: null, maxUnavailablePercent: null, memberSoakMinutes: 0 }),
      ada,
      story.request,
    );
    expect(group).toMatchObject({ members: 2, available: 1 });
    const id = await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] } });
    await story.turn();
    expect([story.host(1).applied, story.host(1).refusals]).toEqual([0, ['availability']]);
    const lines = await story.db.query<{ text: string }>('select text from rollout_event where rollout_id = $1', [id]);
    expect(lines.map(line => line.text).join(' ')).toMatch(/0 others are well, 1 has to stay \(host_h2: web\.service has failed\)/);
    // Somebody mends it, and its next inventory says so.
    story.failing.delete('host_h2');
    story.clock.advance(60);
    await story.seen();
    story.restart();
    await story.turn();
    expect(story.host(1).applied).toBe(1);
  });

  it('a group whose other member is not heard of, or was left failed, lets nobody go', async () => {
    story.fleetQueries.set('role = db', ['host_h1', 'host_h2']);
    await story.seen();
    await story.rollouts.handlers.availabilityGroupCreate(
      body({ name: 'db', query: 'role = db', minAvailable: 1, maxUnavailable: null, maxUnavailablePercent: null, memberSoakMinutes: 0 }),
      ada,
      story.request,
    );
    story.host(2).online = false;
    story.clock.advance(6 * 60);
    await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] } });
    await story.turn();
    expect(story.host(1).refusals).toEqual(['availability']);
    story.host(2).online = true;
    await story.seen();
    story.host(1).script = ['install-failed'];
    await story.turn();
    expect(story.host(1).applied).toBe(1);
    const second = await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h2'] } });
    await story.seen();
    await story.turn();
    expect(story.host(2).refusals).toEqual(['availability']);
    expect((await story.get(second)).waitingOn[0]!.code).toBe('availability');
    // Somebody repairs it by hand, and its inventory says so.
    story.clock.advance(60);
    await story.seen();
    story.healthy.add('host_h1');
    story.restart();
    await story.turn();
    expect(story.host(2).applied).toBe(1);
  });

  it('a pair that can spare nobody is named when the plan is made', async () => {
    story.fleetQueries.set('role = db', ['host_h1', 'host_h2']);
    await story.rollouts.handlers.availabilityGroupCreate(
      body({ name: 'db', query: 'role = db', minAvailable: 2, maxUnavailable: null, maxUnavailablePercent: null, memberSoakMinutes: 5 }),
      ada,
      story.request,
    );
    const id = await story.plan({ rings: ALL_AT_ONCE });
    expect((await story.get(id)).rollout.stateReason).toMatch(
      /availability group db has 2 hosts and needs 2 others to stay: no member could ever start/,
    );
  });

  it('the cap over all rollouts holds between rollouts', async () => {
    await story.rollouts.handlers.engineUpdate(body({ concurrencyMax: 1 }), ada, story.request);
    const one = await story.approved({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] } });
    const other = await story.approved({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h2'] } });
    for (const id of [one, other]) await story.act(id, 'start');
    await story.rollouts.reconcileOnce();
    await story.host(1).work(story.jobs, 'restart');
    await story.host(2).work(story.jobs);
    expect(story.host(2).refusals).toEqual(['global-slot']);
    for (const id of [one, other]) expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('the cap of a site holds between rollouts, for the hosts of that site alone', async () => {
    await story.db.query(`update host set labels = '{"site": "fra"}' where id in ('host_h1', 'host_h2')`);
    const capped = await story.rollouts.handlers.engineUpdate(body({ siteCap: { label: 'site', hosts: 1 } }), ada, story.request);
    expect(capped.siteCap).toEqual({ label: 'site', hosts: 1 });
    const ids: string[] = [];
    for (const hostId of ['host_h1', 'host_h2', 'host_h3'])
      ids.push(await story.approved({ rings: ALL_AT_ONCE, selector: { hostIds: [hostId] } }));
    for (const id of ids) await story.act(id, 'start');
    await story.rollouts.reconcileOnce();
    await story.host(1).work(story.jobs, 'restart');
    await story.host(2).work(story.jobs);
    await story.host(3).work(story.jobs);
    expect(story.hosts.map(host => host.refusals)).toEqual([[], ['site-slot'], []]);
    for (const id of ids) expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect((await story.rollouts.handlers.engineUpdate(body({ siteCap: null }), ada, story.request)).siteCap).toBeNull();
  });

  it('a window that repeats goes on where the last one ended', async () => {
    const window = MaintenanceWindow.parse({
      startsAt: '2026-11-22T12:30:00.000Z',
      endsAt: '2026-11-22T13:00:00.000Z',
      repeat: 'FREQ=DAILY',
    });
    const preview = await story.rollouts.handlers.windowPreview(body(window), ada, story.request);
    expect(preview.occurrences.slice(0, 2).map(one => [one.startsAt, one.freeMinutes])).toEqual([
      ['2026-11-22T12:30:00.000Z', 30],
      ['2026-11-23T12:30:00.000Z', 30],
    ]);
    const id = await story.approved({ rings: [{ name: 'all', percent: 100, concurrency: 1 }], window });
    await story.turn();
    expect((await story.get(id)).rollout.state).toBe('scheduled');
    story.clock.advance(40 * 60);
    for (const host of story.hosts) host.online = false;
    await story.turn();
    await story.turn();
    expect((await story.get(id)).rollout.state).toBe('running');
    story.clock.advance(60 * 60);
    await story.turn();
    for (const host of story.hosts) host.online = true;
    await story.turn();
    await story.turn();
    expect(touched()).toBe(0);
    const waits = (await story.get(id)).waitingOn.map(one => one.code);
    expect(waits).toContain('window-not-open');
    story.clock.advance(23 * 3600 - 600);
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('a window that is over ends what was not reached', async () => {
    const window = { startsAt: null, endsAt: '2026-11-22T12:30:00.000Z', timeZone: 'UTC' };
    const id = await story.started({ window });
    story.host(1).online = false;
    story.clock.advance(1800);
    const done = await story.until(id, ['expired', 'completed', 'paused']);
    expect(done.rollout).toMatchObject({ state: 'expired' });
    expect(done.rollout.stateReason).toMatch(/window is over; 3 hosts were not reached/);
    expect(touched()).toBe(0);
  });

  it('an imported calendar becomes freezes', async () => {
    const calendar =
      'BEGIN:VEVENT\nSUMMARY:Release\nDTSTART:20261201T000000Z\nDTEND:20261202T000000Z\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Old\nDTSTART:20200101T000000Z\nDTEND:20200102T000000Z\nEND:VEVENT\n';
    const read = () =>
      story.rollouts.handlers.freezeImport(
        body({ calendar, timeZone: 'UTC', kind: 'hard' as const, query: null, owner: 'ops' }),
        ada,
        story.request,
      );
    const imported = await read();
    expect(imported.items.map(one => [one.name, one.state])).toEqual([['Release', 'coming']]);
    expect(imported.skipped).toEqual([{ event: 'Old', reason: 'it is over' }]);
    const again = await read();
    expect(again.items).toEqual([]);
    expect(again.skipped).toContainEqual({ event: 'Release, 2026-12-01', reason: 'it is declared already' });
    expect(
      (await story.rollouts.handlers.freezeList({ params: undefined, query: undefined, body: undefined }, ada, story.request)).items,
    ).toHaveLength(1);
  });
});
