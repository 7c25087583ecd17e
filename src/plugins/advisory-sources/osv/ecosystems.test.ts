import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { isUnknownRelease, releaseOfOsvEcosystem } from '../../../core/advisories/osv-ecosystems.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { advisorySources, recogniseFeed } from '../catalog.ts';
import { claimsIn, contractTests, readAll } from '../testkit.ts';
import { HEAD_BYTES } from '../text-reader.ts';
import { osvEcosystems } from './ecosystems.ts';

const record = (id: string, aliases: readonly string[], affected: readonly object[], more: object = {}) => ({
  schema_version: '1.7.0',
  id,
  modified: '2026-09-12T03:30:10Z',
  published: '2026-09-11T00:00:00Z',
  aliases,
  summary: 'what is wrong',
  ...more,
  affected,
});
const range = (ecosystem: string, name: string, type: string, ...events: readonly object[]) => ({
  package: { ecosystem, name },
  ranges: [{ type, events }],
});

/** One record in the shape of each home; the last three columns: a version below the fix, one that has it, and the fix. */
const SAMPLES: readonly (readonly [id: string, record: object, release: string, name: string, below: string, above: string])[] = [
  [
    'osv-pypi',
    record(
      'PYSEC-2026-1',
      ['CVE-2026-1001'],
      [{ ...range('PyPI', 'Jinja2', 'ECOSYSTEM', { introduced: '0' }, { fixed: '3.1.6' }), versions: ['2.0', '3.1.5'] }],
    ),
    'PyPI',
    'jinja2',
    '3.1.6rc1',
    '3.1.6.post1',
  ],
  [
    'osv-npm',
    record('GHSA-aaaa-bbbb-cccc', ['CVE-2026-1002'], [range('npm', '@scope/tool', 'SEMVER', { introduced: '0' }, { fixed: '4.17.21' })]),
    'npm',
    '@scope/tool',
    '4.17.21-rc.1',
    '4.17.21',
  ],
  [
    'osv-go',
    record('GO-2026-1', ['CVE-2026-1003'], [range('Go', 'example.org/mod', 'SEMVER', { introduced: '1.2.0' }, { fixed: '1.6.0' })]),
    'Go',
    'example.org/mod',
    'v1.5.9',
    'v1.1.9',
  ],
  [
    'osv-maven',
    record(
      'GHSA-dddd-eeee-ffff',
      ['CVE-2026-1004'],
      [range('Maven', 'org.a:b', 'ECOSYSTEM', { introduced: '2.0-beta9' }, { fixed: '2.15.0' })],
    ),
    'Maven',
    'org.a:b',
    '2.0-rc1',
    '2.15.0',
  ],
  [
    'osv-nuget',
    record('GHSA-gggg-hhhh-jjjj', ['CVE-2026-1005'], [range('NuGet', 'A.B', 'ECOSYSTEM', { introduced: '0' }, { fixed: '4.3.1' })]),
    'NuGet',
    'A.B',
    '4.3.1-preview',
    '4.3.1.0',
  ],
  [
    'osv-rubygems',
    record('GHSA-kkkk-mmmm-pppp', ['CVE-2026-1006'], [range('RubyGems', 'rack', 'ECOSYSTEM', { introduced: '3.0' }, { fixed: '3.0.8' })]),
    'RubyGems',
    'rack',
    '3.0.8.rc1',
    '3.0.8',
  ],
  [
    'osv-packagist',
    record('GHSA-qqqq-rrrr-vvvv', ['CVE-2026-1007'], [range('Packagist', 'a/b', 'ECOSYSTEM', { introduced: '0' }, { fixed: '1.2.3' })]),
    'Packagist',
    'a/b',
    '1.2.3-beta1',
    '1.2.3',
  ],
  [
    'osv-crates',
    record('RUSTSEC-2026-0001', ['CVE-2026-1008'], [range('crates.io', 'time', 'SEMVER', { introduced: '0.0.0-0' }, { fixed: '0.2.23' })]),
    'crates.io',
    'time',
    '0.2.22',
    '0.2.23',
  ],
  [
    'osv-rocky',
    record(
      'RLSA-2026:1010',
      [],
      [range('Rocky Linux:9', 'python3.12-lxml', 'ECOSYSTEM', { introduced: '0' }, { fixed: '0:4.9.3-2.el9_8.1' })],
      {
        upstream: ['CVE-2026-1010'],
      },
    ),
    'rocky:9',
    'python3.12-lxml',
    '0:4.9.3-2.el9',
    '0:4.9.3-2.el9_8.1',
  ],
  [
    'osv-suse',
    record(
      'SUSE-SU-2026:1011-1',
      [],
      [
        range(
          'SUSE:Linux Enterprise Module for Basesystem 15 SP6',
          'gzip',
          'ECOSYSTEM',
          { introduced: '0' },
          { fixed: '1.10-150200.10.1' },
        ),
      ],
      {
        upstream: ['CVE-2026-1011'],
      },
    ),
    'sles:15.6',
    'gzip',
    '1.10-150200.9.1',
    '1.10-150200.10.1',
  ],
  [
    'osv-opensuse',
    record(
      'openSUSE-SU-2026:1012-1',
      [],
      [range('openSUSE:Leap 15.6', 'vim', 'ECOSYSTEM', { introduced: '0' }, { fixed: '9.1-150500.20.1' })],
      {
        upstream: ['CVE-2026-1012'],
      },
    ),
    'opensuse-leap:15.6',
    'vim',
    '9.1-150500.19.1',
    '9.1-150500.20.1',
  ],
  [
    'osv-redhat',
    record(
      'RHSA-2026:1013',
      [],
      [range('Red Hat:enterprise_linux:9::baseos', 'sudo', 'ECOSYSTEM', { introduced: '0' }, { fixed: '0:1.9.5p2-10.el9_3' })],
      {
        upstream: ['CVE-2026-1013'],
      },
    ),
    'rhel:9',
    'sudo',
    '0:1.9.5p2-9.el9',
    '0:1.9.5p2-10.el9_3',
  ],
];

const sourceOf = (id: string) => osvEcosystems.find(source => source.id === id)!;

for (const [id, sample] of SAMPLES) {
  contractTests(sourceOf(id), { fileName: 'one.json', content: JSON.stringify(sample, null, 2) });
  contractTests(sourceOf(id), { fileName: 'many.jsonl', content: `${JSON.stringify(sample)}\n${JSON.stringify(sample)}\n` });
}

describe('the ecosystems of OSV', () => {
  it('have a sample here each', () => {
    expect(SAMPLES.map(([id]) => id)).toEqual(osvEcosystems.map(source => source.id));
    expect(osvEcosystems.every(source => advisorySources.includes(source))).toBe(true);
  });

  it.each(SAMPLES)('%s orders versions as its packages do', (id, sample, release, name, below, above) => {
    const index = indexClaims(claimsIn(readAll(sourceOf(id), 'x.json', JSON.stringify(sample))));
    const found = (version: string) =>
      matchPackage(index, { release, sourceName: name, sourceVersion: version, packageName: name, originTrusted: true }).length;
    expect([found(below), found(above)]).toEqual([1, 0]);
  });

  it('hand out their own part of a record of two, and know a file of several as nobody’s own', () => {
    const both = record(
      'GHSA-both-both-both',
      ['CVE-2026-2000'],
      [
        range('npm', 'protobufjs', 'SEMVER', { introduced: '0' }, { fixed: '7.2.5' }),
        range('Maven', 'org.webjars:protobufjs', 'ECOSYSTEM', { introduced: '0' }, { fixed: '7.2.5' }),
      ],
    );
    const head = (value: object) => ({ fileName: 'all.zip', text: JSON.stringify(value) });
    expect(recogniseFeed(head(both))?.id).toBe('osv-npm');
    expect(claimsIn(readAll(sourceOf('osv-npm'), 'x', JSON.stringify(both))).map(claim => claim.release)).toEqual(['npm']);
    expect(recogniseFeed(head([SAMPLES[0]![1], SAMPLES[2]![1]]))?.id).toBe('osv');
    expect(claimsIn(readAll(sourceOf('osv-pypi'), 'x', JSON.stringify(SAMPLES[2]![1]))).map(claim => claim.release)).toEqual(['Go']);
  });

  it.each([
    ['SUSE:Linux Enterprise Server 15 SP5', 'sles:15.5', null],
    ['SUSE:Linux Enterprise Server 12 SP5-LTSS', 'sles:12.5', 'ltss'],
    ['SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5', 'sles:12.5', 'ltss'],
    ['SUSE:Linux Enterprise Server 16.0', 'sles:16', null],
    ['SUSE:Linux Enterprise Micro 5.5', null, null],
    ['SUSE:Manager Server 4.3', null, null],
    ['openSUSE:Tumbleweed', 'opensuse-tumbleweed', null],
    ['openSUSE:Leap Micro 5.5', null, null],
    ['Ubuntu:Pro:18.04:LTS', 'ubuntu:18.04', 'ubuntu-pro'],
    ['Ubuntu:22.04:LTS', 'ubuntu:22.04', null],
    ['Ubuntu:25.10', 'ubuntu:25.10', null],
    ['Ubuntu:Pro:22.04:LTS:Realtime:Kernel', 'ubuntu:22.04', 'ubuntu-pro'],
    ['Ubuntu:Pro:Realtime:24.04:LTS', 'ubuntu:24.04', 'ubuntu-pro'],
    // Packages called as in the release, with versions of their own.
    ['Ubuntu:Pro:FIPS-updates:20.04:LTS', null, null],
    ['Ubuntu:22.04:LTS:for:NVIDIA:BlueField', null, null],
    ['Ubuntu:Nvidia-BlueField:24.04:LTS', null, null],
    ['Red Hat:enterprise_linux:8::appstream', 'rhel:8', null],
    ['Red Hat:rhel_eus:9.2::baseos', null, null],
    ['Alpine:v3.20', 'alpine:3.20', null],
    ['Android', null, null],
  ])('%s is the release %s', (ecosystem, release, subscription) => {
    expect(releaseOfOsvEcosystem(ecosystem)).toEqual(release === null ? null : { release, subscription });
  });

  it('say of a pocket of packages with other versions that it is left out', () => {
    expect(['Ubuntu:Pro:FIPS:18.04:LTS', 'Ubuntu:22.04:LTS:for:NVIDIA:BlueField', 'Debian:atlantis'].map(isUnknownRelease)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['Ubuntu:22.04:LTS', 'SUSE:Manager Server 4.3', 'Red Hat:rhel_eus:9.2::baseos', 'Android'].map(isUnknownRelease)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('need the module of a modular build, and take it from the summary where it is named', () => {
    const modular = (summary: string) =>
      record(
        'RLSA-2020:4641',
        [],
        [range('Rocky Linux:8', 'babel', 'ECOSYSTEM', { introduced: '0' }, { fixed: '0:2.7.0-10.module+el8.4.0+570+c2eaf144' })],
        {
          upstream: ['CVE-2020-14343'],
          summary,
        },
      );
    const claims = (summary: string) => claimsIn(readAll(sourceOf('osv-rocky'), 'x', JSON.stringify(modular(summary))));
    expect(claims('Moderate: python38:3.8 security update')[0]?.module).toBe('python38:3.8');
    const [unnamed] = claims('An update of some kind');
    expect(unnamed?.module).toBeUndefined();
    const [finding] = matchPackage(indexClaims([unnamed!]), {
      release: 'rocky:8',
      sourceName: 'babel',
      sourceVersion: '0:2.7.0-9.module+el8.3.0+120+426d8baf',
      packageName: 'babel',
      originTrusted: true,
    });
    expect(JSON.stringify(finding)).toContain('needs module info');
  });
});

it('knows its own record by what is affected, and where that stands behind long details by whose list named it', () => {
  const npm = advisorySources.find(source => source.id === 'osv-npm')!;
  const head = (details: string) => ({
    fileName: 'GHSA-x.json',
    text: JSON.stringify({
      ...{ schema_version: '1.7.0', id: 'GHSA-aaaa-bbbb-cccc', details },
      ...record('GHSA-aaaa-bbbb-cccc', [], []),
      affected: [range('npm', 'x', 'SEMVER')],
    }).slice(0, HEAD_BYTES),
  });
  expect(recogniseFeed(head('x'.repeat(10_000)))?.id).toBe('osv-npm');
  expect(recogniseFeed(head('x'.repeat(100_000)), npm)?.id).toBe('osv-npm');
  expect(recogniseFeed(head('x'.repeat(100_000)))?.id).toBe('osv');
});
