import { describe, expect, it } from 'vitest';
import type { Claim } from '../advisories/claim.ts';
import { claim, match } from './match.testkit.ts';

describe('rpm', () => {
  const erratum = (overrides: Partial<Claim> = {}) =>
    claim({
      source: 'almalinux-errata',
      release: 'almalinux:9',
      packageName: 'nodejs',
      packageKind: 'binary',
      fixedVersion: '1:20.11.1-1.el9',
      ...overrides,
    });
  const on = (version: string, module: string | null = null) => ({
    release: 'almalinux:9',
    sourceName: 'nodejs',
    sourceVersion: version,
    packageName: 'nodejs',
    packageVersion: version,
    module,
  });

  it('finds a version that a mere list writes otherwise', () => {
    const listed = claim({
      release: 'PyPI',
      packageName: 'x',
      state: 'open',
      fixedVersion: null,
      affected: { versions: ['1.0.0', '2.0rc1'], ranges: [] },
    });
    const installed = (version: string) => ({
      release: 'PyPI',
      sourceName: 'x',
      sourceVersion: version,
      packageName: 'x',
      packageVersion: version,
    });
    expect(match([listed], installed('1.0'))).toHaveLength(1);
    expect(match([listed], installed('2.0-rc.1'))).toHaveLength(1);
    expect(match([listed], installed('2.0'))).toEqual([]);
  });

  it('takes an epoch that the list does not have from the advisory', () => {
    expect(match([erratum()], on('20.9.0-1.el9'))).toMatchObject([
      { state: 'fixed', evidence: [{ comparison: '20.9.0-1.el9 < 1:20.11.1-1.el9 (rpm order, epoch not stated on one side)' }] },
    ]);
    expect(match([erratum()], on('20.11.1-1.el9'))).toEqual([]);
    expect(match([erratum()], on('0:20.11.1-1.el9'))).toMatchObject([{ state: 'fixed' }]);
    expect(match([erratum()], on('2:1-1.el9'))).toEqual([]);
    const range = (introduced: string, fixed: string) => ({ introduced, fixed, lastAffected: null });
    const ranges = erratum({
      affected: { versions: [], ranges: [range('1:18-1.el9', '1:18.5-1.el9'), range('1:20-1.el9', '1:20.11.1-1.el9')] },
    });
    expect(match([ranges], on('20.9.0-1.el9'))).toMatchObject([{ state: 'fixed', fixedVersion: '1:20.11.1-1.el9' }]);
    expect(match([ranges], on('18.5-1.el9'))).toEqual([]);
    expect(match([ranges], on('0:20.9.0-1.el9'))).toEqual([]);
  });

  const modular = erratum({ fixedVersion: '1:20.11.1-1.module_el9.3.0+87', module: 'nodejs:20' });
  it('compares within a module stream only', () => {
    const version = '1:20.9.0-1.module_el9.2.0+36';
    expect(match([modular], on(version, 'nodejs:20'))).toMatchObject([{ state: 'fixed' }]);
    expect(match([modular], on(version, 'nodejs:18'))).toEqual([]);
    expect(match([modular], on('1:20.11.1-1.module_el9.3.0+87', 'nodejs:20'))).toEqual([]);
    // A package of no module is another build than the module's.
    expect(match([modular], on('1:16.20.2-1.el9', ''))).toEqual([]);
  });

  const of18 = erratum({ fixedVersion: '1:18.19.1-1.module_el9.3.0+90', module: 'nodejs:18', statedOn: '2024-03-01' });
  const of20 = { ...modular, statedOn: '2024-03-02' };
  const open16 = erratum({ state: 'wont-fix', fixedVersion: null, module: 'nodejs:16' });
  const plain = erratum({ fixedVersion: '1:16.20.2-3.el9' });

  it.each([
    ['nodejs:18', '1:18.10.0-1.module_el9.1.0+10', '1:18.19.1-1.module_el9.3.0+90'],
    ['nodejs:20', '1:20.9.0-1.module_el9.1.0+10', '1:20.11.1-1.module_el9.3.0+87'],
    ['', '1:16.20.1-1.el9', '1:16.20.2-3.el9'],
  ])('follows the notice of the stream %j where each stream has its own', (stream, version, fixedVersion) => {
    const said = [of18, of20, open16, plain];
    expect(match(said, on(version, stream))).toMatchObject([{ state: 'fixed', fixedVersion }]);
    expect(match(said.toReversed(), on(version, stream))).toMatchObject([{ state: 'fixed', fixedVersion }]);
    expect(match(said, on(fixedVersion, stream))).toEqual([]);
  });

  it('knows a stream without a fix as that stream', () => {
    const version = '1:16.20.1-1.module_el9.1.0+10';
    expect(match([open16], on(version, 'nodejs:16'))).toMatchObject([{ state: 'wont-fix' }]);
    expect(match([open16], on(version, 'nodejs:18'))).toEqual([]);
    expect(match([open16, of18], on('1:18.19.1-1.module_el9.3.0+90', 'nodejs:18'))).toEqual([]);
  });

  it('says once that it needs the stream, whatever the number of streams', () => {
    expect(match([of18, of20, open16], on('1:18.10.0-1.module_el9.1.0+10'))).toMatchObject([{ state: 'unknown' }]);
  });

  it('takes the word of somebody who looked for every stream', () => {
    const looked = erratum({ source: 'openvex', state: 'not-affected', fixedVersion: '0' });
    expect(match([of18, of20, looked], on('1:18.10.0-1.module_el9.1.0+10', 'nodejs:18'))).toEqual([]);
  });

  it.each([
    ['the host does not say', modular, on('1:18.9.0-1.module_el9.2.0+36')],
    [
      'the publisher does not say',
      erratum({ fixedVersion: '1:20.11.1-1.module_el9.3.0+87' }),
      on('1:18.9.0-1.module_el9.2.0+36', 'nodejs:18'),
    ],
  ])('needs module info where %s the stream', (_, said, host) => {
    expect(match([said], host)).toMatchObject([
      { state: 'unknown', evidence: [{ rule: 'unknown', comparison: expect.stringContaining('needs module info') }] },
    ]);
  });
});

describe('language packages', () => {
  const range = (release: string, packageName: string, introduced: string, fixed: string) =>
    claim({
      source: 'osv',
      release,
      packageName,
      packageKind: 'binary',
      fixedVersion: fixed,
      affected: { versions: [], ranges: [{ introduced, fixed, lastAffected: null }] },
    });
  it.each([
    ['PyPI', 'django', '4.2rc1', '4.2.7', '4.2', true],
    ['PyPI', 'django', '4.2rc1', '4.2.7', '4.2.7.post1', false],
    ['npm', '@scope/x', '1.0.0', '1.2.10', '1.2.9', true],
    ['npm', '@scope/x', '1.0.0', '1.2.10', '1.2.10-rc.1', true],
    ['Go', 'golang.org/x/net', '0', '0.17.0', 'v0.9.0', true],
    ['Maven', 'org.example:core', '2.0', '2.17.1', '2.17.0', true],
    ['Maven', 'org.example:core', '2.0', '2.17.1', '2.17.1-GA', false],
    ['NuGet', 'Example', '1.0', '1.10.0', '1.9.0.0', true],
    ['RubyGems', 'rails', '6.0', '6.1.7.1', '6.1.7', true],
    ['Packagist', 'symfony/http-kernel', '4.0.0', '4.4.50', '4.4.9', true],
    ['crates.io', 'tokio', '1.0.0', '1.18.5', '1.18.4', true],
  ])('%s %s from %s to %s holds %s: %s', (release, packageName, introduced, fixed, version, isAffected) => {
    const found = match([range(release, packageName, introduced, fixed)], {
      release,
      sourceName: packageName,
      sourceVersion: version,
      packageName,
    });
    expect(found.map(({ fixedVersion }) => fixedVersion)).toEqual(isAffected ? [fixed] : []);
  });
});
