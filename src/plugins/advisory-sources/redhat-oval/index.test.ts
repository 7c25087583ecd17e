import { describe, expect, it } from 'vitest';
import { claimsIn, contractTests, readAll } from '../testkit.ts';
import { redhatOval } from './index.ts';

const definition = (
  cls: string,
  id: string,
  title: string,
  refs: string,
  advisory: string,
  criteria: string,
  platform = 'Red Hat Enterprise Linux 9',
) =>
  `<definition class="${cls}" id="oval:com.redhat.rhsa:def:${id}" version="636">
 <metadata>
  <title>${title}</title>
  <affected family="unix"><platform>${platform}</platform></affected>
  ${refs}
  <description>What is &lt;wrong&gt;</description>
  <advisory from="secalert@redhat.com">${advisory}</advisory>
 </metadata>
 <criteria operator="OR"><criterion comment="Red Hat Enterprise Linux must be installed" test_ref="x"/>
  <criteria operator="AND"><criterion comment="Red Hat Enterprise Linux 9 is installed" test_ref="x"/>${criteria}</criteria>
 </criteria>
</definition>
`;
const earlier = (name: string, version: string) =>
  `<criteria operator="AND"><criterion comment="${name} is earlier than ${version}" test_ref="x"/><criterion comment="${name} is signed with Red Hat redhatrelease2 key" test_ref="x"/></criteria>`;
const cve = (id: string) => `<cve cvss3="7.8/CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H" href="https://x" public="20220518">${id}</cve>`;
const rhsa = (id: string) =>
  `<reference ref_id="${id}" ref_url="https://x" source="RHSA"/><reference ref_id="CVE-2022-1920" ref_url="https://x" source="CVE"/>`;
const dated = '<severity>Moderate</severity><issued date="2023-05-09"/><updated date="2023-05-10"/>';
const cpes = (...list: readonly string[]) => `<affected_cpe_list>${list.map(one => `<cpe>${one}</cpe>`).join('')}</affected_cpe_list>`;

const OVAL = `<?xml version="1.0" encoding="utf-8"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5">
<generator><oval:product_name>Red Hat OVAL Patch Definition Merger</oval:product_name><oval:timestamp>2024-01-18T17:14:19</oval:timestamp></generator>
<definitions>
${definition('patch', '20232260', 'RHSA-2023:2260: gstreamer security update (Moderate)', rhsa('RHSA-2023:2260'), dated + cve('CVE-2022-1920') + cve('CVE-2022-1921') + cpes('cpe:/a:redhat:enterprise_linux:9', 'cpe:/o:redhat:enterprise_linux:9::baseos'), `<criteria operator="OR">${earlier('gstreamer1', '0:1.18.4-6.el9')}${earlier('gstreamer1-gtk', '0:1.18.4-6.el9')}</criteria>`)}
${definition('patch', '20231', 'RHSA-2023:1: nodejs:18 security update (Important)', rhsa('RHSA-2023:1'), dated + cve('CVE-2023-1'), `<criterion comment="Module nodejs:18 is enabled" test_ref="x"/><criteria operator="OR">${earlier('npm', '1:9.5.0-1.18.14.2.2.module+el9.2.0+18678+6d0b7ea3')}</criteria>`)}
${definition('vulnerability', '2', 'CVE-2023-2 some flaw (moderate)', '<reference ref_id="CVE-2023-2" ref_url="https://x" source="CVE"/>', `${dated}${cve('CVE-2023-2')}<affected><resolution state="Affected"><component>exiv2</component></resolution><resolution state="Will not fix"><component>nodejs:16/nodejs</component></resolution><resolution state="Out of support scope"><component>firefox</component></resolution><resolution state="Fix deferred"><component>kernel</component></resolution></affected>`, '<criterion comment="exiv2 is installed" test_ref="x"/>')}
${definition('patch', '3', 'RHSA-2023:3: EUS only', rhsa('RHSA-2023:3'), dated + cve('CVE-2023-3') + cpes('cpe:/o:redhat:rhel_eus:9.0::baseos'), earlier('sudo', '0:1-1.el9_0'), 'Red Hat Enterprise Linux 9.0 EUS')}
</definitions>
<tests></tests>
</oval_definitions>
`;

contractTests(redhatOval, { fileName: 'rhel-9.oval.xml', content: OVAL });

describe('redhat-oval', () => {
  const claims = claimsIn(readAll(redhatOval, 'rhel-9.oval.xml', OVAL));

  it('reads what is fixed where, by the words of the criteria, with the module that must be enabled', () => {
    expect(
      claims
        .filter(claim => claim.state === 'fixed')
        .map(claim => [claim.vulnerabilityId, claim.packageName, claim.fixedVersion, claim.module]),
    ).toEqual([
      ['CVE-2022-1920', 'gstreamer1', '0:1.18.4-6.el9', undefined],
      ['CVE-2022-1921', 'gstreamer1', '0:1.18.4-6.el9', undefined],
      ['CVE-2022-1920', 'gstreamer1-gtk', '0:1.18.4-6.el9', undefined],
      ['CVE-2022-1921', 'gstreamer1-gtk', '0:1.18.4-6.el9', undefined],
      ['CVE-2023-1', 'npm', '1:9.5.0-1.18.14.2.2.module+el9.2.0+18678+6d0b7ea3', 'nodejs:18'],
    ]);
    expect(claims[0]).toMatchObject({ release: 'rhel:9', advisoryId: 'RHSA-2023:2260', severity: 'moderate', statedOn: '2023-05-10' });
  });

  it('reads the states of what is not fixed', () => {
    expect(
      claims.filter(claim => claim.vulnerabilityId === 'CVE-2023-2').map(claim => [claim.packageName, claim.state, claim.module]),
    ).toEqual([
      ['exiv2', 'open', undefined],
      ['nodejs', 'wont-fix', 'nodejs:16'],
      ['firefox', 'end-of-life', undefined],
      ['kernel', 'deferred', undefined],
    ]);
  });

  it('leaves the extended streams out: their versions mean nothing on the main one', () => {
    expect(claims.some(claim => claim.vulnerabilityId === 'CVE-2023-3')).toBe(false);
  });
});
