import { describe, expect, it } from 'vitest';
import { relative, span } from './time.tsx';
import { commonLength } from './version.tsx';
import { sentence } from './words.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('relative times', () => {
  it.each([
    [-30_000, 'just now'],
    [3_000, 'just now'],
    [30_000, 'within a minute'],
    [-5 * MINUTE, '5 min ago'],
    [-90 * MINUTE, '1 h ago'],
    [-DAY, '1 day ago'],
    [3 * DAY, 'in 3 days'],
    [-43 * DAY, '43 days ago'],
    [-120 * DAY, '3 months ago'],
    [-400 * DAY, '13 months ago'],
    [-800 * DAY, '2 years ago'],
  ])('%d ms is %s', (delta, words) => {
    expect(relative(1e12 + delta, 1e12)).toBe(words);
  });

  it('has no words for less than a minute', () => {
    expect(span(59_999)).toBeNull();
  });
});

describe('what two versions share', () => {
  it.each([
    ['3.0.20-1~deb12u2', '3.0.22-1~deb12u2', '3.0.'],
    ['1.9.13p3-1+deb12u1', '1.9.13p3-1+deb12u3', '1.9.13p3-1+'],
    ['3.9', '3.10', '3.'],
    ['1.2', '1.2', '1.'],
    ['abc', 'xyz', ''],
  ])('%s and %s', (from, to, shared) => {
    expect(to.slice(0, commonLength(from, to))).toBe(shared);
  });
});

describe('a phrase as a sentence', () => {
  it.each([
    ['no smoke test: it would not be seen', 'No smoke test: it would not be seen'],
    ['lb-ams-11.nw.example: due today', 'lb-ams-11.nw.example: due today'],
    ['web01: due today', 'web01: due today'],
    ['db.nw.example, mail.nw.example: due today', 'db.nw.example, mail.nw.example: due today'],
    ['3 canaries at once', '3 canaries at once'],
  ])('%s', (text, shown) => {
    expect(sentence(text)).toBe(shown);
  });
});
