import type { RebootFact, ServiceFact, StaleProcess } from '../inventory/snapshot.ts';
import type { FailureClass, HostPlan } from '../rollouts/host-plan.ts';
import { type ItemStatus, isCompliant } from './transaction-status.ts';

export interface Failure {
  readonly class: FailureClass;
  readonly message: string;
  /** Equal for equal causes on different hosts. */
  readonly signature: string;
}

/** A host before and after a job. null: could not be observed, which never counts as well. */
interface HostBefore {
  /** Units that had failed before; null on a host without systemd. */
  readonly failedUnits: readonly string[] | null;
  readonly bootId: string | null;
}

export interface HostAfter {
  readonly status: readonly ItemStatus[];
  readonly services: readonly ServiceFact[] | null;
  readonly staleProcesses: readonly StaleProcess[] | null;
  /** Main process of each restarted unit; a unit without one is left out. */
  readonly mainPids: ReadonlyMap<string, number>;
  readonly reboot: RebootFact | null;
  readonly bootId: string | null;
}

export interface Done {
  readonly restartedUnits: readonly string[];
  readonly rebootAsked: boolean;
}

/**
 * "Patched" is observed (security.md 0.5): every planned version installed and configured, no unit failed that had not failed before, restarted
 * units active and free of replaced files, and after a reboot another boot id. Answers the first thing that is wrong, the gravest first.
 */
export function hostVerdict(
  plan: Pick<HostPlan, 'kind' | 'transaction'>,
  before: HostBefore,
  after: HostAfter,
  done: Done,
): Failure | null {
  if (!isCompliant(plan, after.status)) {
    const wrong = after.status
      .filter(s => !s.inPlace)
      .map(
        s =>
          `${s.item.name} is ${s.version ?? 'not installed'}${s.halfDone ? ` and ${s.state}` : ''}, planned ${s.item.toVersion ?? 'removed'}`,
      );
    return failure(
      'verify-failed',
      wrong,
      after.status.filter(s => !s.inPlace).map(s => s.item.name),
    );
  }
  if (done.rebootAsked && (after.bootId === null || after.bootId === before.bootId)) {
    return failure('reboot-lost', ['the boot id is the one from before the reboot'], ['same-boot']);
  }
  if (before.failedUnits !== null && after.services === null)
    return failure('verify-failed', ['the services could not be read'], ['unread-services']);
  if (done.restartedUnits.length > 0 && after.staleProcesses === null)
    return failure('verify-failed', ['the processes with replaced files could not be read'], ['unread-processes']);
  return unitFailure(before, after, done) ?? staleFailure(plan, after, done) ?? kernelFailure(after, done);
}

function unitFailure(before: HostBefore, after: HostAfter, done: Done): Failure | null {
  if (before.failedUnits === null || after.services === null) return null;
  const was = new Set(before.failedUnits);
  const state = new Map(after.services.map(s => [s.unit, s]));
  const failed = after.services.filter(s => !was.has(s.unit) && isDown(s)).map(s => s.unit);
  const gone = done.rebootAsked
    ? []
    : done.restartedUnits.filter(
        unit => unit.endsWith('.service') && !was.has(unit) && state.get(unit)?.activeState !== 'active' && !failed.includes(unit),
      );
  const units = [...failed, ...gone].sort();
  const says = units.map(unit => `${unit} is ${state.get(unit)?.activeState ?? 'inactive'} (${state.get(unit)?.subState ?? 'dead'})`);
  return units.length === 0 ? null : failure('service-failed', says, units);
}

/** systemd tries again after `RestartSec`, so a unit that cannot start is more often seen on its way than failed. */
function isDown(service: ServiceFact): boolean {
  return service.activeState === 'failed' || (service.activeState === 'activating' && service.subState === 'auto-restart');
}

/** The main process decides: sessions of sshd and workers that finish their requests outlive a restart by design (`survivors` names them). */
function staleFailure(plan: Pick<HostPlan, 'transaction'>, after: HostAfter, done: Done): Failure | null {
  const stale = staleOfRestarted(plan, after, done).filter(p => (after.mainPids.get(p.unit!) ?? p.pid) === p.pid);
  const units = [...new Set(stale.map(p => p.unit!))].sort();
  return units.length === 0
    ? null
    : failure(
        'verify-failed',
        units.map(unit => `${unit} was restarted and still runs replaced files`),
        units,
      );
}

function staleOfRestarted(plan: Pick<HostPlan, 'transaction'>, after: HostAfter, done: Done): StaleProcess[] {
  const replaced = new Set(plan.transaction.map(item => item.name));
  const restarted = new Set(done.restartedUnits);
  return (after.staleProcesses ?? []).filter(
    p => p.unit !== null && restarted.has(p.unit) && p.files.some(f => f.packageName !== null && replaced.has(f.packageName)),
  );
}

/** Processes that a restart left running with the replaced files, by unit: for the log, and pending on the host until they end. */
export function survivors(plan: Pick<HostPlan, 'transaction'>, after: HostAfter, done: Done): Map<string, number> {
  const counts = new Map<string, number>();
  for (const p of staleOfRestarted(plan, after, done)) counts.set(p.unit!, (counts.get(p.unit!) ?? 0) + 1);
  return counts;
}

function kernelFailure(after: HostAfter, done: Done): Failure | null {
  const old = done.rebootAsked ? (after.reboot?.reasons ?? []).filter(reason => reason.startsWith('running kernel')) : [];
  return old.length === 0 ? null : failure('verify-failed', [`after the reboot: ${old.join('; ')}`], ['kernel']);
}

function failure(failureClass: FailureClass, messages: readonly string[], parts: readonly string[]): Failure {
  return {
    class: failureClass,
    message: messages.slice(0, 10).join('; ').slice(0, 2000),
    signature: [failureClass, ...parts.slice(0, 5)].join(':'),
  };
}
