import { describe, expect, it } from 'vitest';
import type { Claim, CpeStatement } from '../advisories/claim.ts';
import { indexClaims } from '../advisories/claim-index.ts';
import { parseCpe } from '../versions/cpe.ts';
import { matchCpe } from './cpe-match.ts';

const claim = (cpe: readonly CpeStatement[], more: Partial<Claim> = {}): Claim => ({
  source: 'nvd',
  vulnerabilityId: 'CVE-2026-1000',
  aliases: [],
  release: 'cpe',
  packageName: 'acme:tool',
  packageKind: 'binary',
  state: 'open',
  fixedVersion: null,
  severity: 'high',
  statedOn: '2026-03-01',
  note: null,
  cpe,
  ...more,
});

const cpeOf = (text: string) => {
  const parsed = parseCpe(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.cpe;
};

function found(stated: string, statements: readonly CpeStatement[], version = '') {
  return matchCpe(indexClaims([claim(statements)]), { cpe: cpeOf(stated), version });
}

/** `no`, `unknown`, `open`, `fixed`. */
const stateOf = (stated: string, statement: CpeStatement, version = '') => found(stated, [statement], version)[0]?.state ?? 'no';

/** `acme:tool` with these attributes from the version on, the rest ANY. */
const tool = (tail: string, part = 'a') => `cpe:2.3:${part}:acme:tool:${[...tail.split(':'), ...Array(8).fill('*')].slice(0, 8).join(':')}`;

describe('a CPE that is stated', () => {
  it('is found in a range, with low confidence and a rule of its own', () => {
    const [match, ...others] = found(tool('1.4.0'), [{ criteria: tool('*'), versionStartIncluding: '1.0', versionEndExcluding: '1.4.2' }]);
    expect(others).toEqual([]);
    expect(match).toEqual({
      vulnerabilityId: 'CVE-2026-1000',
      aliases: [],
      state: 'fixed',
      fixedVersion: '1.4.2',
      severity: 'high',
      hidden: null,
      evidence: [
        {
          source: 'nvd',
          statedOn: '2026-03-01',
          release: 'cpe',
          packageName: 'acme:tool',
          claimState: 'fixed',
          installedVersion: '1.4.0',
          fixedVersion: '1.4.2',
          comparison: '1.4.0 >= 1.0 and < 1.4.2 (by its CPE alone, low confidence)',
          rule: 'cpe-range',
          disagreement: null,
          confidence: 'low',
        },
      ],
    });
  });

  it.each([
    [tool('*'), tool('4.*'), 'it names version 4.*, and the package states none'],
    [tool('1.?'), tool('1.0'), '1.? has characters that no version order knows'],
    [tool('1.0'), tool('*:*:*:*:*:wordpress*'), 'it counts for target software "wordpress*" only'],
  ])('%s by %s is unknown in words that can be read', (stated, criteria, words) => {
    const [match] = found(stated, [{ criteria }]);
    expect(match).toMatchObject({ state: 'unknown', evidence: [{ comparison: expect.stringContaining(words) }] });
    expect(JSON.stringify(match)).not.toMatch(/\\u00/);
  });

  const range = { criteria: tool('*'), versionStartExcluding: '1.0', versionEndIncluding: '2.0' };
  it.each([
    // Edges, in any spelling of a bound.
    [tool('1.0'), range, 'no'],
    [tool('1.0.1'), range, 'open'],
    [tool('2.0.0'), range, 'open'],
    [tool('2.0.1'), range, 'no'],
    [tool('2.0-rc1'), range, 'open'],
    // An update is part of the version.
    [tool('2.0:rc1'), { criteria: tool('*'), versionEndExcluding: '2.0' }, 'fixed'],
    [tool('2.0:p1'), { criteria: tool('*'), versionEndExcluding: '2.0' }, 'no'],
    [tool('2.0:x7'), { criteria: tool('*'), versionEndExcluding: '2.0' }, 'unknown'],
    [tool('rolling'), { criteria: tool('*'), versionEndExcluding: '2.0' }, 'unknown'],
    // Every version.
    [tool('rolling'), { criteria: tool('*') }, 'open'],
    [tool('-'), { criteria: tool('*') }, 'open'],
    // One version.
    [tool('1.0'), { criteria: tool('1.0') }, 'open'],
    [tool('1.0.0'), { criteria: tool('1.0') }, 'open'],
    [tool('1.1'), { criteria: tool('1.0') }, 'no'],
    [tool('4.7'), { criteria: tool('4.*') }, 'open'],
    [tool('5.7'), { criteria: tool('4.*') }, 'no'],
    // One version and its updates.
    [tool('1.0:rc1'), { criteria: tool('1.0') }, 'open'],
    [tool('1.0-rc1'), { criteria: tool('1.0') }, 'open'],
    [tool('1.0'), { criteria: tool('1.0:-') }, 'open'],
    [tool('1.0:rc1'), { criteria: tool('1.0:-') }, 'no'],
    [tool('1.0:ga'), { criteria: tool('1.0:-') }, 'open'],
    [tool('1.0:rc1'), { criteria: tool('1.0:rc1') }, 'open'],
    [tool('1.0rc1'), { criteria: tool('1.0:rc1') }, 'open'],
    [tool('1.0:rc2'), { criteria: tool('1.0:rc1') }, 'no'],
    [tool('1.0:-'), { criteria: tool('1.0:rc1') }, 'no'],
    [tool('1.0'), { criteria: tool('1.0:rc1') }, 'unknown'],
    [tool('1.1'), { criteria: tool('1.0:rc1') }, 'no'],
    // No version.
    [tool('1.0'), { criteria: tool('-') }, 'unknown'],
    [tool('*'), { criteria: tool('1.0') }, 'unknown'],
    [tool('*'), { criteria: tool('*'), versionEndExcluding: '2.0' }, 'unknown'],
    // What narrows it.
    [tool('1.0:*:*:*:*:android'), { criteria: tool('*:*:*:*:*:wordpress') }, 'no'],
    [tool('1.0:*:*:*:*:wordpress'), { criteria: tool('*:*:*:*:*:wordpress') }, 'open'],
    [tool('1.0'), { criteria: tool('*:*:*:*:*:wordpress') }, 'unknown'],
    [tool('1.0'), { criteria: tool('*:*:*:*:-:-') }, 'open'],
    [tool('1.0:*:*:*:enterprise'), { criteria: tool('*:*:*:*:community') }, 'no'],
    // The part.
    [tool('1.0', 'o'), { criteria: tool('*') }, 'no'],
    [tool('1.0', 'o'), { criteria: tool('*', 'o') }, 'open'],
    [tool('1.0', '*'), { criteria: tool('*', 'o') }, 'open'],
    // Together with something else: nobody looked whether that is there.
    [tool('1.0'), { criteria: tool('*'), onlyIf: 'only together with microsoft:windows' }, 'unknown'],
    [tool('3.0'), { ...range, onlyIf: 'only together with microsoft:windows' }, 'no'],
    [tool('1.0'), { criteria: 'no CPE' }, 'unknown'],
  ] as const)('%s by %o: %s', (stated, statement, state) => {
    expect(stateOf(stated, statement)).toBe(state);
  });

  it('takes the version beside it where it states none, and never against the one that it states', () => {
    const below2 = { criteria: tool('*'), versionEndExcluding: '2.0' };
    expect([stateOf(tool('*'), below2, '1.0'), stateOf(tool('*'), below2, '2.0'), stateOf(tool('2.0'), below2, '1.0')]).toEqual([
      'fixed',
      'no',
      'no',
    ]);
  });

  it('says what it takes besides', () => {
    const [match] = found(tool('1.0'), [
      { criteria: tool('*'), versionEndExcluding: '2.0', onlyIf: 'only together with microsoft:windows' },
    ]);
    expect(match).toMatchObject({ state: 'unknown', fixedVersion: null, evidence: [{ rule: 'unknown', confidence: 'low' }] });
    expect(match!.evidence[0]!.comparison).toBe(
      'cannot be decided: 1.0 < 2.0; it counts only together with microsoft:windows (by its CPE alone, low confidence)',
    );
  });

  it('follows a statement that is certain before one that is not', () => {
    const doubtful = { criteria: tool('*'), onlyIf: 'only together with x:y' };
    expect(found(tool('1.0'), [doubtful, { criteria: tool('1.0') }]).map(match => match.state)).toEqual(['open']);
    expect(found(tool('1.1'), [doubtful, { criteria: tool('1.0') }]).map(match => match.state)).toEqual(['unknown']);
  });

  it('takes the later word of the same publisher, and knows nothing of other products', () => {
    const claims = [
      claim([{ criteria: tool('*'), versionEndExcluding: '1.5' }], { statedOn: '2026-04-01' }),
      claim([{ criteria: tool('*') }], { statedOn: '2026-03-01' }),
    ];
    const states = (text: string) => matchCpe(indexClaims(claims), { cpe: cpeOf(text), version: '' }).map(match => match.state);
    expect([states(tool('1.0')), states(tool('1.6')), states('cpe:2.3:a:other:tool:1.0')]).toEqual([['fixed'], [], []]);
  });
});
