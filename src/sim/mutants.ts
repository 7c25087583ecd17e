import type { FaultKind } from './faults.ts';

interface Planted {
  /** The words of security.md 4.5 where it is one of those. */
  readonly clause?: string;
  readonly does: string;
  /** Faults that bring it out where it needs rare company; otherwise all of them. */
  readonly faults?: readonly FaultKind[];
  /** What fails first when it is planted. */
  readonly breaks: readonly string[];
}

/**
 * Planted bugs: each breaks one rule on purpose, and a test demands that the simulator finds it. Only tests and the bench can set them; the command
 * cannot. They lie to the shipped decision or to its caller; what the witness sees stays true.
 */
export const MUTANTS = {
  'no-fsync-of-intent': {
    clause: 'no fsync of intent',
    does: 'a power cut takes the journal entry of the plan at work',
    faults: ['power-cut'],
    breaks: ['I1', 'I5', 'I7'],
  },
  'fsync-after-start': {
    clause: 'fsync after start',
    does: 'the journal learns of the start only after packages have changed',
    faults: ['agent-kill', 'loss'],
    breaks: ['I1', 'I5'],
  },
  'result-deleted-when-sent': {
    clause: 'result deleted on HTTP 200',
    does: 'the host forgets its result as soon as it has sent it',
    faults: ['loss'],
    breaks: ['I4', 'L1'],
  },
  'replayed-plan-accepted': {
    clause: 'replayed plan accepted after journal loss',
    does: 'the host takes any number as new',
    faults: ['delay'],
    breaks: ['I7', 'I1', 'S5'],
  },
  'window-checked-only-at-offer': {
    clause: 'window checked only at offer',
    does: 'the permit decision is not told of the window',
    breaks: ['S2', 'I2'],
  },
  'host-clock-used-for-window': {
    clause: 'wall clock used for window',
    does: 'the permit decision goes by the clock of the host that asks',
    faults: ['clock-skew'],
    breaks: ['S2', 'I2'],
  },
  'availability-without-lock': {
    clause: 'HA check without fencing',
    does: 'the permit decision does not see who else of the group is at work',
    breaks: ['S4', 'I3'],
  },
  'gate-counts-unknown-as-ok': {
    clause: 'wave gate counts unknown as ok',
    does: 'hosts without an answer count as succeeded',
    breaks: ['I15', 'S3'],
  },
  'halt-ignored-by-permits': {
    clause: 'halt ignored by retrying worker',
    does: 'a halted rollout goes on giving permits to whoever asks again',
    faults: ['halt', 'pause', 'lock-held', 'delay'],
    breaks: ['S7', 'I8', 'S9'],
  },
  'duplicate-result-counts-twice': {
    clause: 'duplicate result counts twice',
    does: 'a second copy of a result is taken like the first',
    breaks: ['S9', 'S12'],
  },
  'sequence-not-persisted': {
    clause: 'seq not persisted',
    does: 'the highest number that the host has accepted is not kept',
    faults: ['delay'],
    breaks: ['I7', 'I1', 'S5'],
  },
  'keyid-taken-for-signature': {
    clause: 'threshold counts keyids',
    does: 'the host counts names of keys instead of checking signatures',
    faults: ['hostile-relay'],
    breaks: ['I7'],
  },
  'audience-not-checked': {
    clause: 'audience proof skipped when one host',
    does: 'the host takes a genuine plan that is for another host',
    faults: ['hostile-relay'],
    breaks: ['I7'],
  },
  'lease-never-expires': { clause: 'lease never expires', does: 'no deadline of a job is kept', breaks: ['L1', 'L3'] },
  'gate-integer-division': {
    clause: 'canary fail ratio integer division',
    does: 'the share of failures is rounded in favour of the patch',
    breaks: ['S3', 'I9'],
  },
  'epoch-ignored': {
    clause: 'downgrade via epoch',
    does: 'the lint compares versions without their epoch, so a step back looks like an upgrade',
    faults: [],
    breaks: ['S6'],
  },
  'reboot-before-verify': {
    clause: 'reboot before verify',
    does: 'the host reboots before it has looked whether its packages are whole',
    faults: ['bad-patch', 'agent-kill'],
    breaks: ['I5'],
  },
  'outbox-order-lost': {
    clause: 'outbox order lost',
    does: 'a result counts for the attempt that is open when it arrives, not for its own',
    faults: ['delay', 'lock-held', 'disk-full'],
    breaks: ['I6', 'S9', 'I4'],
  },
  'host-filter-missing-in-tasks': {
    clause: 'tenant filter missing in one list',
    does: 'the list of tasks names other hosts’ jobs too (there are no tenants; this is the list that would do harm)',
    breaks: ['I7', 'S9'],
  },
  'audit-row-without-leaf': {
    clause: 'audit row without leaf',
    does: 'one transition in fifty is written without its place in the chain',
    breaks: ['S10'],
  },
  'reboot-without-permit': { does: 'the host reboots by itself', breaks: ['I10'] },
  'stale-attempt-gets-permit': { does: 'a permit is given to whatever attempt asks', faults: ['delay'], breaks: ['S9', 'I1'] },
  'kill-switch-ignored': { does: 'permits are given with the kill switch engaged', faults: ['kill-switch'], breaks: ['S11'] },
  'success-believed': { does: 'host and server take the word succeeded for it', faults: ['power-cut'], breaks: ['I6', 'I15'] },
  'retry-after-touch': { does: 'an attempt that changed the host is tried again', breaks: ['I1', 'S6'] },
  'lost-host-releases-slot': { does: 'a lost host gives its slot back', faults: ['partition', 'power-cut'], breaks: ['S1', 'I12', 'I3'] },
  'offered-to-silent-host': {
    does: 'a host that has not been heard of for long is offered its job',
    faults: ['host-gone'],
    breaks: ['S3'],
  },
  'two-active-jobs-per-host': { does: 'a second rollout is offered to a host that is at work', breaks: ['S5', 'I1', 'I5'] },
} as const satisfies Readonly<Record<string, Planted>>;

export type Mutant = keyof typeof MUTANTS;
export type Mutants = ReadonlySet<Mutant>;
export const NO_MUTANTS: Mutants = new Set();
/** Those of security.md 4.5, in its order. */
export const LISTED = (Object.keys(MUTANTS) as Mutant[]).filter(name => 'clause' in MUTANTS[name]);

export function plantedOf(mutant: Mutant): Planted {
  return MUTANTS[mutant];
}
