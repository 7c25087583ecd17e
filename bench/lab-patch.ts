import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, release, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { address, fleet, gateway, keyFile, must, on, until, version, whyNoLab } from '../e2e/harness/fleet.ts';
import { Person, type RunningServer, startServer, tokenOf } from '../e2e/harness/server.ts';
import { JOB_PHASES } from '../src/core/rollouts/host-plan.ts';
import { eventWords } from '../src/core/rollouts/log-words.ts';

/**
 * One small package on N lab hosts, four ways, interleaved: each round runs all of them, begun by another one each time. Plain parallel ssh + apt-get
 * (the floor), Ansible (forks = N, when it is installed), and a Fettle rollout (one ring, all hosts at once, rehearsal and approval outside the timed
 * part) by resident agent and over SSH. All hosts share this machine's cores, so the floor is dpkg's own processor time: read the ratio to
 * plain ssh, not the absolute figure. Processor seconds are the whole machine's, so they hold whatever else ran. Needs root and the lab.
 */
const N = Number(process.env.FETTLE_BENCH_HOSTS ?? 20);
const ROUNDS = Number(process.env.FETTLE_BENCH_ROUNDS ?? 3);
const PACKAGE = process.env.FETTLE_BENCH_PACKAGE ?? 'tzdata';
const exec = promisify(execFile);
const REACHES = ['agent', 'ssh'] as const;
type Reach = (typeof REACHES)[number];

const reason = whyNoLab();
if (reason !== null) {
  console.log(`skipped: ${reason}`);
  process.exit(0);
}
const hosts = Array.from({ length: N }, (_, i) => `h${String(i + 1).padStart(2, '0')}`);
const all = <T>(work: (host: string) => Promise<T>) => Promise.all(hosts.map(work));
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Processor seconds of this machine so far: user, nice, system, interrupts (proc(5): hundredths). */
function busySeconds(): number {
  const [user, nice, system, , , irq, softirq] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))![1]!.split(' ').map(Number);
  return (user! + nice! + system! + irq! + softirq!) / 100;
}

await fleet('up', String(N), 'debian12');
await all(host => must(host, 'apt-get', '-q', 'update'));
const madison = (await must('h01', 'apt-cache', 'madison', PACKAGE))
  .trim()
  .split('\n')
  .map(line => line.split('|')[1]!.trim());
const [target, old] = [madison[0]!, madison.at(-1)!];
const QUIET = [
  'env',
  'DEBIAN_FRONTEND=noninteractive',
  'NEEDRESTART_SUSPEND=1',
  'apt-get',
  '-q',
  '-y',
  '-o',
  'DPkg::Lock::Timeout=60',
  'install',
];
const back = () => all(host => must(host, ...QUIET, '--allow-downgrades', `${PACKAGE}=${old}`));
await back();

const ansibleVersion = (() => {
  try {
    return /core ([\d.]+)/.exec(execFileSync('ansible', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'of unknown version';
  } catch {
    return null;
  }
})();
const sshVersion = (await exec('ssh', ['-V'])).stderr.split(',')[0]!.trim();
console.log(
  `${N} Debian 12 hosts on one machine of ${availableParallelism()} cores (Linux ${release()}, ${sshVersion}, ${ansibleVersion === null ? 'no Ansible' : `ansible-core ${ansibleVersion}`}); ${PACKAGE} ${old} -> ${target}; ${ROUNDS} rounds; load at the start ${loadavg()[0]!.toFixed(1)}`,
);
const dataDir = mkdtempSync(path.join(tmpdir(), 'fettle-bench-'));
const inventory = path.join(dataDir, 'hosts');
writeFileSync(inventory, await fleet('inventory'));
// A server for each reach: one server does not take the same machine twice. The other one is idle.
const servers = new Map<Reach, RunningServer>();
const people = new Map<Reach, Person>();
const times: Record<string, number[]> = {};
const processor: Record<string, number[]> = {};
try {
  for (const [index, reach] of REACHES.entries()) {
    const server = await startServer({
      dataDir: path.join(dataDir, reach),
      port: 7390 + index,
      host: gateway,
      env: { FETTLE_FETCH_FEEDS: 'no' },
    });
    servers.set(reach, server);
    const ada = new Person(server.url);
    people.set(reach, ada);
    await ada.client.setupAdministrator({
      body: { token: tokenOf(server.link()!), login: 'ada', name: 'Ada', password: 'a long enough password' },
    });
    const seconds = await timed(reach === 'agent' ? enrolAgents : enrolSsh);
    console.log(`${N} hosts by ${reach}: ${seconds.toFixed(1)} s to the last inventory`);
    await agents('stop');
  }
  const ways: readonly (readonly [string, (round: number) => Promise<void>])[] = [
    ['ssh', () => measure('ssh', () => all(host => must(host, ...QUIET, `${PACKAGE}=${target}`)))],
    ...(ansibleVersion === null ? [] : [['ansible', () => measure('ansible', ansible)] as const]),
    ...REACHES.map(reach => [`fettle by ${reach}`, (round: number) => rollout(reach, round)] as const),
  ];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const order = ways.map((_, at) => ways[(at + round - 1) % ways.length]!);
    for (const [way, work] of order) {
      await agents(way === 'fettle by agent' ? 'start' : 'stop');
      await work(round);
    }
    const said = order.map(([way]) => `${way} ${times[way]!.at(-1)!.toFixed(1)} s (processor ${processor[way]!.at(-1)!.toFixed(0)} s)`);
    console.log(`round ${round}: ${said.join(', ')}; load ${loadavg()[0]!.toFixed(1)}`);
  }
  for (const [way] of ways) {
    const ratio = (of: string) => `${(median(times[way]!) / median(times[of]!)).toFixed(2)} of ${of === 'ssh' ? 'plain ssh' : of}`;
    const ratios = ['ssh', ...(ansibleVersion === null ? [] : ['ansible'])].filter(of => of !== way).map(ratio);
    console.log(
      `${way}: median ${median(times[way]!).toFixed(1)} s, best ${Math.min(...times[way]!).toFixed(1)} s, processor ${median(processor[way]!).toFixed(0)} s${ratios.length === 0 ? '' : `; ${ratios.join(', ')}`}`,
    );
  }
  for (const reach of REACHES)
    console.log(`rehearsal and plan by ${reach}, before approval: median ${median(times[`rehearsal by ${reach}`]!).toFixed(1)} s`);
  console.log("Fettle's figures include download, permit, apply, restarts, verification, proof and the new inventory.");
  await agents('start');
  await new Promise(resolve => setTimeout(resolve, 20_000));
  const idle = await on(
    'h01',
    'sh',
    '-c',
    'p=$(systemctl show -p MainPID --value fettle-agent); cat /proc/$p/smaps_rollup; cat /proc/$p/status',
  );
  console.log(`idle agent on h01: ${/^Pss: .*$/m.exec(idle.stdout)?.[0] ?? '?'}, ${/^VmRSS:.*$/m.exec(idle.stdout)?.[0] ?? '?'}`);
} finally {
  for (const server of servers.values()) await server.stop();
  await agents('stop').catch(() => undefined);
  rmSync(dataDir, { recursive: true, force: true });
}

function client(reach: Reach): Person['client'] {
  return people.get(reach)!.client;
}

async function enrolAgents(): Promise<void> {
  const made = await client('agent').enrolmentCreate({ body: { uses: N } });
  await all(host => must(host, 'sh', '-c', made.command));
  await inventories('agent');
}

async function enrolSsh(): Promise<void> {
  const { targets } = await client('ssh').hostSshImport({
    body: {
      addresses: hosts.map(host => `ops@${address(host)}`).join('\n'),
      user: 'ops',
      authentication: { kind: 'key', privateKey: readFileSync(keyFile, 'utf8') },
      sudo: 'passwordless',
      labels: {},
    },
  });
  const ids = targets.map(target => target.id);
  await until('host keys', 120_000, async () =>
    (await client('ssh').hostSshTargets({})).targets.filter(t => ids.includes(t.id)).every(t => t.state === 'awaiting-key-confirmation'),
  );
  await client('ssh').hostSshConfirm({ body: { ids } });
  await inventories('ssh');
}

async function listed(reach: Reach) {
  return (await client(reach).hostList({ query: { query: `reach = ${reach}`, pageSize: 500 } })).items;
}

async function inventories(reach: Reach): Promise<void> {
  await until(`the inventories by ${reach}`, 300_000, async () => (await listed(reach)).filter(h => h.packages > 0).length === N);
}

async function agents(verb: 'start' | 'stop'): Promise<void> {
  await all(host => on(host, 'systemctl', verb, 'fettle-agent.service'));
}

async function ansible(): Promise<void> {
  await exec('ansible', ['all', '-i', inventory, '-f', String(N), '-m', 'apt', '-a', `name=${PACKAGE}=${target} state=present`], {
    env: { ...process.env, ANSIBLE_HOST_KEY_CHECKING: 'False', ANSIBLE_PIPELINING: 'True' },
    maxBuffer: 64e6,
  });
}

async function measure(how: string, work: () => Promise<unknown>): Promise<void> {
  const busy = busySeconds();
  (times[how] ??= []).push(await timed(work));
  (processor[how] ??= []).push(busySeconds() - busy);
  const wrong = (await all(host => version(host, PACKAGE))).filter(v => v !== target).length;
  if (wrong > 0) throw new Error(`${how}: ${wrong} hosts do not have ${PACKAGE} ${target}`);
  await back();
}

/** Rehearsed and approved beforehand; timed from the start to the last verified host. */
async function rollout(reach: Reach, round: number): Promise<void> {
  for (const host of await listed(reach)) await client(reach).hostRefresh({ params: { id: host.id } });
  const patch = await until('the patch on every host', 180_000, async () => {
    const { items } = await client(reach).patchList({ query: { search: PACKAGE, pageSize: 100 } });
    for (const item of items.filter(p => p.sourceName === PACKAGE)) {
      const { items: affected } = await client(reach).patchHosts({ params: { id: item.id }, query: { pageSize: 500 } });
      const names = new Set((await listed(reach)).map(host => host.id));
      if (affected.filter(host => names.has(host.hostId)).length === N) return item;
    }
    return null;
  });
  const drafted = await client(reach).rolloutCreate({
    body: {
      name: `bench ${reach} ${round}`,
      patchIds: [patch.id],
      selector: { query: `reach = ${reach}` },
      rings: [{ name: 'all', percent: 100, soakMinutes: 0, concurrency: N }],
      // Timed against apt alone; rehearsals in a copy have a bench of their own.
      rehearse: 'none',
    },
  });
  const id = drafted.rollout.id;
  const act = (verb: 'submit' | 'request-approval' | 'approve' | 'start', planHash?: string) =>
    client(reach).rolloutAct({ params: { id }, body: { verb, planHash } });
  const state = async () => (await client(reach).rolloutGet({ params: { id } })).rollout;
  const reached = (wanted: string) =>
    until(`${wanted} (${reach})`, 600_000, async () => {
      const now = await state();
      if (now.state === 'paused' || (now.state === 'draft' && wanted === 'planned')) throw new Error(`${now.state}: ${now.stateReason}`);
      return now.state === wanted ? now : null;
    });
  const rehearsed = await timed(async () => {
    await act('submit');
    await reached('planned');
  });
  (times[`rehearsal by ${reach}`] ??= []).push(rehearsed);
  await act('request-approval');
  await act('approve', (await state()).planHash!);
  const started = Date.now();
  await measure(`fettle by ${reach}`, async () => {
    await act('start').catch(() => undefined);
    await reached('completed');
  });
  await phases(id, reach, started);
}

/** Where the time goes: seconds from one phase's start to the next one's, the mean over the hosts. */
async function phases(id: string, reach: Reach, startedMs: number): Promise<void> {
  const phaseOf = new Map<string, string>(
    JOB_PHASES.map(phase => [eventWords({ phase, kind: 'phase-started', text: phase }), phase] as const),
  );
  const events: { readonly jobId: string; readonly phase: string; readonly atMs: number }[] = [];
  for (let after = 0; ; ) {
    const { items } = await client(reach).rolloutEvents({ params: { id }, query: { after, limit: 2000 } });
    for (const { jobId, at, text, kind } of items) {
      const phase = phaseOf.get(text) ?? (/: done$/.test(text) ? 'end' : undefined);
      if (kind === 'job' && jobId !== null && phase !== undefined) events.push({ jobId, phase, atMs: Date.parse(at) });
    }
    if (items.length === 0) break;
    after = items.at(-1)!.sequence;
  }
  const spent = new Map<string, number>();
  for (const job of Map.groupBy(events, event => event.jobId).values()) {
    let [phase, atMs] = ['offer', startedMs];
    for (const event of job.toSorted((a, b) => a.atMs - b.atMs)) {
      spent.set(phase, (spent.get(phase) ?? 0) + (event.atMs - atMs) / 1000 / N);
      ({ phase, atMs } = event);
    }
  }
  console.log(`  ${reach}, mean seconds: ${Array.from(spent, ([phase, seconds]) => `${phase} ${seconds.toFixed(1)}`).join(', ')}`);
}
