import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { signEnvelope } from '../core/evidence/envelope.ts';
import { HOST_PLAN_TYPE, type HostPlan, type JobResult, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import { apt } from '../plugins/package-managers/apt/apt.ts';
import { type Executor, type JobHandle, resumeJob, startJob } from './execute.ts';
import type { Gateway } from './gateway.ts';
import { fileJournal, type Journal } from './journal.ts';
import { SimulatedHost } from './test-host.ts';
import { testPlan } from './test-plan.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
const HOST = 'host_0000000000000001';
const folder = mkdtempSync(join(tmpdir(), 'fettle-execute-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const clock = { now: () => new Date().toISOString() };
const FAST = {
  lockWaitSeconds: 0,
  repositoryPauseSeconds: 0,
  settleSeconds: 0,
  smokeTestSeconds: 0,
  heartbeatSeconds: 3600,
  rebootPollMs: 0,
  reconnectPausesMs: [0],
};
let number = 0;

function plan(given: Partial<HostPlan> = {}): HostPlan {
  number++;
  return testPlan(HOST, {
    planId: `plan_${number}`,
    jobId: `job_${number}`,
    restart: 'affected-services',
    transaction: [
      { action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '1', toVersion: '2' },
      { action: 'upgrade', name: 'libssl3', arch: 'amd64', fromVersion: '1', toVersion: '2' },
    ],
    ...given,
  });
}

const host = () => {
  const made = new SimulatedHost({ openssl: '1', libssl3: '1', nginx: '1' }, ['openssl=2', 'libssl3=2', 'nginx=2b']);
  made.services.set('nginx.service', 'active');
  made.restartable.set('nginx.service', 'libssl3');
  return made;
};

function gateway(results: JobResult[], options: { refuse?: string } = {}): Gateway {
  return {
    events: async () => ({ cancelRequested: false }),
    async permit(jobId, attempt, phase) {
      if (options.refuse)
        return { permit: null, refused: { code: options.refuse, text: options.refuse, retryAfterSeconds: 1, final: true } };
      const now = Date.now();
      return {
        permit: signEnvelope(
          PERMIT_TYPE,
          {
            permitId: 'pmt_1',
            jobId,
            attempt,
            hostId: HOST,
            phase,
            issuedAt: new Date(now).toISOString(),
            expiresAt: new Date(now + 60_000).toISOString(),
          },
          privateKey,
        ),
        refused: null,
      };
    },
    async result(_jobId, _attempt, result) {
      results.push(result);
    },
  };
}

async function executor(
  transport: SimulatedHost,
  journal: Journal,
  results: JobResult[],
  options: { refuse?: string; signal?: AbortSignal } = {},
): Promise<Executor> {
  return {
    transport,
    journal,
    clock,
    gateway: gateway(results, options),
    manager: async () => apt('amd64'),
    trust: { hostId: HOST, installationId: 'ins_1', trustedKeys: [spki] },
    settings: FAST,
    signal: options.signal ?? new AbortController().signal,
  };
}

async function run(transport: SimulatedHost, wanted: HostPlan, options: { refuse?: string } = {}) {
  const results: JobResult[] = [];
  const journal = await fileJournal(join(folder, `j${++number}`));
  const ended = await startJob(await executor(transport, journal, results, options), {
    jobId: wanted.jobId,
    attempt: wanted.attempt,
    envelope: signEnvelope(HOST_PLAN_TYPE, wanted, privateKey),
  }).finished;
  return { result: ended!.result, results, journal };
}

describe('one plan on one host', () => {
  it('installs the exact set, restarts what runs the old files, and says what it found', async () => {
    const transport = host();
    const { result, results, journal } = await run(transport, plan());
    expect(result).toMatchObject({
      outcome: 'succeeded',
      failure: null,
      touched: true,
      restartedUnits: ['nginx.service'],
      rebooted: false,
      healed: [],
    });
    expect(result.before).toEqual([
      { name: 'openssl', arch: 'amd64', version: '1' },
      { name: 'libssl3', arch: 'amd64', version: '1' },
    ]);
    expect(result.after.map(a => [a.name, a.version, a.state])).toEqual([
      ['openssl', '2', 'installed'],
      ['libssl3', '2', 'installed'],
    ]);
    expect(results).toEqual([result]);
    expect((await journal.list())[0]).toMatchObject({ state: 'finished', result });
  });
  it('answers a second offer from its journal and starts nothing', async () => {
    const transport = host();
    const wanted = plan();
    const { result, results, journal } = await run(transport, wanted);
    const starts = transport.starts.length;
    const again = await startJob(await executor(transport, journal, results), {
      jobId: wanted.jobId,
      attempt: 1,
      envelope: signEnvelope(HOST_PLAN_TYPE, wanted, privateKey),
    }).finished;
    expect(again?.result).toEqual(result);
    expect(transport.starts.length).toBe(starts);
  });
  it('is content with a host that has it already', async () => {
    const transport = host();
    for (const name of ['openssl', 'libssl3']) transport.packages.get(name)!.version = '2';
    expect((await run(transport, plan())).result).toMatchObject({ outcome: 'already-compliant', touched: false });
    expect(transport.starts).toEqual([]);
  });
  const untouched: [what: string, prepare: (transport: SimulatedHost) => void, failureClass: string, wanted?: Partial<HostPlan>][] = [
    ['a held package', t => void (t.packages.get('libssl3')!.held = true), 'held'],
    ['another broken package', t => void (t.packages.get('nginx')!.state = 'half-configured'), 'package-database-broken'],
    ['a mirror that answers 404', t => void (t.repository = 'E: Failed to fetch http://m/x  404  Not Found'), 'repository-unavailable'],
    ['a lock that is not given back', t => void (t.lockedBy = '12 (apt-get)'), 'package-manager-locked'],
    ['a version that is not offered', t => void t.offered.delete('libssl3=2'), 'transaction-differs'],
    ['a host that has moved on', t => void (t.packages.get('libssl3')!.version = '1.5'), 'transaction-differs'],
    ['a plan that ended', () => {}, 'plan-refused', { notAfter: new Date(Date.now() - 1).toISOString() }],
    ['a plan that has not begun', () => {}, 'plan-refused', { notBefore: new Date(Date.now() + 60_000).toISOString() }],
    ['a plan for another host', () => {}, 'plan-refused', { hostId: 'host_2' }],
    ['a plan of another installation', () => {}, 'plan-refused', { installationId: 'ins_2' }],
    ['a plan without a number above the last', () => {}, 'plan-refused', { sequence: 0 }],
  ];
  it.each(untouched)('touches nothing with %s', async (_, prepare, failureClass, wanted) => {
    const transport = host();
    prepare(transport);
    const before = JSON.stringify([...transport.packages]);
    const { result } = await run(transport, plan(wanted));
    expect(result.failure?.class).toBe(failureClass);
    expect(result.touched).toBe(false);
    expect(transport.starts).toEqual([]);
    expect(JSON.stringify([...transport.packages])).toBe(before);
  });
  it('touches nothing without a permit', async () => {
    const transport = host();
    expect((await run(transport, plan(), { refuse: 'window-closed' })).result).toMatchObject({
      failure: { class: 'permit-refused' },
      touched: false,
    });
    expect((await run(transport, plan(), { refuse: 'cancelled' })).result).toMatchObject({ outcome: 'cancelled', touched: false });
    expect(transport.starts).toEqual([]);
  });
  it('believes no key but the pinned one', async () => {
    const other = generateKeyPairSync('ed25519').privateKey;
    const transport = host();
    const wanted = plan();
    const journal = await fileJournal(join(folder, `j${++number}`));
    const ended = await startJob(await executor(transport, journal, []), {
      jobId: wanted.jobId,
      attempt: 1,
      envelope: signEnvelope(HOST_PLAN_TYPE, wanted, other),
    }).finished;
    expect(ended?.result).toMatchObject({ failure: { class: 'plan-refused', signature: 'plan-refused:unknown-key' }, touched: false });
    expect(await journal.list()).toEqual([]);
  });
  it('tells a maintainer script that fails from everything else, after trying to repair', async () => {
    const transport = host();
    transport.broken.add('nginx');
    const { result } = await run(
      transport,
      plan({ transaction: [{ action: 'upgrade', name: 'nginx', arch: 'amd64', fromVersion: '1', toVersion: '2b' }] }),
    );
    expect(result).toMatchObject({
      outcome: 'failed',
      touched: true,
      failure: { class: 'install-failed', signature: 'install-failed:nginx:post-installation:1' },
      healed: ['dpkg --configure -a', 'apt-get -f install'],
    });
    expect(result.after[0]).toMatchObject({ version: '2b', state: 'half-configured' });
  });
  it('blames a unit that fails afterwards', async () => {
    const transport = host();
    transport.after = argv => {
      if (argv[1] === 'try-restart') transport.services.set('nginx.service', 'failed');
    };
    expect((await run(transport, plan())).result).toMatchObject({
      failure: { class: 'service-failed', signature: 'service-failed:nginx.service' },
      touched: true,
    });
  });
  it('reboots by policy, and only then, and sees another boot', async () => {
    const transport = host();
    transport.after = argv => {
      if (argv[0] === 'systemd-run') transport.rebootFlag = true;
    };
    const { result } = await run(transport, plan({ reboot: 'if-needed' }));
    expect(result).toMatchObject({ outcome: 'succeeded', rebooted: true, bootIdBefore: 'boot-1', bootIdAfter: 'boot-2' });
    const calm = host();
    expect((await run(calm, plan({ reboot: 'if-needed' }))).result.rebooted).toBe(false);
  });
});

/** Ends the observer, as kill -9 does: nothing after this point of the run happens. */
class Killed extends Error {}

/** Runs a plan and kills the observer (or the host's power) around its Nth call, then starts anew until there is a result. Checks what must always hold. */
async function crashRun(
  at: number,
  how: 'kill-before' | 'kill-after' | 'power',
  wanted: HostPlan,
): Promise<{ calls: number; result: JobResult; transport: SimulatedHost }> {
  const transport = host();
  const results: JobResult[] = [];
  const real = await fileJournal(join(folder, `crash${++number}`));
  let calls = 0;
  let dead = false;
  const point = (when: 'kill-before' | 'kill-after') => {
    if (dead) throw new Killed();
    if (when === 'kill-before') calls++;
    if (calls !== at) return;
    if (how === when) {
      dead = true;
      throw new Killed();
    }
    if (how === 'power' && when === 'kill-before') {
      transport.losePower();
      transport.unreachable();
    }
  };
  transport.before = () => point('kill-before');
  transport.after = () => point('kill-after');
  const journal: Journal = {
    ...real,
    async write(entry) {
      // The journal lies on the observer's side, which keeps its power.
      if (how === 'power') return real.write(entry);
      point('kill-before');
      await real.write(entry);
      point('kill-after');
    },
  };
  const task = { jobId: wanted.jobId, attempt: wanted.attempt, envelope: signEnvelope(HOST_PLAN_TYPE, wanted, privateKey) };
  const follow = async (make: (executor: Executor) => JobHandle): Promise<void> => {
    await make(await executor(transport, journal, results)).finished.catch(error => {
      if (!(error instanceof Killed) && !dead) throw error;
    });
  };
  await follow(parts => startJob(parts, task));
  if (dead) {
    dead = false;
    calls = Number.MAX_SAFE_INTEGER / 2;
    const open = (await real.list()).filter(entry => entry.acknowledgedAt === null);
    if (open.length > 0) for (const entry of open) await follow(parts => resumeJob(parts, entry));
    else if (results.length === 0) await follow(parts => startJob(parts, task));
  }
  // The result may be sent twice (the acknowledgement was lost), but it is the same.
  expect(results.length).toBeGreaterThanOrEqual(1);
  const result = results.at(-1)!;
  return { calls, result, transport };
}

describe('a crash at every point', () => {
  const cases = (['kill-before', 'kill-after', 'power'] as const).flatMap(how =>
    (['never', 'always'] as const).map(reboot => [how, reboot] as const),
  );
  it.each(cases)(
    '%s, reboot %s: one start, the truth, and a sound host',
    async (how, reboot) => {
      let points = 0;
      for (let at = 1; at < 400; at++) {
        const { result, transport, calls } = await crashRun(at, how, plan({ reboot }));
        points++;
        const where = `${how} at ${at}`;
        const applies = transport.starts.filter(name => name.endsWith('-apply'));
        // I1: never a second start. I5: nothing half done is left without a report.
        expect(applies.length, where).toBeLessThanOrEqual(1);
        expect(
          [...transport.packages.values()].every(p => p.state === 'installed'),
          where,
        ).toBe(true);
        const now = Object.fromEntries([...transport.packages].map(([name, p]) => [name, p.version]));
        // I6, I15: success is what is there, and "not touched" means that nothing was started.
        if (result.outcome === 'succeeded') expect(now, where).toMatchObject({ openssl: '2', libssl3: '2' });
        else expect(result.failure?.class, where).toBe('interrupted');
        if (result.outcome === 'succeeded' && reboot === 'always') expect(transport.bootId, where).not.toBe('boot-1');
        if (!result.touched) expect(applies, where).toEqual([]);
        for (const row of result.after) expect(now[row.name], where).toBe(row.version);
        if (calls < at) break;
      }
      expect(points).toBeGreaterThan(how === 'power' ? 30 : 40);
    },
    120_000,
  );
});
