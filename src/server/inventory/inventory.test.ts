import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMs, type Clock, MINUTE_MS, SECOND_MS } from '../../core/kernel/instants.ts';
import { verifyChain } from '../audit/verify.ts';
import {
  collectedOf,
  hostFactsOf,
  type InventoryBench,
  packageRecord,
  personOf,
  problem,
  reportBody,
  startInventory,
} from './test-inventory.ts';

let now = '2026-11-22T12:00:00.000Z';
const clock: Clock = { now: () => now };
const later = (ms: number) => (now = addMs(now, ms));

let bench: InventoryBench;

beforeAll(async () => {
  bench = await startInventory({ clock });
});
afterAll(() => bench.close());

describe('enrolment', () => {
  const machine = (name: string) => ({ hostname: name, machineId: `id-${name}`, publicKey: 'key', agentVersion: '1' });

  it('goes waiting, connected, received with a token that works once', async () => {
    const person = personOf(bench);
    const made = await person.enrolmentCreate({ body: { labels: { env: 'prod' } } });
    expect(made.enrolment.state).toBe('waiting');
    expect(made.command).toContain(made.token);
    expect(
      await bench.database.db.query("select 1 from enrolment where encode(token_hash, 'escape') like $1 or id = $1", [made.token]),
    ).toEqual([]);
    const enrolled = await bench.agent('', '').agentEnrol({ body: { token: made.token, ...machine('one') } });
    const [host] = await bench.database.db.query<{ labels: object }>('select labels from host where id = $1', [enrolled.hostId]);
    expect(host?.labels).toEqual({ env: 'prod' });
    expect((await person.enrolmentGet({ params: { id: made.enrolment.id } })).state).toBe('connected');
    expect(await problem(bench.agent('', '').agentEnrol({ body: { token: made.token, ...machine('two') } }))).toMatchObject({
      status: 403,
      code: 'token-refused',
    });
    const agent = bench.agent(enrolled.hostId, enrolled.secret);
    await agent.agentReport({ body: reportBody(hostFactsOf('one'), [packageRecord('bash', '1')], [], now) });
    expect(await person.enrolmentGet({ params: { id: made.enrolment.id } })).toMatchObject({
      state: 'received',
      hostName: 'one',
      packages: 1,
      hostId: enrolled.hostId,
    });
  });

  it('refuses a token after its ten minutes, and two uses of the last use at once', async () => {
    const person = personOf(bench);
    const old = await person.enrolmentCreate({ body: {} });
    const fresh = await person.enrolmentCreate({ body: { uses: 2 } });
    const race = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map(name => bench.agent('', '').agentEnrol({ body: { token: fresh.token, ...machine(`race-${name}`) } })),
    );
    expect(race.filter(result => result.status === 'fulfilled')).toHaveLength(2);
    later(11 * MINUTE_MS);
    expect((await person.enrolmentGet({ params: { id: old.enrolment.id } })).state).toBe('expired');
    expect(await problem(bench.agent('', '').agentEnrol({ body: { token: old.token, ...machine('late') } }))).toMatchObject({
      code: 'token-refused',
    });
  });

  it('keeps the history of a machine that enrols again, and tells clones apart', async () => {
    const enrol = async (hostname: string) => {
      const { token } = await personOf(bench).enrolmentCreate({ body: {} });
      return bench.agent('', '').agentEnrol({ body: { token, ...machine('again'), hostname } });
    };
    const first = await enrol('again');
    const second = await enrol('again');
    expect(second.hostId).toBe(first.hostId);
    expect((await enrol('clone')).hostId).not.toBe(first.hostId);
    const checkIn = (secret: string) =>
      bench
        .agent(first.hostId, secret)
        .agentCheckIn({ body: { agentVersion: '1', bootId: null, digests: null, openJobs: [], waitSeconds: 0 } });
    expect(await problem(checkIn(first.secret))).toMatchObject({ status: 401, code: 'agent-unknown' });
    expect((await checkIn(second.secret)).tasks).toEqual([{ kind: 'report', refresh: false }]);
  });
});

describe('check-ins', () => {
  async function host(name: string) {
    const { token } = await personOf(bench).enrolmentCreate({ body: {} });
    const { hostId, secret } = await bench
      .agent('', '')
      .agentEnrol({ body: { token, hostname: name, machineId: null, publicKey: 'key', agentVersion: '1' } });
    const agent = bench.agent(hostId, secret);
    const body = reportBody(hostFactsOf(name), [packageRecord('bash', '1')], [], now);
    await agent.agentReport({ body });
    const checkIn = (waitSeconds: number) =>
      agent.agentCheckIn({ body: { agentVersion: '1', bootId: null, digests: body.digests, openJobs: [], waitSeconds } });
    return { hostId, agent, body, checkIn };
  }

  it('wait until they are woken, and no longer', async () => {
    const { hostId, checkIn } = await host('poller');
    const startedAt = performance.now();
    expect(await checkIn(1)).toMatchObject({ tasks: [], nextCheckInSeconds: 0 });
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    const waiting = checkIn(30);
    await new Promise(resolve => setTimeout(resolve, 100));
    const wokenAt = performance.now();
    bench.tasks.set(hostId, [{ kind: 'cancel', jobId: 'job_1', attempt: 1 }]);
    bench.wake.wake(hostId);
    expect((await waiting).tasks).toEqual([{ kind: 'cancel', jobId: 'job_1', attempt: 1 }]);
    expect(performance.now() - wokenAt).toBeLessThan(1_000);
    bench.tasks.delete(hostId);
    expect((await checkIn(0)).nextCheckInSeconds).toBeGreaterThan(0);
  });

  it('ask for a fresh report when a person wants one, once in half a minute', async () => {
    const { hostId, agent, body, checkIn } = await host('refreshed');
    later(SECOND_MS);
    await personOf(bench).hostRefresh({ params: { id: hostId } });
    expect((await checkIn(0)).tasks).toEqual([{ kind: 'report', refresh: true }]);
    expect((await checkIn(0)).tasks).toEqual([]);
    later(31 * SECOND_MS);
    expect((await checkIn(0)).tasks).toEqual([{ kind: 'report', refresh: true }]);
    await agent.agentReport({ body: { observedAt: now, digests: body.digests } });
    later(31 * SECOND_MS);
    const reportedAt = bench.inventory.seenOf(hostId)?.inventoryAt;
    expect((await checkIn(0)).tasks).toEqual([]);
    expect(bench.inventory.seenOf(hostId)).toMatchObject({ lastSeenAt: now, inventoryAt: reportedAt });
    expect(reportedAt! < now).toBe(true);
  });

  it('end for a host that was removed, and its proof stays', async () => {
    const { hostId, checkIn } = await host('removed');
    await personOf(bench).hostDelete({ params: { id: hostId } });
    expect(await problem(checkIn(0))).toMatchObject({ status: 401 });
    expect(await bench.database.db.query('select 1 from host_inventory where host_id = $1', [hostId])).toHaveLength(1);
    expect(await problem(personOf(bench).hostDelete({ params: { id: hostId } }))).toMatchObject({ status: 404 });
  });
});

describe('uploads', () => {
  it('add a host by name, refresh it, and know sources from the rest of the fleet', async () => {
    const status =
      'Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.15-1\n\nPackage: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12.4+deb12u11\n';
    const full = await personOf(bench).hostUpload({ body: { name: 'dmz-1', text: status, kernelRelease: '6.1.0-50-amd64' } });
    expect(full).toMatchObject({ packages: 2, warnings: [] });
    const again = await personOf(bench).hostUpload({
      body: { name: 'dmz-1', text: 'libssl3:amd64\t3.0.15-1\nunheard-of\t1.0\n', release: 'bookworm' },
    });
    expect(again).toMatchObject({ hostId: full.hostId, packages: 2, warnings: [expect.stringContaining('for 1 of 2')] });
    expect((await bench.inventory.packagesOf(full.hostId)).find(record => record.name === 'libssl3')).toMatchObject({
      sourceName: 'openssl',
    });
    const [host] = await bench.database.db.query('select reach, release, platform from host where id = $1', [full.hostId]);
    expect(host).toEqual({ reach: 'upload', release: 'debian:12', platform: 'debian-12' });
    expect(await problem(personOf(bench).hostRefresh({ params: { id: full.hostId } }))).toMatchObject({ code: 'host-is-uploaded' });
    expect(await problem(personOf(bench).hostUpload({ body: { name: 'x', text: 'Dear all' } }))).toMatchObject({
      status: 400,
      fields: [{ path: 'body/text' }],
    });
  });

  it.skipIf(!existsSync('/var/lib/dpkg/status'))('take this machine’s own list (needs dpkg)', async () => {
    const text = execFileSync('dpkg-query', ['-W'], { encoding: 'utf8' });
    const { packages, warnings } = await personOf(bench).hostUpload({ body: { name: 'here', text } });
    expect(packages).toBeGreaterThan(50);
    expect(warnings.join()).not.toContain('release is not stated');
  });
});

describe('the server’s own machine', () => {
  it('is one host however often the server starts', async () => {
    const collected = collectedOf(hostFactsOf('own'), [packageRecord('bash', '1')], [], now);
    const first = await bench.inventory.storeLocal(collected);
    expect(
      await bench.inventory.storeLocal({
        ...collected,
        snapshot: { ...collected.snapshot, facts: hostFactsOf('own', { hostname: 'renamed' }) },
      }),
    ).toBe(first);
    expect(await bench.database.db.query("select name, reach from host where reach = 'local'")).toEqual([
      { name: 'renamed', reach: 'local' },
    ]);
  });
});

describe('groups', () => {
  it('are saved when the query can be read, each name once', async () => {
    const person = personOf(bench);
    const group = await person.groupCreate({ body: { name: 'prod', query: 'env = prod' } });
    expect(group.hosts).toBeGreaterThan(0);
    expect(await problem(person.groupCreate({ body: { name: 'prod', query: 'env = prod' } }))).toMatchObject({
      status: 409,
      code: 'name-taken',
    });
    expect(await problem(person.groupCreate({ body: { name: 'bad', query: 'env prod' } }))).toMatchObject({
      status: 400,
      fields: [{ path: 'body/query' }],
    });
    expect(await person.groupUpdate({ params: { id: group.id }, body: { name: 'prod', query: 'all', description: 'x' } })).toMatchObject({
      query: 'all',
      description: 'x',
    });
    expect(await person.groupPreview({ body: { query: 'reach = pigeon' } })).toMatchObject({ hosts: 0, problem: { position: 8 } });
    expect((await person.groupPreview({ body: { query: 'all' } })).sample.length).toBeGreaterThan(0);
    await person.groupDelete({ params: { id: group.id } });
    expect((await person.groupList({})).items).toEqual([]);
  });
});

it('every act on hosts stands in an unbroken audit trail', async () => {
  const actions = (await bench.database.db.query<{ action: string }>('select distinct action from audit_entry order by action')).map(
    row => row.action,
  );
  expect(actions).toEqual(
    expect.arrayContaining([
      'enrolment.create',
      'host.enrol',
      'host.enrol-again',
      'host.remove',
      'host.upload',
      'host.add-local',
      'group.create',
      'group.update',
      'group.delete',
    ]),
  );
  expect(await verifyChain(bench.database.db)).toMatchObject({ brokenAt: null });
});
