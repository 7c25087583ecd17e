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
    ['pypi', 'PyPI'],
    ['Go', 'Go'],
  ])('%s is %s', (text, release) => expect(parseRelease(text)).toEqual({ ok: true, release }));

  it.each(['', 'foo:1', 'debian', 'debian:', 'debian:zarathustra', 'debian:12;rm', 'debian-zarathustra', 'foo9', 'x'.repeat(200)])(
    '%s is none, with a reason',
    text => expect(parseRelease(text)).toEqual({ ok: false, reason: expect.any(String) }),
  );

  it('is stable: a release read again is itself', () => {
    for (const text of ['debian:12', 'ubuntu:22.04', 'almalinux:9', 'alpine:3.20', 'debian:sid', 'arch', 'npm'])
      expect(parseRelease(text)).toEqual({ ok: true, release: text });
  });
});

describe('what a release implies', () => {
  it('order and kind of package', () => {
    expect([schemeOfRelease('debian:12'), schemeOfRelease('almalinux:9'), schemeOfRelease('PyPI'), schemeOfRelease('plan9:4')]).toEqual([
      'deb',
      'rpm',
      'pep440',
      null,
    ]);
    expect([packageKindOfRelease('debian:12'), packageKindOfRelease('almalinux:9'), packageKindOfRelease('npm')]).toEqual([
      'source',
      'binary',
      'binary',
    ]);
    expect(debianRelease('bullseye')).toBe('debian:11');
    expect(debianRelease('jammy')).toBeNull();
  });
});
