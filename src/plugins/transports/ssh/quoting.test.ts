import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { quoteArgument, quoteCommand } from './quoting.ts';

const AWKWARD = [
  '',
  ' ',
  "it's",
  '"',
  '`id`',
  '$(id)',
  '$HOME',
  '\\',
  'a\\',
  '\n',
  'a\nb',
  '-rf',
  '--',
  ';',
  '&&',
  '|',
  '*',
  '~',
  '#',
  '!',
  'é',
  '\u{1f600}',
  "'",
  "''",
  "'\\''",
  '\t',
  '{a,b}',
  '<x',
  'a=b',
  '0',
  ...Array.from({ length: 127 }, (_, code) => String.fromCharCode(code + 1)),
];

describe('quoting for the login shell behind sshd', () => {
  it('gives a real shell back exactly the arguments that went in', () => {
    const run = spawnSync('sh', ['-c', quoteCommand(['printf', '%s\\0', ...AWKWARD])], { encoding: 'utf8' });
    expect(run.stdout.split('\0').slice(0, -1)).toEqual(AWKWARD);
  });
  it('leaves plain words as they are', () => {
    expect(quoteCommand(['apt-get', 'install', 'openssl=3.0.22-1', '/a/b_c:d'])).toBe('apt-get install openssl=3.0.22-1 /a/b_c:d');
    expect(quoteArgument('a~b')).toBe("'a~b'");
  });
  it('refuses NUL', () => {
    expect(() => quoteArgument('a\0b')).toThrow();
  });
});
