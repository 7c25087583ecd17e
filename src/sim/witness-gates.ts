import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { GateDecision } from '../core/rollouts/gate.ts';
import type { RingStatus } from '../core/rollouts/ring-changes.ts';
import { type Books, FAILED, isActive, type JobSeen, type RolloutSeen } from './books.ts';
import { demandHealth } from './witness-health.ts';

/** S3, I15: what a gate that passes had to go on. */
export class GateRules {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  /** S3, I15: what a gate that passes had to go on, counted anew from the jobs that were seen, against the thresholds that were approved. */
  gateAsked(ring: RingStatus, gate: GateDecision, atMs: number): void {
    if (gate.verdict !== 'pass') return;
    const rollout = this.#books.rollouts.get(ring.rolloutId)!;
    const jobs = [...rollout.jobs.values()].filter(job => job.ringIndex === ring.ringIndex);
    const count = (holds: (job: JobSeen) => boolean): number => jobs.filter(holds).length;
    const succeeded = count(job => job.state === 'succeeded');
    const failed = count(job => !job.accepted && FAILED.includes(job.state));
    const accepted = count(job => job.accepted);
    const compliant = count(job => job.state === 'already-compliant');
    const population = jobs.length - count(job => job.state === 'excluded' || job.state === 'not-applicable');
    const attempted = succeeded + failed + accepted;
    const { thresholds, soakMinutes, lastSuccessMs } = this.#termsOf(rollout, ring.ringIndex);
    const says = `ring ${ring.name} of ${ring.rolloutId} passed with ${succeeded} succeeded, ${failed} failed, ${accepted} accepted, ${compliant} compliant of ${population}`;
    this.#books.ledger.demand('S3', failed * 100 <= thresholds.errorPercent * attempted, atMs, () => says);
    this.#books.ledger.demand(
      'I15',
      (attempted + compliant) * 100 >= thresholds.minCoveragePercent * population,
      atMs,
      () => `${says}; ${thresholds.minCoveragePercent} % must be known`,
    );
    this.#books.ledger.demand(
      'I15',
      attempted >= Math.min(thresholds.minSample, population - compliant),
      atMs,
      () => `${says}; ${thresholds.minSample} have to be tried`,
    );
    this.#books.ledger.demand('I15', count(job => isActive(job.state)) === 0, atMs, () => `${says}, and some are still at work`);
    const { health = [] } = thresholds;
    if (health.length > 0 && !this.#books.overridden.has(ring.id)) demandHealth(this.#books, rollout, ring.ringIndex, health, atMs);
    const soaked = lastSuccessMs === null || atMs >= lastSuccessMs + soakMinutes * MINUTE_MS;
    this.#books.ledger.demand(
      'S3',
      soaked,
      atMs,
      () => `${says}, ${Math.round((atMs - lastSuccessMs!) / MINUTE_MS)} of ${soakMinutes} minutes after the last success`,
    );
  }

  /** A ring after skipped ones has the terms of the first of them where those are stricter (domain.md 2.3). */
  #termsOf(rollout: RolloutSeen, index: number) {
    const own = rollout.rings[index]!;
    let { thresholds, soakMinutes } = own;
    // Nothing comes after the ring of those that were not reached.
    if (own.days !== null) return { thresholds, soakMinutes, lastSuccessMs: own.lastSuccessMs };
    for (let before = index - 1; before >= 0 && rollout.rings[before]!.state === 'skipped'; before--) {
      thresholds = rollout.rings[before]!.thresholds;
      soakMinutes = Math.max(soakMinutes, rollout.rings[before]!.soakMinutes);
    }
    return { thresholds, soakMinutes, lastSuccessMs: own.lastSuccessMs };
  }
}
