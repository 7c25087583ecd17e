import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ada, grace, Story } from './test-story.ts';

/** On the real PostgreSQL: what a rehearsal of the first ring's hosts lets happen. */
const spec: Parameters<Story['started']>[0] = {
  rehearse: 'canaries',
  rings: [
    { name: 'canary', hosts: 2, soakMinutes: 0, concurrency: 1 },
    { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 5 },
  ],
};

describe('the first ring opens after its hosts have rehearsed', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(4);
  });
  afterEach(() => story.end());
  const canaries = async (id: string) => new Set((await story.get(id)).plan!.rings[0]!.hosts.map(host => host.hostId));

  it('asks the canaries alone, waits, and goes on when they pass', async () => {
    const id = await story.started(spec);
    await story.rollouts.reconcileOnce();
    const waiting = await story.get(id);
    expect(waiting.rings[0]!.state).toBe('pending');
    expect(waiting.waitingOn.map(one => one.code)).toContain('rehearsal');
    expect(waiting.rehearsals.map(one => one.hostId).sort()).toEqual([...(await canaries(id))].sort());
    expect(waiting.rehearsals.every(one => one.canary && one.verdict === null)).toBe(true);
    expect((await story.until(id, ['completed'])).rehearsals.every(one => one.verdict === 'passed')).toBe(true);
    expect(story.hosts.map(host => host.rehearsals).sort()).toEqual([0, 0, 1, 1]);
  });

  it('one failure stops it before any host is touched; a second person may override it', async () => {
    const id = await story.started(spec);
    const [first] = [...(await canaries(id))];
    story.hosts.find(host => host.id === first)!.rehearsal = 'failed';
    const stopped = await story.until(id, ['paused']);
    expect(stopped.rollout.stateReason).toContain('scripted postinst');
    expect(stopped.rings.map(ring => ring.state)).toEqual(['pending', 'pending']);
    expect(await story.jobStates(id)).toEqual({ h1: 'queued', h2: 'queued', h3: 'queued', h4: 'queued' });
    expect(story.hosts.every(host => host.applied === 0)).toBe(true);
    expect(await story.refused(story.act(id, 'resume', ada, { reason: 'go on' }))).toMatch(/somebody else has to override/);
    await story.act(id, 'resume', grace, { reason: 'known and harmless' });
    expect((await story.until(id, ['completed'])).rehearsals.find(one => one.hostId === first)!.acceptedBy).toBe('grace');
    expect((await story.db.query(`select from audit_entry where action = 'rehearsal.override'`)).length).toBe(1);
  });

  it('rehearsed again and passed, its author may resume it', async () => {
    const id = await story.started(spec);
    const [first] = [...(await canaries(id))];
    const host = story.hosts.find(one => one.id === first)!;
    host.rehearsal = 'failed';
    await story.until(id, ['paused']);
    host.rehearsal = 'passed';
    // The newest of a host counts: at one and the same instant there would be no newest.
    story.clock.advance(60);
    await story.rollouts.handlers.rolloutRehearse({ params: { id }, query: undefined, body: { hostIds: [first!] } }, ada, story.request);
    await story.turn();
    await story.act(id, 'resume', ada, { reason: 'the mirror is mended' });
    expect((await story.until(id, ['completed'])).rollout.state).toBe('completed');
  });

  it('is not held up by hosts that cannot be rehearsed', async () => {
    for (const host of story.hosts) host.rehearsal = 'not-possible';
    const id = await story.started(spec);
    await story.until(id, ['completed']);
  });

  it('takes silence for no proof: a person decides after half an hour', async () => {
    const id = await story.started(spec);
    for (const host of story.hosts) host.online = false;
    const stopped = await story.until(id, ['paused']);
    expect(stopped.rollout.stateReason).toMatch(/no host answered the rehearsal/);
    for (const host of story.hosts) host.online = true;
    await story.act(id, 'resume', grace, { reason: 'they were switched off' });
    expect((await story.until(id, ['completed'])).rehearsals.every(one => one.acceptedBy === 'grace')).toBe(true);
  });

  it('on demand before anybody has approved, and only hosts of the plan', async () => {
    const id = await story.plan(spec);
    const handler = story.rollouts.handlers.rolloutRehearse;
    const asked = await handler({ params: { id }, query: undefined, body: { hostIds: ['host_h4'] } }, ada, story.request);
    expect(asked.rehearsals).toMatchObject([{ hostId: 'host_h4', verdict: null, askedBy: 'ada' }]);
    await story.turn();
    expect((await story.get(id)).rehearsals).toMatchObject([{ verdict: 'passed' }]);
    expect(await story.refused(handler({ params: { id }, query: undefined, body: { hostIds: ['host_zz'] } }, ada, story.request))).toMatch(
      /hosts of this plan/,
    );
    const draft = await story.draft(spec);
    expect(await story.refused(handler({ params: { id: draft }, query: undefined, body: {} }, ada, story.request))).toMatch(
      /no plan to rehearse/,
    );
  });
});
