import type { Instant } from '../kernel/instants.ts';
import { type VerbActor, type VerbGuards, type VerbRow, verbDesk } from '../kernel/verbs.ts';
import type { RingState } from './ring-states.ts';
import { ROLLOUT, type RolloutEvent, type RolloutState } from './rollout-states.ts';

/** What a person can do to a rollout: the event it sends and the permission it needs (names of api/access.ts; a test compares). Stopping needs no approval. */
export const VERBS = {
  submit: { event: 'submit', permission: 'rollout.plan' },
  'request-approval': { event: 'request-approval', permission: 'rollout.plan' },
  approve: { event: 'approve', permission: 'rollout.approve', inPerson: true },
  reject: { event: 'reject', permission: 'rollout.approve', inPerson: true },
  start: { event: 'start', permission: 'rollout.operate' },
  pause: { event: 'pause', permission: 'rollout.operate' },
  resume: { event: 'resume', permission: 'rollout.operate' },
  halt: { event: 'halt', permission: 'rollout.operate' },
  cancel: { event: 'cancel', permission: 'rollout.operate' },
  edit: { event: 'edit', permission: 'rollout.plan' },
} as const satisfies Readonly<Record<string, VerbRow<RolloutEvent>>>;

export type Verb = keyof typeof VERBS;

export interface VerbFacts {
  readonly now: Instant;
  readonly state: RolloutState;
  /** Everybody who wrote, edited or handed it in. */
  readonly authorIds: readonly string[];
  readonly windowStartsAt: Instant | null;
  readonly killSwitch: boolean;
  readonly approvalExpiresAt: Instant | null;
  /** What of its plan has been retracted, in words. */
  readonly retracted?: string | null;
  /** The ring that a gate has stopped, if any, and whether hosts in it wait to be tried again. */
  readonly stopped: { readonly ring: string; readonly state: RingState; readonly canRetry: boolean } | null;
}

export interface Actor extends VerbActor {
  /** Nobody else can approve: self-approval is then allowed and recorded as such. */
  readonly singlePerson: boolean;
}

const GUARDS: VerbGuards<Verb, VerbFacts, Actor> = {
  approve: (facts, actor) => retractedGuard(facts) ?? secondPerson(facts, actor, 'approve'),
  start: startGuard,
  resume: (facts, actor) =>
    facts.killSwitch
      ? 'the kill switch is engaged'
      : (retractedGuard(facts) ?? approvalGuard(facts) ?? (needsOverride(facts) ? secondPerson(facts, actor, 'override the gate') : null)),
};

export const { whyNot, verbStates } = verbDesk({
  machine: ROLLOUT,
  verbs: VERBS,
  stateOf: facts => facts.state,
  guards: GUARDS,
});

/** It can only end: the plan names what nobody may install any more. */
function retractedGuard({ retracted }: VerbFacts): string | null {
  return retracted == null ? null : `its plan holds a retracted update (${retracted})`;
}

/** S8: never the requester, never a token. */
function secondPerson(facts: VerbFacts, actor: Actor, what: string): string | null {
  if (actor.viaToken) return `an API token cannot ${what}: sign in as a person`;
  if (facts.authorIds.includes(actor.personId) && !actor.singlePerson)
    return `you have written or handed in this rollout: somebody else has to ${what}`;
  return null;
}

function startGuard(facts: VerbFacts): string | null {
  if (facts.killSwitch) return 'the kill switch is engaged';
  return retractedGuard(facts) ?? approvalGuard(facts) ?? windowGuard(facts);
}

/** S7: whatever runs has an approval in force. */
function approvalGuard({ approvalExpiresAt, now }: VerbFacts): string | null {
  return approvalExpiresAt !== null && approvalExpiresAt <= now ? 'its approval has run out' : null;
}

function windowGuard({ windowStartsAt, now }: VerbFacts): string | null {
  return windowStartsAt !== null && now < windowStartsAt ? `its window opens at ${windowStartsAt}; it starts then by itself` : null;
}

/** After a failed gate, or where the gate cannot tell and there is nothing left to try again. */
export function needsOverride(facts: Pick<VerbFacts, 'stopped'>): boolean {
  return facts.stopped !== null && (facts.stopped.state === 'failed' || !facts.stopped.canRetry);
}
