import type { FaultKind } from './faults.ts';

interface Planted {
  /** The words of security.md 4.5 where it is one of those. */
  readonly clause?: string;
  readonly does: string;
  /** Faults that bring it out where it needs rare company; otherwise all of them. */
  readonly faults?: readonly FaultKind[];
  /** Hours of trouble that it takes, where a day and a half is not enough. */
  readonly hours?: number;
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
  'hold-ignored': { does: 'the permit decision is not told of safeguard holds', faults: ['hold'], breaks: ['S2'] },
  'soft-freeze-ignored': { does: 'every rollout passes soft freezes as an emergency does', faults: ['freeze'], breaks: ['S2'] },
  'retraction-ignored': { does: 'a retracted update goes on being rolled out', faults: ['retract'], breaks: ['S6', 'S7'] },
  'cutoff-ignored': { does: 'the minutes that the plan keeps free before its window ends are not kept', faults: [], breaks: ['S2'] },
  'reboot-outside-window': {
    does: 'reboots are permitted whatever the window says',
    faults: ['freeze', 'delay', 'partition', 'power-cut'],
    breaks: ['S2'],
  },
  'rollout-cap-ignored': { does: 'the cap of a rollout over all its rings is not kept', breaks: ['S1'] },
  'site-cap-ignored': { does: 'the cap of a site is not kept', faults: [], breaks: ['S1'] },
  'site-cap-of-one-rollout': { does: 'the cap of a site counts only the hosts of the same rollout', faults: [], breaks: ['S1'] },
  'failed-host-frees-budget': {
    does: 'a host that a rollout has left failed counts as well again at once',
    faults: ['bad-patch', 'bad-service', 'inventory-lost'],
    breaks: ['S4'],
  },
  'unwell-member-counts': { does: 'a host that says itself that a unit has failed counts as up', faults: ['unit-fails'], breaks: ['S4'] },
  'pre-hook-failure-ignored': { does: 'a host goes on after a pre-hook that failed', faults: ['hook-fails', 'hook-gone'], breaks: ['I7'] },
  'pre-hooks-kept-over-crash': {
    does: 'pre-hooks that ended well before a crash are not run again after it',
    faults: ['power-cut'],
    breaks: ['I7'],
  },
  'hooks-not-undone': {
    does: 'a host whose packages stayed as they were is left as its pre-hooks made it',
    faults: ['hook-fails', 'hook-hangs'],
    breaks: ['I5'],
  },
  'post-hooks-forgotten': { does: 'a host is done when it is verified, without its post-hooks', faults: [], breaks: ['I5'] },
  'failed-rehearsal-ignored': {
    does: 'the first ring opens although a rehearsal failed',
    faults: ['rehearsal-fails', 'bad-patch'],
    breaks: ['S3'],
  },
  'silent-rehearsal-passes': {
    does: 'canaries that did not answer in time count as rehearsed',
    faults: ['rehearsal-slow', 'partition'],
    breaks: ['I15'],
  },
  'rehearsal-of-another-ring': {
    does: 'after a ring that was skipped its rehearsal counts for the next, which is the canary now',
    breaks: ['I15'],
  },
  'rehearsal-not-awaited': { does: 'the first ring opens while its canaries rehearse', faults: [], breaks: ['I15'] },
  'policy-occurs-twice': { does: 'nothing keeps an occurrence of a policy from being made again', faults: [], breaks: ['I1'] },
  'policy-look-trusted': {
    does: 'of two servers each makes an occurrence which neither had found made a moment before',
    faults: [],
    breaks: ['I1'],
  },
  'policy-off-ignored': { does: 'a policy that was turned off goes on making rollouts', faults: [], breaks: ['I8'] },
  'policy-rest-takes-all': { does: 'the hosts of sites with a time of their own are among the rest as well', faults: [], breaks: ['S2'] },
  'policy-zone-ignored': { does: 'a policy opens the windows of every site by its own clock', faults: [], breaks: ['S2'] },
  'policy-age-ignored': { does: 'a policy takes patches that are younger than it orders', faults: [], breaks: ['S13'] },
  'evidence-not-awaited': { does: 'a host is patched before its evidence was taken', breaks: ['S2'] },
  'emergency-takes-all': { does: 'an emergency takes over hosts that it has no place for, again and again', breaks: ['L3'] },
  'emergency-waits': { does: 'an emergency does not take over hosts that only prepare', faults: ['freeze'], breaks: ['L3'] },
  'no-data-is-healthy': {
    does: 'what says nothing counts as healthy',
    faults: ['metrics-down', 'metrics-nan', 'inventory-lost'],
    breaks: ['I15'],
  },
  'health-not-asked': { does: 'a gate passes without the health that was approved with it', breaks: ['I15', 'S3'] },
  'author-may-approve': { does: 'who wrote a rollout may approve it', breaks: ['S8'] },
  'plan-widened': { does: 'a host that came later is added to an approved plan', breaks: ['S13'] },
  'reboot-for-nothing': { does: 'the host reboots wherever the policy would allow it', breaks: ['S14'] },
  'ring-never-ends': { does: 'a ring waits for hosts that are off as long as they are', faults: ['host-away'], hours: 100, breaks: ['L2'] },
  'pause-never-ends': { does: 'a pause has no deadline', faults: ['pause', 'nobody-looks'], hours: 240, breaks: ['L4'] },
  'wait-without-reason': { does: 'a refused permit leaves no reason', breaks: ['L5'] },
  'lint-without-window': { does: 'the lint is not told of the window', faults: [], breaks: ['L6'] },
  'audit-entry-rewritten': { does: 'one entry in fifty is not what its hash was made of', breaks: ['I11'] },
  'moved-host-not-compared': {
    does: 'the host does not compare what it would do with what was approved',
    faults: ['drift'],
    breaks: ['I13', 'S6'],
  },
  'agent-not-enabled': { does: 'the agent does not come back after a boot', faults: ['power-cut'], breaks: ['I14'] },
  'reboot-into-transaction': { does: 'a reboot is permitted although another rollout installs on the host', breaks: ['I5'] },
  'reboot-over-wreckage': {
    does: 'a host that waited with its reboot does not look what the other rollout has left',
    faults: ['bad-patch', 'agent-kill'],
    breaks: ['I5'],
  },
  'shared-reboot-frees-place': {
    does: 'a host that waits with its reboot for another rollout counts as well',
    breaks: ['S4', 'I3'],
  },
  'shared-reboot-never-tires': { does: 'a host waits with its reboot as long as another rollout is about to begin', breaks: ['L3'] },
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
