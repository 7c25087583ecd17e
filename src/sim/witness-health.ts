import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { HealthMetric } from '../core/rollouts/health.ts';
import type { Books, JobSeen, RolloutSeen } from './books.ts';

interface Tally {
  bad: number;
  good: number;
  unknown: number;
}

const SATISFIED: readonly string[] = ['succeeded', 'already-compliant', 'not-applicable'];

/** S3, I15: a gate that asks for health and passes, counted anew from what hosts have reported and what the metrics server has answered. */
export function demandHealth(books: Books, rollout: RolloutSeen, index: number, metrics: readonly HealthMetric[], atMs: number): void {
  const jobs = [...rollout.jobs.values()];
  const changed = jobs.filter(job => job.ringIndex === index && SATISFIED.includes(job.state));
  const untouched = jobs.filter(job => job.ringIndex > index && job.state === 'queued');
  for (const metric of metrics) {
    if (metric.dryRun) continue;
    if (metric.kind === 'hosts') demandSignal(books, rollout, metric, changed, untouched, atMs);
    else demandMetric(books, rollout, metric, changed, untouched, atMs);
  }
}

function demandSignal(
  books: Books,
  { id }: RolloutSeen,
  { signal }: Extract<HealthMetric, { kind: 'hosts' }>,
  changed: readonly JobSeen[],
  untouched: readonly JobSeen[],
  atMs: number,
): void {
  const first = changed.reduce((earliest, job) => Math.min(earliest, job.sinceMs), atMs);
  const own = tally(changed, job => stateOf(books, signal, job.hostId, job.sinceMs, atMs));
  const others = tally(untouched, job => stateOf(books, signal, job.hostId, first, atMs));
  const says = `a gate of ${id} passed with ${signal}: ${own.bad} bad, ${own.good} good, ${own.unknown} unknown; untouched ${others.bad} of ${others.bad + others.good}`;
  const known = own.bad + own.good;
  books.ledger.demand('I15', known > 0 && own.unknown * 5 <= known + own.unknown, atMs, () => says);
  const compared = others.bad + others.good;
  const telling = compared > 0 && atLeast(known, known, others.bad, compared) <= 0.05;
  const likeOthers = telling && atLeast(own.bad, known, others.bad, compared) > 0.05;
  books.ledger.demand('S3', own.bad === 0 || likeOthers, atMs, () => says);
}

function tally(jobs: readonly JobSeen[], of: (job: JobSeen) => keyof Tally): Tally {
  const counted: Tally = { bad: 0, good: 0, unknown: 0 };
  for (const job of jobs) counted[of(job)] += 1;
  return counted;
}

/** A host has to have spoken after its change; a boot within five minutes of it is the change's own. */
function stateOf({ inventories, heardMs }: Books, signal: string, hostId: string, sinceMs: number, atMs: number): keyof Tally {
  if (signal === 'silent') return atMs - (heardMs.get(hostId) ?? 0) < 5 * MINUTE_MS ? 'good' : 'bad';
  const said = inventories.get(hostId);
  if (said === undefined || said.observedAtMs < sinceMs) return 'unknown';
  const bad = signal === 'failed-units' ? said.failedUnits : said.bootedAtMs - sinceMs > 5 * MINUTE_MS;
  return bad ? 'bad' : 'good';
}

/** How often chance alone puts `bad` or more of all bad ones among `known` hosts, the others being `compared`: binomials by their logarithms. */
function atLeast(bad: number, known: number, othersBad: number, compared: number): number {
  const all = bad + othersBad;
  const choose = (n: number, k: number): number => {
    let log = 0;
    for (let i = 1; i <= k; i++) log += Math.log(n - k + i) - Math.log(i);
    return log;
  };
  let sum = 0;
  for (let here = bad; here <= Math.min(known, all); here++)
    if (all - here <= compared) sum += Math.exp(choose(known, here) + choose(compared, all - here) - choose(known + compared, all));
  return sum;
}

function demandMetric(
  books: Books,
  { id }: RolloutSeen,
  { name, operator, threshold, controlFactor }: Extract<HealthMetric, { kind: 'prometheus' }>,
  changed: readonly JobSeen[],
  untouched: readonly JobSeen[],
  atMs: number,
): void {
  const said = (jobs: readonly JobSeen[]): number => {
    const hosts = new Set(jobs.map(job => job.hostId));
    const found = books.said.findLast(
      one => one.name === name && one.atMs === atMs && one.hostIds.length === hosts.size && one.hostIds.every(hostId => hosts.has(hostId)),
    );
    return found?.said.ok === true ? found.said.value : Number.NaN;
  };
  const own = said(changed);
  const others = controlFactor === null ? 0 : said(untouched);
  const says = `a gate of ${id} passed with ${name} ${own}, wanted ${operator} ${threshold}; untouched ${others}`;
  books.ledger.demand('I15', Number.isFinite(own) && Number.isFinite(others), atMs, () => says);
  const within = operator === '<=' ? own <= threshold : own >= threshold;
  const factor = controlFactor ?? 1;
  const alike = controlFactor === null || (operator === '<=' ? own <= others * factor : own * factor >= others);
  books.ledger.demand('S3', within && alike, atMs, () => says);
}
