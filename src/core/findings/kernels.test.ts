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
