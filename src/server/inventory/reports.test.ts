import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackHistory } from '../../core/inventory/history.ts';
import { unpackIds } from '../../core/inventory/id-set.ts';
import { unpackSince } from '../../core/inventory/since.ts';
import type { HostFacts, PackageRecord } from '../../core/inventory/snapshot.ts';
import { addMs, type Clock, DAY_MS, MINUTE_MS } from '../../core/kernel/instants.ts';
import type { InventoryChange } from '../ports.ts';
import {
  candidateRecord,
  hostFactsOf,
  type InventoryBench,
  packageRecord,
  personOf,
  reportBody,
  startInventory,
} from './test-inventory.ts';

let now = '2026-11-22T12:00:00.000Z';
const clock: Clock = { now: () => now };
const later = (ms: number) => {
  now = addMs(now, ms);
  return now;
};

let bench: InventoryBench;
const heard: InventoryChange[] = [];
beforeAll(async () => {
  bench = await startInventory({ clock });
  bench.inventory.onChange(change => heard.push(change));
});
afterAll(() => bench.close());

async function enrol(name: string) {
  const { token } = await personOf(bench).enrolmentCreate({ body: { labels: { env: 'test' } } });
  const agent = bench.agent('', '');
  const { hostId, secret } = await agent.agentEnrol({
    body: { token, hostname: name, machineId: `machine-of-${name}`, publicKey: 'key', agentVersion: '1' },
  });
  return { hostId, client: bench.agent(hostId, secret) };
}

async function stored(hostId: string) {
  const [row] = await bench.database.db.query<{
    revision: number;
    package_count: number;
    packages: Buffer;
    config_files: Buffer;
    held: number[];
    states: object;
    candidates: Buffer | null;
    since: Buffer;
  }>('select * from host_inventory where host_id = $1', [hostId]);
  const names = new Map(
    (await bench.database.db.query<{ id: number; name: string; version: string }>('select id, name, version from package_version')).map(
      v => [v.id, `${v.name} ${v.version}`],
    ),
  );
  return {
    revision: row!.revision,
    packages: unpackIds(row!.packages)
      .map(id => names.get(id))
      .sort(),
    configFiles: unpackIds(row!.config_files).map(id => names.get(id)),
    held: row!.held.map(id => names.get(id)),
    states: Object.fromEntries(Object.entries(row!.states).map(([id, state]) => [names.get(Number(id)), state])),
    candidates: row!.candidates && unpackIds(row!.candidates).length,
    since: Object.fromEntries(
      [...unpackSince(row!.since)].map(([id, seconds]) => [names.get(id), new Date(seconds * 1_000).toISOString()]),
    ),
  };
}

async function history(hostId: string) {
  const rows = await bench.database.db.query<{ changes: Buffer }>('select changes from package_history where host_id = $1 order by year', [
    hostId,
  ]);
  const entries = rows.flatMap(row => unpackHistory(row.changes));
  const transitions = new Map(
    (
      await bench.database.db.query<{ id: number; text: string }>(
        "select id, action || ' ' || name || ' ' || from_version || '>' || to_version as text from package_transition",
      )
    ).map(t => [t.id, t.text]),
  );
  const causes = new Map(
    (await bench.database.db.query<{ id: number; origin: string }>('select id, origin from change_cause')).map(c => [c.id, c.origin]),
  );
  return entries.map(
    entry =>
      `${new Date(entry.atSeconds * 1_000).toISOString().slice(0, 16)} ${causes.get(entry.causeId)} ${transitions.get(entry.transitionId)}`,
  );
}

const BASE: PackageRecord[] = [
  packageRecord('openssl', '3.0.15-1'),
  packageRecord('libssl3', '3.0.15-1', { sourceName: 'openssl' }),
  packageRecord('bash', '5.2-1'),
];

describe('a host’s reports', () => {
  it('are stored whole at first, and then cost nothing until something changes', async () => {
    const { hostId, client } = await enrol('first');
    const facts = hostFactsOf('first');
    const packages = [
      ...BASE,
      packageRecord('old', '1', { state: 'config-files' }),
      packageRecord('half', '1', { state: 'half-configured' }),
      packageRecord('pinned', '1', { held: true }),
    ];
    const body = reportBody(facts, packages, [candidateRecord('openssl', '3.0.16-1')], now);
    expect(await client.agentReport({ body })).toEqual({ accepted: true, missing: [] });
    expect(await stored(hostId)).toMatchObject({
      revision: 1,
      packages: ['bash 5.2-1', 'half 1', 'libssl3 3.0.15-1', 'openssl 3.0.15-1', 'pinned 1'],
      configFiles: ['old 1'],
      held: ['pinned 1'],
      states: { 'half 1': 'half-configured' },
      candidates: 1,
      since: {},
    });
    const [host] = await bench.database.db.query('select name, platform, release, os_name, machine_id, address from host where id = $1', [
      hostId,
    ]);
    expect(host).toEqual({
      name: 'first',
      platform: 'debian-12',
      release: 'debian:12',
      os_name: 'Debian GNU/Linux 12 (bookworm)',
      machine_id: 'machine-of-first',
      address: '10.0.0.9',
    });
    // Nothing is flushed any more after this: what is written from here on, the report wrote.
    await bench.inventory.stop();
    const marks = () =>
      bench.database.db.query<{ tables: string }>(
        "select string_agg(t::text, ' ') as tables from (select 'i' || xmin::text as t from host_inventory union all select 'f' || xmin::text from host_fact union all select 's' || xmin::text from host_seen union all select 'h' || xmin::text from host) x",
      );
    const before = await marks();
    later(MINUTE_MS);
    expect(await client.agentReport({ body: { observedAt: now, digests: body.digests } })).toEqual({ accepted: true, missing: [] });
    expect(await client.agentReport({ body: { ...body, observedAt: now } })).toEqual({ accepted: true, missing: [] });
    expect(await marks()).toEqual(before);
    expect(bench.inventory.seenOf(hostId)).toEqual({ lastSeenAt: now, inventoryAt: now, problem: null });
    expect((await bench.inventory.factsOf(hostId))?.observedAt).toBe(now);
    expect((await bench.inventory.factsOf(hostId))?.facts).toEqual(facts);
    expect((await bench.inventory.packagesOf(hostId)).map(record => JSON.stringify(record)).sort()).toEqual(
      packages.map(record => JSON.stringify(record)).sort(),
    );
  });

  it('name the parts that are missing instead of storing half', async () => {
    const { hostId, client } = await enrol('missing');
    const body = reportBody(hostFactsOf('missing'), BASE, null, now);
    expect(await client.agentReport({ body: { observedAt: now, digests: body.digests } })).toEqual({
      accepted: false,
      missing: ['facts', 'packages', 'candidates'],
    });
    expect(await client.agentReport({ body: { ...body, packages: undefined } })).toEqual({ accepted: false, missing: ['packages'] });
    expect(await bench.database.db.query('select 1 from host_inventory where host_id = $1', [hostId])).toEqual([]);
    expect(await client.agentReport({ body })).toEqual({ accepted: true, missing: [] });
    expect((await stored(hostId)).candidates).toBeNull();
  });

  it('turn a change into a delta, a history and a since, and let the log line correct the time', async () => {
    const { hostId, client } = await enrol('changing');
    const facts = hostFactsOf('changing');
    await client.agentReport({ body: reportBody(facts, BASE, [], now) });
    const upgraded = [packageRecord('openssl', '3.0.16-1'), BASE[1]!, packageRecord('nginx', '1.22-1')];
    heard.length = 0;
    const observedAt = later(DAY_MS);
    const changed = reportBody(facts, upgraded, [], observedAt);
    await client.agentReport({ body: { observedAt, digests: changed.digests, packages: changed.packages } });
    expect(heard).toEqual([
      { hostId, observedAt, added: [expect.any(Number), expect.any(Number)], removed: [expect.any(Number), expect.any(Number)] },
    ]);
    const when = `${observedAt.slice(0, 16)} observed`;
    expect((await history(hostId)).sort()).toEqual([
      `${when} install nginx >1.22-1`,
      `${when} remove bash 5.2-1>`,
      `${when} upgrade openssl 3.0.15-1>3.0.16-1`,
    ]);
    expect((await stored(hostId)).since).toEqual({ 'openssl 3.0.16-1': observedAt, 'nginx 1.22-1': observedAt });

    const at = addMs(observedAt, -60 * MINUTE_MS);
    const line = {
      at,
      action: 'upgrade' as const,
      name: 'openssl',
      arch: 'amd64',
      fromVersion: '3.0.15-1',
      toVersion: '3.0.16-1',
      commandLine: 'apt-get upgrade',
      requestedBy: 'ada',
    };
    await client.agentReport({ body: { observedAt: later(MINUTE_MS), digests: changed.digests, history: [line] } });
    await client.agentReport({ body: { observedAt: later(MINUTE_MS), digests: changed.digests, history: [line] } });
    const told = await history(hostId);
    expect(told).toHaveLength(3);
    expect(told).toContain(`${at.slice(0, 16)} log upgrade openssl 3.0.15-1>3.0.16-1`);
    expect((await stored(hostId)).since).toEqual({ 'openssl 3.0.16-1': at, 'nginx 1.22-1': observedAt });
  });

  it('keep one truth when the same identity reports twenty things at once', async () => {
    const { hostId, client } = await enrol('racing');
    const facts = hostFactsOf('racing');
    await client.agentReport({ body: reportBody(facts, BASE, [], now) });
    const bodies = Array.from({ length: 20 }, (_, index) => reportBody(facts, [...BASE, packageRecord('racer', `1.${index}`)], [], now));
    const answers = await Promise.all(
      bodies.map(body =>
        client.agentReport({ body }).then(
          answer => answer.accepted,
          () => false,
        ),
      ),
    );
    const winners = answers.filter(Boolean).length;
    expect(winners).toBeGreaterThan(0);
    const { packages, revision } = await stored(hostId);
    expect(revision).toBe(1 + winners);
    expect(packages.filter(name => name?.startsWith('racer'))).toHaveLength(1);
    // Every stored change is one step of a chain: what one added, the next removed.
    const racers = (await history(hostId)).filter(line => line.includes('racer'));
    expect(racers.length).toBeGreaterThanOrEqual(1);
  });

  it('keep what changelogs say as that host’s claims, once', async () => {
    const { hostId, client } = await enrol('changelogs');
    const body = reportBody(hostFactsOf('changelogs'), BASE, [candidateRecord('openssl', '3.0.16-1')], now);
    const note = {
      sourceName: 'openssl',
      version: '3.0.16-1',
      vulnerabilities: ['CVE-2026-1', 'CVE-2026-0001', 'CVE-2026-0002', 'DSA-1'],
      entryDate: 'Tue, 03 Nov 2026 10:00:00 +0100',
    };
    await client.agentReport({ body: { ...body, changelogs: [note] } });
    await client.agentReport({ body: { ...body, changelogs: [note] } });
    expect(
      await bench.database.db.query(
        'select release, package_name, fixed_version, vulnerability_id, stated_on, first_host_id from changelog_claim order by vulnerability_id',
      ),
    ).toEqual(
      ['CVE-2026-0001', 'CVE-2026-0002'].map(id => ({
        release: 'debian:12',
        package_name: 'openssl',
        fixed_version: '3.0.16-1',
        vulnerability_id: id,
        stated_on: '2026-11-03',
        first_host_id: hostId,
      })),
    );
  });

  it('are refused when they are not what a host can say', async () => {
    const { client } = await enrol('lying');
    const body = reportBody(hostFactsOf('lying'), BASE, [], now);
    const bad = { ...hostFactsOf('lying'), os: 'Debian' } as unknown as HostFacts;
    await expect(client.agentReport({ body: { ...body, facts: bad as unknown as Record<string, unknown> } })).rejects.toThrow(
      'expected object',
    );
    await expect(client.agentReport({ body: { ...body, packages: [['x', 'amd64', '1', 'x', '1', 'exploded', 0]] } })).rejects.toThrow(
      'is no dpkg state',
    );
    await expect(bench.agent('host_0123456789abcdef', 'x'.repeat(64)).agentReport({ body })).rejects.toThrow(/not enrolled/);
  });
});

describe('back-filled history', () => {
  it('is stored without the first installation and dates the packages', async () => {
    const { hostId, client } = await enrol('aged');
    const body = reportBody(hostFactsOf('aged'), BASE, [], now);
    const start = Date.parse(now) - 300 * DAY_MS;
    const line = (ms: number, action: 'install' | 'upgrade', name: string, fromVersion: string | null, toVersion: string) => ({
      at: new Date(ms).toISOString(),
      action,
      name,
      arch: 'amd64',
      fromVersion,
      toVersion,
      commandLine: null,
      requestedBy: null,
    });
    const installation = Array.from({ length: 200 }, (_, index) => line(start + index * 100, 'install', `p${index}`, null, '1'));
    const upgrades = [
      line(start + 100 * DAY_MS, 'upgrade', 'openssl', '3.0.14-1', '3.0.15-1'),
      line(start + 50 * DAY_MS, 'upgrade', 'openssl', '3.0.13-1', '3.0.14-1'),
    ];
    await client.agentReport({ body: { ...body, history: [...installation, ...upgrades] } });
    expect((await history(hostId)).map(text => text.slice(17))).toEqual([
      'log upgrade openssl 3.0.13-1>3.0.14-1',
      'log upgrade openssl 3.0.14-1>3.0.15-1',
    ]);
    const before = await stored(hostId);
    expect(before.since).toEqual({ 'openssl 3.0.15-1': new Date(start + 100 * DAY_MS).toISOString() });
    // SSH has no memory of what it sent: the same log again is nothing new.
    await client.agentReport({ body: { ...body, history: [...installation, ...upgrades] } });
    expect(await stored(hostId)).toEqual(before);
  });
});
