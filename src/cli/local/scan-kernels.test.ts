import { expect, it } from 'vitest';
import { listedPackage } from '../../plugins/importers/spec.ts';
import { kernelStatesOf, kernelsOf } from './scan-kernels.ts';

it.each([
  ['kernel-core', '0:5.14.0-503.11.1.el9_5', '', '5.14.0-503.11.1.el9_5.x86_64'],
  ['kernel-core', '5.14.0-503.11.1.el9_5', 'x86_64', '5.14.0-503.11.1.el9_5.x86_64'],
  ['kernel-rt-core', '5.14.0-427.13.1.el9_4', '', '5.14.0-427.13.1.el9_4.x86_64+rt'],
  ['linux-image-6.1.0-13-amd64', '6.1.55-1', '', '6.1.0-13-amd64'],
])('%s %s of architecture "%s" is the running kernel %s', (name, version, arch, kernelRelease) => {
  const packages = [listedPackage(name, version, { arch }), listedPackage('bash', '1')];
  expect(kernelsOf({ name: '', origin: '-', release: 'almalinux:9', kernelRelease, packages, warnings: [] })).toEqual([
    { packageName: name, version, release: kernelRelease },
  ]);
});

it('modules and headers go with their kernel', () => {
  const releases = ['6.8.0-31-generic', '6.8.0-40-generic', '6.8.0-50-generic'];
  const packages = releases.flatMap((release, at) =>
    ['image', 'modules', 'modules-extra', 'headers'].map(part => listedPackage(`linux-${part}-${release}`, `6.8.0-${at}.1`)),
  );
  const others = [
    'linux-libc-dev',
    'linux-generic',
    'linux-tools-common',
    'linux-tools-6.8.0-31-generic',
    'linux-cloud-tools-6.8.0-31-generic',
    'linux-tools-6.8.0-31',
    'linux-headers-generic',
    'linux-headers-6.8.0-3',
  ].map(name => listedPackage(name, '6.8.0-0.1'));
  const host = {
    name: '',
    origin: '-',
    release: 'ubuntu:24.04',
    kernelRelease: releases[1]!,
    packages: [...packages, ...others],
    warnings: [],
  };
  const states = kernelStatesOf(host);
  expect(packages.map(one => states?.get(`${one.name} ${one.version}`))).toEqual(
    ['installed-not-running', 'running', 'newer-not-booted'].flatMap(state => Array(4).fill(state)),
  );
  expect(others.map(one => states?.get(`${one.name} ${one.version}`))).toEqual(others.map(() => undefined));
  expect(kernelStatesOf({ ...host, kernelRelease: null })).toBeNull();
});

it.each([
  ['linux-headers-6.8.0-31', 'installed-not-running'],
  ['linux-headers-6.8.0-40', 'running'],
  ['linux-hwe-6.8-headers-6.8.0-40', 'running'],
  ['linux-headers-6.12.48+deb13-common', 'newer-not-booted'],
  ['linux-headers-6.12.48+deb13-common-rt', 'newer-not-booted'],
])('headers without a flavour go with any kernel of their release: %s is %s', (name, state) => {
  const kernels = ['6.8.0-31-generic', '6.8.0-40-generic', '6.8.0-40-lowlatency', '6.12.48+deb13-amd64'].map((release, at) =>
    listedPackage(`linux-image-${release}`, `6.${release.startsWith('6.12') ? 12 : 8}.0-${at}`),
  );
  const packages = [...kernels, listedPackage(name, '6')];
  const host = { name: '', origin: '-', release: 'ubuntu:24.04', kernelRelease: '6.8.0-40-generic', packages, warnings: [] };
  expect(kernelStatesOf(host)?.get(`${name} 6`)).toBe(state);
});
