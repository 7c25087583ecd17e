import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../../core/advisories/claim-index.ts';
import { matchPackage } from '../../../core/findings/match.ts';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { amazonUpdateinfo, rockyUpdateinfo, updateinfo } from './index.ts';

const build = (name: string, version: string, release: string, arch = 'x86_64', epoch = '0') =>
  `<package name="${name}" version="${version}" release="${release}" epoch="${epoch}" arch="${arch}" src="${name}-${version}-${release}.src.rpm"><filename>${name}.rpm</filename><sum type="sha256">00</sum></package>`;
const update = (
  id: string,
  body: string,
  { type = 'security', release = 'Rocky Linux 8', cves = ['CVE-2021-3520'], collection = '' } = {},
) =>
  `  <update from="releng@example.org" status="final" type="${type}" version="2">
    <id>${id}</id>
    <title>Moderate: lz4 security update</title>
    <issued date="2021-07-22 03:13:55"></issued><updated date="2021-06-29 00:00:00"></updated>
    <release>${release}</release><severity>Moderate</severity>
    <summary>An update for lz4 is now available.&#xA;It is rated &quot;Moderate&quot; &amp; worse.</summary>
    <references>${cves.map(cve => `<reference href="https://x/${cve}" id="${cve}" type="cve" title=""></reference>`).join('')}</references>
    <pkglist><collection short="RL8"><name>${release}</name>${collection}
      ${body}
    </collection></pkglist>
  </update>
`;
const feed = (...updates: readonly string[]) => `<?xml version="1.0" encoding="UTF-8"?>\n<updates>\n${updates.join('')}</updates>\n`;

const MODULE = '<module name="ruby" stream="2.6" version="8060020220628150300" context="d63f516d" arch="x86_64" />';
const ROCKY = feed(
  update(
    'RLSA-2021:2575',
    build('lz4-libs', '1.8.3', '3.el8_4') + build('lz4-libs', '1.8.3', '3.el8_4', 'i686') + build('lz4', '1.8.3', '3.el8_4', 'src'),
  ),
  update('RLBA-2021:2580', build('firewalld', '0.8.2', '7.el8_4', 'noarch'), { type: 'bugfix' }),
  update(
    'RLSA-2019:1972',
    build('rubygem-bson', '4.3.0', '2.module+el8.4.0+592+03ff458a') + build('rocky-release', '8.4', '1.el8', 'noarch', '1'),
    {
      collection: MODULE,
      release: 'none-appstream-rpms__ruby',
      cves: ['CVE-2019-8324', 'CVE-2019-8325'],
    },
  ),
);
const AMAZON = feed(
  update('ALAS2023-2023-001', build('openssl', '3.0.8', '1.amzn2023.0.1', 'x86_64', '1'), { release: '' }),
  update('ALAS2-2018-939', build('kernel', '4.9.76', '38.79.amzn2'), { release: '' }),
  update('ALAS2LIVEPATCH-2021-064', build('kernel-livepatch-5.10', '1.0', '1.amzn2'), { release: '' }),
  // Extras of Amazon Linux 2 are numbered without the 2.
  update('ALASDOCKER-2022-016', build('containerd', '1.4.13', '2.amzn2.0.1'), { release: '' }),
  update('ALAS-2011-1', build('httpd', '2.2.21', '1.18.amzn1'), { release: '' }),
);
const FEDORA = feed(update('FEDORA-2026-0a1b2c3d4e', build('curl', '8.9.1', '2.fc41'), { release: 'Fedora 41' }));

contractTests(rockyUpdateinfo, { fileName: 'updateinfo.xml', content: ROCKY });
contractTests(amazonUpdateinfo, { fileName: 'updateinfo.xml', content: AMAZON });
contractTests(updateinfo, { fileName: 'updateinfo.xml', content: FEDORA });

const brief = (source: typeof updateinfo, text: string) =>
  claimsIn(readAll(source, 'updateinfo.xml', text)).map(claim => [
    claim.release,
    claim.packageName,
    claim.vulnerabilityId,
    claim.fixedVersion,
    claim.module,
  ]);

describe('errata of rpm repositories', () => {
  it('name each binary build once, with its epoch, its notice and every vulnerability', () => {
    expect(brief(rockyUpdateinfo, ROCKY)).toEqual([
      ['rocky:8', 'lz4-libs', 'CVE-2021-3520', '0:1.8.3-3.el8_4', undefined],
      ['rocky:8', 'rubygem-bson', 'CVE-2019-8324', '0:4.3.0-2.module+el8.4.0+592+03ff458a', 'ruby:2.6'],
      ['rocky:8', 'rubygem-bson', 'CVE-2019-8325', '0:4.3.0-2.module+el8.4.0+592+03ff458a', 'ruby:2.6'],
      ['rocky:8', 'rocky-release', 'CVE-2019-8324', '1:8.4-1.el8', undefined],
      ['rocky:8', 'rocky-release', 'CVE-2019-8325', '1:8.4-1.el8', undefined],
    ]);
    const [first] = claimsIn(readAll(rockyUpdateinfo, 'x', ROCKY));
    expect(first).toMatchObject({
      advisoryId: 'RLSA-2021:2575',
      severity: 'moderate',
      statedOn: '2021-07-22',
      note: 'Moderate: lz4 security update',
    });
  });

  it('know the releases of Amazon Linux by the builds and the ids, whatever the collection is called', () => {
    expect(brief(amazonUpdateinfo, AMAZON).map(([release, name]) => [release, name])).toEqual([
      ['amzn:2023', 'openssl'],
      ['amzn:2', 'kernel'],
      ['amzn:2', 'kernel-livepatch-5.10'],
      ['amzn:2', 'containerd'],
      ['amzn:2018', 'httpd'],
    ]);
    expect(brief(updateinfo, FEDORA)).toEqual([['fedora:41', 'curl', 'CVE-2021-3520', '0:8.9.1-2.fc41', undefined]]);
  });

  it('find what an update is about in the titles of bugs, where the publisher names nothing else', () => {
    const bug = (title: string) => `<reference href="https://x" id="2300000" type="bugzilla" title="${title}"/>`;
    const references = [
      bug('CVE-2026-1111 CVE-2026-1112 curl: two flaws [fedora-41]'),
      bug('CVE-2026-1113, curl: one'),
      bug('curl fails as in CVE-2020-1 but is none'),
    ];
    const text = FEDORA.replace(/<references>.*<\/references>/, `<references>${references.join('')}</references>`);
    expect(claimsIn(readAll(updateinfo, 'x', text)).map(claim => claim.vulnerabilityId)).toEqual([
      'CVE-2026-1111',
      'CVE-2026-1112',
      'CVE-2026-1113',
    ]);
  });

  it('say of another stream of a module nothing, and of an unknown one that the module is needed', () => {
    const index = indexClaims(claimsIn(readAll(rockyUpdateinfo, 'x', ROCKY)));
    const found = (version: string, module: string | null) =>
      matchPackage(index, {
        release: 'rocky:8',
        sourceName: 'x',
        sourceVersion: version,
        packageName: 'rubygem-bson',
        packageVersion: version,
        module,
        originTrusted: true,
      });
    expect(found('0:4.3.0-1.module+el8.4.0+1+0', 'ruby:2.6').length).toBe(2);
    expect(found('0:4.3.0-1.module+el8.4.0+1+0', 'ruby:2.5')).toEqual([]);
    expect(JSON.stringify(found('0:4.3.0-1.module+el8.4.0+1+0', null))).toContain('needs module info');
  });

  it('put a bad record aside with its reason and read the rest', () => {
    const broken = feed(
      update('RLSA-1', build('a', '', '1.el8')),
      update('RLSA-2', build('b', '1', '1.el8', 'x86_64', 'one')),
      update('RLSA-3', build('c', '1', '1'), { release: 'somewhere' }),
      update('RLSA-4', '<package name="d" version="&undefined;" release="1.el8"/>'),
      update('RLSA-5', '<package name="e"></pkg>'),
      update('RLSA-6', build('f', '1.0', '1.el8')),
    );
    expect(quarantinedIn(readAll(rockyUpdateinfo, 'x', broken)).map(item => item.reason)).toEqual([
      'its version or release is missing',
      'its epoch one is no number',
      'it does not say for which release it is',
      expect.stringContaining('an entity that is not read'),
      expect.stringContaining('which is not open'),
    ]);
    expect(brief(rockyUpdateinfo, broken).map(([, name]) => name)).toEqual(['f']);
  });
});
