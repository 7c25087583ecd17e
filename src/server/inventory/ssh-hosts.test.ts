import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../core/kernel/faults.ts';
import { addMs, type Clock } from '../../core/kernel/instants.ts';
import type { SshEndpoint } from '../ports.ts';
import { openSecretBox, SECRET_KEY_FILE } from './secret-box.ts';
import { collectedOf, hostFactsOf, type InventoryBench, packageRecord, personOf, problem, startInventory } from './test-inventory.ts';

let now = '2026-11-22T12:00:00.000Z';
const clock: Clock = { now: () => now };
const _later = (ms: number) => (now = addMs(now, ms));

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

const until = async <T>(what: () => Promise<T | null>): Promise<T> => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const value = await what();
    if (value !== null) return value;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error('it did not happen in 20 s');
};

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

it('every act on hosts by SSH stands in the audit trail', async () => {
  const actions = (await bench.database.db.query<{ action: string }>('select distinct action from audit_entry')).map(row => row.action);
  expect(actions).toEqual(expect.arrayContaining(['host.ssh-import', 'host.ssh-confirm', 'host.add-ssh']));
});
