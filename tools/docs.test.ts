import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './golden-files.ts';

/** What is committed, or about to be. */
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64e6,
});
const files = (listed.stdout ?? '').split('\n').filter(file => file !== '' && existsSync(path.join(ROOT, file)));
const TEXT = /\.(ts|tsx|mjs|js|json|md|sql|html|css|sh|yml|yaml|txt)$|^\.ci\/run$|^bin\/fettle$/;
const DATA = /(^|\/)(testdata|samples|fixtures)\/|^package-lock\.json$|^openapi\.json$/;
const self = 'tools/docs.test.ts';
const texts = files
  .filter(file => TEXT.test(file) && !DATA.test(file) && file !== self)
  .map(file => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }));

/** What must not be in the repository, and why. */
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['a path of one machine', /(?<![\w.])\/(?:work|home\/(?!\*)[a-z]+|Users\/[A-Za-z]+)\/(?:main|shared|[\w-]+\/)/],
  ['a package registry', /registry\.npmjs\.org|npm\.pkg\.github\.com/],
  ['a TODO without an issue', /(?:\/\/|\/\*|^\s*\*|#|--)\s*(?:TODO|FIXME|XXX)\b(?!\s*\(#\d+\))/],
  ['a shell', /\bshell:\s*true\b|\bexecSync\(|child_process'\)\.exec\(/],
];

describe.skipIf(listed.status !== 0)('the text of the repository (needs git)', () => {
  it('is found', () => {
    expect(texts.length).toBeGreaterThan(150);
  });

  it.each(FORBIDDEN)('has nowhere %s', (_what, pattern) => {
    const found = texts.flatMap(({ file, text }) =>
      text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
    );
    expect(found).toEqual([]);
  });

  it('links only to pages that are there', () => {
    const lost = texts
      .filter(({ file }) => file.endsWith('.md'))
      .flatMap(({ file, text }) =>
        [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, target]) => ({ file, target: target ?? '' })),
      )
      .filter(({ file, target }) => !existsSync(path.join(ROOT, path.dirname(file), decodeURI(target))))
      .map(({ file, target }) => `${file} links to ${target}`);
    expect(lost).toEqual([]);
  });

  it('names only source files that are there', () => {
    const lost = texts
      .filter(({ file }) => file.endsWith('.md'))
      .flatMap(({ file, text }) =>
        [...text.matchAll(/`((?:src|tools|docs|e2e|bench)\/[\w./-]+\.\w+)`/g)].map(([, target]) => ({ file, target: target ?? '' })),
      )
      .filter(({ target }) => !existsSync(path.join(ROOT, target)))
      .map(({ file, target }) => `${file} names ${target}`);
    expect(lost).toEqual([]);
  });
});
