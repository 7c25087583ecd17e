import { addMs, type Instant, MINUTE_MS } from '../../core/kernel/instants.ts';
import type { Health } from '../../core/rollouts/gate.ts';
import {
  type HealthMetric,
  type HostSignal,
  type MetricReading,
  readMeasured,
  readSignal,
  type SignalCounts,
} from '../../core/rollouts/health.ts';
import { JOB_SATISFIED } from '../../core/rollouts/job-states.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import type { Queryable } from '../../db/db.ts';
import type { Engine } from './engine.ts';
import { hostPattern, measure } from './prometheus.ts';
import { HEALTH_MINUTES } from './safety-facts.ts';

/** So many hosts of the ring, and as many untouched ones, are looked at: beyond them the answer hardly changes and the reading takes seconds. */
const SAMPLE_HOSTS = 200;
/** A boot this soon after the job is the job's own. */
const BOOT_GRACE_MS = 5 * MINUTE_MS;

interface SampleHost {
  readonly hostId: string;
  readonly hostName: string;
  /** What it says has to be newer: its own job, or the ring's first for an untouched host. */
  readonly since: Instant;
  readonly reach: string;
  readonly lastSeenAt: Instant | null;
}

/** Reads the metrics of a ring whose soak is over, once. Nothing is locked: it asks hosts' inventories and Prometheus, which takes its time. */
export async function measureHealth(engine: Engine, rolloutId: string): Promise<void> {
  const { db, clock } = engine.context;
  const now = clock.now();
  const [ring] = await db.query<{ id: string; ring_index: number; gate: RingStatus['gate'] }>(
    `select id, ring_index, gate from ring where rollout_id = $1 and state = 'soaking' and soak_ends_at <= $2 and overridden_by is null
       and jsonb_array_length(coalesce(gate->'health', '[]')) > 0
       and not exists (select from ring_health where ring_id = ring.id and at >= greatest(ring.soak_ends_at, ring.state_since))`,
    [rolloutId, now],
  );
  if (ring === undefined) return;
  const changed = await sample(db, rolloutId, { ringId: ring.id, after: null, states: JOB_SATISFIED });
  const first = changed.reduce<Instant>((earliest, host) => (host.since < earliest ? host.since : earliest), now);
  const untouched = (await sample(db, rolloutId, { ringId: null, after: ring.ring_index, states: ['queued'] })).map(host => ({
    ...host,
    since: first,
  }));
  const [settings] = await db.query<{ prometheus_url: string | null }>('select prometheus_url from engine_lock');
  const readings: MetricReading[] = [];
  for (const metric of ring.gate.health ?? [])
    readings.push(await read(engine, metric, changed, untouched, settings?.prometheus_url ?? null, now));
  await db.query('insert into ring_health (ring_id, at, readings) values ($1, $2, $3::jsonb) on conflict do nothing', [
    ring.id,
    now,
    JSON.stringify(readings),
  ]);
}

interface Which {
  /** Of this ring, or of every ring after that one. */
  readonly ringId: string | null;
  readonly after: number | null;
  readonly states: readonly string[];
}

async function sample(db: Queryable, rolloutId: string, { ringId, after, states }: Which): Promise<SampleHost[]> {
  return await db.query<SampleHost>(
    `select job.host_id as "hostId", job.host_name as "hostName", coalesce(job.finished_at, job.state_since) as since, host.reach, host_seen.last_seen_at as "lastSeenAt"
     from job join host on host.id = job.host_id left join host_seen on host_seen.host_id = job.host_id
     where job.rollout_id = $1 and job.state = any($2) and (job.ring_id = $3 or job.ring_index > $4) order by job.position limit ${SAMPLE_HOSTS}`,
    [rolloutId, states, ringId, after],
  );
}

async function read(
  engine: Engine,
  metric: HealthMetric,
  changed: readonly SampleHost[],
  untouched: readonly SampleHost[],
  prometheus: string | null,
  now: Instant,
): Promise<MetricReading> {
  if (metric.kind === 'hosts') {
    const control = untouched.length === 0 ? null : await count(engine, metric.signal, untouched, now);
    return readSignal(metric.signal, await count(engine, metric.signal, changed, now), control, metric.dryRun);
  }
  const ask = (hosts: readonly SampleHost[]) =>
    measure(prometheus, metric.query.replaceAll('{{hosts}}', hostPattern(hosts.map(host => host.hostName))));
  const control = metric.controlFactor === null || untouched.length === 0 ? null : await ask(untouched);
  return readMeasured(metric, await ask(changed), control);
}

async function count(engine: Engine, signal: HostSignal, hosts: readonly SampleHost[], now: Instant): Promise<SignalCounts> {
  const counts = { bad: 0, good: 0, unknown: 0 };
  for (const host of hosts) counts[await stateOf(engine, signal, host, now)] += 1;
  return counts;
}

async function stateOf(engine: Engine, signal: HostSignal, host: SampleHost, now: Instant): Promise<keyof SignalCounts> {
  if (signal === 'silent') {
    const heard = host.lastSeenAt !== null && host.lastSeenAt > addMs(now, -(HEALTH_MINUTES[host.reach] ?? 0) * MINUTE_MS);
    return heard ? 'good' : 'bad';
  }
  const known = await engine.inventory.factsOf(host.hostId);
  if (known === null || known.observedAt < host.since) return 'unknown';
  if (signal === 'unexpected-boots') {
    const { bootedAt } = known.facts;
    return bootedAt === null ? 'unknown' : bootedAt > addMs(host.since, BOOT_GRACE_MS) ? 'bad' : 'good';
  }
  const { services } = known.facts;
  return services === null ? 'unknown' : services.some(service => service.activeState === 'failed') ? 'bad' : 'good';
}

/** What the gate may use: measured after this soak; null where there is nothing to measure or a person has accepted it. */
export async function healthOf(tx: Queryable, ring: RingStatus, overridden: boolean): Promise<Health> {
  if ((ring.gate.health ?? []).length === 0 || overridden) return null;
  const [row] = await tx.query<{ readings: MetricReading[] }>(
    `select readings from ring_health join ring on ring.id = ring_health.ring_id
     where ring_id = $1 and ring.soak_ends_at is not null and at >= greatest(ring.soak_ends_at, ring.state_since) order by at desc limit 1`,
    [ring.id],
  );
  return row?.readings ?? 'unmeasured';
}
