import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClaimIndex, ClaimIndexBuilder } from '../core/advisories/claim-index.ts';
import { advisorySource } from '../core/advisories/kernel-names.ts';
import { matchPackage } from '../core/findings/match.ts';
import { readFeedPath } from './feed-files.ts';

const FEEDS = path.join(import.meta.dirname, '../../../shared/feeds');
const STATUS = '/var/lib/dpkg/status';
const DEBSECAN = '/usr/bin/debsecan';
const missing = [path.join(FEEDS, 'debsecan-bookworm.zlib'), STATUS, DEBSECAN].filter(file => !existsSync(file));

interface Installed {
  readonly name: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
}

/** Written for this test, so that the product's own reader of this file is not its own judge. */
function installedIn(status: string): Installed[] {
  return status.split('\n\n').flatMap(stanza => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const name = field('Package');
    if (name === undefined || !field('Status')?.split(' ').includes('installed')) return [];
    const [, sourceName = name, sourceVersion] = /^(\S+)(?: \((.*)\))?$/.exec(field('Source') ?? name) ?? [];
    return [{ name, sourceName, sourceVersion: sourceVersion ?? field('Version') ?? '' }];
  });
}

async function load(location: string): Promise<ClaimIndex> {
  const builder = new ClaimIndexBuilder();
  for await (const event of readFeedPath(location, { today: '2026-11-22', releases: new Set(['debian:12']), packages: null }))
    if (event.kind === 'items') for (const item of event.items) if (item.kind === 'claim') builder.add(item.claim);
  return builder.build();
}

describe.skipIf(missing.length > 0)(
  `the same answer as debsecan${missing.length > 0 ? ` (skipped, missing here: ${missing.map(file => path.basename(file)).join(', ')})` : ''}`,
  () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'fettle-debsecan-'));
      copyFileSync(path.join(FEEDS, 'debsecan-bookworm.zlib'), path.join(folder, 'bookworm'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const debsecan = (statusFile: string): Set<string> => {
      const output = execFileSync(
        DEBSECAN,
        ['--suite', 'bookworm', '--source', `file://${folder}`, '--status', statusFile, '--format', 'simple'],
        { encoding: 'utf8', maxBuffer: 1e9 },
      );
      return new Set(
        output
          .split('\n')
          .filter(Boolean)
          .map(line => line.split(/\s+/).slice(0, 2).join(' ')),
      );
    };
    // debsecan joins by the source name as it stands, so it has nothing to say about signed kernels.
    const fettle = (index: ClaimIndex, status: string): Set<string> =>
      new Set(
        installedIn(status)
          .filter(one => advisorySource('debian', one.sourceName, one.sourceVersion).name === one.sourceName)
          .flatMap(one =>
            matchPackage(index, { release: 'debian:12', ...one, packageName: one.name, originTrusted: true }).map(
              match => `${match.vulnerabilityId} ${one.name}`,
            ),
          ),
      );

    it.each(['its own format', 'the whole folder'])('for this machine, from %s', async which => {
      const index = await load(which === 'its own format' ? path.join(folder, 'bookworm') : FEEDS);
      const expected = debsecan(STATUS);
      expect(expected.size).toBeGreaterThan(0);
      expect(fettle(index, readFileSync(STATUS, 'utf8'))).toEqual(expected);
    });

    it('for every version that any Debian 12 source ever had, a host with old kernel and browser included', async () => {
      const index = await load(path.join(folder, 'bookworm'));
      const { gunzipSync } = await import('node:zlib');
      const history = gunzipSync(readFileSync(path.join(FEEDS, 'debian12-version-history.jsonl.gz')))
        .toString('utf8')
        .split('\n')
        .filter(Boolean);
      const stanzas = history.flatMap(line => {
        const { src, versions } = JSON.parse(line) as { src: string; versions: [string, string, string][] };
        // Every 17th version keeps debsecan's run below some seconds and still covers the length of each history.
        return versions
          .filter((_, at) => at % 17 === 3)
          .map(
            ([version], at) => `Package: ${src}-${at}\nStatus: install ok installed\nSource: ${src} (${version})\nVersion: ${version}+b1\n`,
          );
      });
      const statusFile = path.join(folder, 'status');
      writeFileSync(statusFile, stanzas.join('\n'));
      const expected = debsecan(statusFile);
      expect(expected.size).toBeGreaterThan(10_000);
      expect(fettle(index, readFileSync(statusFile, 'utf8'))).toEqual(expected);
    });
  },
);
