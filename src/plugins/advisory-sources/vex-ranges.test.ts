import { describe, expect, it } from 'vitest';
import { indexClaims } from '../../core/advisories/claim-index.ts';
import { matchPackage } from '../../core/findings/match.ts';
import { csaf } from './csaf/index.ts';
import { cyclonedxVex } from './cyclonedx-vex/index.ts';
import { claimsIn, quarantinedIn, readAll } from './testkit.ts';

/** Which of these versions somebody is told of, by what the document says. */
function vulnerable(items: ReturnType<typeof readAll>, release: string, name: string, versions: readonly string[]): string[] {
  const index = indexClaims(claimsIn(items));
  return versions.filter(
    version =>
      matchPackage(index, { release, sourceName: name, sourceVersion: version, packageName: name, originTrusted: true }).length > 0,
  );
}

const cyclonedx = (versions: readonly object[] | undefined, state = 'exploitable') =>
  readAll(
    cyclonedxVex,
    'x',
    JSON.stringify({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { supplier: { name: 'Example Org' } },
      components: [{ type: 'library', 'bom-ref': 'a', name: 'acme', purl: 'pkg:pypi/acme' }],
      vulnerabilities: [
        { id: 'CVE-2026-0001', analysis: { state }, affects: [{ ref: 'a', ...(versions === undefined ? {} : { versions }) }] },
      ],
    }),
  );
const VERSIONS = ['0.9', '1.0', '1.5', '1.9', '2.0', '3.0', '3.1', '4.0'];
const ofAcme = (items: ReturnType<typeof readAll>) => vulnerable(items, 'PyPI', 'acme', VERSIONS);

describe('a CycloneDX document that speaks of versions', () => {
  it('means the reference when it lists none', () => {
    expect(ofAcme(cyclonedx(undefined))).toEqual(VERSIONS);
  });
  it('means the versions and VERS ranges that it lists, and no others', () => {
    expect(ofAcme(cyclonedx([{ version: '3.0' }]))).toEqual(['3.0']);
    expect(ofAcme(cyclonedx([{ range: 'vers:pypi/>=1.0|<2.0', status: 'affected' }]))).toEqual(['1.0', '1.5', '1.9']);
    expect(ofAcme(cyclonedx([{ range: 'vers:pypi/>1.0|!=1.5|<=2.0|>=3.1' }]))).toEqual(['1.9', '2.0', '3.1', '4.0']);
    expect(ofAcme(cyclonedx([{ range: 'vers:pypi/*' }]))).toEqual(VERSIONS);
  });
  it('means every range that it lists', () => {
    const ranges = [{ range: 'vers:pypi/>=1.0|<1.9' }, { range: 'vers:pypi/>=3.0|<4.0' }];
    expect(ofAcme(cyclonedx(ranges))).toEqual(['1.0', '1.5', '3.0', '3.1']);
    expect(ofAcme(cyclonedx(ranges.toReversed()))).toEqual(['1.0', '1.5', '3.0', '3.1']);
  });
  it('says of single versions that they are not affected', () => {
    expect(ofAcme(cyclonedx([{ range: 'vers:pypi/>=1.0|<2.0' }, { version: '1.5', status: 'unaffected' }]))).toEqual(['1.0', '1.9']);
    expect(claimsIn(cyclonedx([{ version: '1.5', status: 'unaffected' }]))).toMatchObject([
      { state: 'not-affected', onlyVersions: ['1.5'] },
    ]);
    expect(claimsIn(cyclonedx([{ version: '1.5', status: 'unknown' }]))).toMatchObject([{ state: 'unknown', onlyVersions: ['1.5'] }]);
  });
  it.each([
    [{ range: 'vers:deb/<2.0' }, /is of deb versions, and PyPI has pep440 versions/],
    [{ range: 'below 2' }, /cannot be read: not vers:/],
    [{ range: 'vers:pypi/<2.0', status: 'unaffected' }, /called not-affected: only affected ranges are read/],
    [{ status: 'affected' }, /neither a version nor a range/],
  ])('puts aside what it cannot follow: %j', (entry, reason) => {
    const items = cyclonedx([entry]);
    expect(claimsIn(items)).toEqual([]);
    expect(quarantinedIn(items)).toMatchObject([{ reason: expect.stringMatching(reason) }]);
  });
});

const csafOf = (range: string, status: string) => csafOfMany([range], { [status]: ['P0'] });

/** Products P0, P1, ... : a VERS range, words for people, or a version by itself. */
const csafOfMany = (products: readonly string[], status: object, more: { readonly tree?: object; readonly vulnerability?: object } = {}) =>
  readAll(
    csaf,
    'x',
    JSON.stringify({
      document: { category: 'csaf_vex', csaf_version: '2.0', publisher: { name: 'Example Org' }, tracking: { id: 'EX-1' } },
      product_tree: {
        ...more.tree,
        branches: products.map((name, at) => {
          const isVersion = /^[\d.]+$/.test(name);
          const purl = isVersion ? `pkg:pypi/acme@${name}` : 'pkg:pypi/acme';
          return {
            category: isVersion ? 'product_version' : 'product_version_range',
            name,
            product: { product_id: `P${at}`, name: 'acme', product_identification_helper: { purl } },
          };
        }),
      },
      vulnerabilities: [{ cve: 'CVE-2026-0002', product_status: status, ...more.vulnerability }],
    }),
  );

describe('a CSAF document with a branch product_version_range', () => {
  it('means the versions of its VERS range', () => {
    expect(ofAcme(csafOf('vers:pypi/>=1.0|<2.0', 'known_affected'))).toEqual(['1.0', '1.5', '1.9']);
  });
  it('puts aside a range of fixed versions, for no first one is named', () => {
    const items = csafOf('vers:pypi/>=2.0', 'fixed');
    expect(claimsIn(items)).toEqual([]);
    expect(quarantinedIn(items)).toMatchObject([{ reason: expect.stringMatching(/called fixed: only affected ranges are read/) }]);
  });
  it('means every range, each of which is a product by itself', () => {
    const ranges = ['vers:pypi/>=1.0|<1.9', 'vers:pypi/>=3.0|<4.0'];
    expect(ofAcme(csafOfMany(ranges, { known_affected: ['P0', 'P1'] }))).toEqual(['1.0', '1.5', '3.0', '3.1']);
    expect(ofAcme(csafOfMany(ranges, { known_affected: ['P1', 'P0'] }))).toEqual(['1.0', '1.5', '3.0', '3.1']);
  });
  it.each([
    [{ first_affected: ['P0', 'P2'], last_affected: ['P1', 'P3'] }, ['1.0', '1.5', '3.0', '3.1']],
    [{ last_affected: ['P3', 'P1'], first_affected: ['P2', 'P0'] }, ['1.0', '1.5', '3.0', '3.1']],
    // The last of one branch and the first of the next make no range: each is open on its other side.
    [{ last_affected: ['P1'], first_affected: ['P2'] }, ['0.9', '1.0', '1.5', '3.0', '3.1', '4.0']],
    [{ last_affected: ['P1'], first_affected: ['P1'] }, ['1.5']],
    [{ last_affected: ['P1'] }, ['0.9', '1.0', '1.5']],
    [{ first_affected: ['P2'] }, ['3.0', '3.1', '4.0']],
  ])('reads first and last affected versions as ends of ranges: %j', (status, affected) => {
    expect(ofAcme(csafOfMany(['1.0', '1.5', '3.0', '3.1'], status))).toEqual(affected);
  });
  it('does not take "not affected" of a range in words for every version', () => {
    const items = csafOfMany(['all before 2.0'], { known_not_affected: ['P0'] });
    expect(claimsIn(items)).toEqual([]);
    expect(quarantinedIn(items)).toMatchObject([{ reason: 'which versions are not affected is said in words (all before 2.0)' }]);
    expect(ofAcme(csafOfMany(['all before 2.0'], { known_affected: ['P0'] }))).toEqual(VERSIONS);
  });
  it('finds what will become of a flaw by groups of products', () => {
    const items = csafOfMany(
      ['1.0'],
      { known_affected: ['P0'] },
      {
        tree: { product_groups: [{ group_id: 'G', product_ids: ['P0'] }] },
        vulnerability: { remediations: [{ category: 'no_fix_planned', details: 'Will not fix', group_ids: ['G'] }] },
      },
    );
    expect(claimsIn(items)).toMatchObject([{ state: 'wont-fix' }]);
  });
  it('reads the metrics of CSAF 2.1', () => {
    const vectorString = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
    const metrics = [{ products: ['P0'], content: { cvss_v3: { version: '3.1', vectorString } } }];
    const items = csafOfMany(['1.0'], { known_affected: ['P0'] }, { vulnerability: { metrics } });
    expect(items.filter(item => item.kind === 'enrichment')).toMatchObject([{ enrichment: { cvss: [{ vector: vectorString }] } }]);
  });
});
