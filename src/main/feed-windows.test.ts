import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import { createFeeds, type Feeds } from '../server/feeds/feeds.ts';
import { testContext } from '../server/runtime/test-context.ts';
import { feedThreads } from './feed-threads.ts';

const work = mkdtempSync(path.join(os.tmpdir(), 'fettle-windows-'));
const nvd = (...ids: string[]) =>
  JSON.stringify({
    resultsPerPage: ids.length,
    format: 'NVD_CVE',
    version: '2.0',
    timestamp: '2026-11-21T00:00:00.000',
    vulnerabilities: ids.map(id => ({ cve: { id, published: '2026-11-01T00:00:00.000', metrics: {} } })),
  });
const github = (...advisories: [ghsa: string, fixed: string, withdrawn?: string][]) =>
  JSON.stringify(
    advisories.map(([ghsa, fixed, withdrawn = null]) => ({
      ghsa_id: ghsa,
      cve_id: null,
      severity: 'high',
      published_at: '2026-11-01T00:00:00Z',
      updated_at: '2026-11-02T00:00:00Z',
      withdrawn_at: withdrawn,
      vulnerabilities: [
        { package: { ecosystem: 'npm', name: 'left-pad' }, vulnerable_version_range: `< ${fixed}`, first_patched_version: fixed },
      ],
    })),
  );

describe('a file that has only what changed of late', () => {
  let database: TestDatabase;
  let feeds: Feeds;
  beforeAll(async () => {
    database = await testDatabase();
    const context = testContext(database.db, { dataDir: mkdtempSync(path.join(work, 'data-')) });
    feeds = createFeeds(context, feedThreads, { importAtStart: [], automatic: false });
    await feeds.start();
  });
  afterAll(async () => {
    await feeds.stop();
    await database.close();
    rmSync(work, { recursive: true });
  });

  const person = { kind: 'person', personId: 'per_1', login: 'ada', name: 'Ada', roles: [], permissions: new Set(), viaToken: false };
  async function importing(name: string, content: string) {
    const location = path.join(work, name);
    writeFileSync(location, content);
    const started = await feeds.handlers.feedImport({ body: { location } } as never, person as never, undefined as never);
    for (;;) {
      const told = await feeds.handlers.feedImportGet({ params: { id: started.id } } as never, person as never, undefined as never);
      if (told.state !== 'running') return told.files[0]!.state;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
  const enriched = async () =>
    (await database.db.query<{ id: string }>('select vulnerability_id as id from enrichment order by 1')).map(row => row.id);
  const claims = async () =>
    (
      await database.db.query<{ line: string }>(
        "select vulnerability_id || ' ' || fixed_version as line from claim where withdrawn_at is null order by 1",
      )
    ).map(row => row.line);

  it('of the NVD adds to what was loaded, whatever its size', async () => {
    const many = Array.from({ length: 10 }, (_, n) => `CVE-2026-10${n}0`);
    expect(await importing('nvdcve-2.0-modified.json', nvd(...many))).toBe('loaded');
    expect(await importing('nvdcve-2.0-modified.json', nvd('CVE-2026-2000'))).toBe('loaded');
    expect(await enriched()).toEqual([...many, 'CVE-2026-2000']);
  });

  it('is none when it has a whole year: what a newer edition leaves out is gone, and half of it is refused', async () => {
    const year = Array.from({ length: 10 }, (_, n) => `CVE-2025-10${n}0`);
    await importing('nvdcve-2.0-2025.json', nvd(...year));
    expect(await importing('nvdcve-2.0-2025.json', nvd(...year.slice(0, 5)))).toBe('refused');
    await importing('nvdcve-2.0-2025.json', nvd(...year.slice(1)));
    expect((await enriched()).filter(id => id.startsWith('CVE-2025'))).toEqual(year.slice(1));
  });

  it('is told apart from one whose dates lie ahead of our clock: remarks cost no record, and refuse no feed', async () => {
    const ahead = { dateAdded: '2099-01-01', dueDate: '2099-02-01', vulnerabilityName: 'x', knownRansomwareCampaignUse: 'Unknown' };
    const vulnerabilities = ['CVE-2099-1001', 'CVE-2099-1002'].map(cveID => ({ cveID, ...ahead }));
    expect(
      await importing(
        'kev.json',
        JSON.stringify({ title: 'x', catalogVersion: '1', dateReleased: '2099-01-01T00:00:00Z', count: 2, vulnerabilities }),
      ),
    ).toBe('loaded');
  });

  it("of GitHub's replaces what it speaks of and leaves the rest", async () => {
    await importing('advisories.json', github(['GHSA-aaaa-aaaa-aaaa', '1.1.0'], ['GHSA-bbbb-bbbb-bbbb', '1.2.0']));
    await importing('advisories.json', github(['GHSA-bbbb-bbbb-bbbb', '1.2.5'], ['GHSA-cccc-cccc-cccc', '2.0.0']));
    expect(await claims()).toEqual(['GHSA-aaaa-aaaa-aaaa 1.1.0', 'GHSA-bbbb-bbbb-bbbb 1.2.5', 'GHSA-cccc-cccc-cccc 2.0.0']);
  });

  it("of GitHub's takes back what its publisher has withdrawn, also when it says nothing else", async () => {
    const day = '2026-11-20T00:00:00Z';
    const one = github(['GHSA-aaaa-aaaa-aaaa', '1.1.0', day], ['GHSA-dddd-dddd-dddd', '3.0.0']);
    expect(await importing('advisories.json', one)).toBe('loaded');
    expect(await claims()).toEqual(['GHSA-bbbb-bbbb-bbbb 1.2.5', 'GHSA-cccc-cccc-cccc 2.0.0', 'GHSA-dddd-dddd-dddd 3.0.0']);
    expect(await importing('advisories.json', github(['GHSA-bbbb-bbbb-bbbb', '1.2.5', day]))).toBe('loaded');
    expect(await claims()).toEqual(['GHSA-cccc-cccc-cccc 2.0.0', 'GHSA-dddd-dddd-dddd 3.0.0']);
  });

  it('of the NVD takes back what was rejected', async () => {
    const rejected = nvd('CVE-2026-2000', 'CVE-2026-3000').replace('"id":"CVE-2026-2000"', '"id":"CVE-2026-2000","vulnStatus":"Rejected"');
    expect(await importing('nvdcve-2.0-modified.json', rejected)).toBe('loaded');
    expect(await enriched()).toContain('CVE-2026-3000');
    expect(await enriched()).not.toContain('CVE-2026-2000');
  });
});
