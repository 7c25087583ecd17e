import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectSnapshot } from '../agent/collect.ts';
import { SimulatedHost } from '../agent/test-host.ts';
import { signEnvelope } from '../core/evidence/envelope.ts';
import { systemClock } from '../core/kernel/instants.ts';
import { HOST_PLAN_TYPE, type HostPlan, type JobEvent, type JobResult, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import { TransportFault } from '../plugins/transports/spec.ts';
import type { AgentTask, JobPort, SimulationResult } from '../server/ports.ts';
import type { SshConnections } from './ssh-port.ts';
import { createSshRunner, type SshRunner } from './ssh-runner.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
const HOST = 'host_0000000000000001';
const ENDPOINT = {
  address: 'h',
  port: 22,
  user: 'ops',
  authentication: { kind: 'password', password: '' },
  sudo: 'none',
  hostKeys: [],
} as const;
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'fettle-runner-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A server's side in memory: one host, its tasks, and what came back. */
function world(transport: SimulatedHost) {
  const listeners = new Set<(hostId: string) => void>();
  const seen = {
    collected: 0,
    collectedBeforeResult: 0,
    events: [] as JobEvent[],
    results: [] as JobResult[],
    simulations: [] as SimulationResult[],
    problems: [] as string[],
    tasks: [] as AgentTask[],
    changes: 0,
  };
  const ssh: SshConnections = {
    transport: () => transport,
    collectOver: (over, options) => collectSnapshot({ transport: over, clock: systemClock, ...options }),
    collect: async () => Promise.reject(new Error('not used')),
    scanKey: async () => [],
    close: async () => {},
  };
  const jobs: JobPort = {
    tasksFor: async () => [...seen.tasks],
    recordSimulation: async (_hostId, requestId, answer) => {
      seen.tasks = seen.tasks.filter(t => !(t.kind === 'simulate' && t.request.requestId === requestId));
      seen.simulations.push(answer);
    },
    recordRehearsal: async () => {},
    recordEvents: async (_hostId, _jobId, _attempt, events) => {
      seen.events.push(...events);
      return { cancelRequested: false };
    },
    async requestPermit(hostId, jobId, attempt, phase) {
      const now = Date.now();
      return {
        permit: signEnvelope(
          PERMIT_TYPE,
          {
            permitId: 'pmt_1',
            jobId,
            attempt,
            hostId,
            phase,
            issuedAt: new Date(now).toISOString(),
            expiresAt: new Date(now + 60_000).toISOString(),
          },
          privateKey,
        ) as never,
        refused: null,
      };
    },
    async recordResult(_hostId, _jobId, _attempt, result) {
      seen.tasks = seen.tasks.filter(t => t.kind !== 'job');
      seen.results.push(result);
      seen.collectedBeforeResult = seen.collected;
    },
  };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const runner: SshRunner = createSshRunner({
    ssh,
    jobs,
    log,
    clock: systemClock,
    dataDir,
    installationId: 'ins_1',
    trustedKeys: [spki],
    hosts: {
      sshHosts: async () => [{ hostId: HOST, name: 'h', lastSeenAt: null }],
      sshEndpoint: async () => ENDPOINT,
      requests: { take: () => null },
      storeCollected: async () => seen.collected++,
      noteProblem: (_hostId, text) => void seen.problems.push(text),
      noteSeen: () => {},
    },
    wake: {
      wake: () => {},
      wait: async () => {},
      onWake: listener => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    recordJobChanges: async () => void seen.changes++,
  });
  return {
    seen,
    runner,
    wake: () => {
      for (const listener of listeners) listener(HOST);
    },
  };
}

function job(): Extract<AgentTask, { kind: 'job' }> {
  const now = Date.now();
  const plan: HostPlan = {
    version: 1,
    planId: 'plan_1',
    policyRoot: 1,
    installationId: 'ins_1',
    hostId: HOST,
    sequence: 1,
    jobId: 'job_1',
    attempt: 1,
    rolloutId: 'rol_1',
    rolloutPlanHash: 'x',
    kind: 'patch',
    notBefore: new Date(now - 1000).toISOString(),
    notAfter: new Date(now + 600_000).toISOString(),
    restart: 'never',
    reboot: 'never',
    smokeTests: [],
    transaction: [{ action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '1', toVersion: '2' }],
  };
  return { kind: 'job', jobId: 'job_1', attempt: 1, envelope: signEnvelope(HOST_PLAN_TYPE, plan, privateKey) as never };
}

const host = () => new SimulatedHost({ openssl: '1', dpkg: '1' }, ['openssl=2']);

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (holds()) return;
    await wait(25);
  }
  throw new Error(`waited in vain: ${what}`);
}

describe('hosts by SSH', () => {
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
    expect(transport.starts.filter(name => name.endsWith('apply'))).toHaveLength(1);
    await second.runner.stop();
  });
});
