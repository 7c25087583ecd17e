import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { address, fleet, gateway, keyFile, must, on, until, version, whyNoLab } from '../e2e/harness/fleet.ts';
import { Person, type RunningServer, startServer, tokenOf } from '../e2e/harness/server.ts';
import type { JobView } from '../src/api/jobs.ts';

/**
 * Rollouts on four real hosts, two by agent and two over SSH, while server, agents and hosts are killed (SIGKILL, power cut), hosts are cut off and replies are
 * lost at random instants. Every round must end in the truth: what each job says is what its host has, the package databases are in order, and nothing was
 * installed twice. FETTLE_CRASH_ROUNDS rounds of three faults. Needs root, the lab and iptables.
 */
const ROUNDS = Number(process.env.FETTLE_CRASH_ROUNDS ?? 10);
const FIRST = Number(process.env.FETTLE_CRASH_FIRST_HOST ?? 1);
const MINUTES_MAX = Number(process.env.FETTLE_CRASH_MINUTES ?? 40);
const SEED = Number(process.env.FETTLE_CRASH_SEED ?? 1);
/** lab-slow takes 20 s in its postinst, so that instants fall before, into and after the change. */
const SOURCES = ['lab-slow', 'rsync'] as const;
const INSTANTS_SECONDS = 40;
const FAULTS = ['server-kill', 'agent-kill', 'power-cut', 'partition', 'lost-replies'] as const;
const FAULTS_A_ROUND = 3;
const OUTAGE_MS = 8_000;
const exec = promisify(execFile);

const reason = whyNoLab();
if (reason !== null) {
  console.log(`skipped: ${reason}`);
  process.exit(0);
}
const hosts = Array.from({ length: 4 }, (_, i) => `h${String(FIRST + i).padStart(2, '0')}`);
const [byAgent, bySsh] = [hosts.slice(0, 2), hosts.slice(2)];
const all = <T>(work: (host: string) => Promise<T>) => Promise.all(hosts.map(work));
const namespace = (host: string) => `${process.env.FLEET_PREFIX ?? 'fl'}-${host}`;

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, Math.max(0, ms)));

/** One restart at a time: a second kill finds the server that the first has brought back. */
let restarting: Promise<void> = Promise.resolve();

const AT_WORK = /^(?:offered|acknowledged|precheck|staging|staged|installing|reboot-pending|rebooting|verifying|reconciling|lost)$/;

/** mulberry32: the same seed, the same instants. */
let state = SEED;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

await fleet('up', String(FIRST + 3), 'debian12');
await fleet('labrepo');
await all(host => must(host, 'apt-get', '-q', 'update'));
const QUIET = [
  'env',
  'DEBIAN_FRONTEND=noninteractive',
  'NEEDRESTART_SUSPEND=1',
  'apt-get',
  '-q',
  '-y',
  '-o',
  'DPkg::Lock::Timeout=120',
  '--allow-downgrades',
  'install',
];
const oldest = new Map<string, string>();
for (const source of SOURCES) {
  const offered = (await must(hosts[0]!, 'apt-cache', 'madison', source)).trim().split('\n');
  oldest.set(source, offered.at(-1)!.split('|')[1]!.trim());
}
const back = () => all(host => must(host, ...QUIET, ...SOURCES.map(source => `${source}=${oldest.get(source)}`)));
await back();

const dataDir = mkdtempSync(path.join(tmpdir(), 'fettle-crashes-'));
const options = { dataDir, port: 7391, host: gateway };
let server: RunningServer = await startServer(options);
const ada = new Person(server.url);
const startedMs = Date.now();
const tally = { faults: 0, jobs: 0, wrong: 0, ends: new Map<string, number>() };
try {
  await ada.client.setupAdministrator({
    body: { token: tokenOf(server.link()!), login: 'ada', name: 'Ada', password: 'a long enough password' },
  });
  await Promise.all([enrolAgents(), enrolSsh()]);
  for (let number = 1; number <= ROUNDS && Date.now() - startedMs < MINUTES_MAX * 60_000; number++) await round(number);
  console.log(
    `${tally.faults} faults in ${tally.jobs} jobs, ${tally.wrong} untruths; jobs ended as ${[...tally.ends].map(([end, n]) => `${end} ${n}`).join(', ')}`,
  );
  console.log(
    `${((Date.now() - startedMs) / 60_000).toFixed(1)} minutes; seed ${SEED}; load ${loadavg()
      .map(n => n.toFixed(1))
      .join(' ')}`,
  );
  process.exitCode = tally.wrong > 0 || tally.faults === 0 ? 1 : 0;
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function enrolAgents(): Promise<void> {
  const made = await ada.client.enrolmentCreate({ body: { uses: byAgent.length } });
  // A server that has just been started is still compressing the runtime, and says so.
  await Promise.all(byAgent.map(host => until(`the agent on ${host}`, 180_000, () => must(host, 'sh', '-c', made.command))));
}

async function enrolSsh(): Promise<void> {
  const authentication = { kind: 'key', privateKey: readFileSync(keyFile, 'utf8') } as const;
  const addresses = bySsh.map(host => `ops@${address(host)}`).join('\n');
  await ada.client.hostSshImport({ body: { addresses, user: 'ops', authentication, sudo: 'passwordless', labels: {} } });
  const { targets } = await until('host keys', 120_000, async () => {
    const now = await ada.client.hostSshTargets({});
    return now.targets.every(target => target.state === 'awaiting-key-confirmation') ? now : null;
  });
  await ada.client.hostSshConfirm({ body: { ids: targets.map(target => target.id) } });
}

/** By name; those of the lab alone, not this machine. */
async function listed(): Promise<Map<string, string>> {
  const { items } = await ada.client.hostList({ query: { pageSize: 100 } });
  return new Map(items.filter(host => hosts.includes(host.name) && host.packages > 0).map(host => [host.name, host.id]));
}

async function round(number: number): Promise<void> {
  const ids = await until('four inventories', 300_000, async () => {
    const now = await listed();
    return now.size === hosts.length ? now : null;
  });
  for (const id of ids.values()) await ada.client.hostRefresh({ params: { id } });
  const rollout = await planned(number, ids);
  const transactions = await all(installs);
  const begun = Date.now();
  await ada.client.rolloutAct({ params: { id: rollout }, body: { verb: 'start' } }).catch(() => undefined);
  const faults = Array.from({ length: FAULTS_A_ROUND }, (_, at) => {
    const kind = FAULTS[(number * FAULTS_A_ROUND + at) % FAULTS.length]!;
    return { kind, host: one(kind === 'agent-kill' ? byAgent : hosts), atMs: Math.round(random() * INSTANTS_SECONDS * 1000) };
  });
  await Promise.all(faults.map(fault => inflict(fault, begun)));
  tally.faults += faults.length;
  const { jobs, end } = await ended(rollout);
  const wrong = (await Promise.all(jobs.map((job, at) => untruths(job, transactions[hosts.indexOf(job.hostName)] ?? at)))).flat();
  tally.jobs += jobs.length;
  tally.wrong += wrong.length;
  for (const job of jobs) {
    const words = `${job.state}${job.failureClass === null ? '' : ` (${job.failureClass})`}`;
    tally.ends.set(words, (tally.ends.get(words) ?? 0) + 1);
  }
  const told = faults
    .map(fault => `${fault.kind}${fault.kind === 'server-kill' ? '' : ` ${fault.host}`} at ${(fault.atMs / 1000).toFixed(1)} s`)
    .join(', ');
  console.log(`round ${number}: ${told}; rollout ${end}; ${jobs.map(job => `${job.hostName} ${job.state}`).join(', ')}`);
  for (const text of wrong) console.log(`  UNTRUE: ${text}`);
  if (end === 'paused') await ada.client.rolloutAct({ params: { id: rollout }, body: { verb: 'halt', reason: 'next round' } });
  await all(host => on(host, 'dpkg', '--force-confdef', '--force-confold', '--configure', '-a'));
  await back();
}

/** A plan for all four hosts with both packages, approved; without rehearsal in a copy, which has its own proof. */
async function planned(number: number, ids: ReadonlyMap<string, string>): Promise<string> {
  const patches = await until('both patches on every host', 180_000, async () => {
    const found: string[] = [];
    for (const source of SOURCES) {
      const { items } = await ada.client.patchList({ query: { search: source, pageSize: 100 } });
      for (const item of items.filter(patch => patch.sourceName === source)) {
        const { items: affected } = await ada.client.patchHosts({ params: { id: item.id }, query: { pageSize: 100 } });
        if ([...ids.values()].every(id => affected.some(host => host.hostId === id))) found.push(item.id);
      }
    }
    return found.length === SOURCES.length ? found : null;
  });
  const rings = [{ name: 'all', percent: 100, soakMinutes: 0, concurrency: hosts.length }];
  const body = { name: `crashes ${number}`, patchIds: patches, selector: { hostIds: [...ids.values()] }, rings, rehearse: 'none' } as const;
  const { rollout } = await ada.client.rolloutCreate({ body: { ...body, selector: { hostIds: [...ids.values()] } } });
  const params = { id: rollout.id };
  await ada.client.rolloutAct({ params, body: { verb: 'submit' } });
  const plan = await until('the plan', 120_000, async () => {
    const now = await ada.client.rolloutGet({ params });
    if (now.rollout.state === 'draft') throw new Error(`refused: ${now.rollout.stateReason}`);
    return now.rollout.state === 'planned' ? now : null;
  });
  await ada.client.rolloutAct({ params, body: { verb: 'request-approval' } });
  await ada.client.rolloutAct({ params, body: { verb: 'approve', planHash: plan.rollout.planHash! } });
  return rollout.id;
}

interface Fault {
  readonly kind: (typeof FAULTS)[number];
  readonly host: string;
  readonly atMs: number;
}

async function inflict({ kind, host, atMs }: Fault, begun: number): Promise<void> {
  await pause(begun + atMs - Date.now());
  if (kind === 'server-kill') {
    restarting = restarting.then(async () => {
      await server.kill();
      server = await startServer(options);
    });
    return await restarting;
  }
  if (kind === 'agent-kill') await on(host, 'systemctl', 'kill', '--signal=KILL', '--kill-who=main', 'fettle-agent.service');
  if (kind === 'power-cut') {
    await fleet('kill', host);
    await pause(2_000);
    await fleet('start', host);
  }
  if (kind === 'partition') {
    await fleet('link', host, 'down');
    await pause(OUTAGE_MS);
    await fleet('link', host, 'up');
  }
  if (kind === 'lost-replies') {
    // By agent the server's answers are lost, over SSH the host's: either way what was asked has been done.
    const rule = byAgent.includes(host)
      ? ['INPUT', '-p', 'tcp', '--sport', String(options.port)]
      : ['OUTPUT', '-p', 'tcp', '--sport', '22'];
    const iptables = (verb: string) => exec('ip', ['netns', 'exec', namespace(host), 'iptables', verb, ...rule, '-j', 'DROP']);
    await iptables('-A');
    await pause(OUTAGE_MS);
    await iptables('-D');
  }
}

async function ended(id: string): Promise<{ readonly jobs: JobView[]; readonly end: string }> {
  return await until('the rollout to end', 420_000, async () => {
    const { rollout } = await ada.client.rolloutGet({ params: { id } });
    if (!/^(?:completed|completed-partial|paused|halted)$/.test(rollout.state)) return null;
    const { items } = await ada.client.rolloutJobs({ params: { id }, query: { pageSize: 100 } });
    return items.some(job => AT_WORK.test(job.state)) ? null : { jobs: items, end: rollout.state };
  });
}

/** How often apt has begun to upgrade lab-slow on this host. */
async function installs(host: string): Promise<number> {
  return Number((await on(host, 'grep', '-cE', '^Upgrade: .*lab-slow', '/var/log/apt/history.log')).stdout.trim() || 0);
}

async function untruths(job: JobView, installsBefore: number): Promise<string[]> {
  const { hostName: host } = job;
  const have = new Map<string, string>();
  for (const source of SOURCES) have.set(source, await version(host, source));
  const missing = job.transaction.filter(item => have.has(item.name) && have.get(item.name) !== item.toVersion).map(item => item.name);
  const changed = job.transaction.filter(item => have.has(item.name) && have.get(item.name) !== item.fromVersion).map(item => item.name);
  const audit = (await must(host, 'dpkg', '--audit')).trim();
  const again = (await installs(host)) - installsBefore;
  const good = /^(?:succeeded|already-compliant)$/.test(job.state);
  return [
    ...(good && missing.length > 0 ? [`${host} is ${job.state} without ${missing.join(', ')}`] : []),
    ...(!good && missing.length === 0 ? [`${host} is ${job.state} (${job.failureClass}) with everything in place`] : []),
    ...(!job.touched && !good && changed.length > 0 ? [`${host} is untouched, and ${changed.join(', ')} changed`] : []),
    ...(audit === '' ? [] : [`${host}: ${audit}`]),
    ...(again > 1 ? [`${host} installed ${again} times`] : []),
  ];
}
