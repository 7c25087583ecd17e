import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { Answered, Page } from '../kit/page.tsx';
import { RolloutForm } from './rollout-form.tsx';
import { draftFromSpec, specOf } from './spec-form.ts';

export function EditRolloutPage() {
  const { id } = useParams({ from: '/signed-in/rollouts/$id/edit' });
  const detail = useQuery({ ...ask('rolloutGet', { params: { id } }), refetchOnWindowFocus: false });
  return (
    <Page
      title={`Edit ${detail.data?.rollout.name ?? 'rollout'}`}
      trail={
        <>
          <Link to="/rollouts">Rollouts</Link>
          <Link to="/rollouts/$id" params={{ id }}>
            {detail.data?.rollout.name ?? id}
          </Link>
        </>
      }
    >
      <Answered of={detail}>{data => <EditForm key={data.rollout.id} data={data} />}</Answered>
    </Page>
  );
}

function EditForm({ data }: { readonly data: RolloutDetailView }) {
  const { id } = data.rollout;
  const navigate = useNavigate();
  const [draft, setDraft] = useState(() => draftFromSpec(data.spec));
  const back = () => void navigate({ to: '/rollouts/$id', params: { id } });
  const save = useAct('rolloutUpdate', { quiet: true });
  const submit = useAct('rolloutAct');
  const send = async (plan: boolean) => {
    const saved = await save.mutateAsync({ params: { id }, body: specOf(draft) }).catch(() => null);
    if (saved === null) return;
    if (plan) await submit.mutateAsync({ params: { id }, body: { verb: 'submit' } }).catch(() => null);
    back();
  };
  const verb = data.verbs.find(each => each.verb === 'edit');
  const refusal = useRefusal('rollout.plan') ?? (verb && !verb.enabled ? verb.disabledReason : null);
  return (
    <>
      {data.rollout.planHash !== null && (
        <Text size="sm" c="dimmed">
          Saving makes it a draft again: the plan is made anew, and an approval of the old plan is void.
        </Text>
      )}
      <RolloutForm
        draft={draft}
        put={patch => setDraft(before => ({ ...before, ...patch }))}
        error={save.error}
        busy={save.isPending || submit.isPending}
        refusal={refusal}
        onPlan={() => void send(true)}
        onDraft={() => void send(false)}
        cancel={
          <Button variant="subtle" onClick={back}>
            Cancel
          </Button>
        }
      />
    </>
  );
}
