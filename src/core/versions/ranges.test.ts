import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEMES } from './catalog.ts';
import { affectedByOsv, inOsvEvents, type OsvEvent } from './osv-ranges.testkit.ts';
import { inCpeRange } from './ranges.ts';
import { intervalsOf, inVers, parseVers } from './vers-ranges.ts';

const { semver, pep440, go } = SCHEMES;

describe('OSV events', () => {
  const events: OsvEvent[] = [{ introduced: '1.0.0' }, { fixed: '1.2.0' }, { introduced: '2.0.0' }, { last_affected: '2.3.0' }];
  it.each([
    ['0.9.0', 'no'],
    ['1.0.0-rc.1', 'no'],
    ['1.0.0', 'yes'],
    ['1.1.9', 'yes'],
    ['1.2.0-rc.1', 'yes'],
    ['1.2.0', 'no'],
    ['2.0.0', 'yes'],
    ['2.3.0', 'yes'],
    ['2.3.1', 'no'],
  ])('%s: %s, whatever the order of the events', (version, inside) => {
    expect(inOsvEvents(semver, version, events).inside).toBe(inside);
    fc.assert(
      fc.property(fc.shuffledSubarray(events, { minLength: 4 }), shuffled => {
        expect(inOsvEvents(semver, version, shuffled).inside).toBe(inside);
      }),
      { numRuns: 24 },
    );
  });
  it('reads "0" as before every version', () => {
    expect(inOsvEvents(semver, '0.0.0-alpha', [{ introduced: '0' }]).inside).toBe('yes');
    expect(inOsvEvents(pep440, '0.dev0', [{ introduced: '0' }, { fixed: '0.1' }]).inside).toBe('yes');
  });
  it('ends one version wide', () => {
    const one = [{ last_affected: '1.0.0' }, { introduced: '1.0.0' }];
    expect(['0.9.0', '1.0.0', '1.0.1'].map(version => inOsvEvents(semver, version, one).inside)).toEqual(['no', 'yes', 'no']);
  });
  it('reads an introduction and its end from one event', () => {
    const one = [{ introduced: '1.0.0', fixed: '2.0.0' }];
    expect(['0.9.0', '1.5.0', '2.0.0'].map(version => inOsvEvents(semver, version, one).inside)).toEqual(['no', 'yes', 'no']);
  });
  it('stops at a limit', () => {
    const limited = [{ introduced: '0' }, { limit: '2.0.0' }];
    expect(['1.9.9', '2.0.0'].map(version => inOsvEvents(semver, version, limited).inside)).toEqual(['yes', 'no']);
    expect(inOsvEvents(semver, '9.0.0', [{ introduced: '0' }, { limit: '*' }]).inside).toBe('yes');
  });
  it('is unknown where the version or an event cannot be ordered', () => {
    expect(inOsvEvents(pep440, '0.7.10p1', [{ introduced: '0' }, { fixed: '1.0' }]).inside).toBe('unknown');
    expect(inOsvEvents(semver, '1.0.0', [{ introduced: '0' }, { fixed: 'soon' }]).inside).toBe('unknown');
  });
  it('reads Go records, which omit the v', () => {
    expect(inOsvEvents(go, 'v1.2.3', [{ introduced: '0' }, { fixed: '1.2.4' }]).inside).toBe('yes');
    expect(inOsvEvents(go, 'go1.22.3', [{ introduced: '1.22.0-0' }, { fixed: '1.22.4' }]).inside).toBe('yes');
  });
});

describe('OSV records', () => {
  const range = { type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.0' }] };
  it('takes a listed version or any range', () => {
    expect(affectedByOsv(pep440, '0.7.10p1', { versions: ['0.7.10p1'], ranges: [range] }, null)).toMatchObject({
      inside: 'yes',
      because: '0.7.10p1 is listed',
    });
    expect(affectedByOsv(pep440, '1.5', { versions: ['1.0'], ranges: [range] }, null).inside).toBe('yes');
    expect(affectedByOsv(pep440, '2.0', { versions: ['1.0'], ranges: [range] }, null).inside).toBe('no');
    expect(affectedByOsv(pep440, '5', { ranges: [range, { type: 'ECOSYSTEM', events: [{ introduced: '4' }] }] }, null).inside).toBe('yes');
  });
  it('ignores a withdrawn record and ranges of commits', () => {
    expect(affectedByOsv(pep440, '1.0', { ranges: [range] }, '2026-01-01T00:00:00Z').inside).toBe('no');
    expect(affectedByOsv(pep440, '1.0', { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] }, null).inside).toBe('no');
  });
});

describe('VERS ranges', () => {
  const inside = (range: string, version: string) => {
    const parsed = parseVers(range);
    if (!parsed.ok) throw new Error(parsed.reason);
    return inVers(parsed.range, version).inside;
  };
  it.each([
    ['vers:deb/>=1|<2', { '0.9': 'no', '1': 'yes', '1.5-3': 'yes', '2~rc1': 'yes', '2': 'no' }],
    ['vers:npm/*', { '1.0.0': 'yes' }],
    ['vers:pypi/1.0|2.0', { '1.0.0': 'yes', '1.5': 'no', '2.0': 'yes' }],
    ['vers:pypi/>=1.0|!=1.5|<2.0', { '1.4': 'yes', '1.5': 'no', '1.6': 'yes', '2.0': 'no' }],
    ['vers:pypi/!=1.5', { '1.4': 'yes', '1.5': 'no', '9': 'yes' }],
    [
      'vers:gem/<1.0|>=2.0|<=2.5|>3',
      { '0.9': 'yes', '1.0': 'no', '1.5': 'no', '2.0': 'yes', '2.5': 'yes', '2.6': 'no', '3': 'no', '3.1': 'yes' },
    ],
    ['vers:deb/>=1%3A1.0|<1%3A2.0', { '1:1.5': 'yes', '1.5': 'no' }],
    ['vers:deb/ >= 1 | < 2 ', { '1': 'yes', '2': 'no' }],
    ['vers:deb/<2|>=1', { '1.5': 'yes', '2': 'no' }],
    ['vers:deb/<1|<2', { '0.5': 'yes', '1.5': 'yes', '2': 'no' }],
    ['vers:deb/>1|>=2', { '1': 'no', '1.5': 'yes', '3': 'yes' }],
    ['vers:deb/>1|<2|=3|<4', { '0.5': 'no', '2.5': 'yes', '3': 'yes', '4': 'no' }],
    ['vers:deb/=1|>2|=3|<=4|=5', { '1': 'yes', '1.5': 'no', '3.5': 'yes', '4': 'yes', '4.5': 'no', '5': 'yes' }],
    ['vers:deb/<1|!=0.5|<2', { '0.5': 'no', '1': 'yes' }],
  ])('%s', (range, expected) => {
    for (const [version, answer] of Object.entries(expected)) expect(inside(range, version), version).toBe(answer);
  });
  it.each([
    ['deb/>=1', 'not vers:SCHEME/CONSTRAINT|CONSTRAINT'],
    ['vers:windows/1', 'there is no version scheme "windows"'],
    ['vers:deb/>=1|<=1', '1 stands in two constraints'],
    ['vers:deb/>=', '">=" is not a constraint'],
    ['vers:npm/>=1', '1: not a semantic version: major.minor.patch[-prerelease][+build]'],
    ['vers:deb/|', 'no constraint'],
  ])('refuses %s', (range, reason) => {
    expect(parseVers(range)).toEqual({ ok: false, reason });
  });
});

describe('VERS ranges as intervals', () => {
  it('hold what the specification says that they hold', () => {
    const version = fc.integer({ min: 1, max: 9 });
    const comparator = fc.constantFrom('>=', '<=', '!=', '>', '<', '');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(version, comparator), { minLength: 1, maxLength: 7, selector: ([at]) => at }), parts => {
        const parsed = parseVers(`vers:deb/${parts.map(([at, sign]) => `${sign}${at}`).join('|')}`);
        if (!parsed.ok) throw new Error(parsed.reason);
        const { versions, ranges, except } = intervalsOf(parsed.range);
        for (let at = 0; at <= 10; at++) {
          const held = ranges.some(
            ({ introduced, fixed, lastAffected }) =>
              at >= Number(introduced ?? 0) && at < Number(fixed ?? 99) && at <= Number(lastAffected ?? 99),
          );
          const inside = versions.includes(`${at}`) || (held && !except.includes(`${at}`));
          expect(inside ? 'yes' : 'no').toBe(inVers(parsed.range, `${at}`).inside);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('CPE ranges', () => {
  it('is inside between its bounds, with low confidence', () => {
    const range = { versionStartIncluding: '1.0', versionEndExcluding: '1.2.3' };
    expect(inCpeRange('1.2.2', range)).toEqual({ inside: 'yes', because: '1.2.2 >= 1.0 and < 1.2.3', confidence: 'low' });
    expect(inCpeRange('1.2.3', range)).toEqual({ inside: 'no', because: '1.2.3 is not < 1.2.3', confidence: 'low' });
    expect(inCpeRange('0.9', range).inside).toBe('no');
    expect(inCpeRange('1.0', { versionStartExcluding: '1.0', versionEndIncluding: '2' }).inside).toBe('no');
    expect(inCpeRange('2', { versionStartExcluding: '1.0', versionEndIncluding: '2' }).inside).toBe('yes');
    expect(inCpeRange('2', {})).toMatchObject({ inside: 'yes', confidence: 'low' });
  });
});
