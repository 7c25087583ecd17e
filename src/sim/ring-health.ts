import { MINUTE_MS } from '../core/kernel/instants.ts';
import {
  type HealthMetric,
  type HostSignal,
  type Measured,
  type MetricReading,
  readMeasured,
  readSignal,
  type SignalCounts,
} from '../core/rollouts/health.ts';
import { JOB_SATISFIED } from '../core/rollouts/job-states.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import type { RingStatus } from '../core/rollouts/ring-changes.ts';
import type { SimServer } from './server.ts';
import type { SimRollout } from './store.ts';

/** A boot this soon after the job is the job's own. As src/server/rollouts/ring-health.ts. */
const BOOT_GRACE_MS = 5 * MINUTE_MS;
/** As src/server/rollouts/safety-facts.ts for hosts with an agent. */
const HEALTH_MS = 5 * MINUTE_MS;

interface Sampled {
  readonly hostId: string;
  readonly sinceMs: number;
}

/** What src/server/rollouts/ring-health.ts reads, from what hosts have reported and what the metrics server says. */
export function measureHealth(server: SimServer, rollout: SimRollout, ring: RingStatus, nowMs: number): MetricReading[] {
  const jobs = rollout.ringIds.flatMap(id => server.store.jobsOfRing.get(id) ?? []).map(id => server.store.jobs.get(id)!);
  const endedMs = (job: JobStatus): number => Date.parse(job.finishedAt ?? job.stateSince);
  const changed = jobs
    .filter(job => job.ringId === ring.id && JOB_SATISFIED.includes(job.state))
    .map((job): Sampled => ({ hostId: job.hostId, sinceMs: endedMs(job) }));
  const first = changed.reduce((earliest, one) => Math.min(earliest, one.sinceMs), nowMs);
  const untouched = jobs
    .filter(job => job.ringIndex > ring.ringIndex && job.state === 'queued')
    .map((job): Sampled => ({ hostId: job.hostId, sinceMs: first }));
  return (ring.gate.health ?? []).map(metric => read(server, metric, changed, untouched, nowMs));
}

function read(
  server: SimServer,
  metric: HealthMetric,
  changed: readonly Sampled[],
  untouched: readonly Sampled[],
  nowMs: number,
): MetricReading {
  if (metric.kind === 'hosts') {
    const control = untouched.length === 0 ? null : count(server, metric.signal, untouched, nowMs);
    return readSignal(metric.signal, count(server, metric.signal, changed, nowMs), control, metric.dryRun);
  }
  const ask = (hosts: readonly Sampled[]): Measured => {
    const said = server.ask(
      metric.name,
      hosts.map(host => host.hostId),
      nowMs,
    );
    return !said.ok && server.mutants.has('no-data-is-healthy') ? { ok: true, value: 0 } : said;
  };
  const control = metric.controlFactor === null || untouched.length === 0 ? null : ask(untouched);
  return readMeasured(metric, ask(changed), control);
}

function count(server: SimServer, signal: HostSignal, hosts: readonly Sampled[], nowMs: number): SignalCounts {
  const counts = { bad: 0, good: 0, unknown: 0 };
  for (const host of hosts) counts[stateOf(server, signal, host, nowMs)] += 1;
  return server.mutants.has('no-data-is-healthy') ? { ...counts, good: counts.good + counts.unknown, unknown: 0 } : counts;
}

function stateOf(server: SimServer, signal: HostSignal, { hostId, sinceMs }: Sampled, nowMs: number): keyof SignalCounts {
  if (signal === 'silent') return nowMs - (server.heardAtMs.get(hostId) ?? Number.NEGATIVE_INFINITY) < HEALTH_MS ? 'good' : 'bad';
  const known = server.inventories.get(hostId);
  if (known === undefined || known.observedAtMs < sinceMs) return 'unknown';
  if (signal === 'unexpected-boots') return known.bootedAtMs > sinceMs + BOOT_GRACE_MS ? 'bad' : 'good';
  return known.failedUnits ? 'bad' : 'good';
}
