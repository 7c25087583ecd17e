import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feedThreadsTrusting } from './feed-threads.ts';
import { loadFeeds } from './scan-feeds.ts';
import { redhatDocument as redhat, tarOf } from './test-csaf.ts';
import { type FeedSite, openFeedSite } from './test-feed-site.ts';

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

const updateinfo = (id: string, cve: string, release: string) =>
  `<updates><update type="security"><id>${id}</id><references><reference id="${cve}" type="cve"/></references><pkglist><collection><name>x</name><package name="p" version="1" release="1.${release}" epoch="0" arch="x86_64"/></collection></pkglist></update></updates>`;

describe('publishers, each in the layout that is its own', () => {
  let site: FeedSite;
  beforeAll(async () => {
    site = await openFeedSite(base => feedThreadsTrusting([`Red Hat Product Security @ ${base}/`]));
  });
  afterAll(() => site.close());

  const repository = (at: string, xml: string) => {
    site.publish(`${at}/repodata/u.xml`, xml);
    site.publish(
      `${at}/repodata/repomd.xml`,
      `<repomd><data type="updateinfo"><checksum type="sha256">${sha256(xml)}</checksum><location href="repodata/u.xml"/></data></repomd>`,
    );
  };

  it('Red Hat: deletions.csv takes back what the archive and single documents said, unless they changed again since', async () => {
    site.publish('vex/archive_latest.txt', 'csaf_vex_2026-11-01.tar.gz\n');
    const archived = ['CVE-2026-1001', 'CVE-2026-1002', 'CVE-2026-1003'];
    site.publish(
      'vex/csaf_vex_2026-11-01.tar.gz',
      tarOf(site, Object.fromEntries(archived.map(cve => [`2026/${cve.toLowerCase()}.json`, redhat(cve, cve, '1.0-1.el9')]))),
    );
    site.publish('vex/2026/cve-2026-1003.json', redhat('CVE-2026-1003', 'CVE-2026-1003', '1.0-3.el9'));
    site.publish('vex/2026/cve-2026-1004.json', redhat('CVE-2026-1004', 'CVE-2026-1004', '1.0-4.el9'));
    site.publish(
      'vex/changes.csv',
      '"2026/cve-2026-1004.json","2026-11-03T00:00:00+00:00"\n"2026/cve-2026-1003.json","2026-11-03T00:00:00+00:00"\n',
    );
    await site.setUrl('redhat-csaf', 'vex/archive_latest.txt');
    expect(await site.syncing('redhat-csaf')).toMatchObject({ state: 'done', message: null });
    expect(await site.claims('redhat-csaf')).toEqual([
      'CVE-2026-1001 1.0-1.el9',
      'CVE-2026-1002 1.0-1.el9',
      'CVE-2026-1003 1.0-3.el9',
      'CVE-2026-1004 1.0-4.el9',
    ]);
    const changed: string[][] = [];
    site.feeds.onChange(ids => changed.push([...ids]));
    site.publish(
      'vex/deletions.csv',
      '"2026/cve-2026-1001.json","2026-11-04T00:00:00+00:00"\n"2026/cve-2026-1003.json","2026-11-02T00:00:00+00:00"\n"2026/cve-2026-1004.json","2026-11-04T00:00:00+00:00"\n"../../x.json","2026-11-04T00:00:00+00:00"\n',
    );
    expect(await site.syncing('redhat-csaf')).toMatchObject({ state: 'done', message: null });
    expect(await site.claims('redhat-csaf')).toEqual(['CVE-2026-1002 1.0-1.el9', 'CVE-2026-1003 1.0-3.el9']);
    expect(changed).toContainEqual(['redhat-csaf']);
    changed.length = 0;
    await site.syncing('redhat-csaf');
    expect(changed).toEqual([]);
  });

  it('Red Hat: a notice that changed takes the place of what the archive of notices said', async () => {
    site.publish('adv/archive_latest.txt', 'csaf_advisories_2026-11-01.tar.gz\n');
    const archive = { '2026/rhsa-2026_0001.json': redhat('RHSA-2026:0001', 'CVE-2026-2001', '2.0-1.el9') };
    site.publish('adv/csaf_advisories_2026-11-01.tar.gz', tarOf(site, archive));
    site.publish('adv/2026/rhsa-2026_0001.json', redhat('RHSA-2026:0001', 'CVE-2026-2001', '2.0-2.el9'));
    site.publish('adv/changes.csv', '"2026/rhsa-2026_0001.json","2026-11-05T00:00:00+00:00"\n');
    // Both trees are one feed: the notices' news leave the vulnerabilities' alone.
    await site.setUrl('redhat-csaf', 'vex/archive_latest.txt', 'adv/archive_latest.txt');
    expect(await site.syncing('redhat-csaf')).toMatchObject({ state: 'done', message: null });
    expect(await site.claims('redhat-csaf')).toEqual(['CVE-2026-1002 1.0-1.el9', 'CVE-2026-1003 1.0-3.el9', 'CVE-2026-2001 2.0-2.el9']);
  });

  it('NVD: the checksum in .meta is that of the unpacked file', async () => {
    const json = JSON.stringify({ format: 'NVD_CVE', version: '2.0', vulnerabilities: [{ cve: { id: 'CVE-2026-3001', metrics: {} } }] });
    site.publish('nvdcve-2.0-2026.json.gz', gzipSync(json));
    site.publish(
      'nvdcve-2.0-2026.meta',
      `lastModifiedDate:2026-11-20T03:00:00-05:00\r\nsize:${json.length}\r\nsha256:${sha256(json).toUpperCase()}\r\n`,
    );
    await site.setUrl('nvd', 'nvdcve-2.0-2026.json.gz');
    const done = await site.syncing('nvd');
    expect(done.items[0]).toMatchObject({ id: 'nvd', state: 'current', records: 1, integrity: { level: 'checksum' } });
    site.publish('nvdcve-2.0-2026.json.gz', gzipSync(`${json} `));
    expect(await site.syncing('nvd')).toMatchObject({ state: 'failed', message: expect.stringContaining('is not believed') });
  });

  it('Amazon: the mirror list leads to the repository, and says by its ETag whether there is another', async () => {
    repository('core/guids/abc/x86_64', updateinfo('ALAS2023-2026-001', 'CVE-2026-4001', 'amzn2023'));
    site.publish('al2023/mirror.list', `${site.base}/core/guids/abc/x86_64/\n`);
    await site.setUrl('amazon-updateinfo', 'al2023/mirror.list');
    expect((await site.syncing('amazon-updateinfo')).items[0]).toMatchObject({ state: 'current', integrity: { level: 'checksum' } });
    expect(await site.claims('amazon-updateinfo')).toEqual(['CVE-2026-4001 0:1-1.amzn2023']);
    site.asked();
    await site.syncing('amazon-updateinfo');
    expect(site.asked()).toEqual(['al2023/mirror.list']);
    site.publish('al2023/mirror.list', 'no mirror today');
    expect(await site.syncing('amazon-updateinfo')).toMatchObject({ state: 'failed', message: expect.stringContaining('names no mirror') });
  });

  it('Rocky: each repository is a part of its own, and one that fails keeps none of the others', async () => {
    repository('pub/rocky/9/BaseOS/os', updateinfo('RLSA-2026:1', 'CVE-2026-5001', 'el9'));
    repository('pub/rocky/9/AppStream/os', updateinfo('RLSA-2026:2', 'CVE-2026-5002', 'el9'));
    const names = ['BaseOS', 'Missing', 'AppStream'].map(name => `pub/rocky/9/${name}/os/repodata/repomd.xml`);
    await site.setUrl('rocky-updateinfo', ...names);
    expect(await site.syncing('rocky-updateinfo')).toMatchObject({ state: 'failed', message: expect.stringContaining('answered 404') });
    expect(await site.claims('rocky-updateinfo')).toEqual(['CVE-2026-5001 0:1-1.el9', 'CVE-2026-5002 0:1-1.el9']);
    expect((await site.feeds.list()).find(feed => feed.id === 'rocky-updateinfo')).toMatchObject({ state: 'failed' });
  });

  it('GitHub: pages are followed back to the last sync, and the newest word counts', async () => {
    const advisory = (letter: string, fixed: string, updated: string) => ({
      ghsa_id: `GHSA-${letter.repeat(4)}-${letter.repeat(4)}-${letter.repeat(4)}`,
      cve_id: null,
      severity: 'high',
      published_at: '2026-01-01T00:00:00Z',
      updated_at: updated,
      withdrawn_at: null,
      vulnerabilities: [
        { package: { ecosystem: 'npm', name: 'left-pad' }, vulnerable_version_range: `< ${fixed}`, first_patched_version: fixed },
      ],
    });
    const page = (number: number, next: number | null, ...advisories: object[]) =>
      site.publish(
        `advisories?page=${number}`,
        JSON.stringify(advisories),
        next === null ? {} : { link: `<${site.base}/advisories?page=${next}>; rel="next", <https://elsewhere.example/>; rel="last"` },
      );
    const ahead = new Date(Date.now() + 60_000).toISOString();
    page(1, 2, advisory('a', '1.2', '2026-11-20T00:00:00Z'));
    page(2, 3, advisory('b', '1.1', '2026-11-19T00:00:00Z'), advisory('a', '1.1', '2026-11-19T00:00:00Z'));
    page(3, null, advisory('c', '1.0', '2026-11-18T00:00:00Z'));
    await site.setUrl('github', 'advisories?page=1');
    expect(await site.syncing('github')).toMatchObject({ state: 'done', message: null });
    expect(await site.claims('github')).toEqual(['GHSA-aaaa-aaaa-aaaa 1.2', 'GHSA-bbbb-bbbb-bbbb 1.1', 'GHSA-cccc-cccc-cccc 1.0']);
    site.asked();
    await site.syncing('github');
    expect(site.asked()).toEqual(['advisories?page=1']);
    page(1, 2, advisory('d', '1.4', ahead));
    page(2, 3, advisory('a', '1.3', '2026-11-20T00:00:00Z'));
    await site.syncing('github');
    // The second page reaches back behind the last sync.
    expect(site.asked()).toEqual(['advisories?page=1', 'advisories?page=2']);
    expect(await site.claims('github')).toEqual([
      'GHSA-aaaa-aaaa-aaaa 1.3',
      'GHSA-bbbb-bbbb-bbbb 1.1',
      'GHSA-cccc-cccc-cccc 1.0',
      'GHSA-dddd-dddd-dddd 1.4',
    ]);
  });

  it('Alpine: main and community of several releases stand side by side', async () => {
    const secdb = (release: string, cve: string) =>
      JSON.stringify({ distroversion: release, reponame: 'x', packages: [{ pkg: { name: 'p', secfixes: { '1.0-r1': [cve] } } }] });
    for (const [name, release, cve] of [
      ['v3.22/main.json', 'v3.22', 'CVE-2026-6001'],
      ['v3.22/community.json', 'v3.22', 'CVE-2026-6002'],
      ['v3.23/main.json', 'v3.23', 'CVE-2026-6003'],
    ] as const)
      site.publish(name, secdb(release, cve));
    await site.setUrl('alpine-secdb', 'v3.22/main.json', 'v3.22/community.json', 'v3.23/main.json');
    expect(await site.syncing('alpine-secdb')).toMatchObject({ state: 'done', message: null });
    expect(await site.claims('alpine-secdb')).toEqual(['CVE-2026-6001 1.0-r1', 'CVE-2026-6002 1.0-r1', 'CVE-2026-6003 1.0-r1']);
  });
});

describe('a publisher whose file came by hand first', () => {
  it('is asked with the name that it gave the file as soon as it gave one', async () => {
    const site = await openFeedSite(() => feedThreadsTrusting([]));
    try {
      const json = JSON.stringify({ format: 'NVD_CVE', version: '2.0', vulnerabilities: [{ cve: { id: 'CVE-2026-3001', metrics: {} } }] });
      writeFileSync(path.join(site.folder, 'nvdcve-2.0-2026.json'), json);
      expect(await site.importing(path.join(site.folder, 'nvdcve-2.0-2026.json'))).toMatchObject({ state: 'done' });
      site.publish('nvdcve-2.0-2026.json', json);
      await site.setUrl('nvd', 'nvdcve-2.0-2026.json');
      await site.syncing('nvd');
      expect(site.bytesSent()).toBe(json.length);
      await site.syncing('nvd');
      expect(site.bytesSent()).toBe(json.length);
    } finally {
      await site.close();
    }
  });
});

const OPEN = '{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"2026-02-18"}\n';
const has = (program: string) => (process.env.PATH ?? '').split(path.delimiter).some(folder => existsSync(path.join(folder, program)));

describe('a file that somebody hands over', () => {
  let site: FeedSite;
  let folder: string;
  beforeAll(async () => {
    site = await openFeedSite(() => feedThreadsTrusting([]));
    folder = path.join(site.folder, 'carried');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'open.jsonl'), OPEN);
  });
  afterAll(() => site.close());
  const beside = (suffix: string, content: string | Uint8Array) => writeFileSync(path.join(folder, `open.jsonl${suffix}`), content);
  const scanned = () =>
    loadFeeds({ locations: [folder], today: '2026-11-22', releases: new Set(['debian:12']), packages: null, installed: null });

  it('is checked by the checksum beside it, which is no feed of its own', async () => {
    beside('.sha256', `${sha256(OPEN)}  open.jsonl\n`);
    const told = await site.importing(folder);
    expect(told.skipped).toEqual([]);
    expect(told.items[0]?.integrity).toEqual({
      level: 'checksum',
      note: 'sha256 in open.jsonl.sha256 matches; a file that ada handed over',
    });
    expect((await scanned()).problems).toEqual([]);
    expect((await scanned()).index.claimCount).toBe(1);
  });

  it('is refused when it is another one, by an import and by a scan', async () => {
    beside('.sha256', `${sha256('another')}  open.jsonl\n`);
    const reason = /open.jsonl is not believed: its sha256 is not the one that the publisher states beside it/;
    expect((await site.importing(folder)).skipped).toEqual([{ file: 'open.jsonl', reason: expect.stringMatching(reason) }]);
    const { index, problems } = await scanned();
    expect([index.claimCount, problems.length]).toEqual([0, 1]);
    expect(problems[0]).toMatch(reason);
    beside('.sha256', `${sha256(OPEN)}  open.jsonl\n`);
  });

  it.skipIf(!has('gpg') || !has('gpgv'))(
    'is checked with the key that was put down for its feed (skipped without gpg or gpgv)',
    async () => {
      const home = path.join(site.folder, 'gnupg');
      mkdirSync(home, { mode: 0o700 });
      const gpg = (...args: string[]) =>
        execFileSync('gpg', ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...args], { stdio: 'pipe' });
      gpg('--quick-generate-key', 'publisher@example.org', 'ed25519', 'sign', 'never');
      mkdirSync(path.join(site.dataDir, 'feed-keys'), { recursive: true });
      writeFileSync(path.join(site.dataDir, 'feed-keys', 'debian-open.asc'), gpg('--armor', '--export', 'publisher@example.org'));
      expect((await site.importing(folder)).skipped[0]?.reason).toMatch(/there is no signature \(\.asc, \.sig\) beside the file/);
      const file = path.join(folder, 'open.jsonl');
      gpg('--output', `${file}.sig`, '--detach-sign', file);
      const told = await site.importing(folder);
      expect(told.skipped).toEqual([]);
      expect(told.items[0]?.integrity?.level).toBe('signature');
      beside('.sha256', `${sha256(`${OPEN}\n`)}`);
      writeFileSync(file, `${OPEN}\n`);
      expect((await site.importing(folder)).skipped[0]?.reason).toMatch(/the signature does not fit the file/);
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' });
    },
  );
});
