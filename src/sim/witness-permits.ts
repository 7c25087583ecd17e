import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { Permit } from '../core/rollouts/host-plan.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import { type Books, isApproved, type RolloutSeen } from './books.ts';
import { contains } from './windows.ts';

/** What a permit must not be given against: S2, S4, S7, S9, S11, S14. */
export class PermitRules {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  permitIssued(permit: Permit, job: JobStatus, atMs: number): void {
    this.#books.permits.set(`${permit.jobId}/${permit.attempt}/${permit.phase}`, { permit, atMs });
    const rollout = this.#books.rollouts.get(job.rolloutId)!;
    const seen = this.#books.jobs.get(permit.jobId)!;
    const { hostId, phase, attempt } = permit;
    const minutes = phase === 'apply' ? rollout.planned.get(hostId)!.minutes : 0;
    this.#books.ledger.demand(
      'S2',
      contains(rollout.plan.window, atMs, atMs + minutes * MINUTE_MS),
      atMs,
      () => `${hostId}: permit that does not fit its window`,
    );
    const frozen = this.#books.freezes.some(
      one => Date.parse(one.startsAt) <= atMs && atMs < Date.parse(one.endsAt) && (one.kind === 'hard' || phase === 'reboot'),
    );
    this.#books.ledger.demand('S2', !frozen, atMs, () => `${hostId}: permit to ${phase} in a freeze`);
    this.#books.ledger.demand('S11', this.#books.killSwitchSinceMs === null, atMs, () => `${hostId}: permit with the kill switch engaged`);
    const runs = rollout.state === 'running' || (rollout.state === 'halting' && phase === 'reboot');
    this.#books.ledger.demand(
      'S7',
      runs && isApproved(rollout, atMs),
      atMs,
      () => `${hostId}: permit while ${rollout.state}, approved until ${rollout.approval?.untilMs}`,
    );
    this.#books.ledger.demand(
      'S9',
      attempt === seen.attempt,
      atMs,
      () => `${hostId}: permit for attempt ${attempt}, the job is at ${seen.attempt}`,
    );
    if (phase === 'reboot')
      this.#books.ledger.demand(
        'S14',
        rollout.plan.reboot !== 'never',
        atMs,
        () => `${hostId}: permit for a reboot that the policy forbids`,
      );
    if (phase === 'apply') this.#demandGroups(hostId, atMs);
  }

  /** S4: members that are at work or have just been changed do not count. */
  #demandGroups(hostId: string, atMs: number): void {
    for (const group of this.#books.groups) {
      if (!group.hostIds.has(hostId)) continue;
      const others = [...group.hostIds].filter(member => member !== hostId);
      const down = others.filter(member => {
        const soaks = atMs - (this.#books.lastSuccess.get(member) ?? Number.NEGATIVE_INFINITY) < group.memberSoakMinutes * MINUTE_MS;
        return soaks || this.#books.isDisrupted(member);
      });
      this.#books.ledger.demand(
        'S4',
        others.length - down.length >= group.minAvailable,
        atMs,
        () => `${hostId}: permit while ${down.join(', ')} of ${group.name} are down, ${group.minAvailable} have to stand`,
      );
    }
  }

  /** S2: a job that moves on has a permit of this very moment. */
  used(job: JobStatus, rollout: RolloutSeen, event: 'permit-apply' | 'permit-reboot', permitId: unknown, atMs: number): void {
    const issued = this.#books.permits.get(`${job.id}/${job.attempt}/${event === 'permit-apply' ? 'apply' : 'reboot'}`);
    this.#books.ledger.demand(
      'S2',
      issued !== undefined && issued.permit.permitId === permitId && issued.atMs === atMs,
      atMs,
      () => `job ${job.id} of ${rollout.id} was moved on without a permit`,
    );
  }
}
