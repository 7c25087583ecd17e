import { describe, expect, it } from 'vitest';
import { contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { epss } from './index.ts';

const CSV =
  '#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z\ncve,epss,percentile\nCVE-1999-0001,0.01251,0.78655\nCVE-2024-3400,0.94371,0.99952\n';
const TSV =
  'cve\tepss\tpercentile\tdate\tsource\nCVE-2015-9235\t0.00559\t0.75236\t\tone.json\nCVE-2018-3721\t0.00121\t0.46288\t2023-03-07\ttwo.json\n';

contractTests(epss, { fileName: 'epss_scores-current.csv', content: CSV });
contractTests(epss, { fileName: 'sample.tsv', content: TSV });

describe('epss', () => {
  it('reads the published CSV with the date of its first line', () => {
    expect(readAll(epss, 'x', CSV)).toMatchObject([
      { enrichment: { vulnerabilityId: 'CVE-1999-0001', epss: { probability: 0.01251, percentile: 0.78655, statedOn: '2026-11-20' } } },
      { enrichment: { vulnerabilityId: 'CVE-2024-3400', epss: { probability: 0.94371 } } },
    ]);
  });

  it('reads tab-separated scores with a date for each', () => {
    expect(readAll(epss, 'x', TSV)).toMatchObject([
      { enrichment: { epss: { statedOn: '' } } },
      { enrichment: { epss: { statedOn: '2023-03-07' } } },
    ]);
  });

  it('puts aside what is no probability', () => {
    const items = readAll(epss, 'x', `${CSV}CVE-2024-0001,1.5,0.2\nCVE-2024-0002,,0.2\nCVE-2024-0003,0.1\n`);
    expect(quarantinedIn(items).map(item => item.reason)).toEqual([
      'epss 1.5 is not a number from 0 to 1',
      'epss  is not a number from 0 to 1',
      'percentile (missing) is not a number from 0 to 1',
    ]);
    expect(items).toHaveLength(5);
  });
});
