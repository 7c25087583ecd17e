import { describe, expect, it } from 'vitest';
import type { Claim } from '../advisories/claim.ts';
import { claim, match } from './match.testkit.ts';

describe('one claim', () => {
  it('a lower version is vulnerable, with the comparison to repeat', () => {
    expect(match([claim({ severity: 'high', statedOn: '2026-11-01' })])).toEqual([
      {
        vulnerabilityId: 'CVE-2026-0001',
        aliases: [],
        state: 'fixed',
        fixedVersion: '1:2.39.5-0+deb12u3',
        severity: 'high',
        hidden: null,
        evidence: [
          {
            source: 'debian-tracker',
            statedOn: '2026-11-01',
            release: 'debian:12',
            packageName: 'git',
            claimState: 'fixed',
            installedVersion: '1:2.39.5-0+deb12u2',
            fixedVersion: '1:2.39.5-0+deb12u3',
            comparison: '1:2.39.5-0+deb12u2 < 1:2.39.5-0+deb12u3 (dpkg order)',
            rule: 'fixed-version',
            disagreement: null,
          },
        ],
      },
    ]);
  });

  it.each(['1:2.39.5-0+deb12u3', '1:2.39.5-0+deb12u4', '2:0'])('%s is not', sourceVersion =>
    expect(match([claim()], { sourceVersion })).toEqual([]),
  );

  it.each([
    ['open', null],
    ['deferred', null],
    ['end-of-life', null],
    ['unknown', null],
    ['wont-fix', 'wont-fix'],
  ] as const)('%s is a finding whatever the version', (state, hidden) => {
    expect(match([claim({ state, fixedVersion: null })], { sourceVersion: '99:1' })).toMatchObject([{ state, fixedVersion: null, hidden }]);
  });

  it('not affected is no finding, and no package of another release, name or origin is', () => {
    expect(match([claim({ state: 'not-affected', fixedVersion: '0' })])).toEqual([]);
    expect(match([claim()], { release: 'debian:11' })).toEqual([]);
    expect(match([claim()], { sourceName: 'git-lfs' })).toEqual([]);
    expect(match([claim()], { originTrusted: false })).toEqual([]);
  });

  it('unimportant is found and hidden', () => {
    expect(match([claim({ state: 'open', fixedVersion: null, severity: 'unimportant' })])).toMatchObject([
      { state: 'open', hidden: 'unimportant' },
    ]);
  });

  it("a binary package's claim goes by its name and version", () => {
    const binary = claim({ packageKind: 'binary', packageName: 'git-man', fixedVersion: '5' });
    expect(match([binary], { packageVersion: '4' })).toMatchObject([{ evidence: [{ installedVersion: '4' }] }]);
    expect(match([binary], { packageVersion: '6' })).toEqual([]);
    expect(match([binary], { packageName: 'git', packageVersion: '4' })).toEqual([]);
  });

  it('a signed kernel is matched as the kernel that it is', () => {
    const kernel = claim({ packageName: 'linux', fixedVersion: '6.1.64-1' });
    const signed = { sourceName: 'linux-signed-amd64', packageName: 'linux-image-6.1.0-13-amd64' };
    expect(match([kernel], { ...signed, sourceVersion: '6.1.55+1' })).toMatchObject([
      { evidence: [{ installedVersion: '6.1.55-1', packageName: 'linux' }] },
    ]);
    expect(match([kernel], { ...signed, sourceVersion: '6.1.64+1' })).toEqual([]);
  });
});

describe('versions that cannot be compared', () => {
  it('an installed version makes a fixed claim unknown, never safe, and leaves others alone', () => {
    const matches = match([claim(), claim({ vulnerabilityId: 'CVE-2026-0002', state: 'open', fixedVersion: null })], {
      sourceVersion: 'a b',
    });
    expect(matches).toMatchObject([
      { vulnerabilityId: 'CVE-2026-0002', state: 'open' },
      {
        vulnerabilityId: 'CVE-2026-0001',
        state: 'unknown',
        evidence: [{ rule: 'unknown', comparison: expect.stringContaining('embedded spaces') }],
      },
    ]);
  });

  it("a claim's version too", () => {
    expect(match([claim({ fixedVersion: '1:2:3 x' })])).toMatchObject([{ state: 'unknown' }]);
  });
});

describe('exceptions and ranges', () => {
  it('a version that the publisher names as unaffected is not a finding', () => {
    const one = claim({ source: 'debsecan', fixedVersion: '2.40-1', unaffectedVersions: ['1:2.39.5-0+deb12u2'] });
    expect(match([{ ...one, fixedVersion: '1:2.51-1' }])).toEqual([]);
    expect(match([{ ...one, fixedVersion: '1:2.51-1' }], { sourceVersion: '1:2.39.5-0+deb12u1' })).toHaveLength(1);
    expect(match([claim({ state: 'open', fixedVersion: null, unaffectedVersions: ['1:2.39.5-0+deb12u2'] })])).toEqual([]);
  });

  it.each([
    ['0', false],
    ['1.0', true],
    ['1.9', true],
    ['2.0', false],
    ['2.5', false],
    ['3.0', true],
    ['3.1', true],
    ['3.1.1', false],
    ['7', true],
  ])('ranges: %s -> %s', (sourceVersion, vulnerable) => {
    const ranges = [
      { introduced: '1.0', fixed: '2.0', lastAffected: null },
      { introduced: '3.0', fixed: null, lastAffected: '3.1' },
    ];
    expect(match([claim({ affected: { versions: ['7'], ranges }, fixedVersion: '2.0' })], { sourceVersion })).toHaveLength(
      vulnerable ? 1 : 0,
    );
  });

  it('introduced 0 is everything from the beginning', () => {
    const affected = { versions: [], ranges: [{ introduced: '0', fixed: '2.0', lastAffected: null }] };
    expect(match([claim({ affected })], { sourceVersion: '0~alpha' })).toHaveLength(1);
  });
});

describe('sources that disagree', () => {
  const tracker = claim({ state: 'open', fixedVersion: null, statedOn: '2026-02-18' });
  const changelog = claim({ source: 'changelog', fixedVersion: '1:2.39.5-0+deb12u3', statedOn: '2025-10-01' });

  it('the changelog closes what the tracker calls open, from its version on', () => {
    expect(match([tracker, changelog], { sourceVersion: '1:2.39.5-0+deb12u3' })).toEqual([]);
    const [found] = match([tracker, changelog]);
    expect(found).toMatchObject({ state: 'fixed', fixedVersion: '1:2.39.5-0+deb12u3' });
    expect(found!.evidence.map(evidence => evidence.source)).toEqual(['changelog', 'debian-tracker']);
    expect(found!.evidence[0]).toMatchObject({
      rule: 'changelog-closes-open',
      disagreement: expect.stringContaining('debian-tracker (2026-02-18) says open'),
    });
  });

  describe('on a rebuild, lower by its name than what it is made of', () => {
    const listed = claim({ source: 'debsecan', fixedVersion: '590-2.1' });
    const own = claim({ source: 'changelog', fixedVersion: '590-2.1~deb12u1', statedOn: '2024-04-19' });
    const withVersion = (claims: Parameters<typeof match>[0], sourceVersion: string) => match(claims, { sourceVersion });

    it('the installed package’s changelog settles it: the rebuild and what follows have the fix', () => {
      expect(withVersion([listed, own], '590-2.1~deb12u2')).toEqual([]);
      expect(withVersion([listed, own], '590-2.1~deb12u1')).toEqual([]);
      expect(withVersion([listed, own], '590-2.1')).toEqual([]);
      const [before] = withVersion([listed, own], '590-2');
      expect(before).toMatchObject({ state: 'fixed', fixedVersion: '590-2.1~deb12u1' });
      expect(before!.evidence[0]).toMatchObject({
        source: 'changelog',
        rule: 'changelog-names-rebuild',
        comparison: '590-2 < 590-2.1~deb12u1 (dpkg order)',
        disagreement: expect.stringContaining('590-2.1~deb12u1 is a rebuild for debian:12 of the fixed version'),
      });
    });
    it('the lowest rebuild counts, whatever the order of the statements', () => {
      const later = claim({ source: 'changelog', fixedVersion: '590-2.1~deb12u3', statedOn: '2024-09-01' });
      for (const claims of [
        [listed, own, later],
        [later, own, listed],
      ])
        expect(withVersion(claims, '590-2.1~deb12u1')).toEqual([]);
    });
    it('without it the finding stands, with the likely explanation', () => {
      const [found] = withVersion([listed], '590-2.1~deb12u2');
      expect(found!.evidence[0]).toMatchObject({
        rule: 'fixed-version',
        disagreement: expect.stringContaining('590-2.1~deb12u2 is a rebuild of 590-2.1'),
      });
    });
    it('a changelog that names another line, or a pre-release, changes nothing', () => {
      for (const fixedVersion of ['590-2', '590-2.1~rc1', '589-1~deb12u1'])
        expect(withVersion([listed, claim({ source: 'changelog', fixedVersion })], '590-2.1~deb12u2')).toHaveLength(1);
    });
    it('a publisher who names a later rebuild is followed', () => {
      const exact = claim({ source: 'debian-tracker', fixedVersion: '590-2.1~deb12u3' });
      expect(withVersion([exact, own], '590-2.1~deb12u2')).toHaveLength(1);
    });
  });

  it('the distribution beats everybody else on the fixed version, and the other word is shown', () => {
    const [found] = match([claim({ source: 'nvd', fixedVersion: '1:2.50-1' }), claim()], { sourceVersion: '1:2.39.5-0+deb12u1' });
    expect(found).toMatchObject({
      fixedVersion: '1:2.39.5-0+deb12u3',
      evidence: [{ source: 'debian-tracker', disagreement: expect.stringContaining('nvd says fixed in 1:2.50-1') }, { source: 'nvd' }],
    });
    expect(match([claim({ source: 'nvd', fixedVersion: '1:2.50-1' }), claim()], { sourceVersion: '1:2.39.5-0+deb12u3' })).toEqual([]);
  });

  it('not affected, said by the distribution, beats a fixed version said by others', () => {
    expect(match([claim({ state: 'not-affected', fixedVersion: '0' }), claim({ source: 'osv', fixedVersion: '9:9' })])).toEqual([]);
  });

  it('an unknown state decides nothing as long as somebody does', () => {
    expect(match([claim({ state: 'unknown', fixedVersion: null }), claim({ source: 'osv' })])).toMatchObject([
      { state: 'fixed', evidence: [{ source: 'osv', disagreement: null }, {}] },
    ]);
  });

  it('of two statements of one source the later leads', () => {
    const matches = match([claim({ statedOn: '2026-01-01', fixedVersion: '1:9' }), claim({ statedOn: '2026-06-01', fixedVersion: '1:3' })]);
    expect(matches).toMatchObject([{ fixedVersion: '1:3' }]);
  });

  it('two sources that agree are two pieces of evidence for one match', () => {
    const matches = match([claim(), claim({ source: 'debsecan' })]);
    expect(matches).toHaveLength(1);
    expect(matches[0]!.evidence.map(evidence => [evidence.source, evidence.disagreement])).toEqual([
      ['debian-tracker', null],
      ['debsecan', null],
    ]);
  });
});

describe('subscriptions', () => {
  const open = claim({ source: 'ubuntu', release: 'ubuntu:20.04', state: 'open', fixedVersion: null });
  const esm = claim({ source: 'ubuntu', release: 'ubuntu:20.04', fixedVersion: '1:2.39.5-0+deb12u3', subscription: 'esm-infra' });
  const onUbuntu = { release: 'ubuntu:20.04' };

  it('a fix for subscribers only is named as one, and what everybody else is told stands beside it', () => {
    expect(match([open, esm], onUbuntu)).toMatchObject([
      {
        state: 'fixed',
        fixedVersion: '1:2.39.5-0+deb12u3',
        evidence: [
          {
            rule: 'subscription-fix',
            disagreement: 'ubuntu says open. The fix that ubuntu names is published to subscribers of esm-infra only.',
          },
          { claimState: 'open' },
        ],
      },
    ]);
  });

  it('a host that has it is not vulnerable', () => {
    expect(match([open, esm], { ...onUbuntu, sourceVersion: '1:2.39.5-0+deb12u3' })).toEqual([]);
  });

  it('a package that its publisher finds without the flaw is not vulnerable because its support has ended', () => {
    const ended = claim({ source: 'ubuntu', release: 'ubuntu:20.04', state: 'end-of-life', fixedVersion: null });
    const clear = claim({ source: 'ubuntu', release: 'ubuntu:20.04', state: 'not-affected', fixedVersion: '0' });
    expect(match([ended, clear], onUbuntu)).toEqual([]);
    expect(match([clear, ended], onUbuntu)).toEqual([]);
    expect(match([ended, { ...clear, source: 'osv' }], onUbuntu)).toMatchObject([{ state: 'end-of-life' }]);
    expect(match([{ ...ended, state: 'open' }, clear], onUbuntu)).toMatchObject([{ state: 'open' }]);
  });

  it('what everybody gets leads', () => {
    const forAll = claim({ source: 'ubuntu', release: 'ubuntu:20.04', fixedVersion: '1:2.39.5-0+deb12u2' });
    expect(match([esm, forAll], { ...onUbuntu, sourceVersion: '1:2.39.5-0+deb12u2' })).toEqual([]);
  });
});

describe('exploitability statements', () => {
  const tracked = claim();
  const said = (overrides: Partial<Claim>) => claim({ source: 'openvex', ...overrides });

  it('a trusted author beats the distribution, for the version that is named', () => {
    const vex = said({ state: 'not-affected', fixedVersion: '0', onlyVersions: ['1:2.39.5-0+deb12u2'] });
    expect(match([tracked, vex])).toEqual([]);
    expect(match([tracked, vex], { sourceVersion: '1:2.39.5-0+deb12u1' })).toMatchObject([
      { state: 'fixed', evidence: [{ source: 'debian-tracker' }] },
    ]);
  });

  it('one that is still looked into decides nothing', () => {
    expect(match([tracked, said({ state: 'unknown', fixedVersion: null })])).toMatchObject([
      { state: 'fixed', evidence: [{ source: 'debian-tracker' }, { source: 'openvex' }] },
    ]);
  });
});
