import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../api/client.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { addMs, type Clock, MINUTE_MS, SECOND_MS } from '../../core/kernel/instants.ts';
import { verifyChain } from '../audit/verify.ts';
import type { SshEndpoint } from '../ports.ts';
import { openSecretBox, SECRET_KEY_FILE } from './secret-box.ts';
import { collectedOf, hostFactsOf, type InventoryBench, packageRecord, personOf, reportBody, startInventory } from './test-inventory.ts';

let now = '2026-11-22T12:00:00.000Z';
const clock: Clock = { now: () => now };
const later = (ms: number) => (now = addMs(now, ms));

const KEYS: Record<string, string> = { 'web-1': 'ssh-ed25519 AAAAweb1', 'web-2': 'ssh-ed25519 AAAAweb2', down: '' };
const connections: SshEndpoint[] = [];
let bench: InventoryBench;

beforeAll(async () => {
  bench = await startInventory({
    clock,
    ssh: {
      async scanKey(address) {
        const key = KEYS[address];
        if (!key) throw new Fault('unreachable', `${address}: no SSH server answered on port 22`, 'Check that the host is up.');
        return [
          { key: 'ssh-rsa AAAArsa', fingerprint: 'SHA256:rsa' },
          { key, fingerprint: `SHA256:${address}` },
        ];
      },
      async collect(endpoint) {
        connections.push(endpoint);
        return collectedOf(hostFactsOf(endpoint.address), [packageRecord('bash', '5.2-1')], [], now);
      },
    },
  });
});
afterAll(() => bench.close());

const problem = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no problem but ${JSON.stringify(error)}`);
  return error.problem;
};
const until = async <T>(what: () => Promise<T | null>): Promise<T> => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const value = await what();
    if (value !== null) return value;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error('it did not happen in 20 s');
};

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

describe('hosts by SSH', () => {
  const targets = async () => (await personOf(bench).hostSshTargets({})).targets;
  const authentication = {
    kind: 'key' as const,
    privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nsecret-of-the-test\n-----END OPENSSH PRIVATE KEY-----\n',
  };

  it('show their keys first, and are connected to with the pinned ones only', async () => {
    const imported = await personOf(bench).hostSshImport({
      body: { addresses: 'web-1\nops@web-2:22\ndown', user: 'admin', authentication, labels: { env: 'prod' } },
    });
    // The scan may be over before the answer is read: a key is shown or awaited, and nothing is connected to either way.
    expect(imported.targets).toHaveLength(3);
    expect(connections).toEqual([]);
    const shown = await until(async () => ((await targets()).every(target => target.state !== 'scanning-key') ? await targets() : null));
    expect(shown.map(target => [target.address, target.state, target.fingerprint]).sort()).toEqual([
      ['down', 'failed', null],
      ['web-1', 'awaiting-key-confirmation', 'SHA256:web-1'],
      ['web-2', 'awaiting-key-confirmation', 'SHA256:web-2'],
    ]);
    expect(shown.find(target => target.address === 'down')?.message).toContain('no SSH server answered');
    expect(connections).toEqual([]);
    await personOf(bench).hostSshConfirm({ body: { ids: shown.filter(target => target.address !== 'down').map(target => target.id) } });
    const received = await until(async () =>
      (await targets()).filter(target => target.state === 'received').length === 2 ? await targets() : null,
    );
    expect(connections.map(endpoint => [endpoint.user, endpoint.hostKeys]).sort()).toEqual([
      ['admin', ['ssh-ed25519 AAAAweb1', 'ssh-rsa AAAArsa']],
      ['ops', ['ssh-ed25519 AAAAweb2', 'ssh-rsa AAAArsa']],
    ]);
    const host = received.find(target => target.address === 'web-1')!;
    expect(await bench.inventory.sshEndpoint(host.hostId!)).toMatchObject({ address: 'web-1', authentication });
    expect((await bench.inventory.sshHosts()).map(row => row.name)).toEqual(expect.arrayContaining(['web-1', 'web-2']));
    expect(await problem(personOf(bench).hostSshImport({ body: { addresses: 'web-1', user: 'admin', authentication } }))).toMatchObject({
      detail: 'web-1:22 is the host web-1 already',
    });

    KEYS.down = 'ssh-ed25519 AAAAup';
    const down = received.find(target => target.address === 'down')!;
    await personOf(bench).hostSshConfirm({ body: { ids: [down.id] } });
    await until(
      async () => (await targets()).find(target => target.id === down.id && target.state === 'awaiting-key-confirmation') ?? null,
    );

    await personOf(bench).hostDelete({ params: { id: host.hostId! } });
    expect(await bench.inventory.sshEndpoint(host.hostId!)).toBeNull();
  });

  it('keep secrets out of the database in the clear, and off other rows', async () => {
    const dump = JSON.stringify(await bench.database.db.query("select encode(secret, 'escape') as secret from ssh_credential"));
    expect(dump).not.toContain('secret-of-the-test');
    const rows = await bench.database.db.query<{ id: string; secret: Buffer }>('select id, secret from ssh_credential');
    const { dataDir } = bench.context.installation;
    const box = openSecretBox(dataDir);
    expect(box.open(rows[0]!.secret, `ssh_credential|${rows[0]!.id}`)).toBe(authentication.privateKey);
    expect(() => box.open(rows[0]!.secret, 'ssh_credential|other')).toThrow(/cannot be decrypted/);
    const file = path.join(dataDir, SECRET_KEY_FILE);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const key = readFileSync(file);
    writeFileSync(file, key.subarray(0, 31));
    expect(() => openSecretBox(dataDir).seal('x', 'y')).toThrow(/32 bytes/);
    writeFileSync(file, key);
  });

  it('keep a sudo password of its own, which a sign-in by key cannot do without', async () => {
    KEYS['web-3'] = 'ssh-ed25519 AAAAweb3';
    const body = { addresses: 'web-3', user: 'admin', authentication, sudo: 'password', acceptKeys: true } as const;
    expect((await problem(personOf(bench).hostSshImport({ body }))).detail).toContain('sudoPassword');
    await personOf(bench).hostSshImport({ body: { ...body, sudoPassword: 'another-secret' } });
    const host = await until(
      async () => (await targets()).find(target => target.address === 'web-3' && target.state === 'received') ?? null,
    );
    expect(await bench.inventory.sshEndpoint(host.hostId!)).toMatchObject({
      sudo: 'password',
      sudoPassword: 'another-secret',
      authentication,
    });
    const dump = JSON.stringify(await bench.database.db.query("select encode(sudo_secret, 'escape') as secret from ssh_credential"));
    expect(dump).toMatch(/secret/);
    expect(dump).not.toContain('another-secret');
  });

  it('judge every line of a list before anything is added', async () => {
    const found = await problem(
      personOf(bench).hostSshImport({ body: { addresses: 'ok-1\nbad host\nok-1', user: 'admin', authentication } }),
    );
    expect(found.fields?.map(field => field.message)).toEqual([
      'line 2: bad host: one address a line, written [user@]host[:port]',
      'line 3: ok-1:22 stands in line 1 already',
    ]);
    expect((await targets()).some(target => target.address === 'ok-1')).toBe(false);
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
      'host.ssh-import',
      'host.ssh-confirm',
      'host.add-ssh',
      'host.add-local',
      'group.create',
      'group.update',
      'group.delete',
    ]),
  );
  expect(await verifyChain(bench.database.db)).toMatchObject({ brokenAt: null });
});
