import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { snapshotDigests } from '../core/inventory/digest.ts';
import type { Command } from '../core/kernel/commands.ts';
import { installedChangelogs } from '../plugins/package-managers/apt/changelogs.ts';
import { localTransport } from '../plugins/transports/local/local.ts';
import { type RecordedCall, recorded } from '../plugins/transports/testkit.ts';
import { readChangelog } from './changelog-rows.ts';
import { type Collected, collectSnapshot, rebuildChangelogsWanted } from './collect.ts';

const clock = { now: () => '2026-11-22T04:00:00.000Z' };

/** Questions that came after the recordings, with what these hosts would have answered. */
const ASKED_SINCE = [
  ['find', '/etc/fettle/hooks.d', '-maxdepth', '0'],
  ['find', '/sys/kernel/livepatch', '-mindepth', '2', '-maxdepth', '2', '-name', 'enabled'],
];

const LESS = '/usr/share/doc/less/changelog.Debian.gz';
const LESS_CHANGELOG = `less (590-2.1~deb12u2) bookworm-security; urgency=high

  * Fix incorrect display when filename contains control chars

 -- A Maintainer <a@example.org>  Thu, 02 May 2024 20:30:51 +0200

less (590-2.1~deb12u1) bookworm-security; urgency=high

  * Rebuild for bookworm-security

 -- A Maintainer <a@example.org>  Fri, 19 Apr 2024 20:58:00 +0200

less (590-2.1) unstable; urgency=medium

  * Shell-quote filenames when invoking LESSCLOSE (CVE-2022-48624)
  * Fix bug when viewing a file whose name contains a newline (CVE-2024-32487)

 -- A Maintainer <a@example.org>  Fri, 19 Apr 2024 15:09:49 +0200

less (590-1.2) unstable; urgency=medium

  * End OSC8 hyperlink on invalid embedded escape sequence (CVE-2022-46663)

 -- A Maintainer <a@example.org>  Tue, 07 Feb 2023 21:13:13 +0100
`;

/** The hosts' rebuilds, as the collection asks for their logs; of less it is there, as Debian has it. */
function installedLogs(packages: Parameters<typeof rebuildChangelogsWanted>[0]): RecordedCall[] {
  const asked = installedChangelogs(rebuildChangelogsWanted(packages)).next().value;
  const find = 'argv' in (asked as object) ? (asked as Command).argv : [];
  return [
    { argv: find, code: 1, stdout: `${LESS}\n/usr/share/doc/less/changelog.gz\n`, stderr: '' },
    { argv: ['gzip', '-dc', '--', LESS], code: 0, stdout: LESS_CHANGELOG, stderr: '' },
  ];
}

/** These hosts were recorded when the logs of third parties' packages were fetched too: each was unpacked, looked through and removed. */
function withoutTheirLogs(calls: readonly RecordedCall[]): RecordedCall[] {
  const isTheirs = (call: RecordedCall | undefined) => call?.argv[0] === 'dpkg-deb' && call.argv.some(word => word.includes('/lab-'));
  return calls
    .filter((_call, at) => ![calls[at], calls[at - 1], calls[at - 2]].some(isTheirs))
    .map(call => (call.argv.includes('download') ? { ...call, argv: call.argv.filter(word => !word.startsWith('lab-')) } : call));
}

function host(name: string): RecordedCall[] {
  const text = gunzipSync(readFileSync(new URL(`testdata/${name}.json.gz`, import.meta.url))).toString('utf8');
  const { calls } = JSON.parse(text) as { calls: RecordedCall[] };
  return [
    ...withoutTheirLogs(calls),
    ...ASKED_SINCE.map(argv => ({ ...calls[0]!, argv, code: 1, stdout: '', stderr: `find: ‘${argv[1]}’: No such file or directory` })),
  ];
}

async function collect(name: string, canBeRoot = true) {
  const { snapshot: listed } = await collectSnapshot({ transport: recorded(host(name), canBeRoot), clock });
  const transport = recorded([...host(name), ...installedLogs(listed.packages)], canBeRoot);
  const earlier: Collected[] = [];
  const collected = await collectSnapshot({
    transport,
    clock,
    history: true,
    changelogs: { read: readChangelog, cache: new Map(), beforeFetching: async early => void earlier.push(early) },
  });
  // These hosts were recorded before they were asked where their up-to-date packages come from: they answer nothing to it.
  return { ...collected, earlier, missed: transport.missed.filter(argv => !argv.startsWith('apt-cache policy ')) };
}

describe('a Debian 12 host, as it answered over SSH', async () => {
  const { snapshot, history, changelogs, earlier, missed } = await collect('debian12-host');
  const { facts, packages } = snapshot;
  const candidates = new Map(snapshot.candidates!.map(c => [c.name, c]));

  it('needs nothing that was not recorded', () => {
    expect(missed).toEqual([]);
    expect(facts.unread).toEqual([]);
  });
  it('knows what the host is', () => {
    expect(facts).toMatchObject({
      hostname: 'h04',
      addresses: ['10.77.1.4'],
      architecture: 'amd64',
      os: { id: 'debian', versionId: '12', codename: 'bookworm' },
    });
    expect(facts.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(facts.bootedAt).toMatch(/:00\.000Z$/);
  });
  it('reads packages with source package and version', () => {
    expect(packages.length).toBeGreaterThan(200);
    expect(packages.find(p => p.name === 'libssl3')).toMatchObject({
      arch: 'amd64',
      sourceName: 'openssl',
      state: 'installed',
      held: false,
    });
    expect(packages.find(p => p.name === 'lab-held')).toMatchObject({ held: true });
    expect(packages.every(p => !('reinstallRequired' in p))).toBe(true);
  });
  it('knows where packages came from by the archives that have their very version, and does not guess where it was not told', () => {
    const origin = (name: string) => packages.find(p => p.name === name)?.origin;
    expect(origin('rsync')).toBeUndefined();
    expect(origin('lab-hello')).toBe('FleetLab');
    expect(origin('bash')).toBe('?');
  });
  it('tells security candidates from others by archive, held and kept back from offered', () => {
    expect(candidates.get('rsync')).toMatchObject({
      security: true,
      availability: 'offered',
      origins: ['Debian-Security:12/oldstable-security'],
    });
    expect(candidates.get('rsync')!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(candidates.get('rsync')!.sizeBytes).toBeGreaterThan(100_000);
    expect(candidates.get('lab-held')).toMatchObject({ availability: 'held', security: true });
    expect(candidates.get('lab-conflict')).toMatchObject({ availability: 'kept-back' });
    expect(candidates.has('libssl3')).toBe(false);
  });
  it('calls a later version of another archive a security update when it overtakes one', () => {
    // 1.0 is installed, 1.1 stands in lab-security, 1.2 in lab.
    expect(candidates.get('lab-hello')).toMatchObject({
      version: '1.2',
      origins: ['FleetLab:lab'],
      origin: 'FleetLab',
      security: true,
    });
    expect(candidates.get('rsync')).not.toHaveProperty('origin');
  });
  it('names suites with the date of their release file', () => {
    const security = facts.suites!.find(s => s.codename === 'bookworm-security');
    expect(security).toMatchObject({ label: 'Debian-Security', suite: 'oldstable-security', component: 'main' });
    expect(Date.parse(security!.publishedAt!)).not.toBeNaN();
  });
  it('sees the processes that still run the replaced library, with unit and package', () => {
    const stale = new Map(facts.staleProcesses!.map(p => [p.unit, p]));
    expect([...stale.keys()]).toEqual(expect.arrayContaining(['init.scope', 'nginx.service', 'ssh.service', 'systemd-logind.service']));
    expect(stale.get('nginx.service')!.files).toContainEqual({ path: '/usr/lib/x86_64-linux-gnu/libssl.so.3', packageName: 'libssl3' });
  });
  it('names listening sockets with process and unit', () => {
    expect(facts.sockets).toContainEqual({ protocol: 'tcp', address: '0.0.0.0', port: 80, process: 'nginx', unit: 'nginx.service' });
    expect(facts.sockets).toContainEqual({
      protocol: 'tcp',
      address: '::1',
      port: 6379,
      process: 'redis-server',
      unit: 'redis-server.service',
    });
  });
  it('says why a reboot is wanted', () => expect(facts.reboot).toEqual({ required: true, reasons: ['reboot-required: lab-kernel'] }));
  it('lists services that run, not those that are merely known', () => {
    expect(facts.services).toContainEqual({ unit: 'nginx.service', activeState: 'active', subState: 'running' });
    expect(facts.services!.every(s => s.activeState !== 'inactive')).toBe(true);
  });
  it('reads history with who asked for it', () => {
    const upgrade = history.find(h => h.name === 'libssl3' && h.action === 'upgrade');
    expect(upgrade?.commandLine).toContain('libssl3');
    expect(history.map(h => h.at)).toEqual([...history.map(h => h.at)].sort());
  });
  it('reads which vulnerabilities the candidates close from their change logs', () => {
    const rsync = changelogs.filter(row => row.sourceName === 'rsync');
    expect(rsync.flatMap(row => row.vulnerabilities)).toContainEqual(expect.stringMatching(/^CVE-\d{4}-\d+$/));
    expect(changelogs.some(row => row.sourceName === 'openssl')).toBe(false);
  });
  it("reads an installed rebuild's own log: what came with the version that it was made of, and nothing else", () => {
    expect(changelogs.filter(row => row.sourceName === 'less')).toEqual([
      {
        sourceName: 'less',
        version: '590-2.1~deb12u1',
        vulnerabilities: ['CVE-2022-48624', 'CVE-2024-32487'],
        entryDate: '2024-04-19',
      },
    ]);
  });
  it('hands everything else over before it fetches change logs, once', () => {
    expect(earlier).toEqual([{ snapshot, history, digests: snapshotDigests(snapshot), changelogs: [] }]);
    expect(changelogs.length).toBeGreaterThan(0);
  });
  it('fetches none when there is nobody to hand it to', async () => {
    const transport = recorded(host('debian12-host'), true);
    const collected = await collectSnapshot({ transport, clock, history: true, changelogs: { read: readChangelog, cache: new Map() } });
    expect(collected).toMatchObject({ snapshot, changelogs: [] });
  });
});

describe('the same host for a user without root', async () => {
  const { snapshot, missed } = await collect('debian12-host-without-root', false);
  it('reads packages and candidates, and names what it may not read', () => {
    expect(missed).toEqual([]);
    expect(snapshot.candidates!.length).toBeGreaterThan(10);
    expect(snapshot.facts.staleProcesses).toBeNull();
    expect(snapshot.facts.unread).toEqual(['deleted-maps: only root may read the memory maps of all processes']);
    expect(snapshot.facts.sockets!.some(s => s.port === 80)).toBe(true);
  });
});

describe('a Debian 11 host (apt 2.2)', async () => {
  const { snapshot, changelogs, missed } = await collect('debian11-host');
  it('is read by the same code', () => {
    expect(missed).toEqual([]);
    expect(snapshot.facts.unread).toEqual([]);
    expect(snapshot.candidates!.find(c => c.name === 'libc6')).toMatchObject({
      security: true,
      sourceName: 'glibc',
      availability: 'offered',
    });
    expect(snapshot.candidates!.find(c => c.name === 'sudo')!.origins[0]).toMatch(/^Debian-Security:11\//);
    expect(new Set(changelogs.map(row => row.sourceName)).has('glibc')).toBe(true);
  });
});

const here = await localTransport().run(['dpkg-query', '-W', 'dpkg'], { timeoutMs: 10_000, maxOutputBytes: 1_000 });
describe.skipIf(here.code !== 0)('this machine (skipped where there is no dpkg)', () => {
  it('is read as its own dpkg has it', async () => {
    const { snapshot, digests } = await collectSnapshot({ transport: localTransport(), clock });
    const listed = await localTransport().run(['dpkg-query', '-W', '-f', `\${db:Status-Status}\n`], {
      timeoutMs: 10_000,
      maxOutputBytes: 4_000_000,
    });
    expect(snapshot.packages.length).toBe(listed.stdout.split('\n').filter(state => state !== '' && state !== 'not-installed').length);
    expect(snapshot.packages.find(p => p.name === 'dpkg')).toMatchObject({ state: 'installed', sourceName: 'dpkg' });
    expect(snapshot.facts.os.id).not.toBe('');
    expect(digests.packages).toMatch(/^[0-9a-f]{64}$/);
  }, 120_000);
});
