import { describe, expect, it } from 'vitest';
import { safeNext } from '../access/safe-next.ts';
import { parseSearch, stringifySearch } from './url-state.ts';

describe('state in the address', () => {
  it('is plain text both ways: numbers and words like true stay what was typed', () => {
    const state = { query: 'os = debian-12 and env = prod', page: '2', security: 'true', search: 'a+b&c' };
    expect(parseSearch(stringifySearch(state))).toEqual(state);
    expect(stringifySearch({ page: '2', security: 'true' })).toBe('?page=2&security=true');
  });

  it('leaves out what is empty', () => {
    expect(stringifySearch({ search: '', page: undefined })).toBe('');
  });
});

describe('where a sign-in leads', () => {
  it.each(['/hosts?tab=proof', '/'])('to %s', path => expect(safeNext(path)).toBe(path));
  it.each([undefined, '', 'https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])('never to %s', path =>
    expect(safeNext(path)).toBe('/'),
  );
});
