import { describe, expect, it } from 'vitest';
import { contractTests, readAll } from '../testkit.ts';
import { vulnrichment } from './index.ts';

const LINES = [
  '{"cve":"CVE-1999-0006","published":"1999-09-29","updated":"2024-08-01","ssvc":{"e":"None","a":"yes","t":"Total","ts":"2024-08-01","v":"2.0.3"},"cvss":[["cisa-adp","CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",9.8,"CRITICAL"]],"cwe":["CWE-121"]}',
  '{"cve":"CVE-2024-2602","published":"2024-07-11","updated":"2024-07-11","title":"Path traversal"}',
  '',
].join('\n');

const RECORD = {
  dataType: 'CVE_RECORD',
  dataVersion: '5.1',
  cveMetadata: { cveId: 'CVE-2024-3400', state: 'PUBLISHED', datePublished: '2024-04-12T07:20:00.707Z' },
  containers: {
    cna: {
      title: 'PAN-OS: command injection',
      metrics: [{ format: 'CVSS', cvssV3_1: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', baseScore: 10 } }],
    },
    adp: [
      {
        providerMetadata: { shortName: 'CISA-ADP' },
        metrics: [
          { other: { type: 'Red Hat severity rating', content: { value: 'Critical' } } },
          {
            other: {
              type: 'ssvc',
              content: {
                id: 'CVE-2024-3400',
                options: [{ Exploitation: 'active' }, { Automatable: 'yes' }, { 'Technical Impact': 'total' }],
                timestamp: '2024-04-17T04:00:13.543064Z',
                version: '2.0.3',
              },
            },
          },
          { other: { type: 'kev', content: { dateAdded: '2024-04-12' } } },
        ],
      },
    ],
  },
};

contractTests(vulnrichment, { fileName: 'vulnrichment.jsonl', content: LINES });
contractTests(vulnrichment, { fileName: 'CVE-2024-3400.json', content: JSON.stringify(RECORD, null, 2) });

describe('vulnrichment', () => {
  it('reads compact lines, whatever the case of the words', () => {
    expect(readAll(vulnrichment, 'x', LINES)).toMatchObject([
      {
        enrichment: {
          vulnerabilityId: 'CVE-1999-0006',
          publishedOn: '1999-09-29',
          ssvc: { exploitation: 'none', automatable: 'yes', technicalImpact: 'total', statedOn: '2024-08-01' },
          cvss: [{ source: 'cisa-adp', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
        },
      },
      { enrichment: { vulnerabilityId: 'CVE-2024-2602', title: 'Path traversal', ssvc: null, cvss: [] } },
    ]);
  });

  it('reads a CVE record with the container of CISA', () => {
    expect(readAll(vulnrichment, 'CVE-2024-3400.json', JSON.stringify(RECORD))).toMatchObject([
      {
        enrichment: {
          vulnerabilityId: 'CVE-2024-3400',
          title: 'PAN-OS: command injection',
          ssvc: { exploitation: 'active', automatable: 'yes', technicalImpact: 'total', statedOn: '2024-04-17' },
          cvss: [{ source: 'cna' }],
          kev: null,
        },
      },
    ]);
  });

  it('a word that the tables do not know is unknown; a rejected record is put aside', () => {
    expect(readAll(vulnrichment, 'x', LINES.replace('"None"', '"maybe"'))).toMatchObject([
      { enrichment: { ssvc: { exploitation: null } } },
      {},
    ]);
    expect(
      readAll(vulnrichment, 'x', JSON.stringify({ ...RECORD, cveMetadata: { ...RECORD.cveMetadata, state: 'REJECTED' } })),
    ).toMatchObject([{ kind: 'quarantined', reason: 'the CVE record is rejected' }]);
  });
});
