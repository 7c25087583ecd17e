import type { Instant } from '../../kernel/instants.ts';
import { addMs, DAY_MS } from '../../kernel/instants.ts';
import { move } from '../../kernel/machine.ts';
import { type VerbActor, type VerbGuards, type VerbRow, verbDesk } from '../../kernel/verbs.ts';
import { type ExceptionStatus, inForceAt } from './exception.ts';
import { approvalsNeeded, CONTROL_CHECK_DAYS, type Life, lifeProblem } from './life.ts';
import { overlapOf } from './scope.ts';
import { EXCEPTION, type ExceptionEvent, isGranted } from './states.ts';

/** What a person can do to an exception: the event it sends and the permission it needs (names of api/contract.ts; a test compares). */
export const EXCEPTION_VERBS = {
  edit: { event: 'edit', permission: 'exception.request' },
  submit: { event: 'submit', permission: 'exception.request' },
  review: { event: 'review', permission: 'exception.approve', inPerson: true },
  approve: { event: 'approve', permission: 'exception.approve', inPerson: true },
  reject: { event: 'reject', permission: 'exception.approve', inPerson: true },
  withdraw: { event: 'withdraw', permission: 'exception.request' },
  /** Asks for the next one of the chain; the event comes when that one is in force. */
  renew: { event: 'renew', permission: 'exception.request' },
  /** Doubt needs no approval: whoever may ask may also say that a control has failed. */
  reopen: { event: 'reopen', permission: 'exception.request' },
  revoke: { event: 'revoke', permission: 'exception.approve', inPerson: true },
} as const satisfies Readonly<Record<string, VerbRow<ExceptionEvent>>>;

export type ExceptionVerb = keyof typeof EXCEPTION_VERBS;

export interface ExceptionVerbFacts {
  readonly now: Instant;
  readonly status: ExceptionStatus;
  readonly life: Life;
  readonly ownerExists: boolean;
  /** Other exceptions that are granted; those that speak of the same findings stand in the way. */
  readonly others: readonly ExceptionStatus[];
  /** One that asks to take its place already. */
  readonly renewalId: string | null;
}

export interface ExceptionActor extends VerbActor {
  /** Nobody else can approve exceptions: self-approval is then allowed and recorded as such. */
  readonly singleRiskOwner: boolean;
}

const GUARDS: VerbGuards<ExceptionVerb, ExceptionVerbFacts, ExceptionActor> = {
  edit: ({ status }, actor) => (status.requestedById === actor.personId ? null : 'only whoever wrote it edits it'),
  approve: (facts, actor) => secondPerson(facts, actor) ?? groundGuard(facts),
  withdraw: ({ status }, actor) =>
    status.requestedById === actor.personId || actor.permissions.has('exception.approve')
      ? null
      : 'only whoever asked for it, or a risk owner, takes it back',
  renew: ({ renewalId }) => (renewalId === null ? null : `a renewal has been asked for already: ${renewalId}`),
};

export const { whyNot: whyNotException, verbStates: exceptionVerbStates } = verbDesk({
  machine: EXCEPTION,
  verbs: EXCEPTION_VERBS,
  stateOf: facts => facts.status.state,
  guards: GUARDS,
});

/** S8: never the requester, and never one person twice where two are needed. */
function secondPerson({ status }: ExceptionVerbFacts, actor: ExceptionActor): string | null {
  if (status.requestedById === actor.personId && !actor.singleRiskOwner)
    return 'you have asked for it yourself: another risk owner has to decide';
  if (approvalsNeeded(status.renewals) > 1 && status.approvals.some(one => one.byId === actor.personId) && !actor.singleRiskOwner)
    return `it is renewal ${status.renewals}, which needs two risk owners, and you have approved it already`;
  return null;
}

/** What has to be true of it whoever approves. */
function groundGuard({ now, status, life, ownerExists, others }: ExceptionVerbFacts): string | null {
  if (!ownerExists) return 'its owner is not there any more';
  if (status.scope.hostIds.length === 0) return 'its scope holds no host';
  if (status.scope.findings.length === 0 && status.scope.patch === null) return 'its scope holds no finding';
  if (status.kind === 'mitigated' && addMs(status.controlsCheckedAt ?? '1970-01-01T00:00:00.000Z', CONTROL_CHECK_DAYS * DAY_MS) <= now)
    return `its controls were last checked more than ${CONTROL_CHECK_DAYS} days ago: renew it with a fresh check`;
  const ends = lifeProblem(status.startsAt, status.endsAt, now, life);
  if (ends !== null) return ends;
  for (const other of others) {
    if (other.id === status.id || other.id === status.renewsId || !isGranted(other.state)) continue;
    const same = overlapOf(status.scope, other.scope);
    if (same !== null) return `${other.id} covers ${same.what} already`;
  }
  return null;
}

/** The predecessor leaves at the moment in which its renewal is in force. */
export function isReplacedBy(predecessor: ExceptionStatus, renewal: ExceptionStatus, now: Instant): boolean {
  return renewal.renewsId === predecessor.id && inForceAt(renewal, now) && move(EXCEPTION, predecessor.state, 'renew').ok;
}
