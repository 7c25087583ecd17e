import { describe, expect, it } from 'vitest';
import { packageMemory } from './package-memory.ts';

const version = (name: string, of: string, arch = 'amd64', origin?: string) => ({
  name,
  arch,
  version: of,
  sourceName: name,
  sourceVersion: of,
  ...(origin === undefined ? {} : { origin }),
});

describe('the memory of package versions', () => {
  it('answers many as it answers each, whatever came after what before', () => {
    const memory = packageMemory();
    const known = ['a', 'b', 'c', 'd'].flatMap(name =>
      ['1', '2'].flatMap(of => [version(name, of), version(name, of, 'i386'), version(name, of, 'amd64', 'Docker')]),
    );
    for (const [index, value] of known.entries()) memory.set(value, index + 1);
    // A fixed generator: the lists differ, the test does not.
    let state = 7;
    const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    for (let round = 0; round < 200; round++) {
      const list = known.filter(() => random() < 0.6).concat(random() < 0.5 ? [version('unknown', '1')] : []);
      // As they come out of JSON: texts of their own.
      const told = (JSON.parse(JSON.stringify(list)) as typeof list).sort(() => (round % 3 === 0 ? random() - 0.5 : 0));
      expect(memory.all!(told)).toEqual(told.map(value => memory.get(value) ?? 0));
    }
    expect(memory.all!([])).toEqual([]);
    expect(memory.of(3)).toEqual(version('a', '1', 'amd64', 'Docker'));
  });
});
