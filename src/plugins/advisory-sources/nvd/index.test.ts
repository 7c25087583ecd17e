import { describe, expect, it } from 'vitest';
import { contractTests, readAll } from '../testkit.ts';
import { nvd } from './index.ts';

const ANSWER = {
  resultsPerPage: 2,
  startIndex: 0,
  totalResults: 2,
  format: 'NVD_CVE',
  version: '2.0',
  timestamp: '2026-11-20T00:00:00.000',
  vulnerabilities: [
    {
      cve: {
        id: 'CVE-1999-0095',
        published: '1988-10-01T04:00:00.000',
        vulnStatus: 'Modified',
        metrics: { cvssMetricV2: [{ source: 'nvd@nist.gov', cvssData: { version: '2.0', vectorString: 'AV:N/AC:L/Au:N/C:C/I:C/A:C' } }] },
      },
    },
    {
      cve: {
        id: 'CVE-2024-3400',
        published: '2024-04-12T08:15:06.230',
        vulnStatus: 'Analyzed',
        metrics: {
          cvssMetricV31: [
            { source: 'psirt@paloaltonetworks.com', cvssData: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H' } },
          ],
        },
      },
    },
  ],
};
contractTests(nvd, { fileName: 'nvdcve-2.0-recent.json', content: JSON.stringify(ANSWER, null, 2) });

describe('nvd', () => {
  it('reads vectors of every version, and puts aside what is rejected', () => {
    expect(readAll(nvd, 'x', JSON.stringify(ANSWER).replace('Modified', 'Rejected'))).toMatchObject([
      { kind: 'quarantined', reason: 'CVE-1999-0095 is rejected' },
      {
        enrichment: {
          vulnerabilityId: 'CVE-2024-3400',
          publishedOn: '2024-04-12',
          cvss: [{ source: 'psirt@paloaltonetworks.com', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H' }],
        },
      },
    ]);
  });
});
