import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { file, folder, makeFolder, removeFolder, run } from './scan.testkit.ts';

beforeEach(() => {
  makeFolder();
  file('nvd.json', NVD);
});
afterEach(removeFolder);

const match = (criteria: string, more: object = {}) => ({ vulnerable: true, criteria, ...more });
const record = (id: string, configurations: readonly object[], vulnStatus = 'Analyzed') => ({
  cve: { id, published: '2026-01-02T00:00:00.000', lastModified: '2026-03-04T00:00:00.000', vulnStatus, metrics: {}, configurations },
});
const TOOL = 'cpe:2.3:a:acme:tool:*:*:*:*:*:*:*:*';
const below2 = match(TOOL, { versionEndExcluding: '2.0' });
const NVD = JSON.stringify({
  format: 'NVD_CVE',
  version: '2.0',
  vulnerabilities: [
    record('CVE-2026-0001', [{ nodes: [{ operator: 'OR', negate: false, cpeMatch: [below2] }] }]),
    record('CVE-2026-0002', [
      {
        operator: 'AND',
        nodes: [
          { operator: 'OR', negate: false, cpeMatch: [below2] },
          { operator: 'OR', negate: false, cpeMatch: [{ ...match('cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*'), vulnerable: false }] },
        ],
      },
    ]),
    record('CVE-2026-0003', [{ nodes: [{ operator: 'OR', negate: false, cpeMatch: [below2] }] }], 'Rejected'),
    record('CVE-2026-0004', [{ nodes: [{ operator: 'OR', negate: false, cpeMatch: [match('cpe:2.3:a:other:tool:*:*:*:*:*:*:*:*')] }] }]),
  ],
});
const PYPI = JSON.stringify({
  id: 'PYSEC-2026-1',
  modified: '2026-01-01T00:00:00Z',
  affected: [{ package: { ecosystem: 'PyPI', name: 'unrelated' }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] }],
});

interface Found {
  readonly package: string;
  readonly release: string;
  readonly id: string;
  readonly state: string;
  readonly fixedVersion: string | null;
  readonly evidence: readonly { readonly rule: string; readonly confidence?: string; readonly comparison: string }[];
}

const component = (more: object) => ({ type: 'library', name: 'tool', version: '1.4', ...more });
const sbom = (...components: readonly object[]) => JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', components });
const stated = (version: string) => `cpe:2.3:a:acme:tool:${version}:*:*:*:*:*:*:*`;

async function scanned(document: string, ...argv: string[]): Promise<{ found: Found[]; code: number; err: string; out: string }> {
  const result = await run(file('sbom.json', document), '--feed', path.join(folder, 'nvd.json'), '--no-cache', '--format', 'json', ...argv);
  return { ...result, found: result.out.startsWith('[') ? JSON.parse(result.out) : [] };
}

describe('a component that states a CPE', () => {
  it('is found by it where it has no other name, with low confidence', async () => {
    const { found, code, err } = await scanned(sbom(component({ cpe: stated('1.4') })));
    expect(code).toBe(1);
    expect(found.map(({ id, state, fixedVersion }) => [id, state, fixedVersion])).toEqual([
      ['CVE-2026-0001', 'fixed', '2.0'],
      ['CVE-2026-0002', 'unknown', null],
    ]);
    expect(found[0]).toMatchObject({
      package: 'tool',
      release: 'cpe',
      evidence: [{ rule: 'cpe-range', confidence: 'low', comparison: '1.4 < 2.0 (by its CPE alone, low confidence)' }],
    });
    expect(found[1]!.evidence[0]!.comparison).toContain('only together with microsoft:windows');
    expect(err).toContain('1 package is looked up by the CPE that the list states');
  });

  it.each([
    ['1.9.9', 2],
    ['2.0-rc1', 2],
    ['2.0', 0],
    ['2.0.1', 0],
  ])('version %s: %i', async (version, count) => {
    const { found, code } = await scanned(sbom(component({ cpe: stated(version), version })));
    expect([found.length, code]).toEqual([count, count > 0 ? 1 : 0]);
  });

  it('is found by it in XML, in SPDX of every form, and as an older URI', async () => {
    const spdx = (referenceType: string, referenceLocator: string) =>
      JSON.stringify({
        spdxVersion: 'SPDX-2.3',
        packages: [
          { name: 'tool', versionInfo: '1.4', externalRefs: [{ referenceCategory: 'SECURITY', referenceType, referenceLocator }] },
        ],
      });
    const documents = [
      `<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components><component type="library"><name>tool</name><version>1.4</version><cpe>${stated('1.4')}</cpe></component></components></bom>`,
      spdx('cpe23Type', stated('1.4')),
      spdx('cpe22Type', 'cpe:/a:acme:tool:1.4'),
      spdx('cpe23Type', stated('*')),
      `SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n\nPackageName: tool\nPackageVersion: 1.4\nExternalRef: SECURITY cpe23Type ${stated('1.4')}\n`,
      JSON.stringify({
        '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
        '@graph': [
          {
            type: 'software_Package',
            name: 'tool',
            software_packageVersion: '1.4',
            externalIdentifier: [{ externalIdentifierType: 'cpe23', identifier: stated('1.4') }],
          },
        ],
      }),
      // A package URL of a type that nobody speaks of.
      sbom(component({ purl: 'pkg:generic/tool@1.4', cpe: stated('1.4') })),
    ];
    for (const document of documents)
      expect(
        (await scanned(document)).found.map(one => `${one.package} ${one.id}`),
        document,
      ).toEqual(['tool CVE-2026-0001', 'tool CVE-2026-0002']);
  });

  it('is looked up by its package URL alone where a feed speaks of its ecosystem', async () => {
    const document = sbom(component({ purl: 'pkg:pypi/tool@1.4', cpe: stated('1.4') }));
    const alone = await scanned(document);
    expect(alone.found.map(({ id, release }) => `${id} ${release}`)).toEqual(['CVE-2026-0001 PyPI', 'CVE-2026-0002 PyPI']);
    const beside = await scanned(document, '--feed', file('pypi.json', PYPI));
    expect([beside.found, beside.code]).toEqual([[], 0]);
    expect(beside.err).not.toContain('by the CPE');
    // And the NVD's gigabytes stay closed.
    const table = (...argv: string[]) => scanned(document, '--format', 'table', ...argv);
    expect((await table('--feed', path.join(folder, 'pypi.json'))).err).toContain('Feeds: osv-pypi.');
    expect((await table()).err).toContain('Feeds: nvd.');
  });

  it.each([
    'pkg:deb/debian/tool@1.4',
    'pkg:deb/debian/tool@1.4?distro=debian-12',
    'pkg:rpm/tool@1.4-1',
    'pkg:apk/alpine/tool',
    'pkg:alpm/arch/tool@1',
    'pkg:deb/debian/%zz@1',
    'PKG://deb/debian/tool',
  ])('is never looked up by it as %s, whatever feeds there are', async purl => {
    const other = component({ name: 'other', cpe: 'cpe:2.3:a:other:tool:1:*:*:*:*:*:*:*' });
    const { found } = await scanned(sbom(component({ purl, cpe: stated('1.4') }), other), '--os', 'debian:12');
    expect(found.map(one => `${one.package} ${one.id}`)).toEqual(['other CVE-2026-0004']);
  });

  it('is listed by a version that can be read where its CPE has one of wildcards', async () => {
    const { found, out } = await scanned(sbom(component({ cpe: stated('1.*'), version: undefined })));
    expect(found.map(({ id, state }) => `${id} ${state}`)).toEqual(['CVE-2026-0001 unknown', 'CVE-2026-0002 unknown']);
    expect(out).toContain('1.*');
    expect(out).not.toMatch(/\\u00/);
  });

  it('is never guessed from its name, nor from a CPE that leaves the vendor open', async () => {
    for (const one of [component({}), component({ cpe: 'cpe:2.3:a:*:tool:1.4:*:*:*:*:*:*:*' }), component({ cpe: 'tool' })]) {
      const { found, code, err } = await scanned(sbom(one));
      expect([found, code]).toEqual([[], 2]);
      expect(err).toContain('no package URL with a version and no CPE');
    }
  });

  it('is not called safe where no feed speaks by CPE', async () => {
    const document = sbom(component({ cpe: stated('1.4') }), component({ purl: 'pkg:pypi/tool@1.4' }));
    const { out, code, err } = await run(file('sbom.json', document), '--feed', file('pypi.json', PYPI), '--format', 'json');
    expect([JSON.parse(out), code]).toEqual([[], 0]);
    expect(err).toContain('no feed speaks of packages that have no name but a CPE (packages: 1): not looked up');
  });
});

describe('low confidence is shown', () => {
  const document = sbom(component({ cpe: stated('1.4') }));
  const written = async (...argv: string[]) => (await scanned(document, ...argv)).out;
  it('in the table, apart from patches, and in lists', async () => {
    const table = await written('--format', 'table');
    expect(table).toContain('No patch closes anything that was found.');
    expect(table).toMatch(/BY CPE ALONE, LOW CONFIDENCE +INSTALLED +STATE/);
    expect(table).toMatch(/tool +1\.4 +1 fixed, 1 unknown/);
    expect(await written('--format', 'table', '--list')).toContain('CVE-2026-0001\ttool 1.4\t2.0\tfixed\tlow confidence');
  });

  it('in every other format; a published statement is no verdict', async () => {
    const sarif = JSON.parse(await written('--format', 'sarif')).runs[0].results[0];
    expect(sarif).toMatchObject({ level: 'note', properties: { confidence: 'low', evidence: [{ confidence: 'low' }] } });
    expect(sarif.message.text).toContain('low confidence');
    const [header, row] = (await written('--format', 'csv')).split('\r\n');
    expect([header!.split(',').at(-1), row!.split(',').at(-1)]).toEqual(['confidence', 'low']);
    const cyclonedx = JSON.parse(await written('--format', 'cyclonedx'));
    expect(cyclonedx.vulnerabilities[0]).toMatchObject({
      analysis: { state: 'in_triage' },
      affects: [{ versions: [{ status: 'unknown' }] }],
    });
    expect(cyclonedx.vulnerabilities[0].properties).toContainEqual({ name: 'fettle:confidence', value: 'low' });
    expect(JSON.parse(await written('--format', 'openvex')).statements[0].status).toBe('under_investigation');
    expect(JSON.parse(await written('--format', 'csaf')).vulnerabilities[0].product_status).toEqual({ under_investigation: ['P1'] });
  });
});

describe('a later record of the same vulnerability', () => {
  const configured = (criteria: string) => [{ nodes: [{ operator: 'OR', negate: false, cpeMatch: [match(criteria)] }] }];
  const fileOf = (name: string, lastModified: string, configurations: readonly object[], vulnStatus = 'Analyzed') => {
    const { cve } = record('CVE-2026-1111', configurations, vulnStatus);
    return file(name, JSON.stringify({ format: 'NVD_CVE', version: '2.0', vulnerabilities: [{ cve: { ...cve, lastModified } }] }));
  };
  const found = async (...feeds: string[]) => {
    const document = file('sbom.json', sbom(component({ cpe: stated('1.4') })));
    const { out } = await run(document, ...feeds.flatMap(feed => ['--feed', feed]), '--no-cache', '--format', 'json');
    return (JSON.parse(out) as Found[]).map(one => one.id);
  };

  it('takes back what an earlier one says, rejected or about other products, of another day or of the same, and whatever is read first', async () => {
    const year = fileOf('year.json', '2026-03-04T10:00:00.000', configured(TOOL));
    expect(await found(year)).toEqual(['CVE-2026-1111']);
    const later = [
      fileOf('rejected.json', '2026-05-01T00:00:00.000', [], 'Rejected'),
      fileOf('rejected-that-day.json', '2026-03-04T20:00:00.000', configured(TOOL), 'Rejected'),
      fileOf('renamed.json', '2026-03-05T00:00:00.000', configured('cpe:2.3:a:other:tool:*:*:*:*:*:*:*:*')),
    ];
    for (const modified of later)
      expect([await found(year, modified), await found(modified, year)], path.basename(modified)).toEqual([[], []]);
  });

  it('counts, and an earlier one takes nothing back', async () => {
    const year = fileOf('year.json', '2026-03-04T10:00:00.000', configured(TOOL));
    const before = fileOf('before.json', '2026-03-04T09:00:00.000', [], 'Awaiting Analysis');
    expect([await found(year, before), await found(before, year)]).toEqual([['CVE-2026-1111'], ['CVE-2026-1111']]);
  });
});

it('a document that was read after the feeds says what it was not asked about', async () => {
  const other = file(
    'z.json',
    sbom(component({ name: 'other', version: '1', cpe: 'cpe:2.3:a:other:tool:1:*:*:*:*:*:*:*' }), component({ cpe: stated('1.4') })),
  );
  const { found, err } = await scanned(sbom(component({ cpe: stated('2.0') })), other, '--os', 'debian:12');
  expect(found.map(one => `${one.package} ${one.id}`)).toEqual(['tool CVE-2026-0001', 'tool CVE-2026-0002']);
  expect(err).toContain('no feed speaks of packages that have no name but a CPE (packages: 1): not looked up');
});

it('several documents are asked about their own products', async () => {
  const other = sbom(component({ name: 'other', version: '1', cpe: 'cpe:2.3:a:other:tool:1:*:*:*:*:*:*:*' }));
  const { found } = await scanned(sbom(component({ cpe: stated('2.0') })), file('other.json', other));
  expect(found.map(one => `${one.package} ${one.id}`)).toEqual(['other CVE-2026-0004']);
});
