import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Claim } from '../../src/core/advisories/claim.ts';
import type { PackageVersion } from '../../src/core/findings/fleet-units.ts';
import type { Candidate } from '../../src/core/remediation/offers.ts';
import { kernelsIn, withKernel } from './kernels.ts';
import { randomOf } from './random.ts';

/**
 * A fleet of Debian 12 hosts with the variety of a real one: 600-900 packages each, by role and by chance, at the patch level of some day of the last
 * three years. Versions and vulnerabilities are real where the shared feeds are present (`../shared/feeds`), else made up in the same proportions.
 */
export interface SyntheticFleet {
  readonly basis: string;
  readonly versions: readonly PackageVersion[];
  readonly candidates: readonly Candidate[];
  readonly claims: readonly Claim[];
  host(number: number): SyntheticHost;
}

export interface SyntheticHost {
  /** Rising. */
  readonly packageIds: Uint32Array;
  /** Rising. */
  readonly candidateIds: Uint32Array;
  /** Pairs of version id and epoch seconds, rising ids. */
  readonly since: Uint32Array;
  readonly exposure: 'public' | 'controlled' | 'local' | 'unknown';
  readonly criticality: 'vital' | 'high' | 'normal' | 'low' | 'unset';
  readonly runningKernel: string;
}

export interface SourceHistory {
  readonly source: string;
  readonly binaries: readonly string[];
  /** Oldest first. */
  readonly versions: readonly { readonly version: string; readonly security: boolean; readonly atSeconds: number }[];
}

const FEEDS = path.join(import.meta.dirname, '../../../shared/feeds');
const RELEASE = 'debian:12';
const NOW_SECONDS = Date.parse('2026-11-22T00:00:00Z') / 1000;
const DAY_SECONDS = 86_400;
const ROLES = 40;
const ROLE_SOURCES = 180;

export function syntheticFleet(): SyntheticFleet {
  const isReal = existsSync(path.join(FEEDS, 'debian12-version-history.jsonl.gz'));
  const histories = isReal ? realHistories() : madeUpHistories();
  const claims = isReal ? realClaims() : madeUpClaims(histories);
  const { versions, candidates, sources } = numbered(histories);
  const roles = rolesOf(sources);
  const kernels = kernelsIn(isReal ? kernelHistory() : histories[0]!.versions, versions, candidates);
  return {
    basis: isReal
      ? 'versions and vulnerabilities of Debian 12 from ../shared/feeds'
      : 'made-up versions and vulnerabilities (../shared/feeds is absent)',
    versions,
    candidates,
    claims,
    host: number => withKernel(hostOf(number, sources, roles), number, kernels),
  };
}

function jsonLines(file: string): Record<string, unknown>[] {
  return gunzipSync(readFileSync(path.join(FEEDS, file)))
    .toString()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);
}

/** Sources with a history, then others up to 4,000, with the binaries that servers have (no -dev, -doc, -dbg, no more than 12 of a source). */
function realHistories(): SourceHistory[] {
  const history = new Map(
    jsonLines('debian12-version-history.jsonl.gz').map(row => [row.src as string, row.versions as [string, string, string][]]),
  );
  const binaries = new Map<string, string[]>();
  const current = new Map<string, string>();
  for (const row of jsonLines('debian12-packages.jsonl.gz')) {
    const source = row.src as string;
    const name = row.p as string;
    const suites = row.v as Record<string, [string, number, string?]>;
    const entry = suites['bookworm-security'] ?? suites.bookworm;
    if (!entry || /-(dev|doc|dbg|dbgsym|source|examples|tests|l10n|locale)\b|^fonts-|^kernel-|^golang-|^librust-|^node-|^r-/.test(name))
      continue;
    current.set(source, entry[2] ?? entry[0]);
    binaries.set(source, [...(binaries.get(source) ?? []), name].slice(0, 12));
  }
  const names = [...binaries.keys()].filter(source => history.has(source));
  names.push(
    ...[...binaries.keys()]
      .filter(source => !history.has(source))
      .filter((_, at) => at % 7 === 0)
      .slice(0, 4_000 - names.length),
  );
  return names.map(source => ({
    source,
    binaries: binaries.get(source)!,
    versions: versionsOf(history.get(source) ?? [[current.get(source)!, 'unstable', '2023-01-01']]),
  }));
}

/** The release's own version and everything that its suites published after it. */
function versionsOf(rows: readonly [string, string, string][]): SourceHistory['versions'] {
  const inSuites = rows.filter(([, suite]) => suite.startsWith('bookworm') && !suite.includes('backports'));
  const first = rows.find(([, suite]) => !suite.startsWith('bookworm'));
  const kept = [...inSuites, ...(first ? [first] : [])].map(([version, suite, date]) => ({
    version,
    security: suite === 'bookworm-security',
    atSeconds: Date.parse(date) / 1000,
  }));
  return kept.toSorted((a, b) => a.atSeconds - b.atSeconds);
}

function realClaims(): Claim[] {
  const fixed = ['debian12-fixed.jsonl.gz', 'debian12-fixed-before-release.jsonl.gz']
    .flatMap(jsonLines)
    .map(row => claim('debian-changelogs', row.cve, row.src, row.fixed, row.date));
  const open = jsonLines('debian12-open.jsonl.gz').map(row => claim('debian-open', row.cve, row.src, null, row.as_of));
  return [...fixed, ...open];
}

function claim(source: string, id: unknown, packageName: unknown, fixedVersion: unknown, statedOn: unknown): Claim {
  return {
    source,
    vulnerabilityId: String(id),
    aliases: [],
    release: RELEASE,
    packageName: String(packageName),
    state: fixedVersion === null ? 'open' : 'fixed',
    fixedVersion: fixedVersion as string | null,
    severity: null,
    statedOn: String(statedOn),
    note: null,
  };
}

function kernelHistory(): SourceHistory['versions'] {
  const row = jsonLines('debian12-version-history.jsonl.gz').find(({ src }) => src === 'linux');
  return versionsOf(row!.versions as [string, string, string][]);
}

function madeUpHistories(): SourceHistory[] {
  const random = randomOf(1);
  return Array.from({ length: 2_000 }, (_, at) => ({
    source: `source-${at}`,
    binaries: Array.from({ length: 1 + Math.floor(random() * 5) }, (_, b) => `source-${at}-${b}`),
    versions: Array.from({ length: at < 400 ? 1 + Math.floor(random() * 9) : 1 }, (_, v) => ({
      version: v === 0 ? '1.0-1' : `1.0-1+deb12u${v}`,
      security: random() < 0.6,
      atSeconds: NOW_SECONDS - (9 - v) * 120 * DAY_SECONDS,
    })),
  }));
}

function madeUpClaims(histories: readonly SourceHistory[]): Claim[] {
  const random = randomOf(2);
  let number = 0;
  return histories.flatMap(({ source, versions }) =>
    versions
      .slice(1)
      .flatMap(({ version, atSeconds }) =>
        Array.from({ length: 1 + Math.floor(random() * 12) }, () =>
          claim(
            'debian-changelogs',
            `CVE-2026-${10_000 + number++}`,
            source,
            version,
            new Date(atSeconds * 1000).toISOString().slice(0, 10),
          ),
        ),
      ),
  );
}

interface NumberedSource extends SourceHistory {
  /** Version ids by [version][binary]; candidates of the newest version by binary, 0 where there is none. */
  readonly ids: readonly (readonly number[])[];
  readonly candidateIds: readonly number[];
}

function numbered(histories: readonly SourceHistory[]) {
  const versions: PackageVersion[] = [];
  const candidates: Candidate[] = [];
  const sources = histories.map((history): NumberedSource => {
    const ids = history.versions.map(({ version }) =>
      history.binaries.map(name =>
        versions.push({ id: versions.length + 1, name, arch: 'amd64', version, sourceName: history.source, sourceVersion: version }),
      ),
    );
    const newest = history.versions.at(-1)!;
    const candidateIds = ids.at(-1)!.map(id =>
      candidates.push({
        id: candidates.length + 1,
        version: versions[id - 1]!,
        origins: [newest.security ? 'Debian-Security:12/oldstable-security' : 'Debian:12.15/oldstable'],
        security: newest.security,
        availability: 'offered',
      }),
    );
    return { ...history, ids, candidateIds };
  });
  return { versions, candidates, sources };
}

/** Every host has the base; a role adds its own sources; popular sources are in many roles. */
function rolesOf(sources: readonly NumberedSource[]) {
  const random = randomOf(3);
  const byFame = sources.filter(({ source }) => !/^(chromium|firefox-esr|thunderbird)$/.test(source));
  const pick = () => byFame[Math.floor(byFame.length * random() ** 3)]!;
  const base = Array.from({ length: 110 }, pick);
  return { base, roles: Array.from({ length: ROLES }, () => Array.from({ length: ROLE_SOURCES }, pick)) };
}

const EXPOSURES = ['public', 'controlled', 'local', 'unknown', 'unknown'] as const;
const CRITICALITIES = ['vital', 'high', 'normal', 'low', 'unset', 'unset'] as const;

/** `patchedAt`: epoch seconds of the day on which it was patched last. */
function hostOf(
  number: number,
  sources: readonly NumberedSource[],
  { base, roles }: ReturnType<typeof rolesOf>,
): Omit<SyntheticHost, 'runningKernel'> & { readonly patchedAt: number } {
  const random = randomOf(number + 1_000);
  const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  // Most hosts are patched within weeks, some are years behind.
  const patchedAt = NOW_SECONDS - random() ** 4 * 1_100 * DAY_SECONDS;
  const wanted = 600 + Math.floor(random() * 300);
  const chosen = new Set([...base, ...one(roles)]);
  let packages = 0;
  for (const source of chosen) packages += source.binaries.length;
  while (packages < wanted) {
    const extra = sources[Math.floor(sources.length * random() ** 2)]!;
    if (!chosen.has(extra)) packages += extra.binaries.length;
    chosen.add(extra);
  }
  const ids: number[] = [];
  const candidates: number[] = [];
  const since: [number, number][] = [];
  for (const { versions, ids: idsByVersion, candidateIds } of chosen) {
    let level = 0;
    // A host misses an update now and then: held, phased or skipped.
    for (let at = 1; at < versions.length; at++) if (versions[at]!.atSeconds <= patchedAt && random() < 0.98) level = at;
    const shown = idsByVersion[level]!;
    for (const [b, id] of shown.entries()) {
      ids.push(id);
      if (level > 0) since.push([id, Math.floor(versions[level]!.atSeconds + random() * 20 * DAY_SECONDS)]);
      if (level < versions.length - 1) candidates.push(candidateIds[b]!);
    }
  }
  const rising = (list: number[]) => Uint32Array.from(list).sort();
  return {
    packageIds: rising(ids),
    candidateIds: rising(candidates),
    since: Uint32Array.from(since.sort(([a], [b]) => a - b).flat()),
    exposure: one(EXPOSURES),
    criticality: one(CRITICALITIES),
    patchedAt,
  };
}
