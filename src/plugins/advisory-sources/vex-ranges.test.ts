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

const csafOf = (range: string, status: string) =>
  readAll(
    csaf,
    'x',
    JSON.stringify({
      document: { category: 'csaf_vex', csaf_version: '2.0', publisher: { name: 'Example Org' }, tracking: { id: 'EX-1' } },
      product_tree: {
        branches: [
          {
            category: 'product_version_range',
            name: range,
            product: { product_id: 'P', name: 'acme', product_identification_helper: { purl: 'pkg:pypi/acme' } },
          },
        ],
      },
      vulnerabilities: [{ cve: 'CVE-2026-0002', product_status: { [status]: ['P'] } }],
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
});
