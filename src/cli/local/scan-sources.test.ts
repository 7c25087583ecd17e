import { describe, expect, it } from 'vitest';
import { type ListedPackage, listedPackage } from '../../plugins/importers/spec.ts';
import type { ScannedHost } from './scan-hosts.ts';
import { lacksSources, SourceNames } from './scan-sources.ts';

const NAMES = new SourceNames(
  new Map([
    ['debian:12\nlibssl3', 'openssl'],
    ['debian:11\nbash', 'other'],
  ]),
);
const host = (release: string, ...packages: ListedPackage[]): ScannedHost => ({
  name: 'web-1',
  origin: '-',
  release,
  kernelRelease: null,
  packages,
  warnings: [],
});
const brief = (one: ListedPackage) => [one.name, one.sourceName, one.sourceVersion, one.sourceKnown];

describe('sources that a list leaves out', () => {
  it('come from the feed, at the version without the mark of a rebuild', () => {
    const told = NAMES.withSources(
      host(
        'debian:12',
        listedPackage('libssl3', '3.0.20-1~deb12u2+b1'),
        listedPackage('bash', '5.2.15-2+b8'),
        listedPackage('x', '1.0+b1c'),
      ),
    );
    expect(told.packages.map(brief)).toEqual([
      ['libssl3', 'openssl', '3.0.20-1~deb12u2', true],
      ['bash', 'bash', '5.2.15-2+b8', false],
      ['x', 'x', '1.0+b1c', false],
    ]);
    expect(told.sourcesPutIn).toBe(1);
  });

  it("a kernel's is linux, whichever kernels the feed names", () => {
    const kernels = [listedPackage('linux-image-6.1.0-13-amd64', '6.1.55-1'), listedPackage('linux-image-amd64', '6.1.55-1')];
    expect(NAMES.withSources(host('debian:12', ...kernels)).packages.map(one => one.sourceName)).toEqual(['linux', 'linux-image-amd64']);
    expect(NAMES.withSources(host('ubuntu:22.04', ...kernels)).packages.map(one => one.sourceName)).toEqual(kernels.map(one => one.name));
  });

  it('are left alone where the list says them, and where advisories speak of binaries', () => {
    const known = listedPackage('libssl3', '3', { sourceName: 'mine', sourceVersion: '2', sourceKnown: true });
    expect(NAMES.withSources(host('debian:12', known)).packages).toEqual([known]);
    expect(lacksSources(host('debian:12', known))).toBe(false);
    expect(lacksSources(host('almalinux:9', listedPackage('bash', '1-1')))).toBe(false);
    expect(lacksSources(host('alpine:3.19', listedPackage('bash', '1-r1')))).toBe(true);
  });
});
