import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCpeVersions, isPreReleaseOf } from './cpe-order.ts';
import { type CpeRange, inCpeRange } from './ranges.ts';

/** A version as its maker means it, ordered by an oracle of its own: numbers, then before or after them. */
interface Meant {
  readonly numbers: readonly [number, number, number];
  /** Below 0 before the version, above 0 after it. */
  readonly stage: -3 | -2 | -1 | 0 | 1;
  readonly count: number;
}

const STAGES: Readonly<Record<number, readonly string[]>> = {
  '-3': ['alpha', 'Alpha', 'ALPHA'],
  '-2': ['beta', 'Beta'],
  '-1': ['rc', 'RC', 'cr'],
  1: ['p', 'patch', 'sp'],
};

function orderOf(a: Meant, b: Meant): number {
  const ranks = ({ numbers, stage, count }: Meant) => [...numbers, stage, stage === 0 ? 0 : count];
  const [left, right] = [ranks(a), ranks(b)];
  return left.map((rank, at) => Math.sign(rank - right[at]!)).find(sign => sign !== 0) ?? 0;
}

const stage = fc.constantFrom<Meant['stage']>(-3, -2, -1, 0, 0, 0, 1);
const count = fc.integer({ min: 1, max: 12 });
const meant = fc.record({ numbers: fc.tuple(fc.nat(3), fc.nat(12), fc.nat(3)), stage, count });
/** Bounds far away are easy: most are the version itself or one that differs from it in one thing. */
const near = (version: Meant) =>
  fc.oneof(
    fc.constant(version),
    fc.constant(version),
    stage.map(other => ({ ...version, stage: other })),
    count.map(other => ({ ...version, count: other })),
    fc.nat(12).map(other => ({ ...version, numbers: [version.numbers[0], other, version.numbers[2]] as const })),
    meant,
  );

/** One of the ways in which people write it. `patch` words differ among makers, so all of one pair are spelled with the same. */
const spelled = (version: Meant, word: number) =>
  fc
    .record({
      v: fc.constantFrom('', '', 'v', 'V'),
      shortens: fc.boolean(),
      lengthens: fc.boolean(),
      zero: fc.constantFrom('', '', '0'),
      separator: fc.constantFrom('', '-', '.', '_', '~'),
      inner: fc.constantFrom('', '.', '-'),
      spelling: fc.nat(5),
      final: fc.constantFrom('', '', '.Final', '-GA', '.RELEASE'),
    })
    .map(({ v, shortens, lengthens, zero, separator, inner, final, spelling }) => {
      const { stage, count } = version;
      const numbers = version.numbers.map(String);
      if (shortens) while (numbers.length > 1 && numbers.at(-1) === '0') numbers.pop();
      if (lengthens) numbers.push('0');
      const base = `${v}${numbers.map(number => zero + number).join('.')}`;
      if (stage === 0) return base + final;
      const words = STAGES[stage]!;
      // A tilde comes before the version in every maker's order that has it.
      return `${base}${stage > 0 && separator === '~' ? '-' : separator}${words[(stage > 0 ? word : spelling) % words.length]}${inner}${count}`;
    });

const bounds = ['versionStartIncluding', 'versionStartExcluding', 'versionEndIncluding', 'versionEndExcluding'] as const;
const HOLDS: Readonly<Record<(typeof bounds)[number], (order: number) => boolean>> = {
  versionStartIncluding: order => order >= 0,
  versionStartExcluding: order => order > 0,
  versionEndIncluding: order => order <= 0,
  versionEndExcluding: order => order < 0,
};

describe('CPE ranges against an oracle', () => {
  it('hold exactly the versions that their maker means, however they are spelled', () => {
    const cases = fc
      .record({ version: meant, kinds: fc.subarray([...bounds]), word: fc.nat(5) })
      .chain(one =>
        fc.record({
          version: fc.constant(one.version),
          low: near(one.version),
          high: near(one.version),
          kinds: fc.constant(one.kinds),
          word: fc.constant(one.word),
        }),
      )
      .chain(one =>
        fc.record({ one: fc.constant(one), texts: fc.tuple(...[one.version, one.low, one.high].map(each => spelled(each, one.word))) }),
      );
    const seen = { yes: 0, no: 0 };
    fc.assert(
      fc.property(cases, ({ one: { version, low, high, kinds }, texts: [text, lowText, highText] }) => {
        const range: CpeRange = Object.fromEntries(kinds.map(kind => [kind, kind.startsWith('versionStart') ? lowText : highText]));
        const expected = kinds.every(kind => HOLDS[kind](orderOf(version, kind.startsWith('versionStart') ? low : high))) ? 'yes' : 'no';
        seen[expected]++;
        expect(inCpeRange(text!, range), JSON.stringify({ text, range })).toMatchObject({ inside: expected, confidence: 'low' });
      }),
      { numRuns: 8000 },
    );
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(1000);
  });

  it('decide what both meanings of a spelling agree on, and nothing else', () => {
    // `1.2b3`: the third beta of 1.2, or 1.2b and a number. `1.2-foo`: before 1.2, or a build of it.
    const open = fc.tuple(fc.nat(3), fc.nat(3), fc.constantFrom('b1', 'a2', 'm3', '-foo', '-3f2a', '_x', '+7', '+build'));
    const bound = fc.tuple(fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(open, bound, fc.constantFrom(...bounds), ([major, minor, suffix], [high, low], kind) => {
        const base = Math.sign(major - high || minor - low);
        // Semantic versioning does not order by `+7`; the others have it before or after.
        const meanings = base !== 0 ? [base] : suffix === '-3f2a' ? [1] : suffix.startsWith('+') ? [0, 1] : [-1, 1];
        const answers = new Set(meanings.map(order => (HOLDS[kind](order) ? 'yes' : 'no')));
        const { inside } = inCpeRange(`${major}.${minor}${suffix}`, { [kind]: `${high}.${low}` });
        expect(inside).toBe(answers.size === 1 ? [...answers][0] : 'unknown');
      }),
      { numRuns: 3000 },
    );
  });

  it('is an order: antisymmetric, and transitive where it answers', () => {
    const text = fc.stringMatching(/^v?[0-9]{1,2}(\.[0-9]{1,2}){0,2}([-._~+]?(rc|beta|p|a|b|k|foo|final|u)?[0-9]{0,2})?$/);
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const [ab, ba, bc, ac] = [compareCpeVersions(a, b), compareCpeVersions(b, a), compareCpeVersions(b, c), compareCpeVersions(a, c)];
        if (typeof ab === 'number') expect(ba).toBe(ab === 0 ? 0 : -ab);
        else expect(typeof ba).toBe('object');
        if (typeof ab === 'number' && typeof bc === 'number' && ab <= 0 && bc <= 0) expect(ac).not.toBe(1);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('versions as makers write them', () => {
  it.each([
    ['1.0', '1.0.0', 0],
    ['1.0-rc1', '1.0', -1],
    ['2.0.0.RELEASE', '2.0', 0],
    ['1.0.2k', '1.0.2', 1],
    ['1.0.2zg', '1.0.2z', 1],
    ['1.0.2k', '1.0.3', -1],
    ['9.3p1', '9.3', 1],
    ['8u202', '8-update_202', 0],
    ['1.8.0_202', '1.8.0-update202', 0],
    ['7.0.10-35', '7.0.10-4', 1],
    ['7.0.10-35', '7.0.11', -1],
    ['9.4.43.v20210629', '9.4.44', -1],
    ['15.2(7)e3', '15.2(7)e', 1],
    ['2020-01-15', '2020-02-01', -1],
    ['10.0', '9.9', 1],
    ['007', '7', 0],
    ['master', 'Master', 0],
  ])('%s and %s: %i', (a, b, order) => {
    expect(compareCpeVersions(a, b)).toBe(order);
  });

  it.each([
    ['1.0b2', '1.0', 'ordered one way by some publishers and the other way by others'],
    ['master', '1.0', 'master has no number'],
    ['1:2', '1.0', 'characters that no version order knows'],
    ['', '1.0', 'version string is empty'],
    ['1'.repeat(600), '1.0', 'longer than 512 characters'],
    // Short enough as it is written, and too long for rpm with a sign before each of its parts.
    ['1a'.repeat(200), '1.0', 'read part by part it is longer than 512 characters'],
    ['1.0', '1a'.repeat(128), 'read part by part it is longer than 512 characters'],
  ])('%s and %s have none', (a, b, why) => {
    expect(compareCpeVersions(a, b)).toMatchObject({ invalid: expect.stringContaining(why) });
    expect(inCpeRange(a, { versionEndExcluding: b })).toMatchObject({ inside: 'unknown', confidence: 'low' });
  });

  it('answers no where one bound is certainly failed, whatever nobody knows of the other', () => {
    expect(inCpeRange('2.0', { versionStartIncluding: 'soon', versionEndExcluding: '1.5' }).inside).toBe('no');
    expect(inCpeRange('1.0', { versionStartIncluding: 'soon', versionEndExcluding: '1.5' }).inside).toBe('unknown');
  });

  it('tells an update from a version of its own', () => {
    expect([isPreReleaseOf('1.0-rc1', '1.0'), isPreReleaseOf('1.0.1', '1.0'), isPreReleaseOf('1.0k', '1.0')]).toEqual([true, false, false]);
  });
});
