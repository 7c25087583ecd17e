import { MINUTE_MS } from '../core/kernel/instants.ts';
import type { Permit } from '../core/rollouts/host-plan.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import { type Books, isApproved, type RolloutSeen } from './books.ts';
import { contains } from './windows.ts';

/** A host is given up after twenty minutes; half of that covers the firmware of common servers (domain.md 2.4, 3.4). */
const REBOOT_MINUTES = 10;

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
    this.#demandWindow(permit, rollout, atMs);
    this.#demandNothingAgainst(permit, rollout, atMs);
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
    this.#demandGroups(hostId, atMs);
  }

  /** S2: the window, with what is kept free before its end: the plan's cutoff for changes, time enough to come back for reboots. */
  #demandWindow({ hostId, phase }: Permit, { plan, planned }: RolloutSeen, atMs: number): void {
    const minutes = phase === 'apply' ? planned.get(hostId)!.minutes + (plan.window.cutoffMinutes ?? 0) : REBOOT_MINUTES;
    this.#books.ledger.demand(
      'S2',
      contains(plan.window, atMs, atMs + minutes * MINUTE_MS),
      atMs,
      () => `${hostId}: permit to ${phase} ${minutes} minutes before its window ends, or outside it`,
    );
  }

  /** S2, S6: freezes, holds, evidence and retractions that somebody has declared. */
  #demandNothingAgainst({ hostId, phase, jobId }: Permit, { plan, planned }: RolloutSeen, atMs: number): void {
    const { ledger, freezes, holds, retractions, evidence } = this.#books;
    const covers = (hosts: ReadonlySet<string> | null): boolean => hosts === null || hosts.has(hostId);
    const stops: Readonly<Record<string, boolean>> = {
      hard: true,
      soft: plan.profile !== 'emergency',
      'reboot-only': phase === 'reboot',
    };
    const freeze = freezes.find(
      one => Date.parse(one.startsAt) <= atMs && atMs < Date.parse(one.endsAt) && covers(one.hostIds) && stops[one.kind],
    );
    ledger.demand('S2', freeze === undefined, atMs, () => `${hostId}: permit to ${phase} in a ${freeze!.kind} freeze`);
    if (phase === 'reboot') return;
    const host = planned.get(hostId)!;
    const items = plan.transactions[host.transaction]!;
    const hold = holds.find(
      one =>
        Date.parse(one.endsAt) > atMs &&
        covers(one.hostIds) &&
        (one.packageName === null || items.some(item => item.name === one.packageName)),
    );
    ledger.demand('S2', hold === undefined, atMs, () => `${hostId}: permit although ${hold!.name} holds it`);
    ledger.demand('S2', !host.forensic || evidence.has(jobId), atMs, () => `${hostId}: permit before its evidence was taken`);
    const bad = items.find(item => retractions.some(one => one.name === item.name && one.version === item.toVersion));
    ledger.demand('S6', bad === undefined, atMs, () => `${hostId}: permit to install ${bad!.name} ${bad!.toVersion}, which was retracted`);
  }

  /** S4: members that are at work, lost, just changed, unwell by their own account, or left failed and not yet well do not count; a budget is rounded down, one at least. */
  #demandGroups(hostId: string, atMs: number): void {
    for (const group of this.#books.groups) {
      if (!group.hostIds.has(hostId)) continue;
      const down = [...group.hostIds].filter(member => {
        if (member === hostId) return false;
        const soaks = atMs - (this.#books.lastSuccess.get(member) ?? Number.NEGATIVE_INFINITY) < group.memberSoakMinutes * MINUTE_MS;
        const ails = this.#books.inventories.get(member)?.failedUnits === true;
        return soaks || ails || this.#books.leftFailed.has(member) || this.#books.isDisrupted(member);
      });
      const size = group.hostIds.size;
      const budget = Math.max(1, Math.trunc((size * (group.maxUnavailablePercent ?? 0)) / 100));
      const mayBeDown = group.minAvailable === null ? budget : size - group.minAvailable;
      this.#books.ledger.demand(
        'S4',
        down.length + 1 <= mayBeDown,
        atMs,
        () => `${hostId}: permit while ${down.join(', ')} of ${group.name} are down, ${mayBeDown} of ${size} may be`,
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
