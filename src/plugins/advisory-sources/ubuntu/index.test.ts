import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { ubuntu } from './index.ts';

const LINES = [
  '{"cve":"CVE-2020-0001","pub":"2020-01-01","prio":"medium","cvss":[["nvd","CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",9.8]],"desc":"x","pkgs":{"curl":{"focal":["released","7.68.0-1ubuntu2.20"],"bionic":["ignored","end of standard support, was needed"],"esm-infra/bionic":["released","7.58.0-2ubuntu3.24+esm1"],"jammy":["not-affected","code not present"],"devel":["needed"],"upstream":["released","8"]}}}',
  '{"cve":"CVE-2020-0002","pub":"2020-01-01","prio":"untriaged","desc":"","pkgprio":{"php5":"negligible"},"pkgs":{"php5":{"focal":["needs-triage"],"jammy":["ignored","too intrusive"],"mantic":["deferred","2023-01-01"]},"x":{"focal":["pending","1.2-3"]}}}',
  '',
].join('\n');
const RECORD = {
  schema_version: '1.6.3',
  id: 'CVE-2009-1143',
  details: 'open-vm-tools',
  modified: '2022-11-23T18:15:00Z',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'Ubuntu:Pro:18.04:LTS', name: 'open-vm-tools' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2:11.0.5-4ubuntu0.18.04.3+esm9' }] }],
      versions: ['2:10.1.10-3'],
    },
    {
      package: { ecosystem: 'Ubuntu:20.04:LTS', name: 'open-vm-tools' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
      versions: ['2:10.3.10-3ubuntu1'],
    },
  ],
};

contractTests(ubuntu, { fileName: 'tracker.jsonl', content: LINES });
contractTests(ubuntu, { fileName: 'CVE-2009-1143.json', content: JSON.stringify(RECORD, null, 2) });

describe('ubuntu', () => {
  const items = readAll(ubuntu, 'x', LINES);
  const of = (id: string, name: string, release: string) =>
    claimsIn(items)
      .filter(claim => claim.vulnerabilityId === id && claim.packageName === name && claim.release === release)
      .map(claim => [claim.state, claim.fixedVersion, claim.subscription]);

  it('reads every status', () => {
    expect(of('CVE-2020-0001', 'curl', 'ubuntu:20.04')).toEqual([['fixed', '7.68.0-1ubuntu2.20', undefined]]);
    expect(of('CVE-2020-0001', 'curl', 'ubuntu:18.04')).toEqual([
      ['end-of-life', null, undefined],
      ['fixed', '7.58.0-2ubuntu3.24+esm1', 'esm-infra'],
    ]);
    expect(of('CVE-2020-0001', 'curl', 'ubuntu:22.04')).toEqual([['not-affected', '0', undefined]]);
    expect(of('CVE-2020-0002', 'php5', 'ubuntu:20.04')).toEqual([['unknown', null, undefined]]);
    expect(of('CVE-2020-0002', 'php5', 'ubuntu:22.04')).toEqual([['wont-fix', null, undefined]]);
    expect(of('CVE-2020-0002', 'x', 'ubuntu:20.04')).toEqual([['open', null, undefined]]);
    expect(claimsIn(items).find(claim => claim.packageName === 'php5')!.severity).toBe('negligible');
  });

  it('passes on CVSS vectors', () => {
    expect(items.filter(item => item.kind === 'enrichment')).toMatchObject([
      { enrichment: { vulnerabilityId: 'CVE-2020-0001', cvss: [{ source: 'nvd' }] } },
    ]);
  });

  it('a fix in ESM is a fix for subscribers, said with the rule', () => {
    const index = indexClaims(claimsIn(items));
    const match = (sourceVersion: string) =>
      matchPackage(index, { release: 'ubuntu:18.04', sourceName: 'curl', sourceVersion, packageName: 'curl', originTrusted: true });
    expect(match('7.58.0-2ubuntu3.24')).toMatchObject([
      {
        state: 'fixed',
        fixedVersion: '7.58.0-2ubuntu3.24+esm1',
        evidence: [{ rule: 'subscription-fix', disagreement: expect.stringContaining('subscribers of esm-infra only') }, {}],
      },
    ]);
    expect(match('7.58.0-2ubuntu3.24+esm1')).toEqual([]);
  });

  it.each([
    ['["ignored","end of standard support"]', '["not-affected","code not present"]', []],
    ['["ignored","end of standard support, was not-affected [code not present]"]', '["needs-triage"]', []],
    ['["ignored","end of standard support"]', '["DNE"]', ['end-of-life']],
    ['["ignored","end of standard support"]', '["needed"]', ['end-of-life']],
    ['["needed"]', '["not-affected","9.9"]', ['open']],
  ])('%s for everybody and %s for subscribers is %j, whichever comes first', (plain, esm, states) => {
    for (const pockets of [`"bionic":${plain},"esm-infra/bionic":${esm}`, `"esm-infra/bionic":${esm},"bionic":${plain}`]) {
      const line = `{"cve":"CVE-2020-0003","pub":"2020-01-01","prio":"low","pkgs":{"curl":{${pockets}}}}\n`;
      const found = matchPackage(indexClaims(claimsIn(readAll(ubuntu, 'x', line))), {
        release: 'ubuntu:18.04',
        sourceName: 'curl',
        sourceVersion: '7.58.0-2',
        packageName: 'curl',
        originTrusted: true,
      });
      expect(found.map(one => one.state)).toEqual(states);
    }
  });

  it("reads Ubuntu's own OSV records, the Pro pockets apart", () => {
    expect(
      claimsIn(readAll(ubuntu, 'x', JSON.stringify(RECORD))).map(claim => [claim.release, claim.state, claim.subscription, claim.affected]),
    ).toEqual([
      ['ubuntu:18.04', 'fixed', 'ubuntu-pro', undefined],
      ['ubuntu:20.04', 'open', undefined, undefined],
    ]);
  });

  it('puts aside a release without a version and a status of nobody', () => {
    expect(
      quarantinedIn(
        readAll(ubuntu, 'x', LINES.replace('["released","7.68.0-1ubuntu2.20"]', '["released"]').replace('needs-triage', 'whatever')),
      ).map(item => item.reason),
    ).toEqual(['released without a version', "status whatever is not one of the tracker's"]);
  });
});
