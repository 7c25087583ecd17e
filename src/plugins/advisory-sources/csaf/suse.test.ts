import { describe, expect, it } from 'vitest';
import { recogniseFeed } from '../catalog.ts';
import { claimsIn, contractTests, readAll } from '../testkit.ts';
import { HEAD_BYTES } from '../text-reader.ts';
import { suseCsaf } from './index.ts';

const platform = (name: string, cpe: string) => ({
  category: 'product_name',
  name,
  product: { name, product_id: name, product_identification_helper: { cpe } },
});
const build = (name: string) => ({ category: 'product_version', name, product: { name, product_id: name } });
const within = (name: string, on: string) => ({
  category: 'default_component_of',
  full_product_name: { name: `${name} as component of ${on}`, product_id: `${on}:${name}` },
  product_reference: name,
  relates_to_product_reference: on,
});

const SERVER = 'SUSE Linux Enterprise Server 15 SP5';
const LEAP = 'openSUSE Leap 15.6';
const MICRO = 'SUSE Linux Enterprise Micro 5.5';
const BUILDS = [
  'libopenssl1_1-1.1.1l-150500.15.4',
  'libopenssl1_1-1.1.1l-150500.15.4.x86_64',
  'libopenssl-1_0_0-devel',
  'openssl-1_1',
  'libopenssl1_1-32bit',
];
/** SUSE's shape: platforms by CPE, builds by their names alone, "recommended" for what has the fix. */
const VEX = {
  document: {
    category: 'csaf_vex',
    csaf_version: '2.0',
    publisher: { category: 'vendor', name: 'SUSE Product Security Team', namespace: 'https://www.suse.com/' },
    title: 'SUSE CVE CVE-2023-0464',
    tracking: { id: 'CVE-2023-0464', current_release_date: '2026-09-01T00:00:00Z' },
  },
  product_tree: {
    branches: [
      {
        category: 'vendor',
        name: 'SUSE',
        branches: [
          {
            category: 'product_family',
            name: 'SUSE Linux Enterprise',
            branches: [
              platform(SERVER, 'cpe:/o:suse:sles:15:sp5'),
              platform(LEAP, 'cpe:/o:opensuse:leap:15.6'),
              platform(MICRO, 'cpe:/o:suse:sle-micro:5.5'),
            ],
          },
          ...BUILDS.map(build),
        ],
      },
    ],
    relationships: [SERVER, LEAP, MICRO].flatMap(on => BUILDS.map(name => within(name, on))),
  },
  vulnerabilities: [
    {
      cve: 'CVE-2023-0464',
      product_status: {
        recommended: [`${SERVER}:${BUILDS[0]}`, `${SERVER}:${BUILDS[1]}`, `${LEAP}:${BUILDS[1]}`, `${MICRO}:${BUILDS[0]}`],
        known_affected: [`${SERVER}:${BUILDS[2]}`, `${SERVER}:${BUILDS[4]}`],
        known_not_affected: [`${SERVER}:${BUILDS[3]}`],
      },
      threats: [{ category: 'impact', details: 'important' }],
    },
  ],
};

contractTests(suseCsaf, { fileName: 'cve-2023-0464.json', content: JSON.stringify(VEX, null, 2) });

describe('suse-csaf', () => {
  it('reads builds by their names, once for all architectures, and leaves products alone that are no release', () => {
    const claims = claimsIn(readAll(suseCsaf, 'x', JSON.stringify(VEX)));
    expect(claims.map(claim => [claim.release, claim.packageName, claim.state, claim.fixedVersion, claim.severity])).toEqual([
      ['sles:15.5', 'libopenssl1_1', 'fixed', '1.1.1l-150500.15.4', 'important'],
      ['opensuse-leap:15.6', 'libopenssl1_1', 'fixed', '1.1.1l-150500.15.4', 'important'],
      ['sles:15.5', 'libopenssl-1_0_0-devel', 'open', null, 'important'],
      ['sles:15.5', 'libopenssl1_1-32bit', 'open', null, 'important'],
      ['sles:15.5', 'openssl-1_1', 'not-affected', '0', 'important'],
    ]);
    expect(claims.every(claim => claim.onlyVersions === undefined)).toBe(true);
  });
});

it('belongs to its publisher, however long the notes that stand before the publisher', () => {
  const notes = [{ category: 'general', text: 'x'.repeat(100_000) }];
  const text = JSON.stringify({ document: { ...{ csaf_version: '2.0', notes }, ...VEX.document } }).slice(0, HEAD_BYTES);
  expect(recogniseFeed({ fileName: 'x.json', text }, suseCsaf)?.id).toBe('suse-csaf');
  expect(recogniseFeed({ fileName: 'x.json', text })?.id).toBe('csaf');
});

describe('the products of SUSE', () => {
  it.each([
    ['cpe:/o:suse:sles:15:sp5', 'sles:15.5', undefined],
    ['cpe:/o:suse:sle-module-basesystem:15:sp6', 'sles:15.6', undefined],
    ['cpe:/o:suse:sles_sap:12:sp5', 'sles:12.5', undefined],
    ['cpe:/o:suse:sle-ha:15:sp6', 'sles:15.6', undefined],
    ['cpe:/o:suse:packagehub:15:sp7', 'sles:15.7', undefined],
    ['cpe:/o:suse:suse_sles:11:sp4', 'sles:11.4', undefined],
    ['cpe:/o:suse:sles:16:16.1', 'sles:16.1', undefined],
    // Long-term support: the build is of the release, and only who pays gets it.
    ['cpe:/o:suse:sles-ltss:15:sp2', 'sles:15.2', 'ltss'],
    ['cpe:/o:suse:sles-ltss-extended-security:12:sp5', 'sles:12.5', 'ltss'],
    ['cpe:/o:suse:sle_hpc-espos:15:sp4', 'sles:15.4', 'ltss'],
    ['cpe:/o:suse:sles_bcl:15:sp1', 'sles:15.1', 'ltss'],
    ['cpe:/o:suse:suse_sles_ltss:11:sp4', 'sles:11.4', 'ltss'],
    ['cpe:/o:suse:sle-micro:5.5', null, undefined],
    ['cpe:/o:suse:sle-live-patching:15:sp5', null, undefined],
  ])('%s is %s, for subscribers of %s', (cpe, release, subscription) => {
    const [, build] = BUILDS;
    const document = {
      ...VEX,
      product_tree: {
        branches: [platform('P', cpe), { category: 'product_version', name: build, product: { name: build, product_id: build } }],
        relationships: [within(build!, 'P')],
      },
      vulnerabilities: [{ cve: 'CVE-2023-0464', product_status: { recommended: [`P:${build}`] } }],
    };
    const claims = claimsIn(readAll(suseCsaf, 'x', JSON.stringify(document)));
    expect(claims.map(claim => [claim.release, claim.subscription])).toEqual(release === null ? [] : [[release, subscription]]);
  });
});
