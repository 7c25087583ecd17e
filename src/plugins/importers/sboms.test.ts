import { describe, expect, it } from 'vitest';
import type { SchemeId } from '../../core/versions/scheme.ts';
import { recognisePackageList } from './catalog.ts';
import type { ListedPackage } from './spec.ts';

/** What a list says, with the fields that a test speaks of. */
function read(text: string, scheme: SchemeId | null) {
  const importer = recognisePackageList(text, scheme);
  if (importer === null) throw new Error('not recognised');
  return { id: importer.id, ...importer.read(text, scheme) };
}

const brief = ({ name, version, arch, sourceName, sourceVersion }: ListedPackage) =>
  `${name} ${version} ${arch || '-'} from ${sourceName} ${sourceVersion}`;

describe('SBOMs', () => {
  const deb = 'pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl';

  it('CycloneDX: nested components, the operating system, language packages by their own ecosystem', () => {
    const { id, packages, release } = read(
      JSON.stringify({
        bomFormat: 'CycloneDX',
        specVersion: '1.6',
        components: [
          { type: 'operating-system', name: 'debian', version: '12' },
          { type: 'library', name: 'libssl3', purl: deb, components: [{ type: 'library', name: 'x', purl: 'pkg:npm/%40scope/x@1.0.0' }] },
          { type: 'library', name: 'django', purl: 'pkg:pypi/Django@4.2.1' },
          { type: 'library', name: 'nobody knows' },
        ],
      }),
      null,
    );
    expect([id, release]).toEqual(['cyclonedx', 'debian:12']);
    expect(packages.map(one => [one.name, one.version, one.sourceName, one.release])).toEqual([
      ['libssl3', '3.0.20-1~deb12u2', 'openssl', 'debian:12'],
      ['@scope/x', '1.0.0', '@scope/x', 'npm'],
      ['django', '4.2.1', 'django', 'PyPI'],
    ]);
  });

  it.each([
    ['pkg:npm/lodash', '4.17.20', ['lodash 4.17.20']],
    ['pkg:npm/lodash@4.17.21', '4.17.20', ['lodash 4.17.21']],
    ['pkg:rpm/redhat/openssl?distro=rhel-9&epoch=1', '3.0.1-41.el9', ['openssl 1:3.0.1-41.el9']],
    ['pkg:npm/lodash', 'NOASSERTION', []],
    ['pkg:npm/lodash', '', []],
  ])('%s beside the version %j', (purl, version, expected) => {
    const cyclonedx = JSON.stringify({ bomFormat: 'CycloneDX', components: [{ type: 'library', name: 'x', version, purl }] });
    const references = [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }];
    const spdx = JSON.stringify({ spdxVersion: 'SPDX-2.3', packages: [{ name: 'x', versionInfo: version, externalRefs: references }] });
    for (const text of [cyclonedx, spdx]) expect(read(text, null).packages.map(one => `${one.name} ${one.version}`)).toEqual(expected);
  });

  it('XML that is nested without end takes no time', () => {
    const nested = '<component type="library"><components>'.repeat(100_000);
    const began = performance.now();
    const { packages } = read(`<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>${nested}</components></bom>`, null);
    expect(packages).toEqual([]);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('a source package is its own source', () => {
    const components = [{ type: 'library', name: 'openssl', purl: 'pkg:deb/debian/openssl@3.0.9-1?arch=source&distro=bookworm' }];
    expect(read(JSON.stringify({ bomFormat: 'CycloneDX', components }), null).packages).toMatchObject([
      { name: 'openssl', sourceKnown: true },
    ]);
  });

  it('names of language packages stay as they are written, and what is no package URL is counted', () => {
    const purls = [
      'pkg:npm/JSONStream@1.3.5',
      'pkg:golang/github.com/Azure/x@v1.0.0',
      'pkg:deb/Debian/Curl@1?distro=debian-12',
      'pkg:npm/a@1%',
    ];
    const { packages, warnings } = read(
      JSON.stringify({ bomFormat: 'CycloneDX', components: purls.map(purl => ({ type: 'library', name: 'x', purl })) }),
      null,
    );
    expect(packages.map(one => one.name)).toEqual(['JSONStream', 'github.com/Azure/x', 'curl']);
    expect(warnings).toEqual([expect.stringContaining('1 component')]);
  });

  it('SPDX 2.3: packages by the package URL among their references', () => {
    const { id, packages, warnings } = read(
      JSON.stringify({
        spdxVersion: 'SPDX-2.3',
        packages: [
          { name: 'libssl3', externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: deb }] },
          { name: 'image' },
        ],
      }),
      null,
    );
    expect(id).toBe('spdx');
    expect(packages.map(brief)).toEqual(['libssl3 3.0.20-1~deb12u2 amd64 from openssl 3.0.20-1~deb12u2']);
    expect(warnings).toEqual([expect.stringContaining('1 package has no package URL')]);
  });

  it.each([
    ['deb/debian', '&upstream=openssl', [true, true]],
    ['apk/alpine', '&upstream=openssl', [true, true]],
    ['apk/alpine', '', [false, false]],
  ])('%s: a package that names no source is built from its own name, where %s stands beside another', (type, upstream, known) => {
    const urls = [`pkg:${type}/libssl3@3.1-1?arch=x${upstream}`, `pkg:${type}/bash@5-1?arch=x`];
    const { packages } = read(JSON.stringify({ bomFormat: 'CycloneDX', components: urls.map(purl => ({ type: 'library', purl })) }), null);
    expect(packages.map(one => one.sourceKnown)).toEqual(known);
  });

  it('CycloneDX as XML: nested components and properties, not the tools that wrote it', () => {
    const { id, packages, release } = read(
      `<?xml version="1.0" encoding="UTF-8"?><!-- a comment with <component> -->
<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
 <metadata><tools><components><component type="application"><name>t</name><purl>pkg:npm/t@1.0.0</purl></component></components></tools>
  <component type="container"><name>image</name><version>1</version></component></metadata>
 <components>
  <component type="operating-system"><name>debian</name><version>12</version></component>
  <component type="library" bom-ref="a"><name>libssl3</name><version>3.0.20-1~deb12u2</version>
   <hashes><hash alg="MD5">00</hash></hashes><purl>${deb.replaceAll('&', '&amp;')}</purl>
   <components><component type="library"><name>x</name><purl><![CDATA[pkg:npm/%40scope/x@1.0.0]]></purl></component></components>
  </component>
  <component type="library"><name>libc6</name><purl>pkg:deb/debian/libc6@2.36-9?arch=amd64</purl>
   <properties><property name="aquasecurity:trivy:SrcName">glibc</property><property name="aquasecurity:trivy:SrcVersion">2.36</property><property name="aquasecurity:trivy:SrcRelease">9</property></properties></component>
 </components></bom>`,
      null,
    );
    expect([id, release]).toEqual(['cyclonedx', 'debian:12']);
    expect(packages.map(one => [one.name, one.version, one.sourceName, one.sourceVersion, one.release])).toEqual([
      ['libssl3', '3.0.20-1~deb12u2', 'openssl', '3.0.20-1~deb12u2', 'debian:12'],
      ['@scope/x', '1.0.0', '@scope/x', '1.0.0', 'npm'],
      ['libc6', '2.36-9', 'glibc', '2.36-9', null],
    ]);
  });

  it.each([
    ['cut in a tag', '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component type="library"><name>a</na', 0],
    ['closed by nobody', '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"></components></component></bom>', 0],
    [
      'with an entity of its own',
      `<!DOCTYPE b [<!ENTITY x "y">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5"><component><purl>pkg:npm/&x;@1.0.0</purl></component></bom>`,
      1,
    ],
  ])('XML %s is read as far as it goes', (_, xml, count) => {
    expect(read(xml, null).packages).toHaveLength(count);
  });

  it('JSON whose telling member stands last', () => {
    const padding = Array.from({ length: 500 }, (_, at) => ({ name: `x${at}`, purl: `pkg:npm/x${at}@1.0.0` }));
    expect(read(JSON.stringify({ components: padding, bomFormat: 'CycloneDX' }), null).packages).toHaveLength(500);
    const references = padding.map(({ purl }) => ({ externalRefs: [{ referenceType: 'purl', referenceLocator: purl }] }));
    expect(read(JSON.stringify({ packages: references, spdxVersion: 'SPDX-2.3' }), null).packages).toHaveLength(500);
  });

  it('SPDX as tags and values, also where the release was named', () => {
    const text = `SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\n\nPackageName: libssl3\nSPDXID: SPDXRef-1\nPackageVersion: 3.0.20-1~deb12u2\nExternalRef: SECURITY cpe23Type cpe:2.3:a:x:y:1:*:*:*:*:*:*:*\nExternalRef: PACKAGE-MANAGER purl ${deb}\r\n\nPackageName: image\n`;
    for (const scheme of [null, 'deb'] as const) {
      const { id, packages, warnings } = read(text, scheme);
      expect(id).toBe('spdx');
      expect(packages.map(brief)).toEqual(['libssl3 3.0.20-1~deb12u2 amd64 from openssl 3.0.20-1~deb12u2']);
      expect(warnings).toEqual([expect.stringContaining('1 package has no package URL')]);
    }
  });

  it('SPDX 3.0', () => {
    const { id, packages } = read(
      JSON.stringify({
        '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
        '@graph': [
          { type: 'software_Package', name: 'libssl3', software_packageUrl: deb },
          {
            type: 'software_Package',
            name: 'x',
            externalIdentifier: [{ externalIdentifierType: 'packageUrl', identifier: 'pkg:npm/x@1.0.0' }],
          },
          { type: 'software_File', name: 'f' },
        ],
      }),
      null,
    );
    expect(id).toBe('spdx');
    expect(packages.map(one => `${one.name} ${one.release}`)).toEqual(['libssl3 debian:12', 'x npm']);
  });

  it("rpm: the epoch and the module are in Trivy's and Syft's qualifiers", () => {
    const urls = [
      'pkg:rpm/almalinux/nodejs@20.1-1.module_el9?epoch=1&modularitylabel=nodejs:20:90:a&distro=almalinux-9.4',
      'pkg:rpm/almalinux/npm@9-1.el9?rpmmod=nodejs:20:90:a&distro=almalinux-9.4',
      'pkg:rpm/almalinux/bash@5-1.el9?distro=almalinux-9.4',
    ];
    const { packages } = read(JSON.stringify({ bomFormat: 'CycloneDX', components: urls.map(purl => ({ type: 'library', purl })) }), null);
    expect(packages.map(one => [one.version, one.module, one.release])).toEqual([
      ['1:20.1-1.module_el9', 'nodejs:20', 'almalinux:9'],
      ['9-1.el9', 'nodejs:20', 'almalinux:9'],
      ['5-1.el9', null, 'almalinux:9'],
    ]);
  });
});

describe('CPE names of components', () => {
  const cpe = 'cpe:2.3:a:acme:tool:1.4:*:*:*:*:*:*:*';
  const listed = (...components: readonly object[]) => read(JSON.stringify({ bomFormat: 'CycloneDX', components }), null).packages;
  const names = (one: { cpes: readonly { vendor: string; product: string }[] }) =>
    one.cpes.map(({ vendor, product }) => `${vendor}:${product}`);

  it('stand beside the URL of a language package, and for a component without one', () => {
    const packages = listed(
      { type: 'library', name: 'tool', version: '1.4', purl: 'pkg:npm/tool@1.4', cpe },
      { type: 'application', name: 'Tool', version: '1.4', cpe },
      { type: 'firmware', cpe: 'cpe:2.3:o:acme:os:7:*:*:*:*:*:*:*' },
    );
    expect(packages.map(one => [one.name, one.version, one.release, ...names(one)])).toEqual([
      ['tool', '1.4', 'npm', 'acme:tool'],
      ['Tool', '1.4', 'cpe', 'acme:tool'],
      ['os', '7', 'cpe', 'acme:os'],
    ]);
  });

  it("are not read of a distribution's package, of an operating system, of hardware, nor without a version", () => {
    expect(
      listed(
        { type: 'library', name: 'libssl3', purl: 'pkg:deb/debian/libssl3@3.0.20-1?distro=debian-12', cpe },
        { type: 'operating-system', name: 'debian', version: '12', cpe: 'cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*' },
        { type: 'device', name: 'box', version: '1', cpe: 'cpe:2.3:h:acme:box:1:*:*:*:*:*:*:*' },
        { type: 'library', name: 'tool', cpe: 'cpe:2.3:a:acme:tool:*:*:*:*:*:*:*:*' },
        { type: 'library', name: 'tool', purl: 'pkg:pypi/tool', cpe },
      ).map(one => [one.name, names(one)]),
    ).toEqual([['libssl3', []]]);
  });

  it.each(['NOASSERTION', 'NONE'])("state the version where SPDX's is %s", versionInfo => {
    const of = (version: string) => {
      const externalRefs = [
        { referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: `cpe:2.3:a:acme:tool:${version}:*:*:*:*:*:*:*` },
      ];
      return read(JSON.stringify({ spdxVersion: 'SPDX-2.3', packages: [{ name: 'tool', versionInfo, externalRefs }] }), null).packages;
    };
    expect(of('1.4').map(one => [one.name, one.version])).toEqual([['tool', '1.4']]);
    expect(of('*')).toEqual([]);
  });

  it('of an SPDX package may be several, of either form', () => {
    const externalRefs = [
      { referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: cpe },
      { referenceCategory: 'SECURITY', referenceType: 'cpe22Type', referenceLocator: 'cpe:/a:acme_inc:tool:1.4' },
    ];
    const { packages, warnings } = read(
      JSON.stringify({ spdxVersion: 'SPDX-2.3', packages: [{ name: 'tool', versionInfo: '1.4', externalRefs }] }),
      null,
    );
    expect([packages.map(names), warnings]).toEqual([[['acme:tool', 'acme_inc:tool']], []]);
  });
});
