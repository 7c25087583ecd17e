import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_VERSION_CHARS } from '../kernel/limits.ts';
import { SCHEMES, schemeFor } from './catalog.ts';
import { compareKeys, compareVersions, isInvalid, type Ordering, SCHEME_IDS, type SchemeId } from './scheme.ts';
import { versionPair, versionText } from './version-texts.testkit.ts';

/**
 * testdata/SCHEME.tsv: pairs with what the native tool says of them (apk: apk-tools' own algorithm, NuGet: its documentation, Go: golang.org/x/mod/semver).
 * native-order.test.ts asks the tools themselves, where they are.
 */
function fixture(scheme: SchemeId): [string, string, string][] {
  const text = readFileSync(path.join(import.meta.dirname, 'testdata', `${scheme}.tsv`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map(line => line.split('\t') as [string, string, string]);
}

function sign(scheme: SchemeId, a: string, b: string): string {
  const order = compareVersions(SCHEMES[scheme], a, b);
  return isInvalid(order) ? 'invalid' : '<=>'[order + 1]!;
}

/** Any UTF-16, lone surrogates and control characters too. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map(codes => String.fromCharCode(...codes));

const POSTGRESQL_INDEX_ENTRY_BYTES = 2704;

const MIRROR: Readonly<Record<string, string>> = { '<': '>', '>': '<', '=': '=', invalid: 'invalid' };

describe.each(SCHEME_IDS)('%s', id => {
  const scheme = SCHEMES[id];
  const text = versionText(id);

  it('orders its recorded pairs as the native tool did, in both directions', () => {
    const pairs = fixture(id);
    expect(pairs.length).toBeGreaterThan(30);
    for (const [a, native, b] of pairs) {
      expect(sign(id, a, b), `${a} ${native} ${b}`).toBe(native);
      expect(sign(id, b, a), `${b} and ${a}, turned round`).toBe(MIRROR[native]);
    }
  });

  it('has one key per text, equal to itself, and an order that turns round', () => {
    fc.assert(
      fc.property(versionPair(id), ([a, b]) => {
        expect(scheme.key(a)).toEqual(scheme.key(a));
        const forward = compareVersions(scheme, a, b);
        const backward = compareVersions(scheme, b, a);
        expect(isInvalid(forward)).toBe(isInvalid(backward));
        if (isInvalid(forward) || isInvalid(backward)) return;
        expect(forward + backward).toBe(0);
        expect(compareVersions(scheme, a, a)).toBe(0);
      }),
    );
  });

  it('agrees between key and comparer', () => {
    fc.assert(
      fc.property(versionPair(id), ([a, b]) => {
        const [keyA, keyB] = [scheme.key(a), scheme.key(b)];
        if (keyA.ok && keyB.ok && scheme.compare) expect(scheme.compare(a, b)).toBe(compareKeys(keyA.key, keyB.key));
      }),
      { numRuns: 1000 },
    );
  });

  it('is transitive wherever there are keys', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 3, maxLength: 12 }), texts => {
        const keyed = texts.filter(one => scheme.key(one).ok).sort((a, b) => compareVersions(scheme, a, b) as Ordering);
        for (const [at, one] of keyed.entries())
          for (const other of keyed.slice(at + 1)) expect(compareVersions(scheme, one, other)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('takes any text without throwing and refuses with a reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), anyText), anything => {
        const key = scheme.key(anything);
        if (!key.ok) expect(key.reason).not.toBe('');
        const order = compareVersions(scheme, anything, '1.0');
        if (isInvalid(order)) expect(order.invalid).not.toBe('');
      }),
    );
    expect(scheme.key('')).toMatchObject({ ok: false });
  });

  it('stays within its buffer and its time on the longest text', () => {
    const started = performance.now();
    for (const unit of ['1', '1.', 'a', '.', '~', '-', '0', '1a', '_p', '-dev', '+', '^', '1.0-', '.0a', 'a1', '.a', '-a1']) {
      const longest = `1${unit.repeat(MAX_VERSION_CHARS)}`.slice(0, MAX_VERSION_CHARS);
      const key = scheme.key(longest);
      if (key.ok) expect(key.key.length).toBeLessThan(POSTGRESQL_INDEX_ENTRY_BYTES);
      compareVersions(scheme, longest, `${longest.slice(0, -1)}2`);
      expect(scheme.key(`${longest}1`).ok).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('compareKeys', () => {
  it('is memcmp, the shorter first', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (a, b) => {
        expect(compareKeys(a, b)).toBe(Buffer.compare(a, b));
      }),
    );
  });
});

describe('compareVersions', () => {
  it('says which reason makes a pair invalid', () => {
    expect(compareVersions(SCHEMES.deb, '1.0', '1 0')).toEqual({ invalid: 'version string has embedded spaces' });
    expect(compareVersions(SCHEMES.deb, '1:', '1.0')).toEqual({ invalid: 'nothing after colon in version number' });
  });
});

describe('schemeFor', () => {
  it.each([
    ['deb', 'deb'],
    ['Debian', 'deb'],
    ['dpkg', 'deb'],
    ['npm', 'semver'],
    ['PyPI', 'pep440'],
    ['crates.io', 'semver'],
    ['Packagist', 'composer'],
    ['Rocky Linux', 'rpm'],
    ['arch', 'pacman'],
    ['golang', 'go'],
    ['pep-440', 'pep440'],
    ['pep_440', 'pep440'],
    ['semver/npm', 'semver'],
    ['sles', 'rpm'],
  ])('knows %s', (name, id) => {
    expect(schemeFor(name)?.id).toBe(id);
  });
  it.each(['', 'constructor', 'toString', 'windows'])('does not know %j', name => {
    expect(schemeFor(name)).toBeUndefined();
  });
});

describe('maven words', () => {
  it('does not take a name of the language for one of its own', () => {
    const words = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
    for (const word of words) {
      expect(compareVersions(SCHEMES.maven, `1-${word}`, '1-sp')).toBe(1);
      expect(compareVersions(SCHEMES.maven, `1-${word}`, `1-${word}x`)).toBe(-1);
    }
  });
});

describe('go toolchain versions', () => {
  it.each([
    ['go1.22.3', 'v1.22.3', 0],
    ['go1.20', 'go1.20.0', 0],
    ['go1.20rc1', 'go1.20', -1],
    ['go1.21', 'go1.21rc1', -1],
    ['go1.21rc1', 'go1.21.0', -1],
    ['go1.21beta1', 'go1.21rc1', -1],
    ['go1.9', 'go1.10', -1],
    ['go1.22.3-custom', 'go1.22.3', 0],
  ])('%s and %s', (a, b, order) => {
    expect(compareVersions(SCHEMES.go, a, b)).toBe(order);
  });
});
