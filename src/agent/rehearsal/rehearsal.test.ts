import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signEnvelope } from '../../core/evidence/envelope.ts';
import { HOST_PLAN_TYPE } from '../../core/rollouts/host-plan.ts';
import { REHEARSAL_PLAN_TYPE, type RehearsalPlan } from '../../core/rollouts/rehearsal.ts';
import { readPlan } from '../decide.ts';
import { admitRehearsal } from './admit.ts';
import { judgeChecks, parseChecks, wantedChecks } from './checks.ts';
import { compareFingerprints } from './fingerprint.ts';
import { copiedMounts } from './mounts.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
const trust = { hostId: 'host_1', installationId: 'ins_1', trustedKeys: [spki] };
const NOW = '2026-11-22T10:00:00.000Z';
const plan: RehearsalPlan = {
  version: 1,
  rehearsalId: 'rehearsal_1',
  policyRoot: 1,
  installationId: 'ins_1',
  hostId: 'host_1',
  rolloutId: 'rollout_1',
  rolloutPlanHash: 'abc',
  kind: 'patch',
  notBefore: '2026-11-22T09:55:00.000Z',
  notAfter: '2026-11-22T10:30:00.000Z',
  transaction: [{ action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '1', toVersion: '2' }],
};

describe('which rehearsals a host takes up', () => {
  const refused = (given: object, type = REHEARSAL_PLAN_TYPE) =>
    admitRehearsal(signEnvelope(type, { ...plan, ...given }, privateKey), trust, NOW);
  it('its own, in time, from a pinned key', () => {
    expect(refused({})).toEqual({ ok: true, plan });
  });

  it('none with another address, time or form', () => {
    for (const given of [
      { hostId: 'host_2' },
      { installationId: 'ins_2' },
      { notAfter: NOW },
      { notBefore: '2026-11-22T10:00:01.000Z' },
      { notAfter: '2026-11-29T10:00:00.000Z' },
      { command: 'rm' },
      { transaction: [{ ...plan.transaction[0], name: '--force' }] },
      { rehearsalId: '../x' },
    ])
      expect(refused(given).ok, JSON.stringify(given)).toBe(false);
    const other = generateKeyPairSync('ed25519').privateKey;
    expect(admitRehearsal(signEnvelope(REHEARSAL_PLAN_TYPE, plan, other), trust, NOW).ok).toBe(false);
  });

  it('and its signature never passes for the right to change the host, nor the other way round', () => {
    expect(readPlan(signEnvelope(REHEARSAL_PLAN_TYPE, plan, privateKey), trust).ok).toBe(false);
    expect(refused({}, HOST_PLAN_TYPE).ok).toBe(false);
  });
});

describe('which file systems the copy is made of', () => {
  const line = (path: string, type: string) => `36 35 98:0 / ${path} rw,noatime shared:1 - ${type} /dev/x rw`;
  it('local disks below an overlay, an EFI partition by copying, the kernel’s own and other systems’ not at all', () => {
    const read = copiedMounts(
      [
        line('/', 'ext4'),
        line('/proc', 'proc'),
        line('/boot', 'ext4'),
        line('/boot/efi', 'vfat'),
        line('/var', 'xfs'),
        line('/home', 'ext4'),
        line('/var/lib/docker', 'ext4'),
        line('/data', 'nfs4'),
        line('/run/x', 'tmpfs'),
      ].join('\n'),
    );
    expect(read.ok && read.mounts.map(mount => `${mount.how} ${mount.path}`)).toEqual([
      'overlay /',
      'overlay /boot',
      'copy /boot/efi',
      'overlay /var',
    ]);
  });

  it('says what it cannot do', () => {
    expect(copiedMounts(line('/boot', 'ext4'))).toMatchObject({ ok: false });
    expect(copiedMounts([line('/', 'ext4'), line('/opt/a\\054b', 'ext4')].join('\n'))).toMatchObject({ ok: false });
  });
});

describe('what is tried in the copy', () => {
  it('programs of the changed packages and of running processes, never those that act on the whole system', () => {
    const wanted = wantedChecks(['/usr/bin/openssl', '/usr/bin/systemctl', '/sbin/killall5', '/usr/share/doc/x'], ['/usr/sbin/nginx', '']);
    const of = (kind: string) => wanted.filter(check => check.kind === kind).map(check => check.subject);
    expect(of('start')).toEqual(['/usr/bin/openssl']);
    expect(of('libraries')).toEqual(['/usr/bin/openssl', '/usr/bin/systemctl', '/sbin/killall5', '/usr/sbin/nginx']);
    expect(of('configuration')).toContain('nginx -t');
  });

  it('does not blame the change for what failed before it', () => {
    const row = (kind: string, subject: string, code: number) => `FETTLE-CHECK\t${kind}\t${subject}\t${code}\tsaid`;
    const before = parseChecks(
      [row('configuration', 'nginx -t', 1), row('configuration', 'sshd -t', 0), row('start', '/usr/bin/x', 2)].join('\n'),
    );
    const after = parseChecks(
      [
        'noise',
        row('configuration', 'nginx -t', 1),
        row('configuration', 'sshd -t', 255),
        row('start', '/usr/bin/x', 139),
        row('libraries', '/usr/bin/x', 99),
      ].join('\n'),
    );
    expect(
      judgeChecks(before, after)
        .filter(check => !check.passed)
        .map(check => `${check.kind} ${check.subject}`),
    ).toEqual(['configuration sshd -t', 'start /usr/bin/x', 'libraries /usr/bin/x']);
    expect(before.find(check => check.subject === '/usr/bin/x')!.passed).toBe(true);
  });
});

describe('whether the real system was left alone', () => {
  const print = { packages: 'a', etc: new Map([['/etc/a', '1']]), services: new Map([['nginx.service', 'active 7']]) };
  it('names what differs', () => {
    expect(compareFingerprints(print, print)).toEqual({ packages: true, etc: [], services: [] });
    const other = {
      packages: 'b',
      etc: new Map([
        ['/etc/a', '2'],
        ['/etc/b', '1'],
      ]),
      services: new Map([['nginx.service', 'active 9']]),
    };
    expect(compareFingerprints(print, other)).toEqual({ packages: false, etc: ['/etc/a', '/etc/b'], services: ['nginx.service'] });
    expect(compareFingerprints(print, { packages: null, etc: null, services: null })).toEqual({
      packages: null,
      etc: null,
      services: null,
    });
  });
});
