import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildPurl, type PackageUrl, parsePurl } from './purl.ts';

function parsed(text: string): PackageUrl {
  const result = parsePurl(text);
  if (!result.ok) throw new Error(result.reason);
  return result.purl;
}

describe('package URLs', () => {
  it.each([
    [
      'pkg:deb/debian/curl@7.88.1-10%2Bdeb12u15?arch=amd64&distro=debian-12',
      { type: 'deb', namespace: 'debian', name: 'curl', version: '7.88.1-10+deb12u15', qualifiers: { arch: 'amd64', distro: 'debian-12' } },
    ],
    [
      'pkg:rpm/redhat/bind@9.16.23-1.el9?arch=x86_64&epoch=32',
      { type: 'rpm', namespace: 'redhat', name: 'bind', version: '9.16.23-1.el9', qualifiers: { arch: 'x86_64', epoch: '32' } },
    ],
    ['pkg:npm/%40babel/core@7.0.0', { type: 'npm', namespace: '@babel', name: 'core', version: '7.0.0' }],
    ['pkg:maven/org.apache.commons/io@1.3.4', { type: 'maven', namespace: 'org.apache.commons', name: 'io', version: '1.3.4' }],
    [
      'pkg:golang/google.golang.org/genproto#googleapis/api/annotations',
      { type: 'golang', namespace: 'google.golang.org', name: 'genproto', version: null, subpath: 'googleapis/api/annotations' },
    ],
    ['pkg:pypi/django-allauth@12.23', { type: 'pypi', namespace: null, name: 'django-allauth', version: '12.23' }],
    ['pkg:deb/debian/openssl@1:1.1.1n-0', { type: 'deb', namespace: 'debian', name: 'openssl', version: '1:1.1.1n-0' }],
  ])('%s is read and written back', (text, expected) => {
    expect(parsed(text)).toMatchObject(expected);
    expect(buildPurl(parsed(text))).toBe(text);
  });

  it.each([
    ['pkg:PyPI/Django_AllAuth@1', 'pkg:pypi/django-allauth@1'],
    ['pkg:GitHub/Package-URL/Purl-Spec@244fd47e', 'pkg:github/package-url/purl-spec@244fd47e'],
    ['pkg://npm/@babel/core@7', 'pkg:npm/%40babel/core@7'],
    ['pkg:npm/@babel/core', 'pkg:npm/%40babel/core'],
    ['pkg:deb/Debian/Curl@1?distro=&Arch=amd64', 'pkg:deb/debian/curl@1?arch=amd64'],
    ['pkg:golang/a/b@1#/x/./../y/', 'pkg:golang/a/b@1#x/y'],
    ['pkg:deb/debian/a@1%3A2', 'pkg:deb/debian/a@1:2'],
    ['pkg:rpm/Fedora/Curl@1', 'pkg:rpm/fedora/Curl@1'],
  ])('%s has the canonical form %s', (text, canonical) => {
    expect(buildPurl(parsed(text))).toBe(canonical);
  });

  it.each([
    ['deb/debian/curl@1', 'does not start with "pkg:"'],
    ['pkg:deb', 'there is no name'],
    ['pkg:/curl', 'there is no name'],
    ['pkg:3d/x', '"3d" is not a package type'],
    ['pkg:deb/debian/curl@1?arch', '"arch" is not a qualifier'],
    ['pkg:deb/debian/curl@1?a=1&A=2', 'the qualifier a stands there twice'],
    ['pkg:deb/debian/%ff', 'a percent sign that encodes no UTF-8'],
  ])('refuses %s', (text, reason) => {
    expect(parsePurl(text)).toEqual({ ok: false, reason });
  });

  it('survives a round trip whatever the name, version and qualifiers hold', () => {
    const word = fc.string({ minLength: 1, unit: fc.constantFrom(...'aZ09.-_~/@?#%&=+:! é漢😀*()\'"') });
    fc.assert(
      fc.property(word, word, word, (name, version, value) => {
        const purl = { type: 'generic', namespace: 'a/b', name, version, qualifiers: { key: value }, subpath: null };
        expect(parsed(buildPurl(purl))).toEqual(purl);
      }),
    );
  });
});
