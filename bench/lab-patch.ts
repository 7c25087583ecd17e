import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fleet, gateway, must, on, until, version, whyNoLab } from '../e2e/harness/fleet.ts';
import { Person, startServer, tokenOf } from '../e2e/harness/server.ts';

/**
 * One small package (tzdata) on N lab hosts: plain parallel ssh + apt-get, Ansible (forks = N) when it is installed, and a Fettle rollout
 * (one ring, all hosts at once, rehearsal and approval outside the timed part), interleaved, in one run. All hosts share this machine's
 * cores, so the floor is dpkg's own CPU time: read the difference to plain ssh, not the absolute figure. Needs root and the lab.
 */
const N = Number(process.env.FETTLE_BENCH_HOSTS ?? 20);
const ROUNDS = Number(process.env.FETTLE_BENCH_ROUNDS ?? 2);
const PACKAGE = 'tzdata';
const exec = promisify(execFile);

const reason = whyNoLab();
if (reason !== null) {
  console.log(`skipped: ${reason}`);
  process.exit(0);
}
const hosts = Array.from({ length: N }, (_, i) => `h${String(i + 1).padStart(2, '0')}`);
const all = <T>(work: (host: string) => Promise<T>) => Promise.all(hosts.map(work));

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

await fleet('up', String(N), 'debian12');
await all(host => must(host, 'apt-get', '-q', 'update'));
const madison = (await must('h01', 'apt-cache', 'madison', PACKAGE))
  .trim()
  .split('\n')
  .map(line => line.split('|')[1]!.trim());
const [target, old] = [madison[0]!, madison.at(-1)!];
const apt = ['apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=60', 'install'];
const back = () =>
  all(host =>
    must(host, 'env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_SUSPEND=1', ...apt, '--allow-downgrades', `${PACKAGE}=${old}`),
  );
await back();

const dataDir = mkdtempSync(path.join(tmpdir(), 'fettle-bench-'));
const server = await startServer({ dataDir, port: 7390, host: gateway });
const times: Record<string, number[]> = { ssh: [], ansible: [], fettle: [] };
try {
  const ada = new Person(server.url);
  await ada.client.setupAdministrator({
    body: { token: tokenOf(server.link()!), login: 'ada', name: 'Ada', password: 'a long enough password' },
  });
  const made = await ada.client.enrolmentCreate({ body: { uses: N } });
  console.log(`enrolling ${N} agents: ${(await timed(() => all(host => must(host, 'sh', '-c', made.command)))).toFixed(1)} s`);
  await until(
    'all inventories',
    300_000,
    async () =>
      (await ada.client.hostList({ query: { query: 'reach = agent', pageSize: 500 } })).items.filter(h => h.packages > 0).length === N,
  );
  const hasAnsible = (() => {
    try {
      execFileSync('ansible', ['--version']);
      return true;
    } catch {
      return false;
    }
  })();
  const inventory = path.join(dataDir, 'hosts');
  writeFileSync(inventory, await fleet('inventory'));
  for (let round = 1; round <= ROUNDS; round += 1) {
    times.ssh!.push(
      await timed(() =>
        all(host => must(host, 'env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_SUSPEND=1', ...apt, `${PACKAGE}=${target}`)),
      ),
    );
    await check(target);
    await back();
    if (hasAnsible) {
      times.ansible!.push(
        await timed(() =>
          exec('ansible', ['all', '-i', inventory, '-f', String(N), '-m', 'apt', '-a', `name=${PACKAGE}=${target} state=present`], {
            env: { ...process.env, ANSIBLE_HOST_KEY_CHECKING: 'False', ANSIBLE_PIPELINING: 'True' },
            maxBuffer: 64e6,
          }),
        ),
      );
      await check(target);
      await back();
    }
    for (const host of (await ada.client.hostList({ query: { query: 'reach = agent', pageSize: 500 } })).items)
      await ada.client.hostRefresh({ params: { id: host.id } });
    const patch = await until('the patch on every host', 120_000, async () =>
      (await ada.client.patchList({ query: { search: PACKAGE, pageSize: 100 } })).items.find(p => p.sourceName === PACKAGE && p.hosts >= N),
    );
    const drafted = await ada.client.rolloutCreate({
      body: {
        name: `bench ${round}`,
        patchIds: [patch.id],
        selector: { query: 'reach = agent' },
        rings: [{ name: 'all', percent: 100, soakMinutes: 0, concurrency: N }],
      },
    });
    const id = drafted.rollout.id;
    const act = (verb: 'submit' | 'request-approval' | 'approve' | 'start', planHash?: string) =>
      ada.client.rolloutAct({ params: { id }, body: { verb, planHash } });
    const reach = (state: string) =>
      until(state, 600_000, async () => {
        const now = await ada.client.rolloutGet({ params: { id } });
        return now.rollout.state === state ? now : null;
      });
    const rehearsal = await timed(async () => {
      await act('submit');
      await reach('planned');
    });
    await act('request-approval');
    await act('approve', (await ada.client.rolloutGet({ params: { id } })).rollout.planHash!);
    times.fettle!.push(
      await timed(async () => {
        await act('start').catch(() => undefined);
        await reach('completed');
      }),
    );
    console.log(
      `round ${round}: ssh ${times.ssh!.at(-1)!.toFixed(1)} s, ansible ${times.ansible!.at(-1)?.toFixed(1) ?? 'not installed'} s, fettle ${times.fettle!.at(-1)!.toFixed(1)} s (rehearsal before approval ${rehearsal.toFixed(1)} s)`,
    );
    await check(target);
    await back();
  }
  const median = (list: number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
  console.log(
    `${N} hosts, ${PACKAGE} ${old} -> ${target}, median of ${ROUNDS}: plain ssh ${median(times.ssh!).toFixed(1)} s, ansible ${median(times.ansible!).toFixed(1)} s, fettle ${median(times.fettle!).toFixed(1)} s (download, permit, apply, restarts, verification and proof included); fettle / ssh = ${(median(times.fettle!) / median(times.ssh!)).toFixed(2)}`,
  );
  const agent = await on(
    'h01',
    'sh',
    '-c',
    'p=$(systemctl show -p MainPID --value fettle-agent); cat /proc/$p/smaps_rollup; cat /proc/$p/status',
  );
  console.log(`idle agent on h01: ${/^Pss: .*$/m.exec(agent.stdout)?.[0] ?? '?'}, ${/^VmRSS:.*$/m.exec(agent.stdout)?.[0] ?? '?'}`);
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function check(wanted: string): Promise<void> {
  const seen = await all(host => version(host, PACKAGE));
  const wrong = seen.filter(v => v !== wanted).length;
  if (wrong > 0) throw new Error(`${wrong} hosts do not have ${PACKAGE} ${wanted}`);
}
