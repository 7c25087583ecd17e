import { describe, expect, it } from 'vitest';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { alpineSecdb } from './index.ts';

const LINES =
  '{"rel":"v3.10","repo":"main","pkg":"botan","secfixes":{"2.9.0-r0":["CVE-2018-20187"],"0":["CVE-2000-0001"]}}\n{"rel":"v3.10","repo":"main","pkg":"xen","secfixes":{"4.12.1-r1":["CVE-2019-17498 XSA-300","CVE-2019-19000 (+)"]}}\n';
const DOCUMENT = {
  apkurl: '{{urlprefix}}/{{distroversion}}',
  archs: ['x86_64'],
  reponame: 'main',
  urlprefix: 'https://dl-cdn.alpinelinux.org/alpine',
  distroversion: 'v3.20',
  packages: [{ pkg: { name: 'openssl', secfixes: { '3.3.1-r1': ['CVE-2024-5535'] } } }],
};

contractTests(alpineSecdb, { fileName: 'secdb.jsonl', content: LINES });
contractTests(alpineSecdb, { fileName: 'main.json', content: JSON.stringify(DOCUMENT, null, 2) });

describe('alpine-secdb', () => {
  it('reads fixes, "never affected", and entries with more words than ids', () => {
    expect(
      claimsIn(readAll(alpineSecdb, 'x', LINES)).map(claim => [
        claim.packageName,
        [claim.vulnerabilityId, ...claim.aliases].join(' = '),
        claim.state,
        claim.fixedVersion,
        claim.release,
      ]),
    ).toEqual([
      ['botan', 'CVE-2000-0001', 'not-affected', '0', 'alpine:3.10'],
      ['botan', 'CVE-2018-20187', 'fixed', '2.9.0-r0', 'alpine:3.10'],
      ['xen', 'CVE-2019-17498 = XSA-300', 'fixed', '4.12.1-r1', 'alpine:3.10'],
      ['xen', 'CVE-2019-19000', 'fixed', '4.12.1-r1', 'alpine:3.10'],
    ]);
  });

  it("reads secdb's own document, wherever it names the release", () => {
    const { distroversion, ...rest } = DOCUMENT;
    for (const document of [DOCUMENT, { ...rest, distroversion }])
      expect(claimsIn(readAll(alpineSecdb, 'x', JSON.stringify(document))).map(claim => [claim.release, claim.packageName])).toEqual([
        ['alpine:3.20', 'openssl'],
      ]);
  });

  it('puts aside versions that apk cannot read', () => {
    expect(quarantinedIn(readAll(alpineSecdb, 'x', LINES.replace('2.9.0-r0', 'not-a-version')))).toMatchObject([
      { record: 'line 1 (botan not-a-version)' },
    ]);
  });
});
