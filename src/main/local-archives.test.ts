import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hasOnlyDistributionArchives } from './local-archives.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fettle-lists-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const BOOKWORM = 'deb.debian.org_debian_dists_bookworm';
const SIGNED = (origin: string) => `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin: ${origin}\nLabel: x\nSuite: stable\n`;

function lists(files: Readonly<Record<string, string>>): boolean {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return hasOnlyDistributionArchives(folder);
}

it('a machine with its distribution’s archives alone', () => {
  expect(lists({ [`${BOOKWORM}_InRelease`]: SIGNED('Debian'), [`${BOOKWORM}_main_binary-amd64_Packages.lz4`]: '', lock: '' })).toBe(true);
});

it.each([
  ['a third party’s archive', { 'x.example_dists_stable_InRelease': SIGNED('Acme') }],
  ['an archive that does not say whose it is', { 'x.example_._Release': 'Suite: stable\n' }],
  ['an archive without a Release file', { '_srv_repo_._Packages': '' }],
])('%s beside them: apt has to be asked', (_, files) => {
  expect(lists({ [`${BOOKWORM}_InRelease`]: SIGNED('Debian'), ...files })).toBe(false);
});

it('no archive at all, or no folder: it cannot be told', () => {
  expect(lists({})).toBe(false);
  expect(hasOnlyDistributionArchives(path.join(folder, 'none'))).toBe(false);
});
