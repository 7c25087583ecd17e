import { describe, expect, it } from 'vitest';
import { localTransport } from '../transports/local/local.ts';
import { converse } from '../transports/spec.ts';
import { PROBES } from './catalog.ts';
import { namesOfFile, parseMaps, parseOwners } from './deleted-maps/deleted-maps.ts';
import { hooks } from './hooks/hooks.ts';
import { installedKernels } from './kernel/kernel.ts';
import { parseSockets } from './listening-sockets/listening-sockets.ts';
import { processUnit, unitOf } from './process-units/process-units.ts';
import { newerKernel, rebuiltKernel } from './reboot-required/reboot-required.ts';
import { parseUnits } from './services/services.ts';
import { parseGrepFiles } from './spec.ts';
import { parseOsRelease } from './system/os-release.ts';
import { bootTime } from './system/system.ts';

describe('os-release', () => {
  it('undoes quotes', () =>
    expect(
      parseOsRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID=\'12\'\nVERSION_CODENAME=bookworm\n'),
    ).toEqual({ id: 'debian', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12 (bookworm)' }));
  it('is content with a rolling release', () =>
    expect(parseOsRelease('ID=arch\n')).toEqual({ id: 'arch', versionId: '', codename: '', prettyName: 'arch' }));
});

describe('boot time', () => {
  it('is that of process 1, to the minute', () => {
    expect(
      bootTime('cpu 1\nbtime 1795314986\n', '1 (sys (x) temd) S 0 1 1 0 -1 4194560 2732 12140 6 20 12 4 10 4 20 0 1 0 125389 203'),
    ).toBe('2026-11-22T02:57:00.000Z');
    expect(bootTime('', '')).toBeNull();
  });
});

describe('mapped files that are gone', () => {
  const line = (pid: number, path: string) =>
    `/proc/${pid}/maps:7fe9d06a5000-7fe9d0922000 r-xp 000c5000 00:29 2171494                    ${path} (deleted)`;
  it('are code of packages, not memory, temporary files or what users keep', () => {
    const text = [
      line(1, '/usr/lib/x86_64-linux-gnu/libcrypto.so.3'),
      line(1, '/usr/lib/x86_64-linux-gnu/libcrypto.so.3'),
      line(2, '/memfd:pulse'),
      line(2, '/dev/zero'),
      line(2, '/SYSV00000000'),
      line(2, '/tmp/x.so'),
      line(2, '/[aio]'),
      line(3, '/opt/app with space/lib.so'),
    ].join('\n');
    expect([...parseMaps(text)].map(([pid, files]) => [pid, [...files]])).toEqual([
      [1, ['/usr/lib/x86_64-linux-gnu/libcrypto.so.3']],
      [3, ['/opt/app with space/lib.so']],
    ]);
  });
  it('are looked up before and after the merge of /usr, and by their link', () => {
    expect(namesOfFile('/usr/lib/x/libfoo.so.1.2.3')).toEqual([
      '/usr/lib/x/libfoo.so.1.2.3',
      '/lib/x/libfoo.so.1.2.3',
      '/usr/lib/x/libfoo.so.1.2',
      '/lib/x/libfoo.so.1.2',
      '/usr/lib/x/libfoo.so.1',
      '/lib/x/libfoo.so.1',
    ]);
    expect(namesOfFile('/usr/sbin/nginx')).toEqual(['/usr/sbin/nginx', '/sbin/nginx']);
  });
  it('have owners, the first of several', () => {
    expect([
      ...parseOwners(
        'libssl3:amd64: /usr/lib/libssl.so.3\nlibc6:amd64, libc6:i386: /lib/libc.so.6\ndiversion by dash from: /bin/sh\nbash: /bin/bash\n',
      ),
    ]).toEqual([
      ['/usr/lib/libssl.so.3', 'libssl3'],
      ['/lib/libc.so.6', 'libc6'],
      ['/bin/bash', 'bash'],
    ]);
  });
});

describe('units of processes', () => {
  it.each([
    ['0::/system.slice/nginx.service', 'nginx.service'],
    ['9:name=systemd:/system.slice/ssh.service\n1:cpu:/\n0::/', 'ssh.service'],
    ['0::/system.slice/system-postgresql.slice/postgresql@15-main.service', 'postgresql@15-main.service'],
    ['0::/init.scope', 'init.scope'],
    ['0::/user.slice/user-1000.slice/session-3.scope', null],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service', null],
    ['0::/system.slice/docker-abc.scope', null],
    ['', null],
  ])('%s -> %s', (cgroup, unit) => expect(unitOf(cgroup)).toBe(unit));
  it('leaves out what lives in a container', () => {
    expect(processUnit('Name:\tnginx\nNSpid:\t4242\t7\n', '0::/system.slice/x.service').contained).toBe(true);
    expect(processUnit('Name:\tnginx\nNSpid:\t4242\n', '0::/system.slice/x.service')).toEqual({
      command: 'nginx',
      unit: 'x.service',
      contained: false,
    });
  });
});

describe('sockets', () => {
  it('are read with and without process, for both families', () => {
    const text =
      'tcp LISTEN 0      511    127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=32,fd=6))  \ntcp LISTEN 0      128         [::]:22      [::]:*\nudp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=9,fd=1))\nudp UNCONN 0 0 0.0.0.0:51820 0.0.0.0:*\nudp UNCONN 0 0 *:5353 *:*\n';
    expect(parseSockets(text)).toEqual([
      { protocol: 'tcp', address: '127.0.0.1', port: 6379, process: 'redis-server', pid: 32 },
      { protocol: 'tcp', address: '::', port: 22, process: null, pid: null },
      { protocol: 'udp', address: '127.0.0.53', port: 53, process: 'systemd-resolve', pid: 9 },
      { protocol: 'udp', address: '*', port: 5353, process: null, pid: null },
    ]);
  });
});

describe('services', () => {
  it('are those that run or failed, without systemd’s marks', () => {
    expect(
      parseUnits(
        'nginx.service loaded active running A web server\n● bad.service loaded failed failed Bad\nauditd.service not-found inactive dead x\nrc-local.service loaded inactive dead x\n',
      ),
    ).toEqual([
      { unit: 'bad.service', activeState: 'failed', subState: 'failed' },
      { unit: 'nginx.service', activeState: 'active', subState: 'running' },
    ]);
  });
});

describe('kernels', () => {
  const facts = (runningRelease: string, ...releases: string[]) => ({
    runningRelease,
    installed: releases.map(release => ({ release, packageName: `linux-image-${release}`, version: '6.1.176-1' })),
  });
  it('are packages with a version in their name, installed', () => {
    const p = (name: string, state: 'installed' | 'config-files' = 'installed') => ({
      name,
      arch: 'amd64',
      version: '1',
      sourceName: 'linux',
      sourceVersion: '1',
      state,
      held: false,
    });
    expect(
      installedKernels([
        p('linux-image-6.1.0-50-amd64'),
        p('linux-image-amd64'),
        p('linux-image-6.1.0-40-amd64', 'config-files'),
        p('linux-image-6.1.0-50-amd64-dbg'),
        p('linux-image-unsigned-5.15.0-25-generic'),
      ]).map(k => k.release),
    ).toEqual(['6.1.0-50-amd64', '5.15.0-25-generic']);
  });
  it.each([
    ['6.1.0-50-amd64', ['6.1.0-50-amd64', '6.1.0-56-amd64'], '6.1.0-56-amd64'],
    ['6.1.0-9-amd64', ['6.1.0-9-amd64', '6.1.0-10-amd64'], '6.1.0-10-amd64'],
    ['6.1.0-56-amd64', ['6.1.0-50-amd64', '6.1.0-56-amd64'], null],
    ['6.1.0-50-cloud-amd64', ['6.1.0-50-cloud-amd64', '6.1.0-56-amd64'], null],
    ['5.15.0-25-generic', ['5.15.0-100-generic'], '5.15.0-100-generic'],
    ['6.12.48+deb13-amd64', ['6.12.57+deb13-amd64'], '6.12.57+deb13-amd64'],
    // A container shows its host's kernel.
    ['6.18.44-fc-v669', ['6.1.0-50-amd64'], null],
  ])('%s with %j installed: newer is %s', (running, installed, newer) => expect(newerKernel(facts(running, ...installed))).toBe(newer));
  it('are seen when they were rebuilt under the same name', () => {
    expect(rebuiltKernel(facts('6.1.0-50-amd64', '6.1.0-50-amd64'), '#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-05-01)')).toBe(
      '6.1.0-50-amd64 (6.1.176-1)',
    );
    expect(rebuiltKernel(facts('6.1.0-50-amd64', '6.1.0-50-amd64'), '#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-01)')).toBeNull();
  });
});

describe('grep -H', () => {
  it('gives files of many lines back', () =>
    expect([...parseGrepFiles('/a:1\n/a:2:3\n/b:\n')]).toEqual([
      ['/a', '1\n2:3'],
      ['/b', ''],
    ]));
});

describe('this machine', () => {
  it('says what it is', async () => {
    const fact = await converse(localTransport(), PROBES.system.read());
    expect(fact).toMatchObject({ ok: true });
    if (fact.ok) expect(fact.value.bootId).toMatch(/^[0-9a-f-]{36}$/);
  });
  it('lists its sockets or says why not', async () => {
    const fact = await converse(localTransport(), PROBES.listeningSockets.read());
    if (!fact.ok) expect(fact.problem).toMatch(/^ss: /);
  });
});

describe('hooks that a host offers', () => {
  const answer = (stdout: string, code = 0, stderr = '') => ({ code, signal: null, stdout, stderr, timedOut: false, truncated: false });
  /** Hands recorded answers to the dialogue, one after the other. */
  const read = (...answers: readonly ReturnType<typeof answer>[]) => {
    const dialogue = hooks.read();
    let step = dialogue.next();
    for (const one of answers) {
      if (step.done) break;
      step = dialogue.next(one);
    }
    return step.done ? step.value : null;
  };
  const there = answer('/etc/fettle/hooks.d\n');
  const above = answer('0 755 d \n0 755 d etc\n0 755 d fettle\n0 755 d hooks.d\n');
  it('are none where there is no folder', () =>
    expect(read(answer('', 1, 'find: ‘/etc/fettle/hooks.d’: No such file or directory'))).toEqual({ ok: true, value: [] }));
  it('are root’s own plain executable files, and of all others it says why not', () => {
    const inside = answer(
      [
        '0 755 f drain',
        '0 700 f backup',
        '0 775 f group',
        '1000 755 f other',
        '0 644 f note',
        '0 777 l link',
        '0 755 f drain.bak',
        '0 755 d sub',
      ].join('\n'),
    );
    expect(read(there, above, inside)).toEqual({
      ok: true,
      value: [
        { name: 'backup', problem: null },
        { name: 'drain', problem: null },
        { name: 'drain.bak', problem: 'its name is not of lower-case letters, digits, - and _ alone' },
        { name: 'group', problem: 'others than root may write it' },
        { name: 'link', problem: 'it is not a plain file' },
        { name: 'note', problem: 'it is not executable' },
        { name: 'other', problem: 'it is not owned by root' },
        { name: 'sub', problem: 'it is not a plain file' },
      ],
    });
  });
  it.each([
    ['somebody else owns a folder above', '0 755 d \n0 755 d etc\n1000 755 d fettle\n0 755 d hooks.d\n'],
    ['others may write a folder above', '0 755 d \n0 755 d etc\n0 775 d fettle\n0 755 d hooks.d\n'],
    ['a folder above is a link', '0 755 d \n0 755 d etc\n0 777 l fettle\n0 755 d hooks.d\n'],
    ['a folder above was not seen', '0 755 d \n0 755 d etc\n0 755 d hooks.d\n'],
  ])('are none when %s', (_, folders) => {
    const found = read(there, answer(folders), answer('0 755 f drain\n'));
    expect(found).toMatchObject({ ok: true, value: [{ name: 'drain', problem: expect.stringContaining('a folder above it') }] });
  });
  it('are unread, not none, where the folder may not be looked at', () =>
    expect(read(answer('', 1, 'find: ‘/etc/fettle/hooks.d’: Permission denied'))).toMatchObject({ ok: false }));
});
