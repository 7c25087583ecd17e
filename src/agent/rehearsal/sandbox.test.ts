import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { localTransport } from '../../plugins/transports/local/local.ts';
import { HOST_STATE_DIR, hasSystemd, makeJobsFolder } from '../host-unit.ts';
import { copiedMounts } from './mounts.ts';
import { openSandbox } from './sandbox.ts';

const MARK = '/usr/bin/fettle-rehearsal-test';
const hadFolder = existsSync(HOST_STATE_DIR);

describe.skipIf(process.getuid?.() !== 0)('a throw-away copy of this machine (needs root)', () => {
  afterAll(() => {
    if (!hadFolder) rmSync(HOST_STATE_DIR, { recursive: true, force: true });
  });

  it('takes changes, keeps them from the machine, withholds services and devices, and is gone when it is closed', async context => {
    const transport = localTransport('agent');
    const systemd = await hasSystemd(transport);
    expect(await makeJobsFolder(transport)).toBe(true);
    const mounts = copiedMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
    if (!mounts.ok) return context.skip(mounts.problem);
    const opened = await openSandbox(transport, systemd, { mounts: mounts.mounts, limitBytes: 200_000_000, layer: 'memory', seconds: 120 });
    if (!opened.ok) return context.skip(opened.problem);
    const script = `set -u
      echo x >${MARK} && echo written
      systemctl restart nginx.service && cat /run/fettle/withheld
      policy-rc.d nginx start; echo "policy $?"
      (echo 1 >/proc/sys/vm/swappiness) 2>/dev/null || echo read-only
      mknod /tmp/disk b 8 0 2>/dev/null || echo no-device
      mount -t tmpfs none /tmp 2>/dev/null || echo no-mount
      test -e /run/systemd/system || test -e /run/dbus || echo alone
      head -c 300000000 /dev/zero >/var/tmp/large 2>/dev/null || echo bounded`;
    const ran = await transport.run(opened.sandbox.inside(['sh', '-c', script]), {
      timeoutMs: 60_000,
      maxOutputBytes: 10_000,
      asRoot: true,
    });
    await opened.sandbox.close();
    const wanted = ['written', 'restart nginx.service', 'policy 101', 'read-only', 'no-device', 'no-mount', 'alone', 'bounded'];
    expect(ran.stdout.trim().split('\n'), ran.stderr).toEqual(wanted);
    expect(existsSync(MARK)).toBe(false);
    // A closed copy takes its processes along at once.
    const inside = await transport.run(opened.sandbox.inside(['true']), { timeoutMs: 10_000, maxOutputBytes: 10_000, asRoot: true });
    expect(inside.code).not.toBe(0);
  }, 120_000);
});
