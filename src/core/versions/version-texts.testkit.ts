import fc from 'fast-check';
import type { SchemeId } from './scheme.ts';

/** Version texts to compare, by scheme: what the field writes, the traps of vulnerability-data.md 2.1, and neighbours one edit apart. */

interface Shape {
  /** Parts in their order; each is one of its words. An empty word leaves the part out. */
  readonly parts: readonly (readonly string[])[];
  /** What edits put in. */
  readonly alphabet: readonly string[];
}

const NUMBERS = ['0', '1', '2', '9', '10', '11', '007', '20240101'];
const DOTTED = ['1', '1.0', '1.0.0', '1.1', '1.10', '1.9', '2', '0.1', '10.0.1', '1.01', '3.14.159', '2024.01.02'];

const SHAPES: Readonly<Record<SchemeId, Shape>> = {
  deb: {
    parts: [
      ['', '0:', '1:', '10:'],
      [...DOTTED, '7.4.052', '1.0-rc1', '1a', '0a', 'v1', '1:2'],
      ['', '~', '~rc1', '~~', '+dfsg', '+b1', '.a', '~rc1+git2024', 'a', 'Z'],
      ['', '-0', '-1', '-1ubuntu0.1', '-2+deb12u1', '-2~deb12u1', '-10', '-1+b1', '-0ubuntu1~22.04'],
    ],
    alphabet: ['0', '1', '9', 'a', 'Z', '~', '.', '+', '-', ':', '_'],
  },
  rpm: {
    parts: [
      ['', '0:', '1:', '32:'],
      [...DOTTED, '10.0001', '1a', '1.a', 'a1'],
      ['', '~rc1', '^git1', '^', '~', '^20240101', '~~', '.', '_1', '+'],
      ['', '-1', '-1.el9', '-1.el9_2', '-1.fc40', '-0.1.rc1', '-', '-10.el8.1'],
    ],
    alphabet: ['0', '1', '9', 'a', 'Z', '~', '^', '.', '_', '-', ':', '+'],
  },
  apk: {
    parts: [
      [...DOTTED, '1.010', '1.00', '0.0'],
      ['', 'a', 'b', 'z'],
      ['', '_alpha', '_beta2', '_pre1', '_rc', '_p1', '_git20240101', '_cvs', '_svn1', '_hg'],
      ['', '_p2', '_rc1'],
      ['', '~abc123', '~0'],
      ['', '-r0', '-r1', '-r10'],
    ],
    alphabet: ['0', '1', '9', '.', 'a', '_p', '_alpha', '~f', '-r2'],
  },
  pacman: {
    parts: [
      ['', '0:', '1:'],
      [...DOTTED, '1.0rc1', '1.0.a', '1..0', '1.0.', 'r123.abc'],
      ['', 'alpha', '.beta', '+2+g1', '_1', '.', '..1'],
      ['', '-1', '-2', '-1.1', '-10'],
    ],
    alphabet: ['0', '1', '9', 'a', 'Z', '.', '_', '+', '-', ':'],
  },
  semver: {
    parts: [
      ['', '', 'v'],
      ['0.0.0', '1.0.0', '1.2.3', '1.10.0', '1.9.0', '0.0.1', '10.0.0', '1.0.01', '1.0', '9007199254740991.0.0', '9007199254740992.0.0'],
      [
        '',
        '-0',
        '-1',
        '-alpha',
        '-alpha.1',
        '-alpha.10',
        '-alpha.beta',
        '-rc.1',
        '-1a',
        '--',
        '-A',
        '-9007199254740993',
        '-9007199254740992',
        '-01',
      ],
      ['', '', '+build', '+1.2'],
    ],
    alphabet: ['0', '1', '9', 'a', 'A', '.', '-', '+', '-x.', '.0'],
  },
  pep440: {
    parts: [
      ['', 'v', '1!', '0!'],
      [...DOTTED, '1.0.0.0'],
      ['', 'a1', 'b2', 'rc1', 'c1', '.alpha1', '-beta', '_pre2', 'a', 'RC1', '.preview3'],
      ['', '.post1', '-1', 'post2', '.rev3', '.post', '-r4'],
      ['', '.dev1', 'dev', '.DEV0'],
      ['', '', '+local', '+1.2', '+ubuntu-1', '+abc.5'],
    ],
    alphabet: ['0', '1', '9', 'a', '.', '-', '+', 'rc', 'dev', 'post', '!'],
  },
  maven: {
    parts: [
      [...DOTTED, '1.0.0.0', '1-1', '1-0'],
      [
        '',
        '-alpha',
        '.alpha',
        '-alpha-1',
        'a1',
        '-b2',
        '-m3',
        '-rc1',
        '-cr1',
        'rc',
        '-sp',
        '-sp1',
        '.Final',
        '.GA',
        '-ga',
        '.RELEASE',
        '-jre',
        '-android',
        '-foo1',
        '.foo',
        '-1',
        '.x',
      ],
      ['', '', '-SNAPSHOT', '-1', '.1', '.0', '-20240101.010101-1'],
    ],
    alphabet: ['0', '1', '9', 'a', 'rc', '.', '-', 'sp', 'x', '-SNAPSHOT', '_'],
  },
  nuget: {
    parts: [
      ['1', '1.0', '1.0.0', '1.0.0.0', '1.0.0.1', '2.0', '1.10', '1.9', '01.0', '2147483647.0', '2147483648.0'],
      ['', '-alpha', '-ALPHA', '-alpha.1', '-alpha.10', '-alpha.beta', '-rc.1', '-1', '-0', '-2147483648', '-01'],
      ['', '', '+meta'],
    ],
    alphabet: ['0', '1', '9', 'a', 'A', '.', '-', '+'],
  },
  gem: {
    parts: [
      [...DOTTED, '1.0.0.0', '0'],
      ['', '.a', '.b1', '.rc.1', '.pre', '.beta.2', '.a.0', '.A', '.0.a', 'a'],
      ['', '.0', '.1', '.0.0.1', '-1', '-x86', '.0.b'],
    ],
    alphabet: ['0', '1', '9', 'a', 'Z', '.', '-'],
  },
  go: {
    parts: [
      ['v', 'v', ''],
      ['0.0.0', '1.0.0', '1.2.3', '1.10.0', '1.9.0', '1', '1.2', '2.0.0', '1.0.01', '12345678901234567890.0.0'],
      ['', '-0.20240101000000-abcdefabcdef', '-rc.1', '-rc.10', '-alpha', '-alpha.1', '-1', '-pre'],
      ['', '', '+incompatible', '+meta'],
    ],
    alphabet: ['0', '1', '9', 'a', '.', '-', '+'],
  },
  composer: {
    parts: [
      ['', '', 'v'],
      [...DOTTED, '1.0.0.0', '2010-01-02', '20100102', '201903.0', '1.x', '2.0.x'],
      ['', '-alpha', '-beta1', '-RC2', 'rc1', '-p1', '-patch2', 'pl3', '-stable', 'a', '-b5', '.beta.2'],
      ['', '-dev', '', '+build', '@dev'],
    ],
    alphabet: ['0', '1', '9', 'a', '.', '-', 'RC', 'dev', '_'],
  },
};

export function versionText(scheme: SchemeId): fc.Arbitrary<string> {
  const { parts } = SHAPES[scheme];
  return fc.tuple(...parts.map(words => fc.constantFrom(...words))).map(chosen => chosen.join(''));
}

/** Two texts: unrelated, or a few edits apart, or one with a number in place of another. */
export function versionPair(scheme: SchemeId): fc.Arbitrary<readonly [string, string]> {
  const text = versionText(scheme);
  return fc.oneof(
    { weight: 1, arbitrary: fc.tuple(text, text) },
    { weight: 2, arbitrary: text.chain(a => edited(a, SHAPES[scheme].alphabet).map(b => [a, b] as const)) },
    { weight: 1, arbitrary: text.chain(a => fc.constantFrom(...NUMBERS).map(number => [a, a.replace(/[0-9]+$/, number)] as const)) },
  );
}

function edited(text: string, alphabet: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(text.length),
    kind: fc.constantFrom('insert', 'delete', 'replace'),
    word: fc.constantFrom(...alphabet),
  });
  return fc.array(edit, { minLength: 1, maxLength: 2 }).map(edits => {
    let result = text;
    for (const { at, kind, word } of edits)
      result = result.slice(0, at) + (kind === 'delete' ? '' : word) + result.slice(kind === 'insert' ? at : at + 1);
    return result;
  });
}
