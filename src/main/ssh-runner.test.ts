import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatedHost } from '../agent/test-host.ts';
import { testPlan } from '../agent/test-plan.ts';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import { TransportFault } from '../plugins/transports/spec.ts';
import { HOST, host, job, until, world as worldOver } from './test-ssh-runner.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
  await database.db.query("insert into host (id, name, reach, enrolled_at) values ($1, 'h', 'ssh', now())", [HOST]);
});
afterEach(() => database.close());

const world = (transport: SimulatedHost) => worldOver(database.db, transport);

describe('hosts by SSH', { timeout: 60_000 }, () => {
  it('are collected, simulated and patched by the same executor as an agent', async () => {
    const transport = host();
    const { seen, runner, wake } = world(transport);
    await runner.start();
    await until('the first inventory', () => seen.collected === 1);
    seen.tasks.push({
      kind: 'simulate',
      request: { requestId: 'sim_1', changes: [{ name: 'openssl', arch: 'amd64', version: '2' }], allowDowngrade: false },
    });
    wake();
    await until('the simulation', () => seen.simulations.length === 1);
    expect(seen.simulations[0]).toMatchObject({ ok: true, problem: null });
    seen.tasks.push(job());
    wake();
    await until('the result', () => seen.results.length === 1);
    expect(seen.results[0]).toMatchObject({ outcome: 'succeeded', touched: true });
    expect(seen.changes).toBe(1);
    expect(seen.collectedBeforeResult).toBe(2);
    await runner.stop();
    expect(seen.collected).toBe(2);
    expect(transport.starts.filter(name => name.endsWith('apply'))).toHaveLength(1);
  });

  it('that cannot be reached are said so, and a job on them ends untouched', async () => {
    const transport = host();
    transport.connect = async () => {
      throw new TransportFault('unreachable', 'h: Connection refused', 'look');
    };
    const { seen, runner } = world(transport);
    seen.tasks.push(job());
    await runner.start();
    await until('both', () => seen.problems.length > 0 && seen.results.length > 0);
    expect(seen.problems[0]).toContain('Connection refused');
    expect(seen.results[0]).toMatchObject({ outcome: 'failed', touched: false, failure: { class: 'interrupted' } });
    await runner.stop();
  });

  it('keep what a killed server had begun: the next one follows and reports it, and starts nothing', async () => {
    const transport = host();
    const first = world(transport);
    // The server dies the moment the transaction runs: every further call from it goes nowhere.
    let dead = false;
    transport.after = argv => {
      if (argv[0] === 'systemd-run') dead = true;
    };
    transport.before = () => {
      if (dead) throw new TransportFault('unreachable', 'gone', '');
    };
    first.seen.tasks.push(job());
    await first.runner.start();
    await until('it began', () => dead);
    await first.runner.stop();
    expect(first.seen.results).toEqual([]);

    dead = false;
    transport.after = () => {};
    const second = world(transport);
    await second.runner.start();
    await until('the result', () => second.seen.results.length === 1);
    expect(second.seen.results[0]).toMatchObject({ outcome: 'succeeded', touched: true, jobId: 'job_1' });
    expect(second.seen.lines).toContain('taking up job job_1, attempt 1, which is started');
    expect(transport.starts.filter(name => name.endsWith('apply'))).toHaveLength(1);
    await second.runner.stop();
  });

  it('share one reboot between two rollouts: the first steps aside, and each is verified after the same boot, over a server that was killed meanwhile', async () => {
    const transport = new SimulatedHost({ openssl: '1', libssl3: '1', dpkg: '1' }, ['openssl=2', 'libssl3=2']);
    const shared = { code: 'reboot-shared', text: 'one reboot serves both', retryAfterSeconds: 0.2, final: false } as const;
    const first = world(transport);
    const refuse = (jobId: string, phase: string) => (jobId === 'job_1' && phase === 'reboot' && transport.boots === 1 ? shared : null);
    first.seen.refused = refuse;
    first.seen.tasks.push(job({ reboot: 'always' }));
    await first.runner.start();
    await until('the first has installed', () => transport.packages.get('openssl')?.version === '2');
    const [item] = testPlan(HOST).transaction;
    const second = job({
      jobId: 'job_2',
      planId: 'plan_2',
      sequence: 2,
      reboot: 'always',
      transaction: [{ ...item!, name: 'libssl3' }],
    });
    first.seen.tasks.push(second);
    let dead = false;
    transport.after = argv => {
      if (argv[0] === 'systemd-run' && transport.starts.length === 2) dead = true;
    };
    transport.before = () => {
      if (dead) throw new TransportFault('unreachable', 'gone', '');
    };
    const wakes = setInterval(first.wake, 200);
    await until('the second has begun', () => dead).finally(() => clearInterval(wakes));
    await first.runner.stop();
    expect(first.seen.results).toEqual([]);

    dead = false;
    const next = world(transport);
    next.seen.refused = refuse;
    next.seen.tasks.push(...first.seen.tasks);
    await next.runner.start();
    await until('both results', () => next.seen.results.length === 2);
    for (const result of next.seen.results)
      expect(result).toMatchObject({ outcome: 'succeeded', rebooted: true, bootIdBefore: 'boot-1', bootIdAfter: 'boot-2' });
    expect(transport.boots).toBe(2);
    // The first found itself rebooted already.
    expect([...first.seen.permits, ...next.seen.permits]).toEqual(['job_1 apply', 'job_2 apply', 'job_2 reboot']);
    await next.runner.stop();
  });

  it('that did not answer once are asked again soon: a report that was asked for is not lost', async () => {
    const transport = host();
    const { seen, runner, wake } = world(transport);
    await runner.start();
    await until('the first inventory', () => seen.collected === 1);
    // Its SSH server is restarted at this very moment, as a change of libssl does.
    let refused = 0;
    transport.connect = async () => {
      if (refused++ === 0) throw new TransportFault('unreachable', 'h: Connection refused', 'look');
    };
    seen.requests.push({ refresh: true });
    wake();
    await until('the refusal', () => seen.problems.length === 1);
    await until('the report', () => seen.collected === 2);
    expect(refused).toBeGreaterThan(1);
    await runner.stop();
  });

  it('that are asked for a report while one is being made are read once more', async () => {
    const transport = host();
    const { seen, runner, wake } = world(transport);
    let asked = false;
    transport.before = argv => {
      if (asked || argv[0] !== 'systemctl') return;
      asked = true;
      seen.requests.push({ refresh: false });
      wake();
    };
    await runner.start();
    await until('both', () => seen.collected === 2);
    expect(asked).toBe(true);
    await runner.stop();
  });

  it('begin a job at once, though they are being read', async () => {
    const transport = host();
    const { seen, runner, wake } = world(transport);
    await runner.start();
    await until('the first inventory', () => seen.collected === 1);
    let open = () => {};
    const slow = new Promise<void>(resolve => (open = resolve));
    const run = transport.run.bind(transport);
    let reading = false;
    transport.run = async (argv, options) => {
      if (argv[0] === 'systemctl' && argv[1] === 'list-units' && !reading) {
        reading = true;
        await slow;
      }
      return run(argv, options);
    };
    seen.requests.push({ refresh: false });
    wake();
    await until('it is being read', () => reading);
    seen.tasks.push(job());
    wake();
    await until('the result', () => seen.results.length === 1);
    open();
    expect(seen.results[0]).toMatchObject({ outcome: 'succeeded' });
    await until('the report', () => seen.collected >= 3);
    await runner.stop();
  });
});
