import { HOUR_MS, toInstant } from '../core/kernel/instants.ts';
import {
  canariesOf,
  REHEARSAL_PLAN_TYPE,
  type RehearsalReport,
  type RehearsalStatus,
  type RehearsalStep,
  rehearsalPlanFor,
  rehearsalStep,
} from '../core/rollouts/rehearsal.ts';
import type { RingStatus } from '../core/rollouts/ring-changes.ts';
import type { SimServer, TaskForHost } from './server.ts';
import type { SimRehearsal, SimRollout } from './store.ts';
import { instantOf } from './timeline.ts';
import { seeAccepted, seeAnswer, seeAsked } from './witness-rehearsals.ts';

/** As src/server/rollouts/rehearsals.ts. */
const VALID_MS = 24 * HOUR_MS;

/** As src/server/rollouts/rehearsals.ts: canaries run the transaction in a copy of themselves before the first ring opens. */
export class SimRehearsals {
  readonly #server: SimServer;
  #number = 0;

  constructor(server: SimServer) {
    this.#server = server;
  }

  firstRingMayOpen(rollout: SimRollout, ring: RingStatus, nowMs: number): 'open' | 'wait' | 'stop' {
    if (!rollout.rehearse) return 'open';
    const hosts = canariesOf(rollout.plan, ring.ringIndex).map(host => host.hostId);
    const next = this.#next(rollout, nowMs, new Set(this.#server.mutants.has('rehearsal-of-another-ring') ? [] : hosts));
    if (next.do === 'ask') this.#ask(rollout, ring, nowMs);
    rollout.stoppedByRehearsal = next.do === 'stop';
    if (next.do === 'wait' && this.#server.mutants.has('rehearsal-not-awaited')) return 'open';
    return next.do === 'open' || next.do === 'stop' ? next.do : 'wait';
  }

  /** Going on is then an override. */
  stops(rollout: SimRollout, nowMs: number): boolean {
    return rollout.stoppedByRehearsal && this.#next(rollout, nowMs).do === 'stop';
  }

  accept(rollout: SimRollout, by: string): void {
    for (const one of this.#server.store.rehearsals.get(rollout.id) ?? [])
      if (one.acceptedBy === null && (one.verdict === null || one.verdict === 'failed')) one.acceptedBy = by;
    seeAccepted(this.#server.witness.books, rollout.id);
  }

  /** `hosts`: of whom; none: of all that were asked. */
  #next(rollout: SimRollout, nowMs: number, hosts: ReadonlySet<string> = new Set()): RehearsalStep {
    const { store, mutants } = this.#server;
    const asked = (store.rehearsals.get(rollout.id) ?? []).filter(
      one => nowMs - one.askedAtMs < VALID_MS && (hosts.size === 0 || hosts.has(one.hostId)),
    );
    // The newest of each host.
    const newest = [...new Map(asked.map(one => [one.hostId, one])).values()];
    const told = newest.map((one): RehearsalStatus => {
      const good = one.verdict === 'failed' && mutants.has('failed-rehearsal-ignored');
      const silent = one.verdict === null && mutants.has('silent-rehearsal-passes') && one.expiresAt <= instantOf(nowMs);
      return good || silent ? { ...one, verdict: 'passed' } : one;
    });
    return rehearsalStep(told, instantOf(nowMs));
  }

  #ask(rollout: SimRollout, ring: RingStatus, nowMs: number): void {
    const { store, keys, witness } = this.#server;
    const { id, planHash, kind, plan } = rollout;
    const asked = canariesOf(plan, ring.ringIndex).map((host): SimRehearsal => {
      const rehearsalId = `reh_${++this.#number}`;
      const transaction = plan.transactions[host.transaction]!;
      const wanted = rehearsalPlanFor(
        { id, planHash, kind, installationId: 'sim' },
        { rehearsalId, hostId: host.hostId, transaction },
        toInstant(nowMs),
      );
      const envelope = keys.sign(REHEARSAL_PLAN_TYPE, wanted);
      const fresh = { verdict: null, failure: null, acceptedBy: null };
      return {
        id: rehearsalId,
        rolloutId: id,
        hostId: host.hostId,
        hostName: host.hostName,
        askedAtMs: nowMs,
        expiresAt: wanted.notAfter,
        envelope,
        ...fresh,
      };
    });
    store.rehearsals.set(id, [...(store.rehearsals.get(id) ?? []), ...asked]);
    for (const one of asked) store.openRehearsals.set(one.hostId, [...(store.openRehearsals.get(one.hostId) ?? []), one]);
    seeAsked(
      witness.books,
      id,
      asked.map(one => one.hostId),
    );
  }
}

/** Named again until the host has answered, or its time is over; none while the kill switch is engaged. */
export function rehearsalsFor({ store }: SimServer, hostId: string, nowMs: number): TaskForHost[] {
  const asked = store.openRehearsals.get(hostId);
  if (asked === undefined) return [];
  const open = asked.filter(one => one.verdict === null && one.expiresAt > instantOf(nowMs));
  if (open.length === 0) store.openRehearsals.delete(hostId);
  return store.killSwitch ? [] : open.map(one => ({ kind: 'rehearse', jobId: one.id, attempt: 0, envelope: one.envelope }));
}

/** A second answer changes nothing, nor does one of another host. */
export function keepRehearsal(
  { store, witness }: SimServer,
  hostId: string,
  id: string,
  report: Pick<RehearsalReport, 'verdict' | 'failure'>,
): void {
  const [, one] =
    [...store.rehearsals.values()]
      .flat()
      .map(each => [each.id, each] as const)
      .find(([known]) => known === id) ?? [];
  if (one === undefined || one.hostId !== hostId || one.verdict !== null) return;
  one.verdict = report.verdict;
  one.failure = report.failure?.message ?? null;
  store.dirty.add(one.rolloutId);
  seeAnswer(witness.books, one.rolloutId, hostId, report.verdict);
}
