import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenInvariants } from './history-check.ts';
import { ada, grace, Story } from './test-story.ts';

const ALL_AT_ONCE = [{ name: 'all', percent: 100, concurrency: 10 }];

describe('safeguards', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(3);
  });
  afterEach(() => story.end());

  const asked = <B>(body: B, id?: string) => ({ params: id === undefined ? undefined : { id }, query: undefined, body }) as never;
  const handlers = () => story.rollouts.handlers;
  const codes = async (id: string) => (await story.get(id)).waitingOn.map(one => one.code);
  const applied = () => story.hosts.map(host => host.applied);
  const hold = (more: object = {}) =>
    handlers().holdCreate(
      asked({
        name: 'driver',
        query: 'gpu = old',
        sourceName: 'openssl',
        reason: 'crashes',
        owner: 'gpu team',
        endsAt: '2026-11-30T00:00:00.000Z',
        ...more,
      }),
      ada,
      story.request,
    );
  const retract = () =>
    handlers().retractionCreate(asked({ sourceName: 'openssl', sourceVersion: '2', reason: 'breaks TLS' }), ada, story.request);

  it('a hold leaves its hosts out of plans, and holds those that are in one already', async () => {
    story.fleetQueries.set('gpu = old', ['host_h1']);
    const running = await story.started({ rings: ALL_AT_ONCE });
    expect(await hold()).toMatchObject({ state: 'in-force', hosts: 1 });
    await story.turn();
    expect(applied()).toEqual([0, 1, 1]);
    expect(story.host(1).refusals).toEqual(['hold']);
    expect(await codes(running)).toEqual(['hold']);
    const later = await story.plan({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h1'] } });
    expect((await story.get(later)).plan!.excluded[0]!.reason).toMatch(/safeguard hold “driver” until 2026-11-30/);
    const { items } = await handlers().holdList(asked(undefined), ada, story.request);
    await handlers().holdLift(asked(undefined, items[0]!.id), grace, story.request);
    await story.turn();
    expect(applied()).toEqual([1, 1, 1]);
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('a hold on another package, or one that is over, holds nothing; none lasts longer than thirty days', async () => {
    await hold({ sourceName: 'nginx' });
    await story.started({ rings: ALL_AT_ONCE });
    await story.turn();
    expect(applied()).toEqual([1, 1, 1]);
    expect(await story.refused(hold({ endsAt: '2027-01-30T00:00:00.000Z' }))).toMatch(/30 days at most/);
  });

  it('a retracted update is blocked everywhere: running rollouts pause, plans leave it out, it is listed who has it', async () => {
    const id = await story.started({
      rings: [
        { name: 'canary', hosts: 1, concurrency: 1 },
        { name: 'rest', percent: 100, concurrency: 5 },
      ],
    });
    await story.turn();
    expect(applied()).toEqual([1, 0, 0]);
    await story.db.query(
      `insert into package_version (ecosystem, name, arch, version, source_name, source_version) values ('deb', 'openssl', 'amd64', '2', 'openssl', '2')`,
    );
    story.fleetQueries.set('package "openssl" = "2"', ['host_h1']);
    const retraction = await retract();
    expect(retraction).toMatchObject({ hosts: 1, pausedRollouts: [id] });
    const { rollout, verbs } = await story.get(id);
    expect([rollout.state, rollout.stateReason]).toEqual(['paused', 'openssl 2 was retracted by ada: breaks TLS']);
    expect(verbs.find(verb => verb.verb === 'resume')!.disabledReason).toMatch(/retracted update \(openssl 2: breaks TLS\)/);
    const who = await handlers().retractionHosts(asked(undefined, retraction.id), ada, story.request);
    expect(who.items).toEqual([{ hostId: 'host_h1', hostName: 'h1', rolloutId: id }]);
    const later = await story.plan({ selector: { hostIds: ['host_h2'] }, rings: ALL_AT_ONCE });
    expect((await story.get(later)).plan!.excluded[0]!.reason).toMatch(/openssl 2 has been retracted: breaks TLS/);
    expect(await story.refused(retract())).toMatch(/retracted already/);
    await handlers().retractionLift(asked({ reason: 'it was the proxy' }, retraction.id), grace, story.request);
    await story.act(id, 'resume', grace);
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('a window does not start what has been retracted since', async () => {
    const now = Date.parse(story.clock.now());
    const window = { startsAt: new Date(now + 600_000).toISOString(), endsAt: new Date(now + 7_200_000).toISOString() };
    const id = await story.approved({ rings: ALL_AT_ONCE, window });
    const retraction = await retract();
    story.clock.advance(900);
    await story.turn();
    const { rollout, waitingOn } = await story.get(id);
    expect(rollout.state).toBe('scheduled');
    expect(waitingOn[0]).toMatchObject({ code: 'retracted', text: expect.stringMatching(/openssl 2: breaks TLS/) });
    await handlers().retractionLift(asked({ reason: 'it was the proxy' }, retraction.id), grace, story.request);
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
  });

  it('a retraction reaches a rollout that is only approved: it does not start, and no permit would be given', async () => {
    const id = await story.approved({ rings: ALL_AT_ONCE });
    await retract();
    expect(await story.refused(story.act(id, 'start'))).toMatch(/retracted/);
  });

  it('a budget of a third of three is one host at a time, and a failed host keeps using it up', async () => {
    await story.seen();
    const group = await handlers().availabilityGroupCreate(
      asked({
        name: 'site a',
        query: 'site = a',
        minAvailable: null,
        maxUnavailable: null,
        maxUnavailablePercent: 40,
        memberSoakMinutes: 0,
      }),
      ada,
      story.request,
    );
    expect(group).toMatchObject({ minAvailable: 2, maxUnavailablePercent: 40, members: 3, available: 3, problem: null });
    story.host(1).script = ['install-failed'];
    await story.started({ rings: ALL_AT_ONCE });
    await story.turn();
    expect(applied()).toEqual([1, 0, 0]);
    const again = await story.started({ rings: ALL_AT_ONCE, selector: { hostIds: ['host_h2'] } });
    await story.turn();
    expect([applied(), await codes(again)]).toEqual([[1, 0, 0], expect.arrayContaining(['host-lock'])]);
    expect(
      await story.refused(
        handlers().availabilityGroupCreate(
          asked({ name: 'both', query: 'site = a', minAvailable: 1, maxUnavailable: 1, maxUnavailablePercent: null, memberSoakMinutes: 0 }),
          ada,
          story.request,
        ),
      ),
    ).toMatch(/in one way/);
  });

  it('the cap of a rollout holds over its rings, and the cutoff keeps the end of the window free', async () => {
    const capped = await story.started({ rings: ALL_AT_ONCE, concurrencyMax: 1 });
    await story.rollouts.reconcileOnce();
    for (const host of story.hosts) await host.work(story.jobs, 'apply');
    expect(story.hosts.map(host => host.permits.length)).toEqual([1, 0, 0]);
    expect(story.host(2).refusals).toEqual(['rollout-slot']);
    expect((await story.until(capped, ['completed', 'paused'])).rollout.state).toBe('completed');
    for (const host of story.hosts) host.packages.set('openssl', '1');
    const now = Date.parse(story.clock.now());
    const window = { startsAt: new Date(now - 60_000).toISOString(), endsAt: new Date(now + 60 * 60_000).toISOString(), cutoffMinutes: 55 };
    const late = await story.plan({ rings: ALL_AT_ONCE, window });
    expect((await story.get(late)).rollout.stateReason).toMatch(/the window has 5: no permit would ever be given/);
  });

  it('a host whose evidence is asked for waits until somebody records it; the plan says so first', async () => {
    story.host(1).forensic = ['CVE-2026-7'];
    const id = await story.plan({ rings: ALL_AT_ONCE });
    const planned = (await story.get(id)).plan!.rings[0]!.hosts.map(host => [host.hostName, host.forensic]);
    expect(Object.fromEntries(planned)).toEqual({ h1: ['CVE-2026-7'], h2: [], h3: [] });
    await story.approve(id);
    await story.act(id, 'start');
    await story.turn();
    expect(applied()).toEqual([0, 1, 1]);
    expect(await codes(id)).toEqual(['forensic']);
    const record = (hostIds: string[]) =>
      handlers().rolloutForensic(asked({ hostIds, reason: 'case 12, image on the evidence share' }, id), ada, story.request);
    expect(await story.refused(record(['host_h2']))).toMatch(/do not wait for evidence/);
    await record(['host_h1']);
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    const trail = await story.db.query<{ actor: string }>(`select actor from audit_entry where action = 'job.evidence-collected'`);
    expect(trail).toEqual([{ actor: 'ada' }]);
  });

  it('leaves a waiting host out with a reason; more than a tenth of the ring makes the gate ask', async () => {
    const id = await story.started({ rings: [{ name: 'all', percent: 100, concurrency: 1 }] });
    story.host(3).online = false;
    await story.rollouts.reconcileOnce();
    const skip = (hostIds: string[]) => handlers().rolloutSkip(asked({ hostIds, reason: 'is being scrapped' }, id), ada, story.request);
    const [first] = await story.jobRows(id);
    await story.host(1).work(story.jobs, 'restart');
    expect(await story.refused(skip([first!.hostId]))).toMatch(
      /h1 is installing: only a host that has not begun to change can be left out/,
    );
    expect(await story.refused(skip(['host_x']))).toMatch(/not in this rollout/);
    await skip(['host_h3']);
    const detail = await story.until(id, ['completed', 'paused']);
    expect(await story.jobStates(id)).toMatchObject({ h3: 'excluded' });
    expect([detail.rollout.state, detail.rollout.stateReason]).toEqual(['paused', expect.stringContaining('left out by people')]);
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('leaves a host out that is ready and waits for its permit; it is told to stop, and changes nothing', async () => {
    const id = await story.started({ rings: [{ name: 'all', percent: 100, concurrency: 1 }] });
    await story.rollouts.reconcileOnce();
    await story.host(1).work(story.jobs, 'restart');
    await story.host(2).work(story.jobs);
    expect((await story.jobStates(id)).h2).toBe('staged');
    await handlers().rolloutSkip(asked({ hostIds: ['host_h2'], reason: 'is being scrapped' }, id), ada, story.request);
    await story.until(id, ['completed', 'paused']);
    expect([await story.jobStates(id), applied()]).toEqual([{ h1: 'succeeded', h2: 'excluded', h3: 'succeeded' }, [1, 0, 1]]);
    expect(await brokenInvariants(story.db)).toEqual([]);
  });

  it('gives a host that waits for a person fresh attempts without a pause', async () => {
    const many = await Story.begin(11);
    try {
      many.host(1).script = ['disk-space'];
      const id = await many.started({
        rings: [
          { name: 'canary', hostIds: ['host_h2'], concurrency: 1 },
          { name: 'rest', percent: 100, concurrency: 20 },
        ],
      });
      many.host(3).online = false;
      for (let turns = 0; turns < 3; turns++) await many.turn();
      expect((await many.jobRows(id)).find(job => job.hostId === 'host_h1')).toMatchObject({ state: 'queued', parked: true });
      many.host(1).script = ['ok'];
      const retry = () => many.rollouts.handlers.rolloutRetry(asked({ reason: 'freed space' }, id), ada, many.request);
      expect((await many.get(id)).rollout.state).toBe('running');
      await retry();
      await many.turn();
      expect(many.host(1).applied).toBe(1);
      expect(await many.refused(retry())).toMatch(/None of these hosts/);
      many.host(3).online = true;
      expect((await many.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
    } finally {
      await many.end();
    }
  });

  it('hosts that were off get a ring of their own at the end; they block nobody and are tried when they are back', async () => {
    const many = await Story.begin(6);
    try {
      const rings = [
        { name: 'canary', hosts: 1, concurrency: 1 },
        { name: 'most', percent: 100, concurrency: 9 },
      ];
      const id = await many.started({ rings, catchUpDays: 7 });
      many.host(6).online = false;
      for (let turns = 0; turns < 22; turns++) {
        await many.turn();
        many.clock.advance(4 * 3600);
      }
      const half = await many.get(id);
      expect(half.rings.map(ring => [ring.name, ring.state, ring.hosts])).toEqual([
        ['canary', 'passed', 1],
        ['most', 'passed', 4],
        ['catch-up', 'running', 1],
      ]);
      expect(half.rollout.state).toBe('running');
      many.host(6).online = true;
      // Offers to a host that does not answer come ever more rarely.
      await many.turn();
      many.clock.advance(2 * 3600);
      expect((await many.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
      expect(many.host(6).applied).toBe(1);
      expect(await brokenInvariants(many.db)).toEqual([]);
    } finally {
      await many.end();
    }
  });

  it('a newer patch takes the place of an old one: the new draft has it, the old rollout ends superseded', async () => {
    const row = `insert into patch_seen (patch_id, first_seen_at, platform, source_name) values ('pat_openssl', now(), 'debian-12', 'openssl')`;
    await story.db.query(row);
    const id = await story.approved({ rings: ALL_AT_ONCE });
    const supersede = () => handlers().rolloutSupersede(asked({ reason: '3.0.23 is out' }, id), ada, story.request);
    story.offered.push({
      patchId: 'pat_openssl',
      title: 'x',
      platform: 'debian-12',
      sourceName: 'openssl',
      security: true,
      knownExploited: [],
    });
    expect(await story.refused(supersede())).toMatch(/newer version/);
    story.offered[0] = { ...story.offered[0]!, patchId: 'pat_openssl_3' };
    const draft = await supersede();
    expect([draft.rollout.state, draft.spec.patchIds]).toEqual(['draft', ['pat_openssl_3']]);
    expect((await story.get(id)).rollout.state).toBe('superseded');
    const running = await story.started({ rings: ALL_AT_ONCE });
    await handlers().rolloutSupersede(asked({ reason: '' }, running), ada, story.request);
    expect((await story.get(running)).rollout.state).toBe('superseded');
    expect(await story.jobStates(running)).toEqual({ h1: 'superseded', h2: 'superseded', h3: 'superseded' });
    expect(await brokenInvariants(story.db)).toEqual([]);
  });
});
