import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatedHost } from '../agent/test-host.ts';
import { testPlan } from '../agent/test-plan.ts';
import type { HostPlan } from '../core/rollouts/host-plan.ts';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import { HOST, job, until, world } from './test-ssh-runner.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
  await database.db.query("insert into host (id, name, reach, enrolled_at) values ($1, 'h', 'ssh', now())", [HOST]);
});
afterEach(() => database.close());

const NAMES = ['openssl', 'libssl3', 'curl', 'nginx'] as const;
const host = () =>
  new SimulatedHost(
    Object.fromEntries(NAMES.map(name => [name, '1'])),
    NAMES.map(name => `${name}=2`),
  );

function jobOf(number: number, reboot: HostPlan['reboot']): ReturnType<typeof job> {
  const [item] = testPlan(HOST).transaction;
  const transaction = [{ ...item!, name: NAMES[number - 1]! }];
  return job({ jobId: `job_${number}`, planId: `plan_${number}`, sequence: number, reboot, transaction });
}

const shared = { code: 'reboot-shared', text: 'one reboot serves both', retryAfterSeconds: 0.5, final: false } as const;
const noSlot = { code: 'host-working', text: 'not yet', retryAfterSeconds: 0.5, final: false } as const;

describe('several jobs in hand on one host by SSH', { timeout: 60_000 }, () => {
  it('go on one after the other when a reboot has served them, and nothing new acts beside them', async () => {
    const transport = host();
    const { seen, runner, wake } = world(database.db, transport);
    seen.refused = (jobId, phase) => (phase === 'reboot' && jobId !== 'job_3' ? shared : null);
    await runner.start();
    const wakes = setInterval(wake, 20);
    for (const number of [1, 2]) {
      seen.tasks.push(jobOf(number, 'always'));
      await until(`${number} has installed`, () => transport.packages.get(NAMES[number - 1]!)?.version === '2');
    }
    seen.tasks.push(jobOf(3, 'always'));
    await until('the reboot', () => transport.boots === 2);
    seen.tasks.push(jobOf(4, 'never'));
    // Enough for all to get a word in between any two programs of one.
    seen.slowness = () => wait(20);
    await until('all results', () => seen.results.length === 4).finally(() => clearInterval(wakes));
    await runner.stop();
    for (const result of seen.results) expect(result).toMatchObject({ outcome: 'succeeded' });
    expect(transport.boots).toBe(2);
    const since = seen.calls.filter(call => call.boot === 2).map(call => call.connection);
    const blocks = since.filter((connection, at) => connection !== since[at - 1]);
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    expect(blocks).toHaveLength(new Set(blocks).size);
  });

  it('are not rebooted under one that prepares: the reboot waits for a pause of it, and it prepares anew', async () => {
    const transport = host();
    const { seen, runner, wake } = world(database.db, transport);
    let mayReboot = false;
    const first = () => seen.results.some(one => one.jobId === 'job_1');
    seen.refused = (jobId, phase) => {
      if (phase === 'reboot') return jobId === 'job_1' && !mayReboot ? shared : null;
      return jobId === 'job_2' && !first() ? noSlot : null;
    };
    let open = () => {};
    const gate = new Promise<void>(resolve => (open = resolve));
    let downloads = 0;
    const run = transport.run.bind(transport);
    transport.run = async (argv, options) => {
      if (argv[0] === 'apt-get' && argv.includes('libssl3=2') && argv.includes('-d') && downloads++ === 0) await gate;
      return run(argv, options);
    };
    await runner.start();
    const wakes = setInterval(wake, 100);
    seen.tasks.push(jobOf(1, 'always'));
    await until('the first has installed', () => transport.packages.get('openssl')?.version === '2');
    seen.tasks.push(jobOf(2, 'never'));
    await until('the second fetches', () => downloads === 1);
    mayReboot = true;
    await wait(1_500);
    expect(transport.boots).toBe(1);
    expect(seen.permits).toEqual(['job_1 apply']);
    open();
    await until('both results', () => seen.results.length === 2).finally(() => clearInterval(wakes));
    await runner.stop();
    expect(seen.results[0]).toMatchObject({ jobId: 'job_1', outcome: 'succeeded', bootIdBefore: 'boot-1', bootIdAfter: 'boot-2' });
    expect(seen.results[1]).toMatchObject({ jobId: 'job_2', outcome: 'succeeded', bootIdBefore: 'boot-2', bootIdAfter: 'boot-2' });
    expect(seen.permits).toEqual(['job_1 apply', 'job_1 reboot', 'job_2 apply']);
    expect(transport.boots).toBe(2);
    expect(downloads).toBe(2);
  });

  it('are not held by a reboot that does not come to its end: what has changed nothing can be cancelled meanwhile', async () => {
    const transport = host();
    const { seen, runner, wake } = world(database.db, transport);
    let mayReboot = false;
    let asked = 0;
    seen.refused = (jobId, phase) => {
      if (phase === 'reboot') return mayReboot ? null : shared;
      if (jobId !== 'job_2') return null;
      asked++;
      return noSlot;
    };
    let isOff = false;
    transport.after = argv => {
      if (argv.includes('reboot')) isOff = true;
    };
    transport.before = () => {
      if (isOff) transport.unreachable();
    };
    await runner.start();
    const wakes = setInterval(wake, 100);
    seen.tasks.push(jobOf(1, 'always'));
    await until('the first has installed', () => transport.packages.get('openssl')?.version === '2');
    seen.tasks.push(jobOf(2, 'never'));
    await until('the second asks', () => asked > 0);
    mayReboot = true;
    await until('the reboot', () => isOff);
    seen.tasks.push({ kind: 'cancel', jobId: 'job_2', attempt: 1 });
    await until('its end', () => seen.results.length === 1);
    expect(seen.results[0]).toMatchObject({ jobId: 'job_2', outcome: 'cancelled', touched: false });
    isOff = false;
    await until('the other end', () => seen.results.length === 2).finally(() => clearInterval(wakes));
    expect(seen.results[1]).toMatchObject({ jobId: 'job_1', outcome: 'succeeded', bootIdAfter: 'boot-2' });
    await runner.stop();
  });

  it('are taken up aloud only by the server that has the host', async () => {
    const transport = host();
    const [one, other] = [world(database.db, transport, 'one'), world(database.db, transport, 'other')];
    let open = () => {};
    const gate = new Promise<void>(resolve => (open = resolve));
    const run = transport.run.bind(transport);
    let isFetching = false;
    transport.run = async (argv, options) => {
      if (argv[0] === 'apt-get' && argv.includes('-d')) {
        isFetching = true;
        await gate;
      }
      return run(argv, options);
    };
    one.seen.tasks.push(jobOf(1, 'never'));
    await one.runner.start();
    await until('it fetches', () => isFetching);
    await other.runner.start();
    await wait(1_000);
    expect(other.seen.lines).toEqual([]);
    open();
    await until('the result', () => one.seen.results.length === 1);
    await Promise.all([one.runner.stop(), other.runner.stop()]);
  });
});
