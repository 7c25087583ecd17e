import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { signEnvelope } from '../core/evidence/envelope.ts';
import { HOST_PLAN_TYPE, type HostPlan, type JobResult, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import { judgeResult } from '../core/rollouts/result.ts';
import { apt } from '../plugins/package-managers/apt/apt.ts';
import { localTransport } from '../plugins/transports/local/local.ts';
import { type Executor, resumeJob, startJob } from './execute.ts';
import { boundedArgv } from './hooks.ts';
import { fileJournal, type Journal } from './journal.ts';
import { SimulatedHost } from './test-host.ts';
import { testPlan } from './test-plan.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
const folder = mkdtempSync(join(tmpdir(), 'fettle-hooks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const HOST = 'host_0000000000000001';
let number = 0;

const HOOKS = [
  { phase: 'pre', name: 'drain', timeoutSeconds: 60 },
  { phase: 'pre', name: 'backup', timeoutSeconds: 60 },
  { phase: 'post', name: 'undrain', timeoutSeconds: 60 },
] as const;

function plan(given: Partial<HostPlan> = {}): HostPlan {
  number++;
  return testPlan(HOST, {
    planId: `plan_${number}`,
    jobId: `job_${number}`,
    restart: 'affected-services',
    hooks: HOOKS,
    ...given,
  });
}

function host(codes: Readonly<Record<string, number>> = {}): SimulatedHost {
  const made = new SimulatedHost({ openssl: '1' }, ['openssl=2']);
  for (const { name } of HOOKS) made.hooks.set(name, { code: codes[name] ?? 0 });
  return made;
}

function executor(transport: SimulatedHost, journal: Journal, results: JobResult[]): Executor {
  return {
    transport,
    journal,
    clock: { now: () => new Date().toISOString() },
    gateway: {
      events: async () => ({ cancelRequested: false }),
      permit: async (jobId, attempt, phase) => ({
        permit: signEnvelope(
          PERMIT_TYPE,
          { permitId: 'p', jobId, attempt, hostId: HOST, phase, issuedAt: '', expiresAt: new Date(Date.now() + 60_000).toISOString() },
          privateKey,
        ),
        refused: null,
      }),
      result: async (_job, _attempt, result) => void results.push(result),
    },
    manager: async () => apt('amd64'),
    trust: { hostId: HOST, installationId: 'ins_1', trustedKeys: [spki] },
    settings: { lockWaitSeconds: 0, settleSeconds: 0, heartbeatSeconds: 3_600, rebootPollMs: 0, reconnectPausesMs: [0] },
    signal: new AbortController().signal,
  };
}

const taskOf = (wanted: HostPlan) => ({
  jobId: wanted.jobId,
  attempt: wanted.attempt,
  envelope: signEnvelope(HOST_PLAN_TYPE, wanted, privateKey),
});

async function run(transport: SimulatedHost, wanted: HostPlan): Promise<JobResult> {
  const journal = await fileJournal(join(folder, `j${++number}`));
  return (await startJob(executor(transport, journal, []), taskOf(wanted)).finished)!.result;
}

describe('hooks of a host', () => {
  it('run before and after, in order, told what happened, and stand in the result', async () => {
    const transport = host();
    const versions: string[] = [];
    for (const hook of transport.hooks.values()) hook.does = () => void versions.push(transport.packages.get('openssl')!.version);
    const result = await run(transport, plan());
    expect(result).toMatchObject({ outcome: 'succeeded', touched: true });
    expect(transport.hookRuns).toEqual(['pre drain planned', 'pre backup planned', 'post undrain verified']);
    expect(versions).toEqual(['1', '1', '2']);
    expect(result.hooks?.map(one => [one.phase, one.name, one.outcome, one.code])).toEqual([
      ['pre', 'drain', 'passed', 0],
      ['pre', 'backup', 'passed', 0],
      ['post', 'undrain', 'passed', 0],
    ]);
    expect(result.hooks?.[0]?.output).toContain('drain says something');
  });

  it('stop the host before anything is touched when a pre-hook fails, and undo what the first one did', async () => {
    const transport = host({ backup: 3 });
    const before = JSON.stringify([...transport.packages]);
    const wanted = plan();
    const result = await run(transport, wanted);
    expect(result).toMatchObject({
      outcome: 'failed',
      touched: false,
      failure: { class: 'pre-hook-failed', signature: 'pre-hook-failed:backup:failed' },
    });
    expect(result.failure?.message).toMatch(/pre-hook backup ended with code 3: backup says something/);
    expect(transport.starts.filter(name => name.endsWith('-apply'))).toEqual([]);
    expect(JSON.stringify([...transport.packages])).toBe(before);
    expect(transport.hookRuns).toEqual(['pre drain planned', 'pre backup planned', 'post undrain untouched']);
    // It waits for a person and does not count against the patch.
    expect(judgeResult(wanted.transaction, 'patch', 'installing', result)).toMatchObject({ event: 'retry', waits: true });
  });

  it('fail the verification when a post-hook fails: the packages stay, the host counts as failed', async () => {
    const transport = host({ undrain: 1 });
    const wanted = plan();
    const result = await run(transport, wanted);
    expect(result).toMatchObject({ outcome: 'failed', touched: true, failure: { class: 'post-hook-failed' } });
    expect(transport.packages.get('openssl')!.version).toBe('2');
    expect(judgeResult(wanted.transaction, 'patch', 'verifying', result)).toMatchObject({ event: 'fail-verification', waits: false });
  });

  it('do not put a host back into service whose transaction failed', async () => {
    const transport = host();
    transport.packages.set('nginx', { version: '1', state: 'installed', held: false, reinstall: false });
    transport.offered.add('nginx=2b');
    transport.broken.add('nginx');
    const result = await run(
      transport,
      plan({ transaction: [{ action: 'upgrade', name: 'nginx', arch: 'amd64', fromVersion: '1', toVersion: '2b' }] }),
    );
    expect(result.failure?.class).toBe('install-failed');
    expect(transport.hookRuns).toEqual(['pre drain planned', 'pre backup planned']);
  });

  it('tell when the undoing fails too: such a host may be out of service, and is counted', async () => {
    const transport = host({ backup: 3, undrain: 1 });
    const wanted = plan();
    const result = await run(transport, wanted);
    expect(result).toMatchObject({ touched: false, failure: { class: 'post-hook-failed' } });
    expect(result.failure?.message).toMatch(/backup ended with code 3[\s\S]*nothing was changed, and post-hook undrain/);
    expect(judgeResult(wanted.transaction, 'patch', 'installing', result)).toMatchObject({ event: 'fail', waits: false });
  });

  it.each([
    ['is gone', (one: SimulatedHost) => void one.hooks.delete('drain')],
    ['may be written by others', (one: SimulatedHost) => void one.hooks.set('drain', { code: 0, mode: '775' })],
    ['is another user’s', (one: SimulatedHost) => void one.hooks.set('drain', { code: 0, owner: '1000' })],
    ['is not executable', (one: SimulatedHost) => void one.hooks.set('drain', { code: 0, mode: '644' })],
  ])('are not run when the file %s', async (_, spoil) => {
    const transport = host();
    spoil(transport);
    const result = await run(transport, plan());
    expect(result).toMatchObject({ touched: false, failure: { class: 'pre-hook-failed', signature: 'pre-hook-failed:drain:refused' } });
    expect(transport.hookRuns.filter(one => one.startsWith('pre'))).toEqual([]);
  });
});

class Killed extends Error {}

/** Kills whoever follows the job around its Nth call, once, and takes it up again from the journal. */
async function killedAt(
  at: number,
  codes: Readonly<Record<string, number>>,
): Promise<{ calls: number; result: JobResult; transport: SimulatedHost }> {
  const transport = host(codes);
  const results: JobResult[] = [];
  const real = await fileJournal(join(folder, `k${++number}`));
  let calls = 0;
  let dead = false;
  const point = () => {
    if (dead) throw new Killed();
    if (++calls === at) {
      dead = true;
      throw new Killed();
    }
  };
  transport.before = point;
  transport.after = point;
  const journal: Journal = {
    ...real,
    async write(entry) {
      point();
      await real.write(entry);
      point();
    },
  };
  const wanted = plan();
  const follow = (promise: Promise<unknown>) =>
    promise.catch(error => {
      if (!(error instanceof Killed) && !dead) throw error;
    });
  await follow(startJob(executor(transport, journal, results), taskOf(wanted)).finished);
  const killed = dead;
  dead = false;
  if (killed) {
    calls = Number.MAX_SAFE_INTEGER / 2;
    const [open] = (await real.list()).filter(entry => entry.acknowledgedAt === null);
    const again =
      open === undefined
        ? startJob(executor(transport, journal, results), taskOf(wanted))
        : resumeJob(executor(transport, journal, results), open);
    if (results.length === 0 || open !== undefined) await follow(again.finished);
  }
  return { calls, result: results.at(-1)!, transport };
}

describe('a crash around hooks', () => {
  it('runs every pre-hook again before the package manager starts, a post-hook again unless its good end was written, and installs once', async () => {
    let points = 0;
    let again = 0;
    for (let at = 1; at < 500; at++) {
      const { calls, result, transport } = await killedAt(at, {});
      points++;
      const where = `killed at ${at}: ${transport.hookRuns.join(', ')}`;
      expect(transport.starts.filter(name => name.endsWith('-apply')).length, where).toBeLessThanOrEqual(1);
      const pre = transport.hookRuns.filter(one => one.startsWith('pre'));
      const post = transport.hookRuns.filter(one => one.startsWith('post'));
      if (result.outcome === 'succeeded') {
        // The last two pre-hooks before the start are the whole list, in order.
        expect(pre.slice(-2), where).toEqual(['pre drain planned', 'pre backup planned']);
        expect(post.at(-1), where).toBe('post undrain verified');
      } else {
        expect(result, where).toMatchObject({ touched: false, failure: { class: 'interrupted' } });
        expect(post, where).toEqual(['post undrain untouched']);
      }
      expect(pre.length, where).toBeLessThanOrEqual(4);
      expect(post.length, where).toBeLessThanOrEqual(2);
      if (pre.length > 2 || post.length > 1) again++;
      if (calls < at) break;
    }
    expect(points).toBeGreaterThan(80);
    expect(again).toBeGreaterThan(5);
  }, 60_000);

  it('never installs after a pre-hook that failed, and always undoes', async () => {
    for (let at = 1; at < 500; at++) {
      const { calls, result, transport } = await killedAt(at, { backup: 2 });
      const where = `killed at ${at}: ${transport.hookRuns.join(', ')}`;
      expect(
        transport.starts.filter(name => name.endsWith('-apply')),
        where,
      ).toEqual([]);
      expect(result, where).toMatchObject({ touched: false, failure: { class: 'pre-hook-failed' } });
      expect(transport.hookRuns.at(-1), where).toBe('post undrain untouched');
      if (calls < at) break;
    }
  }, 60_000);
});

describe('the bounds of a hook, with the tools that Debian has', () => {
  const transport = localTransport();
  const hook = (seconds: number, path: string) =>
    transport.run(boundedArgv(seconds, path), { timeoutMs: 20_000, maxOutputBytes: 1_000_000 });
  it('hand its exit code on', async () => {
    expect((await hook(5, '/bin/true')).code).toBe(0);
    expect((await hook(5, '/bin/false')).code).toBe(1);
  });
  it('end it when its time is over, and keep only the end of what it printed', async () => {
    const began = Date.now();
    const ended = await hook(1, '/usr/bin/yes');
    expect(ended.code).toBe(124);
    expect(ended.stdout.length).toBe(65_536);
    expect(Date.now() - began).toBeLessThan(8_000);
  });
});
