import { type ChildProcess, spawn } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testPlan } from '../agent/test-plan.ts';
import { signEnvelope } from '../core/evidence/envelope.ts';
import { HOST_PLAN_TYPE, type JobResult, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import { type TestDatabase, testDatabase } from '../db/test-database.ts';
import { createSshJournals } from '../server/inventory/ssh-journal.ts';
import { createSshLeases } from '../server/inventory/ssh-leases.ts';
import type { SshReplicaOrder } from './test-ssh-replica.ts';

const PROGRAM = path.join(import.meta.dirname, 'test-ssh-replica.ts');
const HOST = 'host_0000000000000001';
const LEASE_SECONDS = 3;
const { privateKey } = generateKeyPairSync('ed25519');
const quiet = { warn: () => {} };

let database: TestDatabase;
let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  database = await testDatabase();
  await database.db.query("insert into host (id, name, reach, enrolled_at) values ($1, 'h', 'ssh', now())", [HOST]);
  await database.db.query('create table test_result (server text, result jsonb)');
  folder = mkdtempSync(path.join(tmpdir(), 'fettle-replicas-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

async function replica(name: string, programMs: number, dieAt: string | null = null): Promise<ChildProcess> {
  const now = Date.now();
  const plan = testPlan(HOST, { notBefore: new Date(now - 60_000).toISOString() });
  const [issuedAt, expiresAt] = [new Date(now).toISOString(), new Date(now + 300_000).toISOString()];
  const permit = { permitId: 'pmt_1', jobId: 'job_1', attempt: 1, hostId: HOST, phase: 'apply', issuedAt, expiresAt };
  const order: SshReplicaOrder = {
    url: database.url,
    name,
    hostId: HOST,
    task: { kind: 'job', jobId: 'job_1', attempt: 1, envelope: signEnvelope(HOST_PLAN_TYPE, plan, privateKey) as never },
    permit: { permit: signEnvelope(PERMIT_TYPE, permit, privateKey), refused: null },
    trustedKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
    callsFile: path.join(folder, 'calls'),
    programMs,
    leaseSeconds: LEASE_SECONDS,
    dieAt,
  };
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

const calls = () => (existsSync(path.join(folder, 'calls')) ? readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n') : []);
const starts = () => calls().filter(line => line.includes(' systemd-run '));
const results = () => database.db.query<{ server: string; result: JobResult }>('select * from test_result');

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
    if (await holds()) return;
    await wait(50);
  }
  throw new Error(`waited in vain: ${what}`);
}

describe('two server processes on one PostgreSQL, one host by SSH', () => {
  it('do its job once: the other one never asks the host anything meanwhile', { timeout: 120_000 }, async () => {
    await Promise.all([replica('one', 20), replica('two', 20)]);
    await until('the result', async () => (await results()).length > 0);
    const spoken = calls();
    const [first] = await results();
    expect(first!.result).toMatchObject({ outcome: 'succeeded', touched: true });
    expect(starts()).toHaveLength(1);
    // All that was run between the first look at the job and its end was run by one server.
    const [from, to] = [spoken.findIndex(line => line.includes('install -d')), spoken.findLastIndex(line => line.includes('systemd-run'))];
    expect(new Set(spoken.slice(from, to + 1).map(line => line.split(' ')[0]))).toEqual(new Set([first!.server]));
    await wait(2_000);
    expect(await results()).toHaveLength(1);
  });

  it('the one that is killed leaves its job to the other, with what it had written', { timeout: 120_000 }, async () => {
    await replica('one', 20, 'systemd-run');
    await until('the first has the journal', async () => (await database.db.query('select from ssh_job_journal')).length > 0);
    await replica('two', 20);
    await until('the result', async () => (await results()).length > 0);
    const [only] = await results();
    expect(only!.server).toBe('two');
    expect(starts()).toHaveLength(1);
    expect(starts()[0]).toMatch(/^one /);
    // The simulated host of the second process is another machine, on which nothing was begun: it says so and begins nothing.
    expect(only!.result).toMatchObject({ outcome: 'failed', touched: false, failure: { class: 'interrupted' } });
  });

  it('the one that slept too long writes nothing and asks nothing when it wakes', { timeout: 120_000 }, async () => {
    const one = await replica('one', 100);
    await until('the first has the journal', async () => (await database.db.query('select from ssh_job_journal')).length > 0);
    one.kill('SIGSTOP');
    await replica('two', 10);
    await until('the result', async () => (await results()).length > 0);
    expect((await results())[0]).toMatchObject({ server: 'two', result: { outcome: 'succeeded' } });
    const before = calls().filter(line => line.startsWith('one ')).length;
    one.kill('SIGCONT');
    await wait(3_000);
    // One program may have been on its way when it was stopped.
    const since = calls()
      .filter(line => line.startsWith('one '))
      .slice(before + 1);
    // Its own hourly look at the host is its right, once the other has given the lease back.
    expect(since.filter(line => /systemd-run| install | check /.test(line))).toEqual([]);
    expect(starts()).toHaveLength(1);
    expect(await results()).toHaveLength(1);
  });
});

describe('the lease of a host', () => {
  it('is one server’s until it is given back or runs out, and fences what the last holder writes', { timeout: 60_000 }, async () => {
    const { db } = database;
    const [one, two] = [createSshLeases(db, 'one', quiet, LEASE_SECONDS), createSshLeases(db, 'two', quiet, LEASE_SECONDS)];
    const journals = createSshJournals(db);
    const row = { planId: 'plan_1', sequence: 7, isOpen: true, entry: { state: 'accepted' } };
    const held = (await one.take(HOST))!;
    expect(await two.take(HOST)).toBeNull();
    const again = (await one.take(HOST))!;
    expect(again.fence).toBe(held.fence);
    await again.release();
    expect(await two.take(HOST)).toBeNull();
    expect(await journals.write(held, { ...row, entry: { state: 'acc\0epted' } })).toBe(true);
    await wait(1_500 * LEASE_SECONDS);
    expect(held.isValid(), 'it is renewed').toBe(true);
    await held.release();
    const taken = (await two.take(HOST))!;
    expect(taken.fence).toBeGreaterThan(held.fence);
    expect(await journals.write(held, { ...row, entry: { state: 'started' } })).toBe(false);
    expect(await journals.read(HOST, 'plan_1')).toEqual({ state: 'accepted' });
    expect(await journals.highestSequence(HOST)).toBe(7);
    expect(await journals.open()).toHaveLength(1);
    // Without its timer it cannot renew, as a process that was stopped cannot.
    two.stop();
    await wait(1_100 * LEASE_SECONDS);
    expect(taken.isValid()).toBe(false);
    const back = (await one.take(HOST))!;
    expect(await journals.write(back, { ...row, isOpen: false })).toBe(true);
    expect(await journals.open()).toHaveLength(0);
    await back.release();
  });
  it('is taken back at once by the same server after a restart, with a new fence', async () => {
    const before = createSshLeases(database.db, 'one', quiet);
    const held = (await before.take(HOST))!;
    before.stop();
    const after = createSshLeases(database.db, 'one', quiet);
    const anew = (await after.take(HOST))!;
    expect(anew.fence).toBe(held.fence + 1);
    await anew.release();
  });
});
