import { describe, expect, it } from 'vitest';
import type { Claim } from '../../core/advisories/claim.ts';
import { indexClaims } from '../../core/advisories/claim-index.ts';
import { matchPackage } from '../../core/findings/match.ts';
import { csaf, redhatCsaf } from './csaf/index.ts';
import { cyclonedxVex } from './cyclonedx-vex/index.ts';
import { openvex } from './openvex/index.ts';
import { claimsIn, contractTests, quarantinedIn, readAll } from './testkit.ts';

const OPENVEX = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.org/vex/1',
  author: 'Example Org',
  version: 1,
  timestamp: '2026-07-29T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2026-0001' },
      products: [{ '@id': 'pkg:deb/debian/curl@7.88.1-10+deb12u5?arch=source&distro=debian-12' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
    },
    {
      vulnerability: { name: 'CVE-2026-0002' },
      products: [{ '@id': 'pkg:apk/alpine/busybox@1.30.1-r3?arch=x86_64&distro=alpine-3.10.9' }],
      status: 'affected',
      action_statement: 'update',
    },
    {
      vulnerability: { name: 'CVE-2026-0003' },
      products: [{ '@id': 'pkg:oci/image', subcomponents: [{ '@id': 'pkg:pypi/Django@4.2.1' }] }],
      status: 'fixed',
    },
    { vulnerability: { name: 'CVE-2026-0004' }, products: [{ '@id': 'pkg:npm/%40scope/x@1.0.0' }], status: 'under_investigation' },
  ],
};
const CYCLONEDX = {
  bomFormat: 'CycloneDX',
  specVersion: '1.4',
  version: 1,
  metadata: { timestamp: '2026-01-01T00:00:00Z', supplier: { name: 'Example Org' } },
  components: [
    {
      type: 'library',
      'bom-ref': 'a',
      name: 'jackson-databind',
      version: '2.9.4',
      purl: 'pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.9.4',
    },
  ],
  vulnerabilities: [
    {
      id: 'CVE-2018-7489',
      analysis: { state: 'not_affected', justification: 'code_not_reachable' },
      affects: [{ ref: 'urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#a' }],
    },
    { id: 'CVE-2018-0001', affects: [{ ref: 'a' }] },
  ],
};

/** Red Hat's shape: components as leaves with package URLs, platforms with CPEs, relationships that join them; a module inside a platform. */
const REDHAT = {
  document: {
    category: 'csaf_vex',
    csaf_version: '2.0',
    publisher: { category: 'vendor', name: 'Red Hat Product Security', namespace: 'https://www.redhat.com' },
    title: 'x',
    tracking: { id: 'CVE-2024-0001', current_release_date: '2025-01-02T00:00:00+00:00' },
  },
  product_tree: {
    branches: [
      {
        category: 'vendor',
        name: 'Red Hat',
        branches: [
          {
            category: 'product_family',
            name: 'RHEL',
            branches: [
              {
                category: 'product_name',
                name: 'RHEL 9',
                product: {
                  name: 'RHEL 9',
                  product_id: 'AppStream-9',
                  product_identification_helper: { cpe: 'cpe:/a:redhat:enterprise_linux:9::appstream' },
                },
              },
              {
                category: 'product_name',
                name: 'RHEL 9.2 EUS',
                product: {
                  name: 'EUS',
                  product_id: 'AppStream-9.2.EUS',
                  product_identification_helper: { cpe: 'cpe:/a:redhat:rhel_eus:9.2::appstream' },
                },
              },
              {
                category: 'product_name',
                name: 'RHEL 8',
                product: {
                  name: 'RHEL 8',
                  product_id: 'red_hat_enterprise_linux_8',
                  product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:8' },
                },
              },
            ],
          },
          {
            category: 'architecture',
            name: 'x86_64',
            branches: ['x86_64', 'aarch64'].map(arch => ({
              category: 'product_version',
              name: `openssl-1:3.0.7-27.el9.${arch}`,
              product: {
                name: 'openssl',
                product_id: `openssl-1:3.0.7-27.el9.${arch}`,
                product_identification_helper: { purl: `pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=${arch}&epoch=1` },
              },
            })),
          },
          {
            category: 'product_version',
            name: 'openssl',
            product: { name: 'openssl', product_id: 'openssl', product_identification_helper: { purl: 'pkg:rpm/redhat/openssl?arch=src' } },
          },
          {
            category: 'product_version',
            name: 'gnutls',
            product: { name: 'gnutls', product_id: 'gnutls', product_identification_helper: { purl: 'pkg:rpm/redhat/gnutls?arch=src' } },
          },
        ],
      },
    ],
    relationships: [
      ...['x86_64', 'aarch64'].flatMap(arch =>
        ['AppStream-9', 'AppStream-9.2.EUS'].map(platform => ({
          category: 'default_component_of',
          full_product_name: { name: 'x', product_id: `${platform}:openssl-1:3.0.7-27.el9.${arch}` },
          product_reference: `openssl-1:3.0.7-27.el9.${arch}`,
          relates_to_product_reference: platform,
        })),
      ),
      ...['openssl', 'gnutls'].map(name => ({
        category: 'default_component_of',
        full_product_name: { name: 'x', product_id: `red_hat_enterprise_linux_8:${name}` },
        product_reference: name,
        relates_to_product_reference: 'red_hat_enterprise_linux_8',
      })),
    ],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2024-0001',
      title: 'openssl: flaw',
      product_status: {
        fixed: [
          'AppStream-9:openssl-1:3.0.7-27.el9.x86_64',
          'AppStream-9:openssl-1:3.0.7-27.el9.aarch64',
          'AppStream-9.2.EUS:openssl-1:3.0.7-27.el9.x86_64',
        ],
        known_affected: ['red_hat_enterprise_linux_8:openssl'],
        known_not_affected: ['red_hat_enterprise_linux_8:gnutls'],
      },
      remediations: [
        { category: 'no_fix_planned', details: 'Will not fix', product_ids: ['red_hat_enterprise_linux_8:openssl'] },
        { category: 'vendor_fix', details: 'x', product_ids: [] },
      ],
      scores: [{ products: [], cvss_v3: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H', version: '3.1' } }],
      threats: [{ category: 'impact', details: 'Moderate' }],
    },
  ],
};
const PLAIN_CSAF = {
  document: {
    category: 'csaf_security_advisory',
    csaf_version: '2.0',
    publisher: { category: 'vendor', name: 'Example Corp', namespace: 'https://example.com' },
    title: 'x',
    tracking: { id: 'EXAMPLE-2026-0002', current_release_date: '2026-07-29T00:00:00Z' },
  },
  product_tree: {
    full_product_names: [
      { name: 'Django 4.2.1', product_id: 'P1', product_identification_helper: { purl: 'pkg:pypi/django@4.2.1' } },
      { name: 'A box', product_id: 'P2' },
    ],
  },
  vulnerabilities: [{ cve: 'CVE-2026-0009', product_status: { known_affected: ['P1', 'P2'] } }],
};

contractTests(openvex, { fileName: 'vex.json', content: JSON.stringify(OPENVEX, null, 2) });
contractTests(cyclonedxVex, { fileName: 'bom.json', content: JSON.stringify(CYCLONEDX, null, 2) });
contractTests(redhatCsaf, { fileName: 'cve-2024-0001.json', content: JSON.stringify(REDHAT) });
contractTests(csaf, { fileName: 'example.json', content: JSON.stringify(PLAIN_CSAF, null, 2) });

const brief = (claims: readonly Claim[]) =>
  claims.map(claim => [claim.vulnerabilityId, claim.release, claim.packageName, claim.state, claim.onlyVersions?.join() ?? null]);

describe('openvex', () => {
  const items = readAll(openvex, 'x', JSON.stringify(OPENVEX));
  it('speaks of the builds that it names', () => {
    expect(brief(claimsIn(items))).toEqual([
      ['CVE-2026-0001', 'debian:12', 'curl', 'not-affected', '7.88.1-10+deb12u5'],
      ['CVE-2026-0002', 'alpine:3.10', 'busybox', 'open', '1.30.1-r3'],
      ['CVE-2026-0003', 'PyPI', 'django', 'not-affected', '4.2.1'],
      ['CVE-2026-0004', 'npm', '@scope/x', 'unknown', '1.0.0'],
    ]);
  });

  it('switches a finding off for that build and no other', () => {
    const tracker: Claim = {
      source: 'debian-tracker',
      vulnerabilityId: 'CVE-2026-0001',
      aliases: [],
      release: 'debian:12',
      packageName: 'curl',
      state: 'fixed',
      fixedVersion: '7.88.1-10+deb12u9',
      severity: null,
      statedOn: null,
      note: null,
    };
    const index = indexClaims([tracker, ...claimsIn(items)]);
    const match = (sourceVersion: string) =>
      matchPackage(index, { release: 'debian:12', sourceName: 'curl', sourceVersion, packageName: 'curl', originTrusted: true });
    expect(match('7.88.1-10+deb12u5')).toEqual([]);
    expect(match('7.88.1-10+deb12u4')).toMatchObject([{ state: 'fixed', evidence: [{ source: 'debian-tracker' }] }]);
    expect(match('7.88.1-10+deb12u9')).toEqual([]);
  });

  it('counts only when its author is trusted', () => {
    expect(claimsIn(readAll(openvex, 'x', JSON.stringify(OPENVEX), 100, { trustedAuthors: new Set(['Example Org']) }))).toHaveLength(4);
    const refused = readAll(openvex, 'x', JSON.stringify(OPENVEX), 100, { trustedAuthors: new Set(['Debian']) });
    expect(claimsIn(refused)).toEqual([]);
    expect(quarantinedIn(refused)).toMatchObject([{ reason: 'its author Example Org is not among the trusted ones' }]);
  });

  it('puts aside products that are no package URL or of no release', () => {
    const odd = {
      ...OPENVEX,
      statements: [{ ...OPENVEX.statements[0], products: [{ '@id': 'https://example.org/p' }, { '@id': 'pkg:deb/debian/x@1' }] }],
    };
    expect(quarantinedIn(readAll(openvex, 'x', JSON.stringify(odd))).map(item => item.reason)).toEqual([
      'https://example.org/p is not a package URL: does not start with "pkg:"',
      expect.stringContaining('does not say of which release'),
    ]);
  });
});

describe('cyclonedx-vex', () => {
  it('reads analyses; a vulnerability without one says nothing', () => {
    expect(brief(claimsIn(readAll(cyclonedxVex, 'x', JSON.stringify(CYCLONEDX))))).toEqual([
      ['CVE-2018-7489', 'Maven', 'com.fasterxml.jackson.core:jackson-databind', 'not-affected', '2.9.4'],
    ]);
  });
});

describe('csaf', () => {
  const items = readAll(redhatCsaf, 'x', JSON.stringify(REDHAT));
  it('joins component and platform, leaves EUS out, and says a thing once for all architectures', () => {
    expect(
      claimsIn(items).map(claim => [
        claim.release,
        claim.packageName,
        claim.packageKind,
        claim.state,
        claim.fixedVersion,
        claim.severity,
        claim.statedOn,
      ]),
    ).toEqual([
      ['rhel:9', 'openssl', undefined, 'fixed', '1:3.0.7-27.el9', 'moderate', '2025-01-02'],
      ['rhel:8', 'openssl', 'source', 'wont-fix', null, 'moderate', '2025-01-02'],
      ['rhel:8', 'gnutls', 'source', 'not-affected', '0', 'moderate', '2025-01-02'],
    ]);
    expect(items.filter(item => item.kind === 'enrichment')).toMatchObject([
      { enrichment: { title: 'openssl: flaw', cvss: [{ source: 'redhat-csaf' }] } },
    ]);
  });

  it('reads the CSAF of anybody, as far as products are packages', () => {
    expect(brief(claimsIn(readAll(csaf, 'x', JSON.stringify(PLAIN_CSAF))))).toEqual([['CVE-2026-0009', 'PyPI', 'django', 'open', '4.2.1']]);
  });

  it('ends on relationships that form a circle', () => {
    const circle = structuredClone(REDHAT);
    circle.product_tree.relationships.push({
      category: 'default_component_of',
      full_product_name: { name: 'x', product_id: 'openssl' },
      product_reference: 'red_hat_enterprise_linux_8:openssl',
      relates_to_product_reference: 'openssl',
    });
    expect(readAll(redhatCsaf, 'x', JSON.stringify(circle)).length).toBeGreaterThan(0);
  });
});
