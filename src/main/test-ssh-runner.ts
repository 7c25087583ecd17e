import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { collectSnapshot } from '../agent/collect.ts';
import { SimulatedHost } from '../agent/test-host.ts';
import { testPlan } from '../agent/test-plan.ts';
import { signEnvelope } from '../core/evidence/envelope.ts';
import { systemClock } from '../core/kernel/instants.ts';
import { HOST_PLAN_TYPE, type JobEvent, type JobResult, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import type { Db } from '../db/db.ts';
import { type Transport, TransportFault } from '../plugins/transports/spec.ts';
import { createSshJournals } from '../server/inventory/ssh-journal.ts';
import { createSshLeases } from '../server/inventory/ssh-leases.ts';
import type { AgentTask, JobPort, PermitAnswer, SimulationResult } from '../server/ports.ts';
import type { SshConnections } from './ssh-port.ts';
import { createSshRunner, type SshRunner } from './ssh-runner.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
export const HOST = 'host_0000000000000001';
const LEASE_SECONDS = 2;
const ENDPOINT = {
  address: 'h',
  port: 22,
  user: 'ops',
  authentication: { kind: 'password', password: '' },
  sudo: 'none',
  hostKeys: [],
} as const;
/** One connection to the host: a reboot ends it, with whatever was under way, until it is made anew. `call`: before each program. */
function connectionTo(host: SimulatedHost, call: () => Promise<void>): Transport {
  let boot: number | null = null;
  const during = async <T>(act: () => Promise<T>): Promise<T> => {
    await call();
    boot ??= host.boots;
    if (host.boots !== boot) host.unreachable();
    const done = await act();
    if (host.boots !== boot) throw new TransportFault('unreachable', 'the connection ended', '');
    return done;
  };
  return {
    reach: host.reach,
    canBeRoot: host.canBeRoot,
    async connect() {
      await host.connect();
      boot ??= host.boots;
    },
    run: (argv, options) => during(() => host.run(argv, options)),
    readFile: path => during(() => host.readFile(path)),
    async close() {
      boot = null;
    },
  };
}

/** A server's side in memory: one host, its tasks, and what came back. */
export function world(db: Db, transport: SimulatedHost, holder = 'a server') {
  const listeners = new Set<(hostId: string) => void>();
  const seen = {
    collected: 0,
    collectedBeforeResult: 0,
    events: [] as JobEvent[],
    results: [] as JobResult[],
    simulations: [] as SimulationResult[],
    problems: [] as string[],
    tasks: [] as AgentTask[],
    requests: [] as { refresh: boolean }[],
    changes: 0,
    permits: [] as string[],
    lines: [] as string[],
    /** The number of the connection of each program that was run, and the boot. */
    calls: [] as { connection: number; boot: number }[],
    /** Waited for before each program. */
    slowness: async () => {},
    refused: (_jobId: string, _phase: string) => null as PermitAnswer['refused'],
  };
  let connections = 0;
  const ssh: SshConnections = {
    transport: () => {
      const connection = connections++;
      return connectionTo(transport, async () => {
        seen.calls.push({ connection, boot: transport.boots });
        await seen.slowness();
      });
    },
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
    async requestPermit(hostId, jobId, attempt, phase, sharesReboot) {
      const refused = seen.refused(jobId, phase);
      // Only who can wait with its reboot may be asked to.
      if (refused !== null && (phase === 'apply' || sharesReboot === true)) return { permit: null, refused };
      seen.permits.push(`${jobId} ${phase}`);
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
    async recordResult(_hostId, jobId, _attempt, result) {
      seen.tasks = seen.tasks.filter(t => t.kind !== 'job' || t.jobId !== jobId);
      seen.results.push(result);
      seen.collectedBeforeResult = seen.collected;
    },
  };
  const log = { info: (_about: object, text?: string) => void seen.lines.push(String(text)), warn: () => {}, error: () => {} };
  const runner: SshRunner = createSshRunner({
    ssh,
    jobs,
    log,
    clock: systemClock,
    leases: createSshLeases(db, holder, log, LEASE_SECONDS),
    journals: createSshJournals(db),
    installationId: 'ins_1',
    trustedKeys: [spki],
    hosts: {
      sshHosts: async () => [{ hostId: HOST, name: 'h', lastSeenAt: null }],
      sshEndpoint: async () => ENDPOINT,
      requests: { take: () => seen.requests.shift() ?? null },
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

export function job(given: Parameters<typeof testPlan>[1] = {}): Extract<AgentTask, { kind: 'job' }> {
  const plan = testPlan(HOST, given);
  return { kind: 'job', jobId: plan.jobId, attempt: 1, envelope: signEnvelope(HOST_PLAN_TYPE, plan, privateKey) as never };
}

export const host = () => new SimulatedHost({ openssl: '1', dpkg: '1' }, ['openssl=2']);

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
    if (holds()) return;
    await wait(25);
  }
  throw new Error(`waited in vain: ${what}`);
}
