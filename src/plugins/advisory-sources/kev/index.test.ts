import { describe, expect, it } from 'vitest';
import { contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { kev } from './index.ts';

const CATALOGUE = {
  title: 'CISA Catalog of Known Exploited Vulnerabilities',
  catalogVersion: '2025.08.25',
  dateReleased: '2025-08-25T17:04:19.9796Z',
  count: 2,
  vulnerabilities: [
    {
      cveID: 'CVE-2025-48384',
      vendorProject: 'Git',
      product: 'Git',
      vulnerabilityName: 'Git Link Following Vulnerability',
      dateAdded: '2025-08-25',
      dueDate: '2025-09-15',
      knownRansomwareCampaignUse: 'Unknown',
      cwes: ['CWE-59'],
    },
    {
      cveID: 'CVE-2020-1472',
      vulnerabilityName: 'Netlogon',
      dateAdded: '2021-11-03',
      dueDate: '2020-09-21',
      knownRansomwareCampaignUse: 'Known',
    },
  ],
};
const CONTENT = JSON.stringify(CATALOGUE, null, 4);

contractTests(kev, { fileName: 'kev.json', content: CONTENT });

describe('kev', () => {
  it('keeps dates as stated, also a due date before the entry', () => {
    expect(readAll(kev, 'x', CONTENT)).toMatchObject([
      {
        enrichment: {
          vulnerabilityId: 'CVE-2025-48384',
          kev: { addedOn: '2025-08-25', dueOn: '2025-09-15', ransomware: false, name: 'Git Link Following Vulnerability' },
        },
      },
      { enrichment: { vulnerabilityId: 'CVE-2020-1472', kev: { addedOn: '2021-11-03', dueOn: '2020-09-21', ransomware: true } } },
    ]);
  });

  it('knows the date of the data', () => {
    const reader = kev.reader({ fileName: 'x', today: '2026-11-22', releases: null, packages: null });
    reader.push(Buffer.from(CONTENT));
    reader.end();
    expect(reader.dataDate()).toBe('2025-08-25');
  });

  it('loses no entry to a clock that is ahead, and one entry to a bad id', () => {
    const items = readAll(kev, 'x', CONTENT.replace('2025-08-25"', '2027-01-01"').replace('CVE-2020-1472', '???'));
    expect(items.filter(item => item.kind === 'enrichment')).toMatchObject([{ enrichment: { kev: { addedOn: '2026-11-22' } } }]);
    expect(quarantinedIn(items).map(item => item.reason)).toEqual([
      'its date 2027-01-01 lies in the future: it counts as added today',
      expect.stringContaining('is not a vulnerability id'),
    ]);
  });
});
