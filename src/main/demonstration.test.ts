import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMs, DAY_MS, systemClock } from '../core/kernel/instants.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import { OWN_AUTHOR } from '../demo/feed-files.ts';
import { fillDemo, STORY_DAYS } from '../demo/fill.ts';
import { ask, StoryClock } from '../demo/world.ts';
import { makeOneTimeLink } from '../server/access/links.ts';
import { verifyChain } from '../server/audit/verify.ts';
import type { Caller } from '../server/context.ts';
import { testContext } from '../server/runtime/test-context.ts';
import { type FillingServer, openFillingServer } from './demo-server.ts';
import { openInstallation } from './startup/installation.ts';

/** The whole story on a small fleet; 20 s of processor time, minutes beside a load of 20. */
const HOSTS = 120;
const FILL_MS_MAX = 600_000;

describe('the demonstration', () => {
  let database: TestDatabase;
  let server: FillingServer;
  let viewer: Caller;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fettle-demo-'));

  beforeAll(async () => {
    database = await testDatabase();
    const end = systemClock.now();
    const clock = new StoryClock(addMs(end, -STORY_DAYS * DAY_MS));
    const context = testContext(database.db, { clock, dataDir: folder });
    await openInstallation(database.db, 'demonstration', clock, true);
    server = await openFillingServer(context, [OWN_AUTHOR]);
    const link = await makeOneTimeLink(context);
    await fillDemo({
      hosts: HOSTS,
      folder,
      setupToken: link!.path.split('token=')[1]!,
      password: 'look-around-in-peace',
      clock,
      end,
      server,
      handlersNow: () => server.handlers,
      hostsWithWork: server.hostsWithWork,
      restMs: server.restMs,
      onProgress: () => {},
    });
    viewer = { kind: 'person', personId: 'per_x', login: 'x', name: 'x', roles: [], permissions: new Set(), viaToken: false };
  }, FILL_MS_MAX);

  afterAll(async () => {
    await server?.close();
    await database?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has exceptions in force, a patch held back, and one that waits for a decision', async () => {
    const rows = await database.db.query<{ kind: string; state: string }>('select kind, state from exception order by kind');
    expect(rows.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'mitigated requested',
      'not-affected expiring',
      'operational expiring',
      'risk-accepted expiring',
    ]);
  });

  it('has a rollout in every state of the table', async () => {
    const rows = await database.db.query<{ state: string }>('select distinct state from rollout');
    expect(rows.map(row => row.state).sort()).toEqual(Object.keys(ROLLOUT.states).sort());
  });

  it('has hosts that answer, patches with dates and months of history', async () => {
    const overview = await ask(server, viewer, 'overview', {});
    expect(overview.hosts.total).toBe(HOSTS);
    expect(overview.hosts.current).toBeGreaterThan(HOSTS * 0.9);
    expect(overview.patches.length).toBeGreaterThan(5);
    expect(overview.patches.some(patch => patch.decision?.dueAt != null)).toBe(true);
    expect(overview.timeToPatch?.events).toBeGreaterThan(500);
    const [first] = await database.db.query<{ at: string }>('select min(at) as at from audit_entry');
    expect(Date.parse(first!.at)).toBeLessThan(Date.now() - (STORY_DAYS - 2) * DAY_MS);
  });

  it('approved nothing that its own planner had asked for, and its trail holds', async () => {
    const rows = await database.db.query<{ requested_by: string; decided_by: string | null }>(
      'select rollout.requested_by, change_request.decided_by from rollout join change_request on change_request.id = rollout.change_request_id where decided_by is not null',
    );
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(row => row.decided_by === row.requested_by)).toEqual([]);
    const report = await verifyChain(database.db);
    expect(report).toMatchObject({ brokenAt: null, reason: null });
    expect(report.entries).toBeGreaterThan(200);
  });
});
