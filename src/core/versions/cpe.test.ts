import { describe, expect, it } from 'vitest';
import { type Cpe, isStated, namesByWildcard, parseCpe, productOf } from './cpe.ts';

const parsed = (text: string): Cpe => {
  const result = parseCpe(text);
  if (!result.ok) throw new Error(result.reason);
  return result.cpe;
};

describe('CPE names', () => {
  it('reads a formatted string with its eleven fields', () => {
    expect(parsed('cpe:2.3:a:apache:http_server:2.4.49:rc1:ed:en:pro:linux:x64:none')).toEqual({
      part: 'a',
      vendor: 'apache',
      product: 'http_server',
      version: '2.4.49',
      update: 'rc1',
      edition: 'ed',
      language: 'en',
      swEdition: 'pro',
      targetSw: 'linux',
      targetHw: 'x64',
      other: 'none',
    });
  });

  it('reads an older URI, with the attributes that its edition carries', () => {
    expect(parsed('cpe:/a:acme:plug-in:1.0:sp1:~~pro~wordpress~x64~:en')).toMatchObject({
      version: '1.0',
      update: 'sp1',
      edition: '*',
      swEdition: 'pro',
      targetSw: 'wordpress',
      targetHw: 'x64',
      other: '*',
      language: 'en',
    });
    expect(parsed('cpe:/o:linux:linux_kernel')).toMatchObject({ part: 'o', version: '*', update: '*' });
    expect(parsed('cpe:/a:x:y::-')).toMatchObject({ version: '*', update: '-' });
  });

  it.each([
    ['cpe:2.3:a:foo\\:bar:c\\+\\+:1.0\\-rc1:*:*:*:*:*:*:*', 'foo\\:bar:c++', '1.0-rc1'],
    ['cpe:/a:foo%3abar:c%2b%2b:1.0-rc1', 'foo\\:bar:c++', '1.0-rc1'],
    ['cpe:2.3:a:\\@scope\\/x:Y:V1\\\\2:*:*:*:*:*:*:*', '@scope/x:y', 'v1\\2'],
    ['CPE:2.3:a:Apache:HTTP_Server:2.4:*:*:*:*:*:*:*', 'apache:http_server', '2.4'],
    // Not all of its fields: what is not stated is ANY.
    ['cpe:2.3:a:x:y', 'x:y', '*'],
  ])('%s is about %s, version %s', (text, product, version) => {
    expect([productOf(parsed(text)), parsed(text).version]).toEqual([product, version]);
  });

  it.each([
    'cpe:2.3:a:*:openssl:3.0:*:*:*:*:*:*:*',
    'cpe:2.3:a:x:-:1:*:*:*:*:*:*:*',
    'cpe:/a::openssl:3.0',
    'cpe:2.3:a:x:ope*:1:*:*:*:*:*:*:*',
  ])('%s names no product', text => {
    expect(productOf(parsed(text))).toBeNull();
  });

  it.each([
    ['openssl', 'it begins neither with "cpe:2.3:" nor with "cpe:/"'],
    ['cpe:2.3:a:x', 'it names no vendor and product'],
    ['cpe:2.3:redhat:x:y:1:*:*:*:*:*:*:*', '"redhat" is no part (a, o or h)'],
    ['cpe:2.3:a:x:y:1:2:3:4:5:6:7:8:9', 'it has more than 11 fields'],
    ['cpe:/a:1:2:3:4:5:6:7', 'it has more than 7 fields'],
    // A backslash that quotes nothing: the field that it ends is none.
    ['cpe:2.3:a:v:p:1.0\\', 'a backslash at its end quotes nothing'],
    ['cpe:2.3:a:v:p\\:1.0\\', 'a backslash at its end quotes nothing'],
    ['cpe:/a:%ff:y', 'a percent sign that encodes no UTF-8'],
    [`cpe:2.3:a:${'x'.repeat(3000)}:y:1`, 'longer than 2000 characters'],
  ])('refuses %s', (text, reason) => {
    expect(parseCpe(text)).toEqual({ ok: false, reason });
  });

  it('takes what is quoted for text, also where it would be a logical value', () => {
    const versions = ['*', '\\*', '-', '\\-', ''].map(version => parsed(`cpe:2.3:a:x:y:${version}:*:*:*:*:*:*:*`).version);
    expect(versions.map(version => [isStated(version), version])).toEqual([
      [false, '*'],
      [true, '\\*'],
      [false, '-'],
      [true, '\\-'],
      [false, '*'],
    ]);
    expect(['*', '%2a', '-', '%2D', ''].map(version => isStated(parsed(`cpe:/a:x:y:${version}`).version))).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(productOf(parsed('cpe:2.3:a:x:\\*:1'))).not.toBe(productOf(parsed('cpe:2.3:a:x:*:1')));
  });

  it('takes a quoted star for a star and an unquoted one for any text', () => {
    const pattern = (version: string) => parsed(`cpe:2.3:a:x:y:${version}:*:*:*:*:*:*:*`).version;
    const named = (version: string, of: string) => namesByWildcard(pattern(version), of);
    expect(['4.1', '4.', '5.1'].map(of => named('4.*', of))).toEqual([true, true, false]);
    expect(['4.1', '4.12', '4.123'].map(of => named('4.??', of))).toEqual([true, true, false]);
    expect(['4.*', '4.1'].map(of => named('4.\\*', of))).toEqual([true, false]);
    const started = performance.now();
    named(`${'*a'.repeat(200)}b`, 'a'.repeat(400));
    // As long as both may be.
    expect(named(`a${'*'.repeat(1900)}b`, 'a'.repeat(1900))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
