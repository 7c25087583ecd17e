import { expect, it } from 'vitest';
import { listedPackage } from '../../plugins/importers/spec.ts';
import { kernelsOf } from './scan-kernels.ts';

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
