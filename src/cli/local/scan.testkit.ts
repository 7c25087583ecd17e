import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadFeeds } from '../../main/scan-feeds.ts';
import { exporters } from '../../plugins/exporters/catalog.ts';
import { recognisePackageList } from '../../plugins/importers/catalog.ts';
import { scan } from './scan.ts';
import type { ThisHost } from './scan-ports.ts';

/** A folder with feeds for each test of `fettle scan`, and the command itself without a process. */
export let folder: string;

/** For `beforeEach`. */
export function makeFolder(): void {
  folder = mkdtempSync(path.join(tmpdir(), 'fettle-scan-'));
  mkdirSync(path.join(folder, 'feeds'));
  file('feeds/fixed.jsonl', FIXED);
  file('feeds/open.jsonl', OPEN);
}

/** For `afterEach`. */
export function removeFolder(): void {
  rmSync(folder, { recursive: true });
}

export const fixed = (cve: string, src: string, version: string) =>
  `{"cve":"${cve}","src":"${src}","fixed":"${version}","suite":"bookworm-security","date":"2026-08-01"}\n`;
export const FIXED =
  fixed('CVE-2026-63072', 'openssl', '3.0.22-1~deb12u2') +
  fixed('CVE-2026-54872', 'openssl', '3.0.21-1~deb12u1') +
  fixed('CVE-2023-6176', 'linux', '6.1.64-1') +
  fixed('CVE-2026-00001', 'linux', '6.1.192-2');
const OPEN =
  '{"cve":"CVE-2023-45853","src":"zlib","status":"open","severity":"critical","as_of":"2026-02-18"}\n' +
  '{"cve":"CVE-2005-2541","src":"tar","status":"open","severity":"negligible","as_of":"2026-02-18"}\n' +
  '{"cve":"CVE-2025-00001","src":"tar","status":"open","severity":"low","as_of":"2026-02-18","trivy_status_2025_08":"will_not_fix"}\n';
export const KEV =
  '{"catalogVersion":"1","dateReleased":"2026-01-01","vulnerabilities":[{"cveID":"CVE-2026-63072","dateAdded":"2026-09-01","dueDate":"2026-09-22"}]}';
export const TABLE =
  'package\tversion\tsource\tsource_version\nlibssl3\t3.0.20-1~deb12u2\topenssl\t3.0.20-1~deb12u2\nzlib1g\t1:1.2.13.dfsg-1\tzlib\t1:1.2.13.dfsg-1\ntar\t1.34\ttar\t1.34\n';

export function file(name: string, content: string | Uint8Array): string {
  const target = path.join(folder, name);
  writeFileSync(target, content);
  return target;
}

export interface Row {
  readonly host: string;
  readonly package: string;
  readonly id: string;
  readonly state: string;
  readonly fixedVersion: string | null;
  readonly kernelState: string | null;
  readonly hidden: string | null;
  readonly knownExploited: boolean | null;
  readonly source: string;
  readonly sourceVersion: string;
  readonly evidence: readonly { readonly source: string; readonly comparison: string; readonly rule: string }[];
}

export const NO_WORD: ThisHost = { originsOf: () => new Map(), changelogClaims: () => [] };
let thisHost = NO_WORD;

/** For `--local`: what is known of this machine besides its packages. */
export function be(host: ThisHost): void {
  thisHost = host;
}

export async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const output = path.join(folder, 'out');
  writeFileSync(output, '');
  let err = '';
  const code = await scan(['--output', output, ...argv], {
    recogniseList: recognisePackageList,
    thisHost: async () => thisHost,
    exporter: format => exporters[format](),
    loadFeeds,
    defaultFeeds: [],
    toolVersion: '0.0.0',
    now: () => '2026-11-22T00:00:00.000Z',
    err: text => (err += text),
    outFd: 2,
  });
  return { code, out: readFileSync(output, 'utf8'), err };
}

export async function rowsOf(list: string, ...argv: string[]): Promise<{ rows: Row[]; code: number; err: string }> {
  const { code, out, err } = await run(
    file('list', list),
    '--os',
    'debian:12',
    '--feed',
    path.join(folder, 'feeds'),
    '--format',
    'json',
    ...argv,
  );
  return { rows: out === '' ? [] : (JSON.parse(out) as Row[]), code, err };
}

export const pairs = (rows: readonly Row[]) => rows.map(row => `${row.package} ${row.id}`).sort();
export const EXPECTED = [
  'libssl3 CVE-2026-54872',
  'libssl3 CVE-2026-63072',
  'tar CVE-2005-2541',
  'tar CVE-2025-00001',
  'zlib1g CVE-2023-45853',
];
