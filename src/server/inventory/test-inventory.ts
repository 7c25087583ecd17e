import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createClient, ProblemError } from '../../api/client.ts';
import { api } from '../../api/index.ts';
import { snapshotDigests } from '../../core/inventory/digest.ts';
import { toPackageRow } from '../../core/inventory/package-row.ts';
import type { CandidateRecord, HostFacts, PackageRecord } from '../../core/inventory/snapshot.ts';
import type { Clock } from '../../core/kernel/instants.ts';
import { openDb } from '../../db/pool.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import type { Context } from '../context.ts';
import type { AgentTask, Collected, SshPort } from '../ports.ts';
import { buildServer } from '../runtime/http.ts';
import { testContext } from '../runtime/test-context.ts';
import { createInventory, type Inventory } from './inventory.ts';
import { createWake } from './wake.ts';

/** For tests and benchmarks of this noun: the inventory over a real database behind the real HTTP server, with the neighbours' ports held in the hand. */
export interface InventoryBench {
  readonly database: TestDatabase;
  readonly context: Context;
  readonly inventory: Inventory;
  readonly wake: ReturnType<typeof createWake>;
  readonly app: FastifyInstance;
  readonly url: string;
  /** Tasks that the next check-in of a host gets. */
  readonly tasks: Map<string, AgentTask[]>;
  agent(hostId: string, secret: string): ReturnType<typeof createClient>;
  close(): Promise<void>;
}

/** The session that every person's request of the test has. */
const ADMINISTRATOR = 'test-session';

export async function startInventory(
  options: { clock?: Clock; ssh?: Partial<SshPort>; databaseUrl?: string } = {},
): Promise<InventoryBench> {
  const database = options.databaseUrl === undefined ? await testDatabase() : given(options.databaseUrl);
  const context = testContext(database.db, {
    dataDir: mkdtempSync(path.join(os.tmpdir(), 'fettle-inventory-')),
    ...(options.clock ? { clock: options.clock } : {}),
  });
  const wake = createWake();
  const tasks = new Map<string, AgentTask[]>();
  const no = () => Promise.reject(new Error('not in this test'));
  const inventory = createInventory(context, {
    wake,
    ssh: { scanKey: no, collect: no, ...options.ssh },
    fleet: {
      // Every host, whatever the query: resolving is server/fleet's and tested there.
      resolve: async () => ({
        hostIds: (await database.db.query<{ id: string }>('select id from host where removed_at is null order by id')).map(row => row.id),
        problem: null,
      }),
      hostName: id => id,
      summaryOf: async () => null,
    },
    jobs: {
      tasksFor: async hostId => tasks.get(hostId) ?? [],
      recordSimulation: async () => {},
      recordRehearsal: async () => {},
      recordEvents: async () => ({ cancelRequested: false }),
      requestPermit: async () => ({ permit: null, refused: null }),
      recordResult: async () => {},
    },
    installer: { script: async baseUrl => `#!/bin/sh\n# ${baseUrl}\n`, command: (baseUrl, token) => `install ${baseUrl} ${token}` },
  });
  await inventory.start();
  const app = buildServer(context, inventory.handlers, {
    readiness: async () => ({ ready: true }),
    authenticators: {
      agents: inventory.agents,
      people: {
        bySession: async () => null,
        byToken: async secret =>
          secret.endsWith(ADMINISTRATOR)
            ? {
                kind: 'person',
                personId: 'per_1',
                login: 'ada',
                name: 'Ada',
                roles: ['administrator'],
                permissions: new Set(['host.read', 'host.write', 'host.enrol', 'group.write']),
                viaToken: false,
              }
            : null,
      },
    },
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    database,
    context,
    inventory,
    wake,
    app,
    url,
    tasks,
    agent: (hostId, secret) => createClient(api, { baseUrl: url, headers: () => ({ authorization: `FettleAgent ${hostId}.${secret}` }) }),
    async close() {
      await app.close();
      await inventory.stop();
      await database.close();
      rmSync(context.installation.dataDir, { recursive: true, force: true });
    },
  };
}

/** A migrated database that is the caller's: a benchmark wants one that waits for the disk. */
function given(url: string): TestDatabase {
  const db = openDb(url);
  return { db, url, close: () => db.close() };
}

export function personOf(bench: Pick<InventoryBench, 'url'>): ReturnType<typeof createClient> {
  return createClient(api, { baseUrl: bench.url, headers: () => ({ authorization: `Bearer fet_0123456789-${ADMINISTRATOR}` }) });
}

export function packageRecord(name: string, version: string, more: Partial<PackageRecord> = {}): PackageRecord {
  return { name, arch: 'amd64', version, sourceName: name, sourceVersion: version, state: 'installed', held: false, ...more };
}

export function candidateRecord(name: string, version: string, more: Partial<CandidateRecord> = {}): CandidateRecord {
  return {
    name,
    arch: 'amd64',
    version,
    sourceName: name,
    sourceVersion: version,
    origins: ['Debian-Security:12/oldstable-security'],
    security: true,
    sizeBytes: 1_000,
    sha256: null,
    phasedPercent: null,
    availability: 'offered',
    ...more,
  };
}

export function hostFactsOf(hostname: string, more: Partial<HostFacts> = {}): HostFacts {
  return {
    hostname,
    addresses: ['10.0.0.9'],
    machineId: `machine-of-${hostname}`,
    os: { id: 'debian', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12 (bookworm)' },
    architecture: 'amd64',
    bootId: 'boot-1',
    bootedAt: '2026-11-01T00:00:00.000Z',
    kernel: { runningRelease: '6.1.0-50-amd64', installed: [] },
    suites: [],
    services: [{ unit: 'nginx.service', activeState: 'active', subState: 'running' }],
    sockets: [],
    staleProcesses: [],
    reboot: { required: false, reasons: [] },
    packageManager: { id: 'apt', healthy: true, problems: [] },
    unread: [],
    ...more,
  };
}

export function collectedOf(
  facts: HostFacts,
  packages: readonly PackageRecord[],
  candidates: readonly CandidateRecord[] | null,
  observedAt: string,
  more: Partial<Collected> = {},
): Collected {
  return { snapshot: { observedAt, reach: 'ssh', facts, packages, candidates }, history: [], changelogs: [], ...more };
}

/** The body of a report with all parts. */
export function reportBody(
  facts: HostFacts,
  packages: readonly PackageRecord[],
  candidates: readonly CandidateRecord[] | null,
  observedAt: string,
) {
  return {
    observedAt,
    digests: snapshotDigests({ facts, packages, candidates }),
    facts: facts as unknown as Record<string, unknown>,
    packages: packages.map(toPackageRow).map(row => [...row] as [string, string, string, string, string, string, 0 | 1, string?]),
    candidates: candidates?.map(candidate => ({ ...candidate, origins: [...candidate.origins] })) ?? null,
  };
}

/** The problem that a request is refused with; anything else fails the test. */
export async function problem(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no problem but ${JSON.stringify(error)}`);
  return error.problem;
}
