import { describe, expect, it } from 'vitest';
import { debianRelease, packageKindOfRelease, parseRelease, schemeOfRelease } from './releases.ts';

describe('parseRelease', () => {
  it.each([
    ['debian:12', 'debian:12'],
    ['Debian-12', 'debian:12'],
    ['debian:12.15', 'debian:12'],
    ['debian:bookworm', 'debian:12'],
    ['debian 11', 'debian:11'],
    ['debian:3.0', 'debian:3.0'],
    ['debian:sid', 'debian:sid'],
    ['ubuntu:22.04', 'ubuntu:22.04'],
    ['Ubuntu:22.04:LTS', 'ubuntu:22.04'],
    ['ubuntu:jammy', 'ubuntu:22.04'],
    ['AlmaLinux:9', 'almalinux:9'],
    ['rocky linux:9.4', 'rocky:9'],
    ['rhel:8.10', 'rhel:8'],
    ['alpine:v3.20.1', 'alpine:3.20'],
    ['alpine:edge', 'alpine:edge'],
    ['arch', 'arch'],
    ['Arch Linux', 'arch'],
    ['opensuse-tumbleweed', 'opensuse-tumbleweed'],
    ['debian-bookworm', 'debian:12'],
    ['ubuntu jammy', 'ubuntu:22.04'],
    ['debian-sid', 'debian:sid'],
    ['alpine-edge', 'alpine:edge'],
    ['rhel9', 'rhel:9'],
    ['ubuntu22.04', 'ubuntu:22.04'],
    ['oraclelinux:9', 'ol:9'],
    ['amazonlinux:2023', 'amzn:2023'],
    ['Debian GNU/Linux 12 (bookworm)', 'debian:12'],
    ['bookworm', 'debian:12'],
    ['noble', 'ubuntu:24.04'],
    ['debian/12', 'debian:12'],
    ['debian_12', 'debian:12'],
    ['Ubuntu 24.04.1 LTS', 'ubuntu:24.04'],
    ['Rocky Linux 9.3 (Blue Onyx)', 'rocky:9'],
    ['Red Hat Enterprise Linux 9.4 (Plow)', 'rhel:9'],
    ['CentOS Stream 9', 'centos:9'],
    ['sles:15-SP5', 'sles:15.5'],
    ['SLES 15 SP5', 'sles:15.5'],
    ['SUSE Linux Enterprise Server 15 SP5', 'sles:15.5'],
    ['sles_sap:15.5', 'sles:15.5'],
    ['openSUSE Leap 15.6', 'opensuse-leap:15.6'],
    ['opensuse/leap:15.6', 'opensuse-leap:15.6'],
    ['openSUSE Tumbleweed', 'opensuse-tumbleweed'],
    ['Alpine Linux v3.20', 'alpine:3.20'],
    ['golang', 'Go'],
    ['pypi', 'PyPI'],
    ['Go', 'Go'],
  ])('%s is %s', (text, release) => expect(parseRelease(text)).toEqual({ ok: true, release }));

  it.each([
    '',
    'foo:1',
    'debian',
    'debian:',
    'debian:zarathustra',
    'debian:12;rm',
    'debian-zarathustra',
    'foo9',
    'constructor',
    '__proto__:1',
    'debian:toString',
    'debian:stable',
    'sles:15sp',
    'x'.repeat(200),
  ])('%s is none, with a reason', text => expect(parseRelease(text)).toEqual({ ok: false, reason: expect.any(String) }));

  it('names an example that works', () => {
    expect(parseRelease('debian')).toEqual({ ok: false, reason: 'debian: the version is missing (write for example debian:12)' });
  });

  it('is stable: a release read again is itself', () => {
    for (const text of ['debian:12', 'ubuntu:22.04', 'almalinux:9', 'alpine:3.20', 'debian:sid', 'arch', 'npm'])
      expect(parseRelease(text)).toEqual({ ok: true, release: text });
  });
});

describe('what a release implies', () => {
  it('order and kind of package', () => {
    expect([
      schemeOfRelease('debian:12'),
      schemeOfRelease('almalinux:9'),
      schemeOfRelease('PyPI'),
      schemeOfRelease('plan9:4'),
      schemeOfRelease('constructor'),
    ]).toEqual(['deb', 'rpm', 'pep440', null, null]);
    expect([packageKindOfRelease('debian:12'), packageKindOfRelease('almalinux:9'), packageKindOfRelease('npm')]).toEqual([
      'source',
      'binary',
      'binary',
    ]);
    expect(debianRelease('bullseye')).toBe('debian:11');
    expect(debianRelease('jammy')).toBeNull();
  });
});
