import { loadavg } from 'node:os';
import { CrashHost, type CrashOutcome, spread } from '../e2e/harness/dpkg-crashes.ts';
import { fleet, must, whyNoLab } from '../e2e/harness/fleet.ts';

/**
 * dpkg killed at FETTLE_CRASH_POINTS system calls of a real transaction, spread over all that it makes, on FETTLE_CRASH_HOSTS lab hosts at once; the agent's
 * executor has to bring each package database back in order without a person, and to tell the truth about it. Needs root, the lab and strace.
 */
const POINTS = Number(process.env.FETTLE_CRASH_POINTS ?? 200);
/** Goes on where an earlier run was out of time. */
const FROM = Number(process.env.FETTLE_CRASH_FROM ?? 0);
const HOSTS = Number(process.env.FETTLE_CRASH_HOSTS ?? 3);
const PACKAGES = (
  process.env.FETTLE_CRASH_PACKAGES ?? 'openssl,libssl3,nginx,nginx-common,nginx-light,rsync,redis-server,redis-tools'
).split(',');
const MINUTES_MAX = Number(process.env.FETTLE_CRASH_MINUTES ?? 40);

const reason = whyNoLab();
if (reason !== null) {
  console.log(`skipped: ${reason}`);
  process.exit(0);
}
const names = Array.from({ length: HOSTS }, (_, i) => `h${String(i + 1).padStart(2, '0')}`);
await fleet('up', String(HOSTS), 'debian12');
const hosts = names.map(name => new CrashHost(name));
const started = performance.now();
const outcomes: CrashOutcome[] = [];
try {
  for (const host of hosts) {
    await must(host.host, 'apt-get', '-q', 'update');
    const transaction = await host.prepare(PACKAGES);
    if (host === hosts[0]) console.log(`${transaction.length} packages: ${transaction.map(item => item.name).join(', ')}`);
  }
  const points = await hosts[0]!.survey();
  const chosen = spread(points, POINTS);
  console.log(`${points.length} system calls at which dpkg could be killed; ${chosen.length - FROM} are tried`);
  const waiting = chosen.slice(FROM);
  await Promise.all(hosts.map(host => work(host, waiting)));
} finally {
  await Promise.all(hosts.map(host => host.close()));
}

async function work(host: CrashHost, waiting: CrashOutcome['point'][]): Promise<void> {
  for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
    if (performance.now() - started > MINUTES_MAX * 60_000) return;
    const outcome = await host.crash(point);
    outcomes.push(outcome);
    if (!outcome.healed)
      console.log(`NOT HEALED ${JSON.stringify(point)}: ${outcome.result.failure?.message ?? ''} ${outcome.wrong.join('; ')}`);
    if (outcomes.length % 20 === 0) console.log(`${outcomes.length} tried, ${outcomes.filter(one => one.healed).length} healed`);
  }
}

const hit = outcomes.filter(one => one.hit);
const steps = Map.groupBy(hit, one => one.result.healed.join(' -> ') || 'nothing was needed');
console.log(`${hit.length} kills in ${outcomes.length} runs; ${hit.filter(one => one.healed).length} healed without a person`);
for (const [step, list] of steps) console.log(`  ${list.length}: ${step}`);
for (const [end, list] of Map.groupBy(hit, one => one.result.failure?.class ?? one.result.outcome))
  console.log(`  ended as ${end}: ${list.length}`);
console.log(
  `${((performance.now() - started) / 60_000).toFixed(1)} minutes; load ${loadavg()
    .map(one => one.toFixed(1))
    .join(' ')}`,
);
process.exitCode = hit.some(one => !one.healed) || hit.length === 0 ? 1 : 0;
