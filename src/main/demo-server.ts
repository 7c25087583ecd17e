import { HOUR_MS, MINUTE_MS } from '../core/kernel/instants.ts';
import { JOB_ACTIVE } from '../core/rollouts/job-states.ts';
import type { DemoServer } from '../demo/world.ts';
import { exporters } from '../plugins/exporters/catalog.ts';
import { createAccess } from '../server/access/access.ts';
import { auditHandlers } from '../server/audit/handlers.ts';
import type { Context } from '../server/context.ts';
import { createExceptions } from '../server/exceptions/exceptions.ts';
import { createFeeds } from '../server/feeds/feeds.ts';
import { createFleet } from '../server/fleet/fleet.ts';
import { createInventory } from '../server/inventory/inventory.ts';
import { createWake } from '../server/inventory/wake.ts';
import type { JobPort } from '../server/ports.ts';
import { createRollouts } from '../server/rollouts/rollouts.ts';
import { feedThreadsTrusting } from './feed-threads.ts';

/** Between two looks at the engine: while rollouts are at work, while windows are awaited, and while policies have the next word. */
const AT_WORK_MS = 6 * MINUTE_MS;
const SCHEDULED_MS = HOUR_MS;
const NOTHING_MS = 11 * HOUR_MS;

export interface FillingServer extends DemoServer {
  hostsWithWork(): Promise<ReadonlySet<string>>;
  restMs(): Promise<number>;
  close(): Promise<void>;
}

/** The nouns of the server without its network side: nothing listens, nothing is fetched, and the reconciler moves when it is told to. */
export async function openFillingServer(context: Context, trustedAuthors: readonly string[]): Promise<FillingServer> {
  const no = () => Promise.reject(new Error('the demonstration reaches nothing outside of itself'));
  const wake = createWake();
  const jobs = new Proxy({} as JobPort, { get: (_target, name) => Reflect.get(rollouts.jobs, name) });
  const fleet = createFleet(context, format => exporters[format]());
  const access = createAccess(context);
  const feeds = createFeeds(context, feedThreadsTrusting(trustedAuthors), { importAtStart: [], automatic: false });
  const inventory = createInventory(context, {
    ...{ jobs, wake, fleet: fleet.port, ssh: { scanKey: no, collect: no } },
    installer: { script: no, command: () => '' },
  });
  const rollouts = createRollouts(context, { fleet: fleet.port, inventory, wake, people: access.people });
  const exceptions = createExceptions(context, { scopes: fleet.scopes, people: access.people });
  fleet.connect({ inventory, feeds, attention: () => rollouts.attention(), exceptions: exceptions.port });
  await fleet.start();
  await inventory.start();
  await feeds.start();
  const { db } = context;
  return {
    handlers: {
      ...access.handlers,
      ...auditHandlers(context),
      ...inventory.handlers,
      ...feeds.handlers,
      ...fleet.handlers,
      ...rollouts.handlers,
      ...exceptions.handlers,
    },
    async reconcileOnce() {
      // When hosts were last heard of is written every few seconds, which is hours of the story; stopping writes it at once.
      await inventory.stop();
      await rollouts.reconcileOnce();
    },
    settled: () => fleet.settled(),
    async imported() {
      while ((await db.query("select from feed_import where state = 'running' limit 1")).length > 0)
        await new Promise(resolve => setTimeout(resolve, 30));
    },
    async hostsWithWork() {
      const rows = await db.query<{ host_id: string }>(
        `select host_id from job where state = any($1) or (state = 'queued' and rollout_id in (select id from rollout where state = 'running'))
         union select host_id from simulation join rollout on rollout.id = rollout_id and rollout.state = 'rehearsing' where request is not null and answer is null
         union select host_id from rehearsal where answered_at is null and expires_at > $2`,
        [JOB_ACTIVE, context.clock.now()],
      );
      return new Set(rows.map(row => row.host_id));
    },
    async restMs() {
      const rows = await db.query<{ state: string }>(
        "select distinct state from rollout where state in ('rehearsing', 'scheduled', 'running', 'halting')",
      );
      if (rows.some(row => row.state !== 'scheduled')) return AT_WORK_MS;
      return rows.length > 0 ? SCHEDULED_MS : NOTHING_MS;
    },
    async close() {
      await Promise.allSettled([feeds.stop(), rollouts.stop(), fleet.stop()]);
      await inventory.stop();
    },
  };
}
