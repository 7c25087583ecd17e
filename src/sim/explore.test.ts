import { describe, expect, it } from 'vitest';
import { type ExploreOptions, explore } from './explore.ts';

describe('every order in which anything can happen', () => {
  it('to a canary and its pair, with two attempts, a dead mirror, a pause and an override', { timeout: 300_000 }, () => {
    const found = explore({ hosts: 2, detail: 'full', statesMax: 400_000 });
    expect(found.broken).toBeNull();
    expect(found.complete).toBe(true);
    expect(found.states).toBeGreaterThan(100_000);
    expect(found.ends).toBeGreaterThan(100);
  });

  it('to four hosts in two pairs, the first 60,000 states', { timeout: 300_000 }, () => {
    const found = explore({ hosts: 4, detail: 'lean', statesMax: 60_000 });
    expect(found.broken).toBeNull();
    expect(found.states).toBe(60_000);
  });

  const planted: readonly (readonly [NonNullable<ExploreOptions['without']>, Omit<ExploreOptions, 'statesMax' | 'without'>, RegExp])[] = [
    ['gate', { hosts: 2, detail: 'lean' }, /^S3/],
    ['fencing', { hosts: 2, detail: 'full' }, /^(I1|S2|I6)/],
    ['availability', { hosts: 4, detail: 'lean' }, /^S4/],
    ['concurrency', { hosts: 4, detail: 'lean', concurrency: 1 }, /^S1/],
    ['halt', { hosts: 2, detail: 'full' }, /^I8/],
  ];
  it.each(planted)('finds the engine without %s', { timeout: 300_000 }, (without, options, rule) => {
    const found = explore({ ...options, statesMax: 400_000, without });
    expect(found.broken?.rule).toMatch(rule);
    expect(found.broken!.path.length).toBeGreaterThan(3);
  });
});
