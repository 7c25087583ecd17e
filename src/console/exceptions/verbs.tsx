import { TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { ExceptionDetailView } from '../../api/exceptions.ts';
import { useAct } from '../data/ask.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Facts } from '../kit/facts.tsx';
import { ReasonDialog } from '../kit/reason-dialog.tsx';
import { At, withLocalTimes, ZONE } from '../kit/time.tsx';
import { counted } from '../kit/words.ts';
import { instantOf, localOf } from '../rollouts/zoned-time.ts';
import { EXCEPTION_VERB_WORD, type ExceptionVerbView, KIND_WORD } from './words.ts';

/** Which verbs a page shows in which state: the ones that make sense there, whether this person may or not; the server says which are allowed and why not. */
const SHOWN: Readonly<Record<ExceptionDetailView['state'], readonly ExceptionVerbView[]>> = {
  draft: ['withdraw', 'edit', 'submit'],
  requested: ['withdraw', 'review', 'reject', 'approve'],
  'under-review': ['withdraw', 'renew', 'reject', 'approve'],
  approved: ['withdraw', 'reopen', 'revoke'],
  active: ['reopen', 'revoke', 'renew'],
  expiring: ['reopen', 'revoke', 'renew'],
  expired: [],
  renewed: [],
  revoked: [],
  resolved: [],
  rejected: [],
  withdrawn: [],
};

const FORWARD: ReadonlySet<ExceptionVerbView> = new Set(['submit', 'approve', 'renew']);
const AT_ONCE: ReadonlySet<ExceptionVerbView> = new Set(['submit', 'review']);

export function ExceptionVerbs({ data }: { readonly data: ExceptionDetailView }) {
  const [asking, setAsking] = useState<Exclude<ExceptionVerbView, 'edit'> | null>(null);
  const navigate = useNavigate();
  const act = useAct('exceptionAct');
  return (
    <>
      {SHOWN[data.state].map(verb => {
        const allowed = data.verbs.find(each => each.verb === verb);
        const refusal = allowed?.enabled ? null : `Not possible: ${withLocalTimes(allowed?.disabledReason ?? `it is ${data.state}`)}.`;
        return (
          <ActButton
            key={verb}
            refusal={refusal}
            variant={FORWARD.has(verb) ? 'filled' : 'default'}
            loading={act.isPending && act.variables?.body.verb === verb}
            onClick={() => {
              if (verb === 'edit') void navigate({ to: '/exceptions/$id/edit', params: { id: data.id } });
              else if (AT_ONCE.has(verb)) act.mutate({ params: { id: data.id }, body: { verb } });
              else setAsking(verb);
            }}
          >
            {EXCEPTION_VERB_WORD[verb]}
          </ActButton>
        );
      })}
      {asking === 'renew' && <RenewDialog data={data} close={() => setAsking(null)} />}
      {asking !== null && asking !== 'renew' && <VerbDialog verb={asking} data={data} close={() => setAsking(null)} />}
    </>
  );
}

const WORDS: Partial<
  Record<
    ExceptionVerbView,
    { readonly text: string; readonly button: string; readonly danger?: boolean; readonly reason: 'needed' | 'optional' }
  >
> = {
  approve: {
    text: 'Your approval binds exactly these hosts and findings. Nothing joins later, and a change for the worse makes it a question again.',
    button: 'Approve this scope',
    reason: 'optional',
  },
  reject: { text: 'It ends here, and its findings count as before.', button: 'Reject', danger: true, reason: 'needed' },
  withdraw: { text: 'The request ends here; nothing has been granted.', button: 'Withdraw', reason: 'optional' },
  reopen: {
    text: 'A control has failed, or something else is not as it was. It excuses nothing from now on, until a risk owner decides.',
    button: 'Have it looked at',
    danger: true,
    reason: 'needed',
  },
  revoke: {
    text: 'At once: its findings count in every number again, and a patch that it holds back may be installed.',
    button: 'Revoke',
    danger: true,
    reason: 'needed',
  },
};

function VerbDialog({
  verb,
  data,
  close,
}: {
  readonly verb: Exclude<ExceptionVerbView, 'edit' | 'renew'>;
  readonly data: ExceptionDetailView;
  readonly close: () => void;
}) {
  const act = useAct('exceptionAct', { quiet: true, after: close });
  const words = WORDS[verb];
  if (!words) return null;
  const seen = verb === 'approve' ? { scopeHash: data.scope.hash } : {};
  return (
    <ReasonDialog
      title={`${EXCEPTION_VERB_WORD[verb]}: ${data.title}`}
      {...words}
      act={act}
      send={reason => act.mutate({ params: { id: data.id }, body: { verb, reason, ...seen } })}
      close={close}
    >
      {verb === 'approve' && (
        <Facts
          rows={{
            Kind: KIND_WORD[data.kind],
            Covers: `${counted(data.scope.findings.length, 'vulnerability', 'vulnerabilities')} on ${counted(data.scope.hosts.length, 'host')}`,
            Until: <At at={data.endsAt} />,
            Owner: data.owner,
            'Asked for by': data.requestedBy,
            Reason: data.reason,
          }}
        />
      )}
    </ReasonDialog>
  );
}

function RenewDialog({ data, close }: { readonly data: ExceptionDetailView; readonly close: () => void }) {
  const navigate = useNavigate();
  const [until, setUntil] = useState(() => localOf(new Date(Date.now() + data.life.days * 86_400_000 - 3_600_000).toISOString(), ZONE));
  const [checked, setChecked] = useState('');
  const act = useAct('exceptionAct', {
    quiet: true,
    done: 'The renewal waits for a decision',
    after: next => {
      close();
      void navigate({ to: '/exceptions/$id', params: { id: next.id } });
    },
  });
  const endsAt = instantOf(until, ZONE);
  const checkedAt = instantOf(checked, ZONE);
  return (
    <ReasonDialog
      title={`Renew: ${data.title}`}
      text={`The findings that are still open, for ${counted(data.life.days, 'more day')} at most (${data.life.meaning}). It is decided on anew; this one stays in force until then.`}
      button="Ask for the renewal"
      act={act}
      send={reason => {
        if (endsAt !== null)
          act.mutate({
            params: { id: data.id },
            body: { verb: 'renew', reason, endsAt, ...(checkedAt === null ? {} : { controlsCheckedAt: checkedAt }) },
          });
      }}
      close={close}
    >
      <TextInput
        type="datetime-local"
        label={`Until (${ZONE})`}
        required
        value={until}
        onChange={event => setUntil(event.currentTarget.value)}
      />
      {data.kind === 'mitigated' && (
        <TextInput
          type="datetime-local"
          label={`Controls checked (${ZONE})`}
          value={checked}
          onChange={event => setChecked(event.currentTarget.value)}
        />
      )}
    </ReasonDialog>
  );
}
