import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type AnySchemaObject } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { Claim } from '../../core/advisories/claim.ts';
import { indexClaims } from '../../core/advisories/claim-index.ts';
import type { KernelState } from '../../core/findings/finding.ts';
import { matchPackage } from '../../core/findings/match.ts';
import { csaf as csafSource } from '../advisory-sources/csaf/index.ts';
import { openvex as openvexSource } from '../advisory-sources/openvex/index.ts';
import { claimsIn, readAll } from '../advisory-sources/testkit.ts';
import { exporters } from './catalog.ts';
import type { ExportContext, FindingBlock } from './spec.ts';

const claim = (packageName: string, vulnerabilityId: string, overrides: Partial<Claim> = {}): Claim => ({
  source: 'debian-tracker',
  vulnerabilityId,
  aliases: [],
  release: 'debian:12',
  packageName,
  state: 'fixed',
  fixedVersion: '3.0.22-1~deb12u2',
  severity: 'high',
  statedOn: '2026-08-01',
  note: null,
  ...overrides,
});
const CLAIMS = [
  claim('openssl', 'CVE-2026-63072', { aliases: ['GHSA-aaaa-bbbb-cccc'] }),
  claim('openssl', 'CVE-2026-54872', { state: 'unknown', fixedVersion: null }),
  claim('tar', 'TEMP-0290435-0B57B5', { state: 'wont-fix', fixedVersion: null, severity: 'low' }),
  claim('zlib', 'CVE-2023-45853', { state: 'open', fixedVersion: null, severity: 'critical' }),
  claim('linux', 'CVE-2026-00001', { fixedVersion: '6.1.192-2' }),
];
const index = indexClaims(CLAIMS);

function block(name: string, version: string, sourceName: string, kernelState: KernelState = null): FindingBlock {
  const request = { release: 'debian:12', sourceName, sourceVersion: version, packageName: name, originTrusted: true };
  return {
    host: 'web-1',
    release: 'debian:12',
    package: { name, arch: 'amd64', version, sourceName, sourceVersion: version },
    kernelState,
    matches: matchPackage(index, request),
  };
}

const BLOCKS = [
  block('libssl3', '3.0.20-1~deb12u2', 'openssl'),
  block('openssl', '3.0.20-1~deb12u2', 'openssl'),
  block('tar', '1.34', 'tar'),
  block('zlib1g', '1:1.2.13.dfsg-1', 'zlib'),
  block('linux-image-6.1.0-9-amd64', '6.1.27-1', 'linux', 'installed-not-running'),
];
const CONTEXT: ExportContext = {
  at: '2026-11-22T00:00:00.000Z',
  toolVersion: '0.0.0',
  documentId: () => '892d4a40-4dbf-4114-83ff-1450a23ad13a',
  author: 'Example Org',
  authorUrl: 'https://fettle.example.org',
  fileOf: host => `${host} list.tsv`,
  isKnownExploited: ({ vulnerabilityId }) => vulnerabilityId === 'CVE-2026-63072',
};

async function written(format: keyof typeof exporters, context = CONTEXT): Promise<string> {
  const exporter = await exporters[format]();
  return Buffer.concat(Array.from(exporter.write(BLOCKS, context), chunk => Buffer.from(chunk))).toString();
}
const FINDINGS = BLOCKS.reduce((sum, { matches }) => sum + matches.length, 0);

/* What the published schemas require. CycloneDX goes through its schema here; the others were put through theirs (CSAF 2.0 strict and its mandatory tests, OpenVEX 0.2.0). */

describe('json', () => {
  it('has a row a finding, with everything that is promised', async () => {
    const rows = JSON.parse(await written('json')) as object[];
    expect(rows).toHaveLength(FINDINGS);
    for (const row of rows)
      expect(Object.keys(row)).toEqual(
        expect.arrayContaining([
          'package',
          'version',
          'source',
          'sourceVersion',
          'id',
          'aliases',
          'fixedVersion',
          'state',
          'kernelState',
          'evidence',
        ]),
      );
    expect(rows.at(-1)).toMatchObject({ kernelState: 'installed-not-running', hidden: 'kernel-not-running' });
  });
});

describe('csv', () => {
  it('is a table as RFC 4180 has it', async () => {
    const lines = (await written('csv')).split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines).toHaveLength(FINDINGS + 1);
    const columns = lines[0]!.split(',').length;
    for (const line of lines)
      expect(line.match(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)!.filter((cell, at) => at < columns || cell !== '')).toHaveLength(columns);
  });
});

describe('sarif', () => {
  it('has a result a finding, each with its rule, message, place and level', async () => {
    const { version, runs } = JSON.parse(await written('sarif'));
    expect(version).toBe('2.1.0');
    const [run] = runs;
    expect(run.tool.driver).toMatchObject({ name: 'Fettle', rules: expect.any(Array) });
    expect(run.results).toHaveLength(FINDINGS);
    for (const result of run.results) {
      expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(result.message.text).toContain(result.ruleId);
      expect(['none', 'note', 'warning', 'error']).toContain(result.level);
      const { uri } = result.locations[0].physicalLocation.artifactLocation;
      expect(new URL(uri, 'file:///').pathname).toBe('/web-1%20list.tsv');
    }
    expect(run.results.at(-1).suppressions).toEqual([{ kind: 'external', justification: 'kernel-not-running' }]);
  });

  it.each([
    ['/srv/a b/c#1?.tsv', 'file:///srv/a%20b/c%231%3F.tsv'],
    ['hosts/c:1.tsv', 'hosts/c%3A1.tsv'],
    ['-', '-'],
  ])('writes the file %s as %s', async (file, uri) => {
    const { runs } = JSON.parse(await written('sarif', { ...CONTEXT, fileOf: () => file }));
    expect(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(uri);
  });
});

describe('cyclonedx', () => {
  it('names each component once, and only components in what is affected', async () => {
    const bom = JSON.parse(await written('cyclonedx'));
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    const refs = bom.components.map((component: { 'bom-ref': string }) => component['bom-ref']);
    expect(new Set(refs).size).toBe(BLOCKS.length);
    for (const component of bom.components) expect(component).toMatchObject({ type: 'library', name: expect.any(String) });
    for (const vulnerability of bom.vulnerabilities)
      for (const { ref, versions } of vulnerability.affects) {
        expect(refs).toContain(ref);
        expect(versions).toHaveLength(1);
      }
    expect(bom.vulnerabilities.map((one: { id: string }) => one.id).sort()).toEqual(CLAIMS.map(one => one.vulnerabilityId).sort());
  });
});

describe('the published schema of CycloneDX 1.6', () => {
  const folder = path.resolve(import.meta.dirname, '../../../node_modules/@cyclonedx/cyclonedx-library/res/schema');
  const schema = (name: string): AnySchemaObject => JSON.parse(readFileSync(path.join(folder, `${name}.SNAPSHOT.schema.json`), 'utf8'));
  // Formats that ajv-formats does not know take everything.
  const ajv = new Ajv({ strict: false, formats: { 'idn-email': true, 'iri-reference': true } });
  formats.default(ajv);
  for (const name of ['spdx', 'jsf-0.82']) ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  const validate = ajv.compile(schema('bom-1.6'));

  it('takes what is written', async () => {
    validate(JSON.parse(await written('cyclonedx')));
    expect(validate.errors).toBeNull();
  });

  it('refuses what is not: it is asked', async () => {
    const bom = JSON.parse(await written('cyclonedx'));
    bom.vulnerabilities[0].analysis.state = 'unheard of';
    expect(validate(bom)).toBe(false);
  });
});

describe('openvex', () => {
  it('states what its schema asks for with each status', async () => {
    const document = JSON.parse(await written('openvex'));
    expect(document).toMatchObject({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      author: 'Example Org',
      timestamp: CONTEXT.at,
      version: 1,
    });
    const byId = new Map(document.statements.map((one: { vulnerability: { name: string } }) => [one.vulnerability.name, one]));
    expect(byId.get('CVE-2026-63072')).toMatchObject({
      status: 'affected',
      action_statement: 'Update to 3.0.22-1~deb12u2 or later.',
      vulnerability: { aliases: ['GHSA-aaaa-bbbb-cccc'] },
      products: [{ '@id': expect.stringContaining('libssl3') }, { '@id': expect.stringContaining('pkg:deb/debian/openssl@') }],
    });
    expect(byId.get('CVE-2026-54872')).toMatchObject({ status: 'under_investigation' });
    const notRunning = byId.get('CVE-2026-00001');
    expect(notRunning).toMatchObject({ status: 'not_affected', justification: 'vulnerable_code_not_in_execute_path' });
    // The schema's oneOf: a justification or an impact statement.
    expect(notRunning).not.toHaveProperty('impact_statement');
  });

  it('can be read again', async () => {
    const claims = claimsIn(readAll(openvexSource, 'vex.json', await written('openvex'), 64, { trustedAuthors: new Set(['Example Org']) }));
    expect(claims.map(one => `${one.vulnerabilityId} ${one.packageName} ${one.state}`).sort()).toEqual([
      'CVE-2023-45853 zlib1g open',
      'CVE-2026-00001 linux-image-6.1.0-9-amd64 not-affected',
      'CVE-2026-54872 libssl3 unknown',
      'CVE-2026-54872 openssl unknown',
      'CVE-2026-63072 libssl3 open',
      'CVE-2026-63072 openssl open',
      'TEMP-0290435-0B57B5 tar open',
    ]);
  });
});

describe('csaf', () => {
  it('is a VEX document by the profile of CSAF 2.0, 4.5', async () => {
    const document = JSON.parse(await written('csaf'));
    expect(document.document).toMatchObject({
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { category: 'user', name: 'Example Org', namespace: 'https://fettle.example.org' },
      tracking: { status: 'final', version: '1', revision_history: [{ number: '1' }] },
    });
    const ids = new Set(document.product_tree.full_product_names.map((one: { product_id: string }) => one.product_id));
    expect(ids.size).toBe(BLOCKS.length);
    for (const vulnerability of document.vulnerabilities) {
      expect(vulnerability.cve ?? vulnerability.ids[0].text).toEqual(expect.any(String));
      expect(vulnerability.notes.length).toBeGreaterThan(0);
      const {
        known_affected: affected = [],
        known_not_affected: notAffected = [],
        under_investigation: open = [],
      } = vulnerability.product_status;
      for (const id of [...affected, ...notAffected, ...open]) expect(ids).toContain(id);
      const of = (list: readonly { product_ids: string[] }[] | undefined) => new Set(list?.flatMap(one => one.product_ids) ?? []);
      // An action for each affected product, an impact for each that is not (mandatory tests 6.1.27.9 and 6.1.27.10).
      expect(of(vulnerability.remediations)).toEqual(new Set(affected));
      expect(of(vulnerability.threats)).toEqual(new Set(notAffected));
    }
  });

  it('can be read again', async () => {
    const claims = claimsIn(readAll(csafSource, 'vex.json', await written('csaf'), 64, { trustedAuthors: new Set(['Example Org']) }));
    expect(claims.length).toBeGreaterThan(0);
    expect(claims).toEqual(expect.arrayContaining([expect.objectContaining({ vulnerabilityId: 'CVE-2026-00001', state: 'not-affected' })]));
  });
});
