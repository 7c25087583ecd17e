import { describe, expect, it } from 'vitest';
import { deb } from '../versions/deb.ts';
import { kernelKey, kernelReleaseOf, kernelStates } from './kernels.ts';

const image = (release: string, version: string) => ({ packageName: `linux-image-${release}`, release, version });
const images = [image('6.1.0-9-amd64', '6.1.27-1'), image('6.1.0-13-amd64', '6.1.55-1'), image('6.1.0-50-amd64', '6.1.192-2')];

describe('kernelReleaseOf', () => {
  it.each([
    ['linux-image-6.1.0-13-amd64', '6.1.55-1', '', '6.1.0-13-amd64'],
    ['linux-image-unsigned-5.15.0-91-generic', '5.15.0-91.101', '', '5.15.0-91-generic'],
    ['linux-image-amd64', '6.1.55-1', '', null],
    ['linux-image-6.1.0-13-amd64-dbg', '6.1.55-1', '', null],
    ['linux-headers-6.1.0-13-amd64', '6.1.55-1', '', null],
    ['kernel-core', '5.14.0-427.13.1.el9_4', 'x86_64', '5.14.0-427.13.1.el9_4.x86_64'],
    ['kernel-tools', '5.14.0-427.13.1.el9_4', 'x86_64', null],
    ['kernel', '4.18.0-553.el8_10', 'x86_64', '4.18.0-553.el8_10.x86_64'],
    ['kernel6.12', '6.12.20-23.97.amzn2023', 'aarch64', '6.12.20-23.97.amzn2023.aarch64'],
    ['kernel-rt-core', '4.18.0-553.rt7.342.el8_10', 'x86_64', '4.18.0-553.rt7.342.el8_10.x86_64'],
    ['kernel-rt-core', '5.14.0-427.13.1.el9_4', 'x86_64', '5.14.0-427.13.1.el9_4.x86_64+rt'],
    ['kernel-uek-core', '5.15.0-300.163.18.el9uek', 'x86_64', '5.15.0-300.163.18.el9uek.x86_64'],
    ['kernel-headers', '5.14.0-427.13.1.el9_4', 'x86_64', null],
    ['kernel-default', '5.14.21-150500.55.19.1', 'x86_64', '5.14.21-150500.55.19-default'],
    ['kernel-default-devel', '5.14.21-150500.55.19.1', 'x86_64', null],
    ['linux-image-6.1.0-13-amd64-unsigned', '6.1.55-1', 'amd64', '6.1.0-13-amd64'],
    ['linux-lts', '6.6.14-r0', 'x86_64', '6.6.14-0-lts'],
    ['linux', '6.8.1.arch1-1', 'x86_64', '6.8.1-arch1-1'],
    ['linux-zen', '6.8.1.zen1-1', 'x86_64', '6.8.1-zen1-1-zen'],
    ['linux-lts', '6.6.21-1', 'x86_64', '6.6.21-1-lts'],
    ['linux-libc-dev', '6.1.55-1', 'amd64', null],
    ['openssl', '3', '', null],
  ])('%s %s holds %s', (name, version, arch, release) => expect(kernelReleaseOf(name, version, arch)).toBe(release));
});

describe('kernelStates', () => {
  it('tells running, older and newer apart', () => {
    expect(Object.fromEntries(kernelStates(images, '6.1.0-13-amd64', deb))).toEqual({
      [kernelKey('linux-image-6.1.0-9-amd64', '6.1.27-1')]: 'installed-not-running',
      [kernelKey('linux-image-6.1.0-13-amd64', '6.1.55-1')]: 'running',
      [kernelKey('linux-image-6.1.0-50-amd64', '6.1.192-2')]: 'newer-not-booted',
    });
  });

  it('guesses nothing when the running kernel is not known, and calls none newer than a kernel that has no package', () => {
    expect(kernelStates(images, null, deb).size).toBe(0);
    expect([...kernelStates(images, '6.9.0-custom', deb).values()]).toEqual([
      'installed-not-running',
      'installed-not-running',
      'installed-not-running',
    ]);
  });

  it('keeps the versions of one rpm name apart', () => {
    const rpms = [
      { packageName: 'kernel-core', release: '1.x86_64', version: '1' },
      { packageName: 'kernel-core', release: '2.x86_64', version: '2' },
    ];
    expect([...kernelStates(rpms, '1.x86_64', deb).entries()]).toEqual([
      [kernelKey('kernel-core', '1'), 'running'],
      [kernelKey('kernel-core', '2'), 'newer-not-booted'],
    ]);
  });
});
