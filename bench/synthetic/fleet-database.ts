import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Claim } from '../../src/core/advisories/claim.ts';
import { packIds } from '../../src/core/inventory/id-set.ts';
import { packSince } from '../../src/core/inventory/since.ts';
import { type CopyValue, copyInto } from '../../src/db/copy.ts';
import type { Db } from '../../src/db/db.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDb } from '../../src/db/pool.ts';
import type { SyntheticFleet } from './fleet.ts';
import { factsOf } from './reports.ts';

/** A synthetic fleet as rows of a server's own PostgreSQL. */
const ENROLLED_AT = '2025-10-18T00:00:00Z';
const OBSERVED_AT = '2026-11-22T00:00:00Z';

/** Writes hosts, versions, candidates and claims as the server's nouns would have left them, into the data folder of a server that does not run. */
export async function fillFleetDatabase(folder: string, fleet: SyntheticFleet, hosts: number): Promise<void> {
  const postgres = await startEmbedded(path.join(folder, 'postgresql'));
  const db = openDb(postgres.url);
  try {
    await migrate(db);
    await copy(db, 'package_version (id, ecosystem, name, arch, version, source_name, source_version)', versionRows(fleet));
    await copy(
      db,
      'candidate (id, digest, package_version_id, origins, security, size_bytes, sha256, phased_percent, availability)',
      candidateRows(fleet),
    );
    await copy(
      db,
      'host (id, name, reach, platform, release, os_name, labels, criticality, exposure, enrolled_at)',
      hostRows(hosts, number => {
        const host = fleet.host(number);
        return [
          idOf(number),
          nameOf(number),
          'agent',
          'debian-12',
          'debian:12',
          'Debian GNU/Linux 12 (bookworm)',
          '{"env": "prod"}',
          host.criticality,
          host.exposure,
          ENROLLED_AT,
        ];
      }),
    );
    await copy(
      db,
      'host_seen (host_id, last_seen_at, inventory_at)',
      hostRows(hosts, number => [idOf(number), OBSERVED_AT, OBSERVED_AT]),
    );
    await copy(
      db,
      'host_inventory (host_id, revision, observed_at, facts_digest, packages_digest, candidates_digest, package_count, packages, config_files, candidates, since, finding_facts)',
      hostRows(hosts, number => inventoryRow(fleet, number)),
    );
    await fillClaims(db, fleet.claims);
    for (const table of ['package_version', 'candidate'])
      await db.query(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`);
    await db.query('vacuum analyze');
  } finally {
    await db.close();
    await postgres.stop();
  }
}

/** Source -> source version -> names of the hosts that have it: what the API's answers are compared with. */
export function hostsHaving(fleet: SyntheticFleet, hosts: number, sources: readonly string[]): Map<string, Map<string, string[]>> {
  const having = new Map(sources.map(name => [name, new Map<string, string[]>()]));
  for (let number = 0; number < hosts; number++) {
    const met = new Set<string>();
    for (const id of fleet.host(number).packageIds) {
      const { sourceName, sourceVersion } = fleet.versions[id - 1]!;
      const versions = having.get(sourceName);
      if (versions === undefined || met.has(sourceName)) continue;
      met.add(sourceName);
      versions.getOrInsertComputed(sourceVersion, () => []).push(nameOf(number));
    }
  }
  return having;
}

function inventoryRow(fleet: SyntheticFleet, number: number): CopyValue[] {
  const host = fleet.host(number);
  const since = new Map<number, number>();
  for (let at = 0; at < host.since.length; at += 2) since.set(host.since[at]!, host.since[at + 1]!);
  const { os: system, bootedAt, kernel, reboot, staleProcesses, packageManager } = factsOf(number);
  const runs = { ...kernel, release: host.runningKernel };
  const packages = packIds(host.packageIds);
  const candidates = packIds(host.candidateIds);
  return [
    idOf(number),
    1,
    OBSERVED_AT,
    hex(createHash('sha256').update(`facts ${number}`).digest()),
    hex(createHash('sha256').update(packages).digest()),
    hex(createHash('sha256').update(candidates).digest()),
    host.packageIds.length,
    hex(packages),
    hex(packIds([])),
    hex(candidates),
    hex(packSince(since)),
    JSON.stringify({ os: system, bootedAt, kernel: runs, reboot, staleProcesses, packageManager }),
  ];
}

async function fillClaims(db: Db, claims: readonly Claim[]): Promise<void> {
  const bySource = Map.groupBy(claims, claim => claim.source);
  for (const [feedId, ofFeed] of bySource) {
    await db.query("insert into feed (id, kind, state, records, loaded_at) values ($1, $1, 'current', $2, $3)", [
      feedId,
      ofFeed.length,
      OBSERVED_AT,
    ]);
    const columns =
      'feed_id, part, statement, source, vulnerability_id, aliases, release, package_name, state, fixed_version, severity, stated_on, note, known_since, first_seen_at';
    const rows = new Map<string, CopyValue[]>();
    for (const claim of ofFeed) {
      const { source, vulnerabilityId, aliases, release, packageName, state, fixedVersion, severity, statedOn, note } = claim;
      const said = [vulnerabilityId, release, packageName, state, fixedVersion].join('\n');
      const statement = hex(createHash('sha256').update(said).digest().subarray(0, 16));
      rows.set(said, [
        feedId,
        '',
        statement,
        source,
        vulnerabilityId,
        aliases,
        release,
        packageName,
        state,
        fixedVersion,
        severity,
        statedOn,
        note,
        OBSERVED_AT,
        OBSERVED_AT,
      ]);
    }
    await copy(db, `claim (${columns})`, chunksOf([...rows.values()]));
  }
}

async function copy(db: Db, target: string, rows: Iterable<readonly (readonly CopyValue[])[]>): Promise<void> {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    await copyInto(client, target, iterate(rows));
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function* iterate<T>(rows: Iterable<T>): AsyncIterable<T> {
  yield* rows;
}

function* chunksOf<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < rows.length; at += 1_000) yield rows.slice(at, at + 1_000);
}

function* hostRows(hosts: number, row: (number: number) => CopyValue[]): Iterable<CopyValue[][]> {
  for (let at = 0; at < hosts; at += 500) yield Array.from({ length: Math.min(500, hosts - at) }, (_, index) => row(at + index));
}

function versionRows({ versions }: SyntheticFleet): Iterable<readonly CopyValue[][]> {
  return chunksOf(versions.map(one => [one.id, 'deb', one.name, one.arch, one.version, one.sourceName, one.sourceVersion]));
}

function candidateRows({ candidates }: SyntheticFleet): Iterable<readonly CopyValue[][]> {
  return chunksOf(
    candidates.map(one => [
      one.id,
      hex(createHash('sha256').update(`candidate ${one.id}`).digest().subarray(0, 16)),
      one.version.id,
      one.origins,
      one.security,
      1_000_000,
      null,
      null,
      one.availability,
    ]),
  );
}

function idOf(number: number): string {
  return `host_${createHash('sha256').update(`host ${number}`).digest('hex').slice(0, 16)}`;
}

function nameOf(number: number): string {
  return `host-${number}.example.org`;
}

function hex(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes).toString('hex')}`;
}
