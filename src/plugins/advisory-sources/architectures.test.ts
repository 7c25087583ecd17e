import { describe, expect, it } from 'vitest';
import { csaf } from './csaf/index.ts';
import { cyclonedxVex } from './cyclonedx-vex/index.ts';
import { openvex } from './openvex/index.ts';
import type { AdvisorySource } from './spec.ts';
import { claimsIn, readAll } from './testkit.ts';

type Status = 'affected' | 'not_affected' | 'under_investigation' | 'fixed';
/** `arch: null`: the package URL names none. */
type Said = readonly [arch: string | null, status: Status];

const urlOf = (arch: string | null) => `pkg:rpm/almalinux/tool@1.0-1.el9?${arch === null ? '' : `arch=${arch}&`}distro=almalinux-9`;
const ID = 'CVE-2026-0001';

const openvexOf = (said: readonly Said[]) => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Example Org',
  timestamp: '2026-07-29T00:00:00Z',
  statements: said.map(([arch, status]) => ({ vulnerability: { name: ID }, products: [{ '@id': urlOf(arch) }], status })),
});

const CDX_STATES = { affected: 'exploitable', not_affected: 'not_affected', under_investigation: 'in_triage', fixed: 'resolved' } as const;
const cyclonedxOf = (said: readonly Said[]) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  vulnerabilities: said.map(([arch, status]) => ({ id: ID, analysis: { state: CDX_STATES[status] }, affects: [{ ref: urlOf(arch) }] })),
});

const CSAF_FIELDS = {
  affected: 'known_affected',
  not_affected: 'known_not_affected',
  under_investigation: 'under_investigation',
  fixed: 'fixed',
} as const;
const csafOf = (said: readonly Said[]) => ({
  document: {
    csaf_version: '2.0',
    publisher: { name: 'Example Org', namespace: 'https://example.com' },
    tracking: { id: 'X-1', current_release_date: '2026-07-29T00:00:00Z' },
  },
  product_tree: {
    full_product_names: said.map(([arch], at) => ({
      name: 'tool',
      product_id: `P${at}`,
      product_identification_helper: { purl: urlOf(arch) },
    })),
  },
  vulnerabilities: [{ cve: ID, product_status: Object.fromEntries(said.map(([, status], at) => [CSAF_FIELDS[status], [`P${at}`]])) }],
});

const FORMATS: readonly [string, AdvisorySource, (said: readonly Said[]) => object][] = [
  ['OpenVEX', openvex, openvexOf],
  ['CycloneDX', cyclonedxVex, cyclonedxOf],
  ['CSAF', csaf, csafOf],
];

describe.each(FORMATS)('what %s says of one architecture', (_, source, documentOf) => {
  const states = (...said: Said[]) => claimsIn(readAll(source, 'x', JSON.stringify(documentOf(said)))).map(claim => claim.state);

  it('does not make the hosts of another safe, whichever stands first', () => {
    expect(states(['aarch64', 'affected'], ['x86_64', 'not_affected'])).toEqual(['open']);
    expect(states(['x86_64', 'not_affected'], ['aarch64', 'affected'])).toEqual(['open']);
    expect(states(['x86_64', 'not_affected'], ['aarch64', 'under_investigation'])).toEqual(['unknown']);
    expect(states([null, 'affected'], ['x86_64', 'not_affected'])).toEqual(['open']);
  });

  it('counts where nothing worse is said of another', () => {
    expect(new Set(states(['x86_64', 'not_affected'], ['aarch64', 'not_affected']))).toEqual(new Set(['not-affected']));
    expect(states(['x86_64', 'not_affected'])).toEqual(['not-affected']);
  });
});

describe('later statements of an OpenVEX document', () => {
  const states = (...said: Said[]) => claimsIn(readAll(openvex, 'x', JSON.stringify(openvexOf(said)))).map(claim => claim.state);
  it('supersede those of the same architecture, and without one those of all', () => {
    expect(states(['aarch64', 'affected'], ['x86_64', 'not_affected'], ['aarch64', 'fixed'])).toEqual(['not-affected']);
    expect(states(['aarch64', 'affected'], [null, 'not_affected'])).toEqual(['not-affected']);
    expect(states(['aarch64', 'affected'], ['x86_64', 'affected'])).toEqual(['open']);
  });
});
