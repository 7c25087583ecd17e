import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/kernel/instants.ts';
import { apt } from '../plugins/package-managers/apt/apt.ts';
import { enrol } from './enrol.ts';
import { runResident } from './resident.ts';
import { serverClient } from './server-client.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';
import { SimulatedHost } from './test-host.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
let folder: string;
let state: StateFolder;
beforeEach(async () => {
  server = await startTestServer({ holdMs: 50 });
  folder = mkdtempSync(join(tmpdir(), 'fettle-agent-'));
  state = await openStateFolder(join(folder, 'state'));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const host = () => new SimulatedHost({ openssl: '1', libssl3: '1' }, ['openssl=2', 'libssl3=2']);
const upgrade = (name: string) => ({ action: 'upgrade' as const, name, arch: 'amd64', fromVersion: '1', toVersion: '2' });
const join_ = (token = 'once', url = server.url) => enrol(state, { serverUrl: url, token, agentVersion: 'test' }, systemClock);

async function start(transport: SimulatedHost) {
  const stopping = new AbortController();
  const identity = (await state.identity())!;
  const lines: string[] = [];
  const client = serverClient(identity.serverUrl, `${identity.hostId}.${identity.secret}`);
  const ended = runResident({
    identity,
    state,
    transport,
    client,
    manager: apt('amd64'),
    clock: systemClock,
    readChangelog: () => [],
    agentVersion: 'test',
    signal: stopping.signal,
    log: text => lines.push(text),
  }).finally(() => client.close());
  return {
    lines,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (holds()) return;
    await wait(25);
  }
  throw new Error(`waited in vain: ${what}`);
}

describe('enrolment', () => {
  it('pins the keys that may sign plans, for root alone', async () => {
    server.tokens.add('once');
    const { identity, fresh } = await join_();
    expect(fresh).toBe(true);
    expect(identity).toMatchObject({ serverUrl: server.url, trustedKeys: server.trustedKeys });
    expect(await state.identity()).toEqual(identity);
    expect(statSync(join(state.path, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(statSync(state.path).mode & 0o777).toBe(0o700);
  });
  it('does no harm when it is done twice, and begins anew when the server has forgotten the host', async () => {
    server.tokens.add('once');
    const first = await join_();
    expect(await join_('used up')).toEqual({ identity: first.identity, fresh: false });
    const other = await startTestServer();
    other.tokens.add('another');
    expect((await join_('another', other.url)).fresh).toBe(true);
    await other.close();
  });
  it('says what is wrong with a token and an address', async () => {
    await expect(join_('guessed')).rejects.toMatchObject({ code: 'token-refused', advice: expect.stringContaining('make a new one') });
    await expect(join_('x', 'ftp://x')).rejects.toMatchObject({ code: 'bad-url' });
    await expect(join_('x', 'http://127.0.0.1:1')).rejects.toMatchObject({ code: 'server-unreachable' });
    expect(await state.identity()).toBeNull();
  });
});

describe('the resident agent', () => {
  beforeEach(async () => {
    server.tokens.add('once');
    await join_();
  });
  it('sends its inventory whole once, and then only what changed', async () => {
    const transport = host();
    const agent = await start(transport);
    await until('the first report', () => server.reports.length === 1);
    expect(server.reports[0]).toMatchObject({
      packages: [
        ['openssl', 'amd64', '1', 'openssl', '1', 'installed', 0, '-'],
        ['libssl3', 'amd64', '1', 'libssl3', '1', 'installed', 0, '-'],
      ],
    });
    transport.packages.get('openssl')!.held = true;
    server.tasks.push({ kind: 'report', refresh: false });
    await until('the second report', () => server.reports.length === 2);
    expect(Object.keys(server.reports[1]!).sort()).toEqual(['digests', 'observedAt', 'packages']);
    await until(
      'a check-in that names what was acknowledged',
      () => JSON.stringify((server.checkIns.at(-1) as { digests: unknown }).digests) === JSON.stringify(server.reports[1]!.digests),
    );
    await agent.stop();
  });
  it('answers a simulation', async () => {
    server.tasks.push({
      kind: 'simulate',
      request: { requestId: 'sim_1', changes: [{ name: 'openssl', arch: 'amd64', version: '2' }], allowDowngrade: false },
    });
    server.tasks.push({
      kind: 'simulate',
      request: { requestId: 'sim_2', changes: [{ name: 'openssl', arch: 'amd64', version: '9' }], allowDowngrade: false },
    });
    const agent = await start(host());
    await until('two answers', () => server.simulations.size === 2);
    expect(server.simulations.get('sim_1')).toMatchObject({ ok: true, transaction: [upgrade('openssl')], problem: null });
    expect(server.simulations.get('sim_2')).toMatchObject({ ok: false, transaction: [], problem: expect.stringContaining("Version '9'") });
    await agent.stop();
  });
  it('carries out a signed plan and reports what it observes, events in order', async () => {
    const transport = host();
    const agent = await start(transport);
    server.offer({ transaction: [upgrade('openssl'), upgrade('libssl3')] });
    await until('the result', () => server.results.length === 1);
    expect(server.results[0]).toMatchObject({
      outcome: 'succeeded',
      touched: true,
      after: [
        { name: 'openssl', version: '2', state: 'installed' },
        { name: 'libssl3', version: '2', state: 'installed' },
      ],
    });
    const started = server.events.filter(e => e.kind === 'phase-started').map(e => e.phase);
    expect(started).toEqual(['precheck', 'simulate', 'download', 'awaiting-permit', 'apply', 'restart', 'verify']);
    const numbers = server.events.map(e => e.sequence);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    await agent.stop();
  });
  it('tells what it has before it tells the result, so that a plan made a second later is right', async () => {
    const agent = await start(host());
    await until('the first report', () => server.reports.length === 1);
    const seenAtResult: unknown[] = [];
    const { push } = server.results;
    server.results.push = function (...results) {
      seenAtResult.push(server.reports.at(-1)?.packages, server.reports.length);
      return push.apply(this, results);
    };
    server.offer({ transaction: [upgrade('openssl')] });
    await until('the result', () => server.results.length === 1);
    await agent.stop();
    expect(seenAtResult).toEqual([expect.arrayContaining([['openssl', 'amd64', '2', 'openssl', '2', 'installed', 0, '-']]), 2]);
    expect(String(server.reports[1]!.observedAt) >= server.results[0]!.finishedAt).toBe(true);
    expect(server.reports).toHaveLength(2);
  });
  it('stops before it changes anything when it is told so', async () => {
    const transport = host();
    server.permits = () => ({ code: 'ring-waits', text: 'the ring waits', retryAfterSeconds: 1, final: false });
    const agent = await start(transport);
    const plan = server.offer({ transaction: [upgrade('openssl')] });
    await until('it waits', () => server.events.some(e => e.phase === 'awaiting-permit'));
    server.tasks.push({ kind: 'cancel', jobId: plan.jobId, attempt: 1 });
    await until('the result', () => server.results.length === 1);
    expect(server.results[0]).toMatchObject({ outcome: 'cancelled', touched: false });
    expect(transport.starts).toEqual([]);
    await agent.stop();
  });
  it('waits with its reboot while it works on another job, and both are proven by one boot', async () => {
    const transport = host();
    let boots = 0;
    transport.after = argv => {
      if (argv[0] === 'systemd-run') transport.rebootFlag = true;
      if (argv.includes('reboot')) boots++;
    };
    const second = () => server.results.some(one => one.jobId === plans[1]?.jobId);
    const shared = { code: 'reboot-shared', text: 'one reboot serves both', retryAfterSeconds: 0.5, final: false };
    const plans: { jobId: string }[] = [];
    server.permits = (phase, jobId) => (phase === 'reboot' && jobId === plans[0]?.jobId && !second() ? shared : null);
    const agent = await start(transport);
    plans.push(server.offer({ transaction: [upgrade('openssl')], reboot: 'if-needed' }));
    await until('the first waits for its reboot', () => server.events.some(e => e.text.includes('one reboot serves both')));
    plans.push(server.offer({ transaction: [upgrade('libssl3')], reboot: 'always' }));
    await until('both results', () => server.results.length === 2);
    expect(server.results.map(one => [one.jobId, one.outcome, one.rebooted])).toEqual([
      [plans[1]!.jobId, 'succeeded', true],
      [plans[0]!.jobId, 'succeeded', true],
    ]);
    expect(boots).toBe(1);
    await agent.stop();
  });
  it('does not reboot over packages that the other job has left half done', async () => {
    const transport = host();
    let boots = 0;
    transport.after = argv => {
      if (argv[0] === 'systemd-run') transport.rebootFlag = true;
      if (argv.includes('reboot')) boots++;
    };
    transport.broken.add('libssl3');
    transport.offered.add('libssl3=2b');
    const second = () => server.results.some(one => one.jobId === plans[1]?.jobId);
    const shared = { code: 'reboot-shared', text: 'one reboot serves both', retryAfterSeconds: 0.5, final: false };
    const plans: { jobId: string }[] = [];
    server.permits = (phase, jobId) => (phase === 'reboot' && jobId === plans[0]?.jobId && !second() ? shared : null);
    const agent = await start(transport);
    plans.push(server.offer({ transaction: [upgrade('openssl')], reboot: 'if-needed' }));
    await until('the first waits for its reboot', () => server.events.some(e => e.text.includes('one reboot serves both')));
    plans.push(server.offer({ transaction: [{ ...upgrade('libssl3'), toVersion: '2b' }], reboot: 'if-needed' }));
    await until('both results', () => server.results.length === 2);
    expect(server.results[0]).toMatchObject({ jobId: plans[1]!.jobId, outcome: 'failed' });
    expect(server.results[1]).toMatchObject({ jobId: plans[0]!.jobId, touched: true, failure: { class: 'package-database-broken' } });
    expect(boots).toBe(0);
    await agent.stop();
  });
  it('keeps its result until the server is back, also over its own restart', async () => {
    const transport = host();
    transport.after = argv => {
      if (argv[0] === 'systemd-run') server.broken = 503;
    };
    const agent = await start(transport);
    server.offer({ transaction: [upgrade('openssl')] });
    await until('it installs', () => transport.starts.length === 1);
    await wait(300);
    await agent.stop();
    expect(server.results).toEqual([]);
    server.broken = null;
    const again = await start(transport);
    await until('the result', () => server.results.length === 1);
    expect(server.results[0]).toMatchObject({ outcome: 'succeeded', touched: true });
    expect(transport.starts.length).toBe(1);
    await again.stop();
  });
  it('does not guess what a verb of tomorrow means', async () => {
    const agent = await start(host());
    server.tasks.push({ kind: 'run-script', script: 'id' });
    await until('it says so', () => agent.lines.some(line => line.includes('unknown task run-script')));
    await agent.stop();
  });
});
