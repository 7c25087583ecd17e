import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checksumIn } from '../../core/advisories/feed-integrity.ts';
import { fetchFeed } from './fetch-feed.ts';

/** What stands under each path of our own server, which keeps to the publishers' layout: CSAF 2.0, 7.1.18 and 7.1.19; Red Hat's archive_latest.txt; repodata. */
let served = new Map<string, string | Buffer>();
let server: http.Server;
let base = '';
const root = mkdtempSync(path.join(os.tmpdir(), 'fettle-integrity-'));
const has = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const content = served.get(request.url ?? '');
    if (content === undefined) return response.writeHead(404).end();
    return response.end(content);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true });
});

const DOCUMENT = '{"document":{"csaf_version":"2.0"}}';
const digest = (algorithm: string, content: string | Buffer = DOCUMENT) => createHash(algorithm).update(content).digest('hex');
const BESIDE = ['.sha256', '.sha512', '.asc'] as const;
let folder = '';
beforeEach(() => {
  served = new Map([['/vex/cve-2026-1.json', DOCUMENT]]);
  folder = mkdtempSync(path.join(root, 'download-'));
});

const fetching = (at: string, vouching: { beside: readonly (typeof BESIDE)[number][]; keyring: string | null }) =>
  fetchFeed({
    url: base + at,
    folder,
    etag: null,
    lastModified: null,
    privateAllowed: true,
    signal: new AbortController().signal,
    vouching,
  });
const integrity = async (at: string, keyring: string | null = null, beside: readonly (typeof BESIDE)[number][] = BESIDE) => {
  const answer = await fetching(at, { beside, keyring });
  return answer.kind === 'file' ? answer.integrity : null;
};

describe('the checksum that a publisher puts beside a file', () => {
  it.each([
    ['.sha256', `${digest('sha256')}  cve-2026-1.json\n`],
    ['.sha512', `${digest('sha512')}  cve-2026-1.json\n`],
    ['.sha256', digest('sha256').toUpperCase()],
  ])('in %s is compared', async (suffix, text) => {
    served.set(`/vex/cve-2026-1.json${suffix}`, text);
    expect(await integrity('/vex/cve-2026-1.json')).toEqual({
      level: 'checksum',
      note: `${suffix.slice(1)} of the publisher matches; signature not verified: no key of the publisher is put down; fetched without encryption`,
      signedBy: null,
    });
  });

  it('that does not fit refuses the file, in words', async () => {
    served.set('/vex/cve-2026-1.json.sha256', `${digest('sha256', 'another')}  cve-2026-1.json\n`);
    await expect(integrity('/vex/cve-2026-1.json')).rejects.toMatchObject({
      code: 'feed-not-vouched',
      message: `${base}/vex/cve-2026-1.json is not believed: its sha256 is not the one that the publisher states beside it.`,
    });
    served.set('/vex/cve-2026-1.json.sha256', '<html>moved</html>');
    await expect(integrity('/vex/cve-2026-1.json')).rejects.toMatchObject({ code: 'feed-not-vouched' });
  });

  it('that is missing is said, and no publisher is asked for what it does not have', async () => {
    expect((await integrity('/vex/cve-2026-1.json'))?.note).toContain('no checksum beside the file');
    expect(await integrity('/vex/cve-2026-1.json', null, [])).toEqual({
      level: 'none',
      note: 'the publisher offers neither checksum nor signature; fetched without encryption',
      signedBy: null,
    });
  });

  it('is found for the archive that archive_latest.txt names', async () => {
    served.set('/vex/archive_latest.txt', 'csaf_vex_2026-11-21.tar.zst\n').set('/vex/csaf_vex_2026-11-21.tar.zst', 'archive');
    served.set('/vex/csaf_vex_2026-11-21.tar.zst.sha256', `${digest('sha256', 'archive')}  csaf_vex_2026-11-21.tar.zst`);
    const answer = await fetching('/vex/archive_latest.txt', { beside: BESIDE, keyring: null });
    expect(answer).toMatchObject({ kind: 'file', integrity: { level: 'checksum' } });
    expect(answer.kind === 'file' && path.basename(answer.path)).toBe('csaf_vex_2026-11-21.tar.zst');
    served.set('/vex/archive_latest.txt', '../../../etc/passwd');
    await expect(integrity('/vex/archive_latest.txt')).rejects.toMatchObject({ code: 'feed-unreadable' });
  });

  it.each([
    ['a'.repeat(64), 'sha256', 'a'.repeat(64)],
    [`SHA256 (x.json) = ${'b'.repeat(64)}\n`, 'sha256', 'b'.repeat(64)],
    ['a'.repeat(63), 'sha256', null],
    ['a'.repeat(128), 'sha256', null],
    ['', 'sha512', null],
  ] as const)('%j as %s', (text, algorithm, expected) => expect(checksumIn(text, algorithm)).toBe(expected));
});

const canSign = has('gpg') && has('gpgv');
describe.skipIf(!canSign)('the signature of a publisher, made and checked by GnuPG (skipped where gpg or gpgv is not installed)', () => {
  const home = path.join(root, 'gnupg');
  const gpg = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...args], { stdio: 'pipe' });
  const keys = { publisher: '', stranger: '' };
  let fingerprint = '';
  const sign = (who: string, content: string): string => {
    const file = path.join(home, 'to-sign');
    writeFileSync(file, content);
    gpg('--yes', '--armor', '--local-user', who, '--output', `${file}.asc`, '--detach-sign', file);
    return readFileSync(`${file}.asc`, 'utf8');
  };

  beforeAll(() => {
    mkdirSync(home, { mode: 0o700 });
    for (const who of ['publisher', 'stranger'] as const) {
      gpg('--quick-generate-key', `${who}@example.org`, 'ed25519', 'sign', 'never');
      keys[who] = path.join(root, `${who}.asc`);
      writeFileSync(keys[who], gpg('--armor', '--export', `${who}@example.org`));
    }
    const listed = gpg('--with-colons', '--list-keys', 'publisher@example.org').toString();
    fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)![1]!;
  }, 60_000);
  afterAll(() => execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' }));

  it('is checked with the key that was put down for the feed, armoured or binary', async () => {
    served.set('/vex/cve-2026-1.json.asc', sign('publisher@example.org', DOCUMENT));
    expect(await integrity('/vex/cve-2026-1.json', keys.publisher)).toMatchObject({ level: 'signature', signedBy: fingerprint });
    const binary = path.join(root, 'publisher.gpg');
    writeFileSync(binary, gpg('--export', 'publisher@example.org'));
    expect(await integrity('/vex/cve-2026-1.json', binary)).toMatchObject({ level: 'signature', signedBy: fingerprint });
  });

  it.each([
    ['of a stranger', () => sign('stranger@example.org', DOCUMENT), 'it is signed with a key that is not the one put down here'],
    ['of other bytes', () => sign('publisher@example.org', 'another'), 'the signature does not fit the file'],
    ['that is none', () => 'no signature', 'the signature cannot be read'],
  ])('%s refuses the file', async (_, signature, reason) => {
    served.set('/vex/cve-2026-1.json.asc', signature());
    await expect(integrity('/vex/cve-2026-1.json', keys.publisher)).rejects.toMatchObject({
      code: 'feed-not-vouched',
      message: expect.stringContaining(reason),
    });
  });

  it('is demanded once a key was put down: leaving it out does not help', async () => {
    await expect(integrity('/vex/cve-2026-1.json', keys.publisher)).rejects.toMatchObject({
      message: expect.stringContaining('there is no signature (.asc) beside the file'),
    });
  });

  it('of the index of a repository vouches for its errata', async () => {
    const index = `<repomd><data type="updateinfo"><checksum type="sha256">${digest('sha256', 'errata')}</checksum><location href="repodata/u.xml"/></data></repomd>`;
    served.set('/os/repodata/repomd.xml', index).set('/os/repodata/u.xml', 'errata');
    served.set('/os/repodata/repomd.xml.asc', sign('publisher@example.org', index));
    expect(await integrity('/os/repodata/repomd.xml', keys.publisher, ['.asc'])).toMatchObject({
      level: 'signature',
      signedBy: fingerprint,
    });
    served.set('/os/repodata/repomd.xml.asc', sign('publisher@example.org', `${index} `));
    await expect(integrity('/os/repodata/repomd.xml', keys.publisher, ['.asc'])).rejects.toMatchObject({ code: 'feed-not-vouched' });
  });
});
