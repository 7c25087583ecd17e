import { setTimeout as wait } from 'node:timers/promises';
import { lintPlan } from '../src/core/rollouts/plan-lint.ts';
import { type HostCase, makePlan } from '../src/core/rollouts/planner.ts';
import { Story } from '../src/server/rollouts/test-story.ts';

/**
 * A rollout over 100,000 hosts in five rings: how long planner and lint take. Then 2,000 jobs in flight on a real database: what the server's process
 * spends on them, reconciler and messages together, in processor seconds for each second of a fleet in which every host at work tells of itself once a
 * minute. Targets: 10 s; a quarter of one core; 512 MB.
 */
const HOSTS = Number(process.env.FETTLE_BENCH_HOSTS ?? 100_000);
const JOBS = Number(process.env.FETTLE_BENCH_JOBS ?? 2_000);
const SECONDS = 20;
const TARGET = { planSeconds: 10, cores: 0.25, megabytes: 512 };

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

function fleet(count: number): HostCase[] {
  return Array.from({ length: count }, (_, n) => {
    const asked = Array.from({ length: 6 }, (_item, p) => ({
      ...{ action: 'upgrade' as const, name: `lib${(n % 40) * 3 + p}`, arch: 'amd64', fromVersion: `1.${n % 5}`, toVersion: '1.9' },
    }));
    return {
      ...{ hostId: `host_${String(n).padStart(6, '0')}`, hostName: `h${n}.example`, asked, excluded: n % 97 === 0 ? 'on hold' : null },
      rehearsal: n % 10 === 0 ? null : { ok: true, transaction: asked, problem: null, downloadBytes: 1_000_000 },
      ...{ restartUnits: [], rebootExpected: n % 3 === 0, runsFettle: n === 5 },
    };
  });
}

function planning(): boolean {
  const hosts = fleet(HOSTS);
  const soak = { soakMinutes: 60 };
  const rings = [
    { name: 'canary', hosts: 20, ...soak, concurrency: 1 },
    { name: 'early', percent: 1, ...soak, concurrency: 50 },
    { name: 'tenth', percent: 10, ...soak, concurrency: 200 },
    { name: 'half', percent: 40, ...soak, concurrency: 500 },
    { name: 'rest', soakMinutes: 0, concurrency: 1_000 },
  ];
  const window = { startsAt: '2026-11-23T21:00:00.000Z', endsAt: '2026-11-26T21:00:00.000Z', timeZone: 'Europe/Berlin', repeat: null };
  const before = cpuSeconds();
  const made = makePlan(
    {
      ...{ rolloutId: 'rol_1', kind: 'patch', revertsId: null, patchIds: ['pat_1'], rings, window },
      ...{ restart: 'affected-services', reboot: 'if-needed', smokeTests: [] },
    },
    hosts,
  );
  const planned = cpuSeconds();
  const groups = Array.from({ length: 200 }, (_, g) => {
    const members = hosts.slice(g * 50, g * 50 + 50).map(host => host.hostId);
    return { name: `group ${g}`, hostIds: new Set(members), minAvailable: Math.floor(members.length / 2) };
  });
  const findings = lintPlan(made.plan, {
    now: '2026-11-23T10:00:00.000Z',
    asked: new Map(hosts.map(host => [host.hostId, host.asked])),
    rebootExpected: new Set(hosts.filter(host => host.rebootExpected).map(host => host.hostId)),
    fettleHostId: 'host_000005',
    freezes: [],
    groups,
  });
  const linted = cpuSeconds();
  const sizes = made.plan.rings.map(ring => `${ring.name} ${ring.hosts.length}`).join(', ');
  console.log(
    `${HOSTS} hosts in ${made.plan.rings.length} rings (${sizes}), ${made.plan.transactions.length} transactions, ${(made.text.length / 1e6).toFixed(1)} MB of plan`,
  );
  console.log(
    `planned in ${(planned - before).toFixed(2)} s, checked in ${(linted - planned).toFixed(2)} s of processor time; ${findings.filter(one => one.level === 'error').length} errors, ${findings.length} findings`,
  );
  return linted - before <= TARGET.planSeconds;
}

async function inFlight(): Promise<boolean> {
  const story = await Story.begin(JOBS + Math.ceil(JOBS / 10));
  try {
    await story.seen();
    await story.db.query('update engine_lock set concurrency_max = $1', [JOBS]);
    const id = await story.approved({ rings: [{ name: 'all', soakMinutes: 0, concurrency: JOBS / 2 }] });
    await story.act(id, 'start');
    await story.rollouts.reconcileOnce();
    await story.rollouts.reconcileOnce();
    for (const host of story.hosts) await host.work(story.jobs, 'apply');
    const jobs = await story.jobRows(id);
    const active = jobs.filter(job => job.attempt > 0 && job.finishedAt === null);
    const installing = active.filter(job => job.state === 'installing').length;
    console.log(`${active.length} jobs in flight (${installing} installing, the others ready), ${jobs.length} in the rollout`);
    story.rollouts.start();
    const each = Math.round(active.length / 60);
    let told = 0;
    const startedAt = performance.now();
    const before = cpuSeconds();
    for (let second = 1; second <= SECONDS; second++) {
      for (let n = 0; n < each; n++, told++) {
        const job = active[told % active.length]!;
        const event = {
          sequence: 1_000 + told,
          at: story.clock.now(),
          phase: 'apply' as const,
          kind: 'note' as const,
          text: 'still at work',
        };
        await story.jobs.recordEvents(job.hostId, job.id, job.attempt, [event]);
      }
      await wait(Math.max(0, second * 1_000 - (performance.now() - startedAt)));
    }
    const elapsed = (performance.now() - startedAt) / 1000;
    const cores = (cpuSeconds() - before) / SECONDS;
    const megabytes = process.memoryUsage().rss / 1e6;
    console.log(
      `${told} messages, ${elapsed.toFixed(1)} s: ${(cores * 100).toFixed(1)} % of one core, ${Math.round(megabytes)} MB (the plan of ${HOSTS} hosts was made in the same process)`,
    );
    return cores <= TARGET.cores && megabytes <= TARGET.megabytes;
  } finally {
    await story.end();
  }
}

const quickly = planning();
(globalThis as { gc?: () => void }).gc?.();
const lightly = JOBS === 0 || (await inFlight());
process.exit(quickly && lightly ? 0 : 1);
