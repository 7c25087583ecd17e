import { describe, expect, it } from 'vitest';
import { compareInRange, formatRpm, parseRpm } from './rpm.ts';

describe('parseRpm', () => {
  it.each([
    ['1:2.0-3.el9', { epoch: '1', version: '2.0', release: '3.el9' }],
    ['2.0-3.el9', { epoch: null, version: '2.0', release: '3.el9' }],
    ['0:2.0', { epoch: '0', version: '2.0', release: null }],
    ['2.0', { epoch: null, version: '2.0', release: null }],
    ['1.0-beta-2', { epoch: null, version: '1.0-beta', release: '2' }],
    ['a:1', { epoch: null, version: 'a:1', release: null }],
  ])('%s', (text, parts) => {
    expect(parseRpm(text)).toEqual(parts);
    expect(formatRpm(parts)).toBe(text);
  });
});

describe('compareInRange', () => {
  const compare = (a: string, b: string) => compareInRange(parseRpm(a), parseRpm(b));

  it('takes an epoch that one side does not state from the other', () => {
    expect(compare('2.0-1', '1:1.0-1')).toEqual({ ordering: 1, assumed: 'epoch' });
    expect(compare('1.0-1', '1:2.0-1')).toEqual({ ordering: -1, assumed: 'epoch' });
    expect(compare('32:9.16-1', '9.18-1')).toEqual({ ordering: -1, assumed: 'epoch' });
  });
  it('needs no assumption where the stated epoch is 0', () => {
    expect(compare('2.0-1', '0:1.0-1')).toEqual({ ordering: 1, assumed: null });
  });
  it('tells stated epochs apart', () => {
    expect(compare('0:2.0-1', '1:1.0-1')).toEqual({ ordering: -1, assumed: null });
  });
  it('means every release where one side states none', () => {
    expect(compare('1.0-5', '1.0')).toEqual({ ordering: 0, assumed: 'release' });
    expect(compare('1.0', '1:1.0-5')).toEqual({ ordering: 0, assumed: 'epoch and release' });
    expect(compare('1.1-5', '1.0')).toEqual({ ordering: 1, assumed: null });
  });
});
