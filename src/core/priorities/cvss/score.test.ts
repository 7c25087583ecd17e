import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CvssVersion, METRIC_GROUPS } from './metrics.ts';
import { scoreCvss, severityOf } from './score.ts';
import { MACRO_SCORE_TENTHS } from './v4-tables.ts';

function scores(vector: string) {
  const result = scoreCvss(vector);
  if (!result.ok) throw new Error(`${vector}: ${result.reason}`);
  return result.scores;
}

/** Vector, base, temporal, environmental: the worked examples of FIRST's v2 guide, section 3.3. */
const V2_EXAMPLES: [string, number, number, number][] = [
  ['AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H', 7.8, 6.4, 9.2],
  ['AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L', 10.0, 8.3, 9.0],
  ['AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M', 6.2, 4.9, 7.5],
];

/** Base scores of FIRST's v3.1 examples document. */
const V31_EXAMPLES: [string, string, number][] = [
  ['CVE-2013-1937', 'AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
  ['CVE-2013-0375', 'AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4],
  ['CVE-2014-3566', 'AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N', 3.1],
  ['CVE-2012-1516', 'AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H', 9.9],
  ['CVE-2009-0783', 'AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L', 4.2],
  ['CVE-2012-0384', 'AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', 8.8],
  ['CVE-2014-2005', 'AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 6.8],
  ['CVE-2014-0160', 'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', 7.5],
  ['CVE-2014-6271', 'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8],
  ['CVE-2008-1447', 'AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N', 6.8],
  ['CVE-2014-9253', 'AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N', 5.4],
  ['CVE-2011-1265', 'AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 8.8],
  ['CVE-2014-2019', 'AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N', 4.6],
  ['CVE-2015-0970', 'AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H', 8.8],
  ['CVE-2014-0224', 'AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N', 7.4],
  ['CVE-2012-5376', 'AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H', 9.6],
  ['CVE-2016-1645', 'AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H', 8.8],
  ['CVE-2016-0128', 'AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:N', 6.8],
  ['CVE-2016-2118', 'AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H', 7.5],
  ['CVE-2017-5942', 'AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N', 5.4],
];

/** From the test vectors published with the reference implementation of v4.0. */
const V4_EXAMPLES: [string, number][] = [
  ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:H/VA:L/SC:N/SI:H/SA:L', 9.2],
  ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:H/SI:N/SA:L', 7.8],
  ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:H/SI:L/SA:H', 7.9],
  ['AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:N/VA:L/SC:N/SI:H/SA:N', 8.3],
  ['AV:N/AC:L/AT:N/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 8.6],
  ['AV:N/AC:L/AT:N/PR:L/UI:A/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H', 9.3],
  ['AV:N/AC:L/AT:N/PR:H/UI:N/VC:N/VI:H/VA:N/SC:H/SI:H/SA:L', 8.4],
  ['AV:N/AC:L/AT:N/PR:H/UI:P/VC:L/VI:L/VA:N/SC:L/SI:N/SA:N', 4.8],
  ['AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H', 9.5],
  ['AV:N/AC:L/AT:P/PR:N/UI:P/VC:N/VI:L/VA:N/SC:L/SI:H/SA:N', 5.1],
  ['AV:N/AC:L/AT:P/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:N/SA:N', 2.1],
  ['AV:N/AC:L/AT:P/PR:L/UI:N/VC:L/VI:L/VA:N/SC:L/SI:H/SA:H', 5.6],
  ['AV:N/AC:L/AT:P/PR:H/UI:A/VC:N/VI:L/VA:N/SC:N/SI:L/SA:N', 1.8],
  ['AV:N/AC:L/AT:P/PR:H/UI:A/VC:N/VI:N/VA:H/SC:L/SI:N/SA:L', 5.6],
  ['AV:N/AC:H/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:L/SI:H/SA:L', 9.4],
  ['AV:N/AC:H/AT:N/PR:L/UI:A/VC:N/VI:L/VA:L/SC:H/SI:H/SA:L', 5.0],
  ['AV:N/AC:H/AT:N/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:H/SA:N', 4.0],
  ['AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:L', 9.1],
];

describe('CVSS v2', () => {
  it.each(V2_EXAMPLES)('%s', (vector, base, temporal, environmental) => {
    expect(scores(vector)).toMatchObject({ version: '2.0', base, temporal, environmental, overall: environmental });
  });
  it('rounds the decimal number that is meant, not its floating-point neighbour', () => {
    expect(scores('AV:N/AC:M/Au:N/C:N/I:C/A:C/RL:W')).toMatchObject({ base: 8.8, temporal: 8.4 });
    expect(scores('AV:N/AC:L/Au:S/C:C/I:C/A:C/E:F')).toMatchObject({ base: 9.0, temporal: 8.6 });
  });
  it('is read in parentheses too', () => {
    expect(scores('(AV:N/AC:L/Au:N/C:P/I:P/A:P)')).toMatchObject({ base: 7.5, severity: 'High', temporal: null, environmental: null });
  });
});

describe('CVSS v3', () => {
  it.each(V31_EXAMPLES)('%s %s', (_cve, vector, base) => {
    expect(scores(`CVSS:3.1/${vector}`).base).toBe(base);
    expect(scores(`CVSS:3.0/${vector}`).base).toBe(base);
  });
  it('scores temporal and environmental metrics', () => {
    expect(scores('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C')).toMatchObject({
      base: 9.8,
      temporal: 8.8,
      environmental: null,
      overall: 8.8,
    });
    expect(scores('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:L/CR:L')).toMatchObject({
      base: 9.8,
      temporal: null,
      environmental: 8.1,
    });
  });
  it('differs between 3.0 and 3.1 where the specifications do', () => {
    const vector = 'AV:L/AC:L/PR:H/UI:N/S:C/C:H/I:N/A:H/E:F/RL:O/RC:C/CR:X/IR:X/AR:H/MAV:P/MAC:H/MPR:H/MUI:X/MS:C/MC:X/MI:H/MA:X';
    expect(scores(`CVSS:3.0/${vector}`).environmental).toBe(6.4);
    expect(scores(`CVSS:3.1/${vector}`).environmental).toBe(6.5);
  });
  it('rounds 5.0 * 0.92 to 4.6: the product is a tenth, only its floating-point form is not', () => {
    expect(scores('CVSS:3.0/AV:P/AC:L/PR:H/UI:N/S:U/C:L/I:H/A:L/RC:U')).toMatchObject({ base: 5.0, temporal: 4.6 });
  });
});

describe('CVSS v4.0', () => {
  it('has a score for each of the 270 MacroVectors', () => {
    expect(MACRO_SCORE_TENTHS.size).toBe(270);
    expect(MACRO_SCORE_TENTHS.get('000000')).toBe(100);
    expect(MACRO_SCORE_TENTHS.get('012221')).toBe(17);
    expect(MACRO_SCORE_TENTHS.get('102221')).toBe(13);
  });
  it.each(V4_EXAMPLES)('%s', (vector, base) => {
    expect(scores(`CVSS:4.0/${vector}`).base).toBe(base);
  });
  it.each([
    ['E:A', 7.3],
    ['E:P', 5.9],
    ['E:U', 4.1],
  ])('scores the threat metric %s', (metric, threat) => {
    expect(scores(`CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/${metric}`)).toMatchObject({
      base: 7.3,
      threat,
      overall: threat,
    });
  });
  it('keeps base, threat and environmental scores apart', () => {
    const vector = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U/CR:L/IR:L/AR:L/MSI:S';
    const all = scores(vector);
    expect(all.base).toBe(9.3);
    expect(all.threat).toBe(8.1);
    expect(all.environmental).toBe(scores(vector.replace('AV:N', 'AV:P').replace('/MSI:S', '/MSI:S/MAV:N')).environmental);
    expect(all.overall).toBe(all.environmental);
  });
  it('is 0 without any impact', () => {
    expect(scores('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N/E:A')).toMatchObject({
      base: 0,
      severity: 'None',
      threat: 0,
    });
  });
  it('ignores supplemental metrics', () => {
    expect(scores('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/S:P/AU:Y/R:I/V:C/RE:H/U:Red').overall).toBe(9.3);
  });
});

describe('every version', () => {
  const version = fc.constantFrom<CvssVersion>('2.0', '3.0', '3.1', '4.0');
  const vector = version.chain(v =>
    fc
      .tuple(
        ...METRIC_GROUPS[v].flatMap(group =>
          Object.entries(group.metrics).map(([metric, values]) => fc.constantFrom(...values).map(value => `${metric}:${value}`)),
        ),
      )
      .chain(fields =>
        fc
          .shuffledSubarray(fields, { minLength: fields.length })
          .map(shuffled => ({ v, ordered: prefix(v) + fields.join('/'), shuffled: prefix(v) + shuffled.join('/') })),
      ),
  );

  it('gives one decimal between 0 and 10, whatever the order of the metrics', () => {
    fc.assert(
      fc.property(vector, ({ ordered, shuffled }) => {
        const all = scores(ordered);
        expect(scores(shuffled)).toEqual(all);
        for (const score of [all.base, all.temporal, all.threat, all.environmental, all.overall]) {
          if (score === null) continue;
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(10);
          expect(Math.round(score * 10) / 10).toBe(score);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('rates on its scale', () => {
    expect([0, 0.1, 3.9, 4, 6.9, 7, 8.9, 9, 10].map(score => severityOf('3.1', score))).toEqual([
      'None',
      'Low',
      'Low',
      'Medium',
      'Medium',
      'High',
      'High',
      'Critical',
      'Critical',
    ]);
    expect([0, 3.9, 4, 6.9, 7, 10].map(score => severityOf('2.0', score))).toEqual(['Low', 'Low', 'Medium', 'Medium', 'High', 'High']);
  });

  it.each([
    ['', 'empty vector'],
    ['CVSS:5.0/AV:N', 'there is no CVSS version 5.0'],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H', 'base metrics are missing: A'],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/A:H', 'A is given twice'],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:C/I:H/A:H', 'C is "C", not one of N, L, H'],
    ['CVSS:3.1/AV:N/AC:L/AT:N/PR:N/UI:N/S:U/C:H/I:H/A:H', 'CVSS 3.1 has no metric "AT"'],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/', '"" is not METRIC:VALUE'],
    ['CVSS:3.1/constructor:N', 'CVSS 3.1 has no metric "constructor"'],
    ['CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P', 'a v2 vector has no "CVSS:" prefix'],
    ['AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 'CVSS 2.0 has no metric "PR"'],
    ['high', '"high" is not METRIC:VALUE'],
    ['cvss:3.1/AV:N', 'the prefix is written CVSS:3.0/, CVSS:3.1/ or CVSS:4.0/, in capitals'],
  ])('refuses %j with its reason', (text, reason) => {
    expect(scoreCvss(text)).toEqual({ ok: false, reason });
  });
});

function prefix(version: CvssVersion): string {
  return version === '2.0' ? '' : `CVSS:${version}/`;
}
