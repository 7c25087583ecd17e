import { describe, expect, it } from 'vitest';
import type { Claim } from './claim.ts';
import { ClaimIndexBuilder, groupByVulnerability, indexClaims } from './claim-index.ts';

const claim = (vulnerabilityId: string, overrides: Partial<Claim> = {}): Claim => ({
  source: 'debian-tracker',
  vulnerabilityId,
  aliases: [],
  release: 'debian:12',
  packageName: 'openssl',
  state: 'fixed',
  fixedVersion: '3.0.22-1',
  severity: null,
  statedOn: null,
  note: null,
  ...overrides,
});

describe('indexClaims', () => {
  it('finds by release, kind and name, and nothing else', () => {
    const index = indexClaims([
      claim('CVE-2026-0001'),
      claim('CVE-2026-0002', { release: 'debian:11' }),
      claim('CVE-2026-0003', { packageKind: 'binary' }),
      claim('CVE-2026-0004', { release: 'almalinux:9' }),
    ]);
    expect(index.claimCount).toBe(4);
    expect(Object.fromEntries(index.countByRelease)).toEqual({ 'debian:12': 2, 'debian:11': 1, 'almalinux:9': 1 });
    expect(index.packageClaims('debian:12', 'source', 'openssl')?.vulnerabilities.map(v => v.vulnerabilityId)).toEqual(['CVE-2026-0001']);
    expect(index.packageClaims('debian:12', 'binary', 'openssl')?.vulnerabilities.map(v => v.vulnerabilityId)).toEqual(['CVE-2026-0003']);
    expect(index.packageClaims('almalinux:9', 'binary', 'openssl')).not.toBeNull();
    expect(index.packageClaims('debian:12', 'source', 'curl')).toBeNull();
    expect(Array.from(index.packages())).toHaveLength(4);
  });

  it('does not tell upper from lower case where package URLs do not', () => {
    const index = indexClaims([
      claim('CVE-2026-0009', { release: 'npm', packageName: 'JSONStream' }),
      claim('CVE-2026-0001', { release: 'Go', packageName: 'github.com/Masterminds/goutils' }),
      claim('CVE-2026-0002', { release: 'NuGet', packageName: 'Newtonsoft.Json' }),
      claim('CVE-2026-0003', { release: 'Maven', packageName: 'org.X:y' }),
    ]);
    expect(index.packageClaims('npm', 'binary', 'jsonstream')?.vulnerabilities).toHaveLength(1);
    expect(index.packageClaims('Go', 'binary', 'github.com/masterminds/goutils')?.vulnerabilities).toHaveLength(1);
    expect(index.packageClaims('Go', 'binary', 'github.com/Masterminds/goutils')?.vulnerabilities).toHaveLength(1);
    expect(index.packageClaims('NuGet', 'binary', 'newtonsoft.json')?.vulnerabilities).toHaveLength(1);
    expect(index.packageClaims('Maven', 'binary', 'org.x:y')).toBeNull();
  });

  it('answers the same question with the same object', () => {
    const index = indexClaims([claim('CVE-2026-0001')]);
    expect(index.packageClaims('debian:12', 'source', 'openssl')).toBe(index.packageClaims('debian:12', 'source', 'openssl'));
  });

  it('is made of 50,000 claims in tens of milliseconds', () => {
    const claims = Array.from({ length: 50_000 }, (_, n) =>
      claim(`CVE-2026-${10_000 + n}`, { packageName: `package-${n % 900}`, fixedVersion: `1.${n % 40}-1` }),
    );
    const started = performance.now();
    const builder = new ClaimIndexBuilder();
    for (const one of claims) builder.add(one);
    const index = builder.build();
    // Measured at 10 to 20 ms; the bound leaves room for a busy machine and still catches a quadratic step.
    expect(performance.now() - started).toBeLessThan(400);
    expect(index.claimCount).toBe(50_000);
  });
});

describe('groupByVulnerability', () => {
  it('joins a vulnerability under its several ids and shows it by its CVE', () => {
    const [group, ...rest] = groupByVulnerability([
      claim('GHSA-aaaa-bbbb-cccc', { aliases: ['CVE-2026-0001'], source: 'github' }),
      claim('PYSEC-2026-1', { aliases: ['GHSA-aaaa-bbbb-cccc'] }),
      claim('CVE-2026-0001'),
    ]);
    expect(rest).toEqual([]);
    expect(group).toMatchObject({ vulnerabilityId: 'CVE-2026-0001', aliases: ['GHSA-aaaa-bbbb-cccc', 'PYSEC-2026-1'] });
    expect(group!.claims).toHaveLength(3);
  });

  it('ends on aliases that form a circle or name themselves', () => {
    const groups = groupByVulnerability([
      claim('A-1', { aliases: ['B-1'] }),
      claim('B-1', { aliases: ['C-1', 'B-1'] }),
      claim('C-1', { aliases: ['A-1'] }),
    ]);
    expect(groups).toHaveLength(1);
    expect(groups[0]!.claims).toHaveLength(3);
  });

  it('never joins two CVEs, however a record lists them', () => {
    const groups = groupByVulnerability([
      claim('GHSA-aaaa-bbbb-cccc', { aliases: ['CVE-2026-0001', 'CVE-2026-0002'] }),
      claim('CVE-2026-0001'),
      claim('CVE-2026-0002'),
    ]);
    expect(groups.map(group => group.vulnerabilityId).sort()).toEqual(['CVE-2026-0001', 'CVE-2026-0002']);
  });

  it('keeps duplicate statements: they are evidence, and one vulnerability', () => {
    const groups = groupByVulnerability([claim('CVE-2026-0001'), claim('CVE-2026-0001')]);
    expect(groups).toHaveLength(1);
    expect(groups[0]!.claims).toHaveLength(2);
  });
});
