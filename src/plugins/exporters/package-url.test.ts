import { expect, it } from 'vitest';
import { versionOf } from '../../core/advisories/package-url.ts';
import { parsePurl } from '../../core/versions/purl.ts';
import { packageUrlOf } from './package-url.ts';

it.each([
  [
    'debian:12',
    'zlib1g',
    '1:1.2.13.dfsg-1+b1',
    'zlib',
    'amd64',
    'pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1%2Bb1?arch=amd64&distro=debian-12&upstream=zlib',
  ],
  [
    'almalinux:9',
    'openssl-libs',
    '1:3.2.2-6.el9',
    'openssl-libs',
    'x86_64',
    'pkg:rpm/almalinux/openssl-libs@3.2.2-6.el9?arch=x86_64&distro=almalinux-9&epoch=1',
  ],
  ['almalinux:9', 'bash', '5.1.8-6.el9', 'bash', '', 'pkg:rpm/almalinux/bash@5.1.8-6.el9?distro=almalinux-9'],
  ['arch', 'openssl', '1:3.2.1-1', 'openssl', '', 'pkg:alpm/arch/openssl@1:3.2.1-1?distro=arch'],
  ['npm', '@babel/core', '7.0.0', '@babel/core', '', 'pkg:npm/%40babel/core@7.0.0'],
  ['Maven', 'org.x:y', '1.0', 'org.x:y', '', 'pkg:maven/org.x/y@1.0'],
  ['Go', 'github.com/a/b', 'v1.2.3+incompatible', 'github.com/a/b', '', 'pkg:golang/github.com/a/b@v1.2.3%2Bincompatible'],
])('%s %s %s', (release, name, version, sourceName, arch, expected) => {
  const url = packageUrlOf({
    host: '',
    release,
    kernelState: null,
    matches: [],
    package: { name, version, arch, sourceName, sourceVersion: version },
  });
  expect(url).toBe(expected);
  const parsed = parsePurl(url);
  expect(parsed.ok && versionOf(parsed.purl)).toBe(version);
});
