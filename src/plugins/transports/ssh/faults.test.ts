import { describe, expect, it } from 'vitest';
import { connectionFault } from './faults.ts';
import { fingerprintOf, parseScan } from './scan-key.ts';
import { sshTransport } from './ssh.ts';

const result = (code: number | null, stderr: string, timedOut = false) => ({
  code,
  signal: null,
  stdout: '',
  stderr,
  timedOut,
  truncated: false,
});

describe('what OpenSSH says when it cannot connect (recorded, 9.2)', () => {
  const recorded: [string, string][] = [
    ['ssh: connect to host 10.77.1.1 port 23: Connection refused', 'unreachable'],
    ['ssh: Could not resolve hostname nope: Name or service not known', 'unreachable'],
    ['ssh: connect to host 10.77.9.9 port 22: Connection timed out', 'unreachable'],
    ['kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.77.1.1 port 22', 'unreachable'],
    ['client_loop: send disconnect: Broken pipe', 'unreachable'],
    ['ops@10.77.1.1: Permission denied (publickey,password).', 'authentication-refused'],
    [
      'No ED25519 host key is known for fettle-host and you have requested strict checking.\nHost key verification failed.',
      'host-key-unknown',
    ],
    [
      '@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@\nHost key for fettle-host has changed and you have requested strict checking.\nHost key verification failed.',
      'host-key-changed',
    ],
  ];
  it.each(recorded)('%s -> %s', (said, code) => expect(connectionFault('h', result(255, said))?.code).toBe(code));
  it('is silent about answers of the remote program', () => {
    expect(connectionFault('h', result(0, ''))).toBeNull();
    expect(connectionFault('h', result(100, 'E: Connection refused'))).toBeNull();
    expect(connectionFault('h', result(255, 'the program itself ended with 255'))).toBeNull();
  });
  it('takes a client that had to be ended for an unreachable host', () =>
    expect(connectionFault('h', result(null, '', true))?.code).toBe('unreachable'));
});

describe('addresses', () => {
  const target = { port: 22, user: 'ops', authentication: { kind: 'password', password: '' }, sudo: 'none', hostKeys: [] } as const;
  it.each(['-oProxyCommand=id', '', 'a b', 'a;id', 'host\n', '$(id)', '.x', 'a/b'])('refuses %j', address => {
    expect(() => sshTransport({ ...target, address }, { runtimeDir: '/nonexistent' })).toThrow(/not a host name/);
  });
  it.each(['10.0.0.1', 'web-1.example.org', '2001:db8::1', 'h'])('takes %s', address => {
    expect(sshTransport({ ...target, address }, { runtimeDir: '/nonexistent' }).reach).toBe('ssh');
  });
  it.each(['-l', 'a b', 'root;id', ''])('refuses user %j', user => {
    expect(() => sshTransport({ ...target, address: 'h', user }, { runtimeDir: '/nonexistent' })).toThrow(/not a user name/);
  });
});

describe('ssh-keyscan', () => {
  it('reads keys and names them as ssh-keygen -l does', () => {
    const keys = parseScan(
      '# 10.77.1.1:22 SSH-2.0-OpenSSH_9.2p1\n10.77.1.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdhKMaNJQ+yJAZkyuTW/1T88/g5ByD6x16AXgyIvNHS\n',
    );
    expect(keys).toEqual([
      {
        key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdhKMaNJQ+yJAZkyuTW/1T88/g5ByD6x16AXgyIvNHS',
        type: 'ssh-ed25519',
        fingerprint: 'SHA256:C6HgiuTerQd0Jm+rDDTAUlgkTMwdW3HpPABdqCYG6Dk',
      },
    ]);
    expect(fingerprintOf(keys[0]!.key)).toBe(keys[0]!.fingerprint);
  });
});
