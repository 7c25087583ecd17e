import type { FailureClass } from './host-plan.ts';

/**
 * domain.md 2.11 as a table: who is blamed, who tries again.
 * Whatever does not wait ends the job as failed and counts against the ring.
 */
interface FailureClassRow {
  readonly title: string;
  readonly cause: 'patch' | 'infrastructure' | 'host' | 'security' | 'engine';
  /** Fails the gate at once, whatever the thresholds. */
  readonly blocker: boolean;
  /** Stops the ring at once although it is not counted. */
  readonly alarm: boolean;
  /** Where the host reports that nothing was touched: the job goes back to the queue, for the next attempt or for a person. */
  readonly waits: boolean;
  /** The next attempt begins by itself while attempts are left: the cause passes. */
  readonly transient: boolean;
  readonly remedy: string;
}

const patch = { cause: 'patch', blocker: false, alarm: false, waits: false, transient: false } as const;
const infrastructure = { cause: 'infrastructure', blocker: false, alarm: false, waits: true, transient: true } as const;
const host = { cause: 'host', blocker: false, alarm: false, waits: true, transient: false } as const;

const COMPARE_CLOCKS =
  'Compare the clock of the host with that of the server (`timedatectl` on the host; chrony or systemd-timesyncd keep it right), then resume. If both are right, the answer was on its way for minutes: look at the network.';

export const FAILURE_CLASSES: Readonly<Record<FailureClass, FailureClassRow>> = {
  'repository-unavailable': {
    ...infrastructure,
    title: 'the package repository did not deliver',
    remedy: 'Check the mirror and the network, then resume.',
  },
  'package-manager-locked': {
    ...infrastructure,
    title: 'another process held the package manager',
    remedy: 'See what holds it (the message names it), then resume.',
  },
  interrupted: {
    ...infrastructure,
    title: 'the host or its agent stopped in the middle',
    remedy: 'See why the host stopped, then resume.',
  },
  'disk-space': { ...host, title: 'too little disk space', remedy: 'Free some space on the host, then resume.' },
  'package-database-broken': {
    ...host,
    title: 'the package database was broken before',
    remedy: 'Run `dpkg --configure -a` on the host, then resume.',
  },
  held: { ...host, title: 'a package is on hold', remedy: 'Release the hold on the host or leave the host out.' },
  precheck: { ...host, title: 'a precheck failed', remedy: 'The message names it. Correct it on the host, then resume.' },
  'pre-hook-failed': {
    ...host,
    title: 'a pre-hook of the host failed',
    remedy: 'Nothing was changed. Read what the hook printed, correct its cause on the host, then resume.',
  },
  'transaction-differs': {
    ...host,
    title: 'the host would now do something else than was approved',
    remedy: 'Its packages have moved since the plan was made: halt and plan anew.',
  },
  'permit-refused': {
    cause: 'engine',
    blocker: false,
    alarm: false,
    waits: true,
    transient: true,
    title: 'no permit was given in time',
    remedy: 'Nothing: it is offered again.',
  },
  // The patch is not to blame and nothing was changed, but nobody tries this again unseen (domain.md 2.11: a security incident).
  'digest-mismatch': {
    ...infrastructure,
    transient: false,
    alarm: true,
    title: 'the mirror delivered something else than its repository signed',
    remedy: 'Treat it as an attack until the mirror proves otherwise.',
  },
  'plan-refused': {
    cause: 'security',
    blocker: true,
    alarm: false,
    waits: false,
    transient: false,
    title: 'the host refused the plan',
    remedy: 'Compare the signing keys that the host has pinned with those of this installation.',
  },
  // domain.md 2.4: a precheck of the host, which does not count against the patch; and a plan that came when its window was over is nobody's failure.
  'clock-differs': {
    ...host,
    transient: true,
    title: 'by the clock of the host its plan has not begun, or is over',
    remedy: COMPARE_CLOCKS,
  },
  'dependency-conflict': { ...patch, title: 'dependencies cannot be met', remedy: 'Plan anew with the packages that it names.' },
  'install-failed': {
    ...patch,
    title: 'the package manager failed',
    remedy: 'Read the output of the maintainer script; consider a rollback.',
  },
  'service-failed': { ...patch, title: 'a service did not come back', remedy: 'Read the log of the unit; consider a rollback.' },
  'smoke-test-failed': { ...patch, title: 'a smoke test failed', remedy: 'See what it answers; consider a rollback.' },
  'post-hook-failed': {
    ...patch,
    title: 'a post-hook of the host failed',
    remedy: 'The host may still be out of service: read what the hook printed, finish its work by hand; consider a rollback.',
  },
  'verify-failed': {
    ...patch,
    title: 'what was observed afterwards is not what was asked',
    remedy: 'Compare the lists on the job; consider a rollback.',
  },
  'reboot-lost': { ...patch, blocker: true, title: 'the host did not come back from its reboot', remedy: 'Look at its console.' },
  'needs-human': {
    ...patch,
    blocker: true,
    title: 'the host could not repair itself',
    remedy: 'Log in and repair it by hand; the job lists what was tried.',
  },
  'timed-out': { ...patch, title: 'it took too long', remedy: 'See where the host stands.' },
  lost: { ...patch, title: 'the host fell silent in the middle', remedy: 'Bring it back; it will report what it did.' },
};

/** By the host's own word for what it refused; whatever is not listed has the remedy of its class. */
const BY_SIGNATURE: Readonly<Record<string, string>> = {
  // A permit lives five minutes, a plan a day: who finds one run out has another clock, or got it late.
  'permit-refused:expired': COMPARE_CLOCKS,
  'plan-refused:early': COMPARE_CLOCKS,
  'plan-refused:expired': COMPARE_CLOCKS,
  'permit-refused:plan-ended': 'Nothing: a new plan is offered while the rollout has time.',
  'plan-refused:replay':
    'The host has accepted a later plan than this: was the server restored from an older backup? The next offers have higher numbers and come through.',
  'plan-refused:leap': 'The number of the plan leaps: look who else signs plans for this host, then enrol it anew.',
  'plan-refused:installation': 'The host belongs to another installation: enrol it here.',
  'plan-refused:host': 'The plan is for another host: are two machines enrolled under one identity (a copy of a disk)?',
};

/** Refusals of a plan that say nothing about its signature or its address, only about the time. */
const BY_CLOCK: readonly string[] = ['plan-refused:early', 'plan-refused:expired'];

/** The class that counts: a host that refuses a plan for its time alone is no security event. `touched`: the host says that it changed something. */
export function countedClass(failureClass: FailureClass, signature: string, touched: boolean): FailureClass {
  return failureClass === 'plan-refused' && !touched && BY_CLOCK.includes(signature) ? 'clock-differs' : failureClass;
}

/** What a person can do about it. */
export function remedyOf(failureClass: FailureClass, signature: string | null): string {
  return BY_SIGNATURE[signature ?? ''] ?? FAILURE_CLASSES[failureClass].remedy;
}

export function isFailureClass(text: string): text is FailureClass {
  return Object.hasOwn(FAILURE_CLASSES, text);
}
