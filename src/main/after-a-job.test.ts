import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrol } from '../agent/enrol.ts';
import { runResident } from '../agent/resident.ts';
import { serverClient } from '../agent/server-client.ts';
import { openStateFolder } from '../agent/state-folder.ts';
import { SimulatedHost } from '../agent/test-host.ts';
import { type Client, createClient } from '../api/client.ts';
import { api } from '../api/index.ts';
import type { CommandResult } from '../core/kernel/commands.ts';
import { systemClock } from '../core/kernel/instants.ts';
import { apt } from '../plugins/package-managers/apt/apt.ts';
import { startServer } from './test-server.ts';

/** Offers version 2 of whatever is at 1, as apt says it. */
class OfferingHost extends SimulatedHost {
  override async run(argv: readonly string[], options: Parameters<SimulatedHost['run']>[1]): Promise<CommandResult> {
    const text = argv.join(' ');
    const older = [...this.packages].filter(([, p]) => p.version === '1').map(([name]) => name);
    const said = (stdout: string): CommandResult => ({ code: 0, signal: null, stdout, stderr: '', timedOut: false, truncated: false });
    if (text.includes(' upgrade --with-new-pkgs'))
      return said(older.map(name => `Inst ${name} [1] (2 Security:12/bookworm-security [amd64])\n`).join(''));
    if (argv[1] === 'indextargets')
      return said(
        'Created-By: Packages\nSite: http://m\nRelease: bookworm-security\nSuite: bookworm-security\nCodename: bookworm-security\nLabel: Debian-Security\nOrigin: Debian\nVersion: 12\nComponent: main\nArchitecture: amd64\nFilename: /x\n',
      );
    if (argv[0] === 'apt-cache' && argv.includes('policy'))
      return said(
        older
          .map(
            name =>
              `${name}:\n  Installed: 1\n  Candidate: 2\n  Version table:\n     2 500\n        500 http://m bookworm-security/main amd64 Packages\n *** 1 100\n        100 /var/lib/dpkg/status\n`,
          )
          .join(''),
      );
    return super.run(argv, options);
  }
}

const base = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'fettle-after-')));
const server = startServer(path.join(base, 'data'), { FETTLE_FETCH_FEEDS: 'no' });
const stopping = new AbortController();
const host = new OfferingHost({ openssl: '1', dpkg: '9' }, ['openssl=2']);
let ada: Client;
let hostId = '';
let ended: Promise<void> = Promise.resolve();

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

beforeAll(async () => {
  const { url } = await server.ready();
  let cookie = '';
  ada = createClient(api, {
    baseUrl: url,
    headers: () => ({ cookie, origin: url }),
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
      return answer;
    },
  });
  const token = /setup#token=([\w-]+)/.exec(server.output())![1]!;
  await ada.setupAdministrator({ body: { token, login: 'ada', name: 'Ada', password: 'a long enough password' } });
  const made = await ada.enrolmentCreate({ body: {} });
  const state = await openStateFolder(path.join(base, 'agent'));
  const { identity } = await enrol(
    state,
    { serverUrl: url, token: /--token[= ](\S+)/.exec(made.command)?.[1] ?? made.token, agentVersion: 'test' },
    systemClock,
  );
  hostId = identity.hostId;
  const client = serverClient(url, `${identity.hostId}.${identity.secret}`);
  ended = runResident({
    identity,
    state,
    client,
    transport: host,
    manager: apt('amd64'),
    clock: systemClock,
    readChangelog: () => [],
    agentVersion: 'test',
    signal: stopping.signal,
    log: () => {},
  }).finally(() => client.close());
}, 90_000);

afterAll(async () => {
  stopping.abort();
  await ended;
  server.child.kill('SIGINT');
  await server.ended;
  rmSync(base, { recursive: true, force: true });
});

const patches = async () => (await ada.patchList({ query: { host: hostId, pageSize: 100 } })).items;

/** Drafted, rehearsed, approved, started, and followed to its end. */
async function carryOut(id: string): Promise<void> {
  const state = async () => (await ada.rolloutGet({ params: { id } })).rollout;
  const reached = (wanted: string) =>
    until(`${wanted}`, async () => {
      const now = await state();
      if (now.state === 'paused') throw new Error(now.stateReason ?? 'paused');
      return now.state === wanted;
    });
  await ada.rolloutAct({ params: { id }, body: { verb: 'submit' } });
  await reached('planned');
  await ada.rolloutAct({ params: { id }, body: { verb: 'request-approval' } });
  await ada.rolloutAct({ params: { id }, body: { verb: 'approve', planHash: (await state()).planHash! } });
  if ((await state()).state === 'scheduled') await ada.rolloutAct({ params: { id }, body: { verb: 'start' } }).catch(() => undefined);
  await reached('completed');
}

describe('the moment a job is done', () => {
  it('the inventory and the queue are true, so that the next plan is right: patch, roll back, patch again', async () => {
    const [patch] = await until('the patch', async () => ((await patches()).length === 1 ? await patches() : null));
    for (const turn of ['first', 'second']) {
      const drafted = await ada.rolloutCreate({
        body: {
          name: `openssl, ${turn}`,
          patchIds: [patch!.id],
          selector: { hostIds: [hostId] },
          rings: [{ name: 'all', percent: 100, soakMinutes: 0 }],
          // The simulated host has no file systems to make a copy of.
          rehearse: 'none',
        },
      });
      await carryOut(drafted.rollout.id);
      // Not a moment later: these are the first requests after the one that said "completed".
      expect(await patches(), turn).toEqual([]);
      const { items } = await ada.hostPackages({ params: { id: hostId }, query: { pageSize: 100 } });
      expect(items.find(p => p.name === 'openssl')?.version).toBe('2');
      const [proof] = (await ada.hostProof({ params: { id: hostId } })).items;
      expect(proof!.observedNow).toEqual([expect.objectContaining({ name: 'openssl', version: '2' })]);

      const rollback = await ada.rolloutRollback({ params: { id: drafted.rollout.id }, body: { reason: turn } });
      await carryOut(rollback.rollout.id);
      expect((await patches()).map(p => p.id)).toEqual([patch!.id]);
      expect(host.packages.get('openssl')!.version).toBe('1');
    }
  }, 120_000);
});
