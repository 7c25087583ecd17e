import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesDigest, factsDigest, packagesDigest } from './digest.ts';
import type { CandidateRecord, HostFacts, PackageRecord } from './snapshot.ts';

const OPENSSL: PackageRecord = {
  name: 'openssl',
  arch: 'amd64',
  version: '3.0.15-1',
  sourceName: 'openssl',
  sourceVersion: '3.0.15-1',
  state: 'installed',
  held: false,
};
const packages: PackageRecord[] = [OPENSSL, { ...OPENSSL, name: 'libssl3' }, { ...OPENSSL, arch: 'i386' }];
const candidate: CandidateRecord = {
  name: 'openssl',
  arch: 'amd64',
  version: '3.0.16-1',
  sourceName: 'openssl',
  sourceVersion: '3.0.16-1',
  origins: ['Debian:12.15/oldstable', 'Debian-Security:12/oldstable-security'],
  security: true,
  sizeBytes: 1,
  sha256: null,
  phasedPercent: null,
  availability: 'offered',
};
const facts: HostFacts = {
  hostname: 'web-01',
  addresses: ['10.0.0.1', '10.0.0.2'],
  machineId: null,
  os: { id: 'debian', versionId: '12', codename: 'bookworm', prettyName: 'Debian' },
  architecture: 'amd64',
  bootId: null,
  bootedAt: null,
  kernel: null,
  suites: null,
  services: [
    { unit: 'a.service', activeState: 'active', subState: 'running' },
    { unit: 'b.service', activeState: 'active', subState: 'running' },
  ],
  sockets: null,
  staleProcesses: [{ pid: 1, command: 'nginx', unit: 'nginx.service', files: [] }],
  reboot: null,
  packageManager: null,
  unread: [],
};

describe('digests', () => {
  it('do not depend on order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(packages, { minLength: 3 }), shuffled => {
        expect(packagesDigest(shuffled)).toBe(packagesDigest(packages));
      }),
    );
    expect(candidatesDigest([{ ...candidate, origins: candidate.origins.toReversed() }])).toBe(candidatesDigest([candidate]));
    expect(factsDigest({ ...facts, addresses: facts.addresses.toReversed(), services: facts.services!.toReversed() })).toBe(
      factsDigest(facts),
    );
  });

  it('change with every field of a package', () => {
    const variants = [
      OPENSSL,
      { ...OPENSSL, version: '3' },
      { ...OPENSSL, sourceVersion: '3' },
      { ...OPENSSL, held: true },
      { ...OPENSSL, state: 'unpacked' as const },
      { ...OPENSSL, arch: 'i386' },
      { ...OPENSSL, sourceName: 'x' },
    ];
    expect(new Set(variants.map(variant => packagesDigest([variant]))).size).toBe(variants.length);
  });

  it('tell unread candidates from none', () => expect(candidatesDigest(null)).not.toBe(candidatesDigest([])));

  it('pass over process ids and nothing else of a stale process', () => {
    const stale = facts.staleProcesses![0]!;
    expect(factsDigest({ ...facts, staleProcesses: [{ ...stale, pid: 99 }] })).toBe(factsDigest(facts));
    expect(factsDigest({ ...facts, staleProcesses: [{ ...stale, unit: null }] })).not.toBe(factsDigest(facts));
    expect(factsDigest({ ...facts, staleProcesses: null })).not.toBe(factsDigest({ ...facts, staleProcesses: [] }));
  });
});
