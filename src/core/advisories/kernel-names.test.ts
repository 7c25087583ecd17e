import { describe, expect, it } from 'vitest';
import { advisorySource } from './kernel-names.ts';

describe('advisorySource', () => {
  it.each([
    ['debian', 'linux-signed-amd64', '6.1.55+1', 'linux', '6.1.55-1'],
    ['debian', 'linux-signed-arm64', '6.10.11+1~bpo12+1', 'linux', '6.10.11-1~bpo12+1'],
    ['debian', 'linux-signed-i386', '5.10.46+4', 'linux', '5.10.46-4'],
    ['debian', 'linux-signed-amd64', '6.1~rc5+1', 'linux', '6.1~rc5-1'],
    ['debian', 'linux-signed-6.1-amd64', '6.1.128+1~deb11u1', 'linux-6.1', '6.1.128-1~deb11u1'],
    ['debian', 'linux', '6.1.55-1', 'linux', '6.1.55-1'],
    ['debian', 'linux-latest', '105+deb10u1', 'linux-latest', '105+deb10u1'],
    ['debian', 'openssl', '3.0.20-1', 'openssl', '3.0.20-1'],
    ['ubuntu', 'linux-signed', '5.15.0-91.101', 'linux', '5.15.0-91.101'],
    ['ubuntu', 'linux-signed-aws', '5.15.0-1051.56', 'linux-aws', '5.15.0-1051.56'],
    ['ubuntu', 'linux-signed-hwe-5.15', '5.15.0-91.101~20.04.1', 'linux-hwe-5.15', '5.15.0-91.101~20.04.1'],
    ['ubuntu', 'linux-meta', '5.15.0.91.88', 'linux-meta', '5.15.0.91.88'],
  ])('%s: %s %s is %s %s', (distribution, name, version, expectedName, expectedVersion) =>
    expect(advisorySource(distribution, name, version)).toEqual({ name: expectedName, version: expectedVersion }),
  );
});
