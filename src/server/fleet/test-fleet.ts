import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Claim, Enrichment } from '../../core/advisories/claim.ts';
import type { CandidateRecord, HostFacts, PackageRecord, Reach } from '../../core/inventory/snapshot.ts';
import { addMs, type Clock, DAY_MS, type Instant } from '../../core/kernel/instants.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import { exporters } from '../../plugins/exporters/catalog.ts';
import type { Context, Handler } from '../context.ts';
import { insertHost } from '../inventory/hosts.ts';
import { createInventory, type Inventory } from '../inventory/inventory.ts';
import { collectedOf } from '../inventory/test-inventory.ts';
import { createWake } from '../inventory/wake.ts';
import type { Collected, ExceptionPort } from '../ports.ts';
import { testContext } from '../runtime/test-context.ts';
import { NO_MARKS } from './excused.ts';
import { createFleet, type FleetNoun, type FleetRoute } from './fleet.ts';
import type { FeedView, NextStep } from './next-steps.ts';

/** A clock that tests hold in their hand. */
export class HeldClock implements Clock {
  #now: Instant = '2026-11-22T12:00:00.000Z';
  now(): Instant {
    return this.#now;
  }
  advanceDays(days: number): void {
    this.#now = addMs(this.#now, days * DAY_MS);
  }
}

/** For tests of this noun: the fleet and the real inventory over a real database; feeds and rollouts are held in the hand. */
export class FleetBench {
  readonly database: TestDatabase;
  readonly context: Context;
  readonly clock: HeldClock;
  readonly inventory: Inventory;
  fleet: FleetNoun;
  feeds: FeedView[] = [];
  attention: NextStep[] = [];
  exceptions: ExceptionPort | null = null;
  readonly #dataDir: string;
  #onFeeds: ((feedIds: readonly string[]) => void)[] = [];

  private constructor(database: TestDatabase) {
    this.database = database;
    this.clock = new HeldClock();
    this.#dataDir = mkdtempSync(path.join(os.tmpdir(), 'fettle-fleet-'));
    this.context = testContext(database.db, { clock: this.clock, dataDir: this.#dataDir });
    this.fleet = createFleet(this.context, format => exporters[format]());
    const no = () => Promise.reject(new Error('not in this test'));
    this.inventory = createInventory(this.context, {
      wake: createWake(),
      ssh: { scanKey: no, collect: no },
      fleet: {
        resolve: s => this.fleet.port.resolve(s),
        hostName: id => this.fleet.port.hostName(id),
        summaryOf: id => this.fleet.port.summaryOf(id),
      },
      jobs: { tasksFor: async () => [], recordSimulation: no, recordRehearsal: no, recordEvents: no, requestPermit: no, recordResult: no },
      installer: { script: async () => '', command: () => '' },
    });
  }

  static async start(): Promise<FleetBench> {
    const bench = new FleetBench(await testDatabase());
    await bench.inventory.start();
    await bench.#startFleet();
    return bench;
  }

  async #startFleet(): Promise<void> {
    this.fleet.connect({
      inventory: this.inventory,
      feeds: { onChange: listener => void this.#onFeeds.push(listener), list: async () => this.feeds },
      attention: async () => [...this.attention, ...((await this.exceptions?.attention()) ?? [])],
      exceptions: {
        marks: async () => (await this.exceptions?.marks()) ?? NO_MARKS,
        counts: async () => (await this.exceptions?.counts()) ?? { inForce: 0, expiring: 0, waiting: 0 },
      },
    });
    await this.fleet.start();
  }

  /** As a new process: everything that was in memory only is gone. */
  async restart(): Promise<void> {
    await this.fleet.stop();
    this.#onFeeds = [];
    this.fleet = createFleet(this.context, format => exporters[format]());
    await this.#startFleet();
  }

  async addHost(name: string, more: { reach?: Reach; labels?: Record<string, string>; enrolledDaysAgo?: number } = {}): Promise<string> {
    const id = hostIdOf(name);
    await insertHost(this.database.db, {
      id,
      name,
      address: null,
      reach: more.reach ?? 'agent',
      machineId: null,
      labels: more.labels ?? {},
      enrolledAt: addMs(this.clock.now(), -(more.enrolledDaysAgo ?? 0) * DAY_MS),
    });
    return id;
  }

  async report(
    hostId: string,
    facts: HostFacts,
    packages: readonly PackageRecord[],
    candidates: readonly CandidateRecord[] | null,
    more: Partial<Collected> = {},
  ): Promise<void> {
    await this.inventory.storeCollected(hostId, collectedOf(facts, packages, candidates, this.clock.now(), more));
    await this.fleet.settled();
  }

  /** Puts claims in force as a load of the feed would, in place of the ones that it had stated before. */
  async loadClaims(feed: string, claims: readonly Claim[]): Promise<void> {
    const now = this.clock.now();
    await this.database.db.transaction(async tx => {
      await tx.query(
        "insert into feed (id, kind, state, records, loaded_at) values ($1, $1, 'current', $2, $3) on conflict (id) do update set records = excluded.records, loaded_at = excluded.loaded_at",
        [feed, claims.length, now],
      );
      await tx.query('update claim set withdrawn_at = $2 where feed_id = $1 and withdrawn_at is null', [feed, now]);
      for (const claim of claims) {
        const statement = createHash('sha256').update(JSON.stringify(claim)).digest().subarray(0, 16);
        await tx.query(
          `insert into claim (feed_id, part, statement, source, vulnerability_id, aliases, release, package_name, state, fixed_version, severity, stated_on, note, known_since, first_seen_at)
           values ($1, '', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`,
          [
            feed,
            statement,
            claim.source,
            claim.vulnerabilityId,
            claim.aliases,
            claim.release,
            claim.packageName,
            claim.state,
            claim.fixedVersion,
            claim.severity,
            claim.statedOn,
            claim.note,
            now,
          ],
        );
      }
    });
    for (const listener of this.#onFeeds) listener([feed]);
    await this.fleet.settled();
  }

  async loadEnrichment(feed: string, docs: readonly ({ readonly vulnerabilityId: string } & Partial<Enrichment>)[]): Promise<void> {
    await this.database.db.query("insert into feed (id, kind, state) values ($1, $1, 'current') on conflict do nothing", [feed]);
    await this.database.db.query('delete from enrichment where feed_id = $1', [feed]);
    for (const { vulnerabilityId, ...doc } of docs)
      await this.database.db.query(
        "insert into enrichment (feed_id, part, vulnerability_id, doc, first_seen_at) values ($1, '', $2, $3::jsonb, $4)",
        [feed, vulnerabilityId, JSON.stringify(doc), this.clock.now()],
      );
    for (const listener of this.#onFeeds) listener([feed]);
    await this.fleet.settled();
  }

  /** A request, with the defaults that the contract's schemas would fill in. */
  ask<Name extends FleetRoute>(name: Name, input: { params?: object; query?: object } = {}): ReturnType<Handler<Name>> {
    const handler = this.fleet.handlers[name] as unknown as (input: object) => ReturnType<Handler<Name>>;
    return handler({ ...input, query: { page: 1, pageSize: 50, only: 'all', ...input.query } });
  }

  async csv(name: 'hostExport' | 'patchExport' | 'findingExport', query: object = {}): Promise<string[]> {
    let text = '';
    for await (const chunk of (await this.ask(name, { query })) as AsyncIterable<string>) text += chunk;
    return text.trimEnd().split('\r\n');
  }

  async close(): Promise<void> {
    await this.fleet.stop();
    await this.inventory.stop();
    await this.database.close();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

export function hostIdOf(name: string): string {
  return `host_${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

export function fixedClaim(vulnerabilityId: string, packageName: string, fixedVersion: string, more: Partial<Claim> = {}): Claim {
  return {
    source: 'debian-tracker',
    vulnerabilityId,
    aliases: [],
    release: 'debian:12',
    packageName,
    state: 'fixed',
    fixedVersion,
    severity: null,
    statedOn: '2026-11-15',
    note: null,
    ...more,
  };
}
