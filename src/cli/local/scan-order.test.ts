import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listedPackage } from '../../plugins/importers/spec.ts';
import { file, folder, KEV, makeFolder, removeFolder, run, TABLE } from './scan.testkit.ts';
import { inOrder } from './scan-order.ts';

beforeEach(makeFolder);
afterEach(removeFolder);

const cpe = (vendor: string, version: string) => `cpe:2.3:a:${vendor}:tool:${version}:*:*:*:*:*:*:*`;
const named = (versionInfo: string, ...vendors: readonly string[]) => ({
  name: 'tool',
  versionInfo,
  externalRefs: vendors.map((vendor, at) => ({
    referenceCategory: 'SECURITY',
    referenceType: 'cpe23Type',
    referenceLocator: cpe(vendor, `1.${at + 5}`),
  })),
});
const reversed = (one: ReturnType<typeof named>) => ({ ...one, externalRefs: one.externalRefs.toReversed() });
/** Both vendors have the first, with other bounds. */
const NVD = JSON.stringify({
  format: 'NVD_CVE',
  version: '2.0',
  vulnerabilities: [
    ['CVE-2026-0001', ['acme', '2.0'], ['other', '3.0']],
    ['CVE-2026-0002', ['other', '2.0']],
  ].map(([id, ...products]) => ({
    cve: {
      id,
      published: '2026-01-02T00:00:00.000',
      lastModified: '2026-03-04T00:00:00.000',
      vulnStatus: 'Analyzed',
      metrics: {},
      configurations: products.map(([vendor, versionEndExcluding]) => ({
        nodes: [{ operator: 'OR', negate: false, cpeMatch: [{ vulnerable: true, criteria: cpe(vendor!, '*'), versionEndExcluding }] }],
      })),
    },
  })),
});

describe('the order of a list', () => {
  it.each(['table', 'json', 'csv', 'sarif', 'cyclonedx', 'openvex', 'csaf'])('does not change a byte of %s', async format => {
    const [header, ...lines] = TABLE.trim().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    const answer = async (ordered: readonly string[]) => {
      const list = file('list', `${[header, ...ordered].join('\n')}\n`);
      const { out } = await run(list, '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', format);
      return out;
    };
    expect(await answer(lines.toReversed())).toBe(await answer(lines));
  });

  it('lines that differ only in columns that are not read are one package', async () => {
    const list = file('list', 'package\tversion\tsize\nopenssl\t3.0.20-1\t1\nopenssl\t3.0.20-1\t2\nopenssl\t3.0.20-2\t2\n');
    const { out } = await run(list, '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'JSON');
    const versions = (JSON.parse(out) as { id: string; version: string }[])
      .filter(row => row.id === 'CVE-2026-63072')
      .map(row => row.version);
    expect(versions).toEqual(['3.0.20-1', '3.0.20-2']);
  });

  it.each(['json', 'cyclonedx', 'sarif'])('does not change a byte of %s for components with CPEs', async format => {
    const feed = file('nvd.json', NVD);
    const answer = async (packages: readonly object[]) => {
      const list = file('list', JSON.stringify({ spdxVersion: 'SPDX-2.3', packages }));
      return (await run(list, '--feed', feed, '--no-cache', '--format', format)).out;
    };
    const acme = named('NOASSERTION', 'acme', 'other');
    const packages = [named('1.4', 'acme'), named('1.4', 'other'), named('1.6', 'acme', 'other'), acme, named('1.4', 'acme')];
    const first = await answer(packages);
    expect(first).toContain('CVE-2026-0002');
    expect(await answer(packages.map(reversed).toReversed())).toBe(first);
    // Stated twice with its names in another order, it is one package.
    expect(await answer([...packages, ...packages.map(reversed)])).toBe(first);
  });

  it('a package URL that is stated twice has the CPEs of both', async () => {
    const feed = file('nvd.json', NVD);
    const components = ['acme', 'other'].map(vendor => ({
      type: 'library',
      name: 'tool',
      purl: 'pkg:npm/tool@1.4',
      cpe: cpe(vendor, '1.4'),
    }));
    for (const ordered of [components, components.toReversed()]) {
      const list = file('list', JSON.stringify({ bomFormat: 'CycloneDX', components: ordered }));
      const { out } = await run(list, '--feed', feed, '--no-cache', '--format', 'json');
      expect((JSON.parse(out) as { id: string }[]).map(row => row.id)).toEqual(['CVE-2026-0001', 'CVE-2026-0002']);
    }
  });

  it('tells a package that is in no module from one of which nothing is known', () => {
    const packages = ['', null, 'nodejs:20'].map(module => listedPackage('npm', '1', { module }));
    const modules = (listed: typeof packages) => inOrder(listed).map(one => one.module);
    expect(modules(packages)).toEqual([null, '', 'nodejs:20']);
    expect(modules(packages.toReversed())).toEqual([null, '', 'nodejs:20']);
  });

  it('a document is named by what it says', async () => {
    const serial = async (list: string) => {
      const { out } = await run(file('list', list), '--os', 'debian:12', '--feed', path.join(folder, 'feeds'), '--format', 'cyclonedx');
      return (JSON.parse(out) as { serialNumber: string }).serialNumber;
    };
    const first = await serial(TABLE);
    expect(first).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await serial(TABLE)).toBe(first);
    // A statement of the severity, the source that was looked up, a list of what is exploited: all of it is in the body.
    file('feeds/open.jsonl', readFileSync(path.join(folder, 'feeds/open.jsonl'), 'utf8').replace('"critical"', '"low"'));
    const severity = await serial(TABLE);
    expect(severity).not.toBe(first);
    const source = await serial(TABLE.replace('zlib\t1:1.2.13.dfsg-1', 'zlib\t1:1.2.13.dfsg-0'));
    expect(source).not.toBe(severity);
    file('feeds/kev.json', KEV);
    expect(await serial(TABLE)).not.toBe(severity);
    expect(await serial(TABLE.replace('zlib1g\t1:1.2.13', 'zlib1g\t1:1.2.12'))).not.toBe(first);
  });
});
