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
    ['pkg:npm/JSONStream@1.3.5', 'pkg:npm/jsonstream@1.3.5'],
    ['pkg:npm/%40Scope/Name@1', 'pkg:npm/%40scope/name@1'],
    ['PKG:///nuget/Newtonsoft.Json@13.0.1', 'pkg:nuget/Newtonsoft.Json@13.0.1'],
    ['pkg:golang/github.com/Masterminds/goutils@v1.1.0', 'pkg:golang/github.com/masterminds/goutils@v1.1.0'],
    ['pkg:golang/x/y@feature/z', 'pkg:golang/x/y@feature%2Fz'],
    ['pkg:maven/org.x//y@1', 'pkg:maven/org.x/y@1'],
    ['pkg:maven/org.x/y/', 'pkg:maven/org.x/y'],
    ['pkg:deb/debian/curl@', 'pkg:deb/debian/curl'],
    ['pkg:maven/org.x/y@1?repositorY_url=https://r.example/a', 'pkg:maven/org.x/y@1?repository_url=https:%2F%2Fr.example%2Fa'],
    ['pkg:generic/openssl@1?checksum=sha1:aa,sha256:bb', 'pkg:generic/openssl@1?checksum=sha1:aa%2Csha256:bb'],
    ['pkg:npm/x@1#src/%F0%9F%98%83/a.js', 'pkg:npm/x@1#src/%F0%9F%98%83/a.js'],
    ['pkg:pub/flutter-downloader@1.0.0', 'pkg:pub/flutter_downloader@1.0.0'],
    ['pkg:huggingface/A/B@797174552AE47F449AB70B684CABCB6603E5E85E', 'pkg:huggingface/A/B@797174552ae47f449ab70b684cabcb6603e5e85e'],
    ['pkg:huggingface/A/B@100B', 'pkg:huggingface/A/B@100B'],
    [
      'pkg:mlflow/Model@3?repository_url=https://x.azuredatabricks.net',
      'pkg:mlflow/model@3?repository_url=https:%2F%2Fx.azuredatabricks.net',
    ],
    ['pkg:mlflow/Model@3?repository_url=https://x.azureml.ms', 'pkg:mlflow/Model@3?repository_url=https:%2F%2Fx.azureml.ms'],
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
    ['pkg:deb/debian/a@1%', 'a percent sign that encodes no UTF-8'],
    ['pkg%3Amaven/org.x/y', 'does not start with "pkg:"'],
    ['pkg:n&g?inx/nginx@1', '"n&g" is not a package type'],
    ['pkg:nginx:a/nginx@1', '"nginx:a" is not a package type'],
    ['pkg:EnterpriseLibrary.Common@6.0', '"EnterpriseLibrary.Common@6.0" is not a package type'],
    ['pkg:maven/@1.3.4', 'there is no name'],
    ['pkg:swift/github.com/A/@5', 'there is no name'],
    ['pkg:npm/@scope', 'there is no name'],
    ['pkg:npm/x@1?in%20production=true', '"in%20production=true" is not a qualifier'],
    ['pkg:generic/a%2Fb/c', 'a segment of the namespace holds a slash'],
    ['pkg:generic/a#b%2Fc', 'a segment of the subpath holds a slash'],
    ['pkg:swift/Alamofire@5', 'swift needs a namespace'],
    ['pkg:cpan/Perl-Version@1', 'cpan needs a namespace'],
    ['pkg:cpan/GDT/URI::PackageURL', "URI::PackageURL is a module: cpan's packages are distributions"],
    ['pkg:julia/Dates', 'julia needs the qualifier uuid'],
  ])('refuses %s', (text, reason) => {
    expect(parsePurl(text)).toEqual({ ok: false, reason });
  });

  it('keeps the name as it was written beside the canonical one', () => {
    expect(parsePurl('pkg:npm/JSONStream@1.3.5')).toMatchObject({ purl: { name: 'jsonstream' }, written: { name: 'JSONStream' } });
  });

  const parts = (some: Partial<PackageUrl>): PackageUrl => ({
    type: 'generic',
    namespace: null,
    name: 'x',
    version: null,
    qualifiers: {},
    subpath: null,
    ...some,
  });

  it.each([
    [{ type: 'NPM', name: 'X', version: '1' }, 'pkg:npm/x@1'],
    [{ namespace: '/a//b/', name: '/x/' }, 'pkg:generic/a/b/x'],
    [{ version: '', qualifiers: { Arch: 'amd64', empty: '' } }, 'pkg:generic/x?arch=amd64'],
    [{ qualifiers: { b: '1', 'b.c': '2', a: '3' } }, 'pkg:generic/x?a=3&b=1&b.c=2'],
    [{ subpath: '/./a/../b c/' }, 'pkg:generic/x#a/b%20c'],
    [{ name: "it's (a)*!" }, 'pkg:generic/it%27s%20%28a%29%2A%21'],
  ])('%j is written %s', (some, text) => expect(buildPurl(parts(some))).toBe(text));

  it.each([
    [{ type: '' }],
    [{ type: '3nginx' }],
    [{ type: 'n/x' }],
    [{ name: '' }],
    [{ name: '/' }],
    [{ qualifiers: { 'in production': 'true' } }],
    [{ qualifiers: { arch: 'a', Arch: 'b' } }],
    [{ type: 'swift' }],
    [{ type: 'cpan', namespace: 'GDT', name: 'URI::PackageURL' }],
  ])('does not build %j', some => expect(() => buildPurl(parts(some))).toThrow(RangeError));

  it('survives a round trip whatever the name, version and qualifiers hold', () => {
    const word = fc.string({ minLength: 1, unit: fc.constantFrom(...'aZ09.-_~/@?#%&=+:! é漢😀*()\'"') });
    fc.assert(
      fc.property(word, word, word, (text, version, value) => {
        // Slashes around a name are no part of it.
        const name = `n${text}n`;
        const purl = { type: 'generic', namespace: 'a/b', name, version, qualifiers: { key: value }, subpath: null };
        expect(parsed(buildPurl(purl))).toEqual(purl);
      }),
    );
  });
});
