import { appendFileSync } from 'node:fs';
import { collectSnapshot } from '../agent/collect.ts';
import { SimulatedHost } from '../agent/test-host.ts';
import type { Envelope } from '../core/evidence/envelope.ts';
import { systemClock } from '../core/kernel/instants.ts';
import type { Permit } from '../core/rollouts/host-plan.ts';
import { openDb } from '../db/pool.ts';
import { createSshJournals } from '../server/inventory/ssh-journal.ts';
import { createSshLeases } from '../server/inventory/ssh-leases.ts';
import type { AgentTask, JobPort } from '../server/ports.ts';
import { createSshRunner } from './ssh-runner.ts';

/** What a test tells a server process that runs nothing but the SSH runner; see ssh-replicas.test.ts. */
export interface SshReplicaOrder {
  readonly url: string;
  readonly name: string;
  readonly hostId: string;
  readonly task: Extract<AgentTask, { kind: 'job' }>;
  readonly permit: { readonly permit: Envelope; readonly refused: null };
  readonly trustedKey: string;
  /** Each program that is run on the host: `NAME PROGRAM...`, a line each; both processes write to it. */
  readonly callsFile: string;
  /** How long one program takes, so that the other process has its chance in the middle. */
  readonly programMs: number;
  readonly leaseSeconds: number;
  /** The process is killed the moment it runs this program. */
  readonly dieAt: string | null;
}

/** Run as a program: serves one host until it is killed. The result is stored where the other process sees it, as the rollout engine does. */
if (process.argv[2] !== undefined) {
  const order = JSON.parse(process.argv[2]) as SshReplicaOrder;
  const db = openDb(order.url);
  const host = new SimulatedHost({ openssl: '1', dpkg: '1' }, ['openssl=2']);
  host.before = argv => appendFileSync(order.callsFile, `${order.name} ${argv.join(' ').replaceAll('\n', ' ')}\n`);
  host.after = argv => {
    if (argv[0] === order.dieAt) process.kill(process.pid, 'SIGKILL');
  };
  const run = host.run.bind(host);
  host.run = async (argv, options) => {
    await new Promise(resolve => setTimeout(resolve, order.programMs));
    return run(argv, options);
  };
  const log = { info: () => {}, warn: () => {}, error: (fields: object, text: string) => console.error(text, fields) };
  const isDone = async () => (await db.query('select from test_result')).length > 0;
  const jobs: JobPort = {
    tasksFor: async () => ((await isDone()) ? [] : [order.task]),
    recordSimulation: async () => {},
    recordRehearsal: async () => {},
    recordEvents: async () => ({ cancelRequested: false }),
    requestPermit: async (_hostId, _jobId, _attempt, _phase: Permit['phase']) => order.permit as never,
    recordResult: async (_hostId, _jobId, _attempt, result) => {
      await db.query('insert into test_result (server, result) values ($1, $2)', [order.name, JSON.stringify(result)]);
    },
  };
  const runner = createSshRunner({
    ssh: {
      transport: () => host,
      collectOver: (over, options) => collectSnapshot({ transport: over, clock: systemClock, ...options }),
      collect: async () => Promise.reject(new Error('not used')),
      scanKey: async () => [],
      close: async () => {},
    },
    jobs,
    log,
    clock: systemClock,
    leases: createSshLeases(db, order.name, log, order.leaseSeconds),
    journals: createSshJournals(db),
    installationId: 'ins_1',
    trustedKeys: [order.trustedKey],
    hosts: {
      sshHosts: async () => [{ hostId: order.hostId, name: 'h', lastSeenAt: null }],
      sshEndpoint: async () =>
        ({ address: 'h', port: 22, user: 'ops', authentication: { kind: 'password', password: '' }, sudo: 'none', hostKeys: [] }) as const,
      requests: { take: () => null },
      storeCollected: async () => {},
      noteProblem: () => {},
      noteSeen: () => {},
    },
    // A hint a second stands for the notices of a real server.
    wake: {
      wake: () => {},
      wait: async () => {},
      onWake: listener => {
        const timer = setInterval(() => listener(order.hostId), 500);
        return () => clearInterval(timer);
      },
    },
    recordJobChanges: async () => {},
  });
  await runner.start();
  process.stdout.write('ready\n');
}
