import { describe, expect, it } from 'vitest';
import { cyclonedxVex } from '../cyclonedx-vex/index.ts';
import { claimsIn, quarantinedIn, readAll } from '../testkit.ts';
import { openvex } from './index.ts';

const PACKAGE = 'pkg:deb/debian/curl@7.88.1-10?arch=source&distro=debian-12';
const statement = (status: string, more: object = {}) => ({
  vulnerability: { name: 'CVE-2026-0001' },
  products: [{ '@id': PACKAGE }],
  status,
  ...more,
});
const documentOf = (...statements: readonly object[]) =>
  JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: 'Example Org',
    timestamp: '2026-07-29T00:00:00Z',
    statements,
  });
const states = (text: string) => claimsIn(readAll(openvex, 'x', text)).map(claim => claim.state);

describe('statements about one vulnerability and one product', () => {
  const early = statement('not_affected', { timestamp: '2026-07-29T08:00:00Z' });
  const late = statement('affected', { timestamp: '2026-07-29T16:00:00Z' });
  it('are superseded by later ones, also of the same day and whatever their order', () => {
    expect(states(documentOf(early, late))).toEqual(['open']);
    expect(states(documentOf(late, early))).toEqual(['open']);
    expect(states(documentOf({ ...early, timestamp: '2026-07-29T20:00:00Z' }, late))).toEqual(['not-affected']);
  });
  it('have the time of their document where they have none, and the last word is that which stands last', () => {
    expect(states(documentOf(statement('under_investigation'), { ...early, timestamp: '2026-07-01T00:00:00Z' }))).toEqual(['unknown']);
    expect(states(documentOf(statement('under_investigation'), statement('affected')))).toEqual(['open']);
  });
});

describe('a statement about a package inside of an image', () => {
  const inside = documentOf(
    statement('not_affected', { products: [{ '@id': 'pkg:oci/shop@sha256%3A00', subcomponents: [{ '@id': PACKAGE }] }] }),
    statement('affected'),
  );
  it('says nothing of the hosts that have the package themselves', () => {
    const items = readAll(openvex, 'x', inside, undefined, { isForHosts: true });
    expect(claimsIn(items).map(claim => claim.state)).toEqual(['open']);
    expect(quarantinedIn(items)).toMatchObject([
      { reason: 'it is about the package inside of pkg:oci/shop@sha256%3A00 alone, which is no host' },
    ]);
  });
  it('counts where somebody scans that image with it', () => {
    const only = documentOf(statement('not_affected', { products: [{ '@id': 'pkg:oci/shop', subcomponents: [{ '@id': PACKAGE }] }] }));
    expect(states(only)).toEqual(['not-affected']);
  });
  it('is known by the component that a CycloneDX document describes', () => {
    const document = JSON.stringify({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { supplier: { name: 'Example Org' }, component: { type: 'container', name: 'shop', version: '1' } },
      components: [{ 'bom-ref': 'a', purl: PACKAGE }],
      vulnerabilities: [{ id: 'CVE-2026-0001', analysis: { state: 'not_affected' }, affects: [{ ref: 'a' }] }],
    });
    const forHosts = readAll(cyclonedxVex, 'x', document, undefined, { isForHosts: true });
    expect([claimsIn(forHosts), quarantinedIn(forHosts)]).toMatchObject([
      [],
      [{ reason: 'it is about what is inside of the image shop alone, which is no host' }],
    ]);
    expect(claimsIn(readAll(cyclonedxVex, 'x', document))).toMatchObject([{ state: 'not-affected' }]);
  });
});
