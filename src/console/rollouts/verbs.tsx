import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { RollbackButton } from './rollback-button.tsx';
import { SupersedeButton } from './supersede-button.tsx';
import { VerbDialog } from './verb-dialog.tsx';

type Verb = RolloutDetailView['verbs'][number]['verb'];
type State = RolloutDetailView['rollout']['state'];

export const VERB_WORD: Readonly<Record<Verb, string>> = {
  submit: 'Make the plan',
  'request-approval': 'Ask for approval',
  approve: 'Approve',
  reject: 'Reject',
  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  halt: 'Halt',
  cancel: 'Cancel it',
  edit: 'Edit',
};

/** Which verbs a page shows in which state: the ones that make sense there, whether this person may or not; the server says which are allowed and why not. */
const SHOWN: Readonly<Record<State, readonly Verb[]>> = {
  draft: ['edit', 'cancel', 'submit'],
  rehearsing: ['cancel'],
  planned: ['edit', 'cancel', 'request-approval'],
  'awaiting-approval': ['cancel', 'reject', 'approve'],
  scheduled: ['edit', 'cancel', 'start'],
  running: ['halt', 'pause'],
  paused: ['halt', 'resume'],
  halting: [],
  halted: [],
  completed: [],
  'completed-partial': [],
  rejected: ['edit'],
  expired: ['edit'],
  superseded: [],
  cancelled: [],
};
/** These ask for a reason or for care first; the rest act at once. Pausing is always one click. */
const ASKS: ReadonlySet<Verb> = new Set(['approve', 'reject', 'halt', 'cancel', 'resume']);
const FORWARD: ReadonlySet<Verb> = new Set(['submit', 'request-approval', 'approve', 'start', 'resume']);

export function Verbs({ data }: { readonly data: RolloutDetailView }) {
  const { id, state } = data.rollout;
  const [asking, setAsking] = useState<Verb | null>(null);
  const act = useAct('rolloutAct');
  const mayPlan = useRefusal('rollout.plan');
  const press = (verb: Verb) => (ASKS.has(verb) ? setAsking(verb) : act.mutate({ params: { id }, body: { verb } }));
  return (
    <>
      {SHOWN[state].map(verb => {
        const allowed = data.verbs.find(each => each.verb === verb);
        const refusal = allowed?.enabled ? null : (allowed?.disabledReason ?? `Not possible while it is ${state}.`);
        if (verb === 'edit')
          return refusal === null ? (
            <Button key={verb} variant="default" component={Link} {...{ to: `/rollouts/${id}/edit` }}>
              Edit
            </Button>
          ) : (
            <ActButton key={verb} refusal={refusal} onClick={() => {}}>
              Edit
            </ActButton>
          );
        return (
          <ActButton
            key={verb}
            refusal={refusal}
            variant={FORWARD.has(verb) ? 'filled' : 'default'}
            loading={act.isPending && act.variables?.body.verb === verb}
            onClick={() => press(verb)}
          >
            {VERB_WORD[verb]}
          </ActButton>
        );
      })}
      <SupersedeButton data={data} refusal={mayPlan} />
      {data.rollout.startedAt !== null && data.rollout.kind === 'patch' && <RollbackButton data={data} refusal={mayPlan} />}
      {asking !== null && <VerbDialog verb={asking} data={data} close={() => setAsking(null)} />}
    </>
  );
}
