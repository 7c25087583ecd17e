import type { ExceptionDetailView, ExceptionKindView } from '../../api/exceptions.ts';

export const KIND_WORD: Readonly<Record<ExceptionKindView, string>> = {
  'risk-accepted': 'Risk accepted',
  deferred: 'Deferred',
  mitigated: 'Mitigated',
  'false-positive': 'False positive',
  'not-affected': 'Not affected',
  'no-fix-available': 'No fix available',
  'unsupported-eol': 'End of life',
  operational: 'Patch held back',
};

export const KIND_MEANING: Readonly<Record<ExceptionKindView, string>> = {
  'risk-accepted': 'The risk is accepted as it is, until the end.',
  deferred: 'The fix comes later, by the end.',
  mitigated: 'Compensating controls lower the risk. They have to be checked every 90 days; a check that is overdue ends the leave.',
  'false-positive': 'The finding is wrong, and the reason says how that is known.',
  'not-affected': 'The flaw cannot be used here. Published with its justification in OpenVEX and CSAF.',
  'no-fix-available': 'The vendor has no fix. One that appears makes it a question again.',
  'unsupported-eol': 'The release gets no fixes any more; the host is isolated until it is replaced.',
  operational: 'One patch is held back from these hosts: rollouts leave it out. Findings count as before; thirty days at most.',
};

export const JUSTIFICATION_WORD: Readonly<Record<NonNullable<ExceptionDetailView['justification']>, string>> = {
  component_not_present: 'The component is not present',
  vulnerable_code_not_present: 'The vulnerable code is not present',
  vulnerable_code_not_in_execute_path: 'The vulnerable code is never executed',
  vulnerable_code_cannot_be_controlled_by_adversary: 'An attacker cannot control the vulnerable code',
  inline_mitigations_already_exist: 'Built-in protections prevent exploitation',
};

export type ExceptionVerbView = ExceptionDetailView['verbs'][number]['verb'];

export const EXCEPTION_VERB_WORD: Readonly<Record<ExceptionVerbView, string>> = {
  edit: 'Edit',
  submit: 'Ask for it',
  review: 'Take it up',
  approve: 'Approve',
  reject: 'Reject',
  withdraw: 'Withdraw',
  renew: 'Renew',
  reopen: 'Have it looked at again',
  revoke: 'Revoke',
};

/** What happened, for the history: `approved`, `came into force`. */
const EVENT_WORD: Readonly<Record<string, string>> = {
  create: 'written',
  edit: 'written anew',
  submit: 'asked for',
  review: 'taken up',
  approve: 'approved',
  'first-approval': 'approved, the first of two',
  reject: 'rejected',
  withdraw: 'withdrawn',
  activate: 'came into force',
  remind: 'end is near',
  expire: 'ended',
  renew: 'renewed',
  reopen: 'has to be looked at again',
  revoke: 'revoked',
  resolve: 'resolved',
};

/** What nobody did was done by the clock or by what the fleet shows. */
export function whoWord(actor: string): string {
  return actor === 'system' ? 'Fettle' : actor;
}

export function eventWord(event: string): string {
  return EVENT_WORD[event] ?? event;
}
