import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { PolicyView } from '../../api/policies.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { Answered, Page } from '../kit/page.tsx';
import { PolicyForm } from './form.tsx';
import { draftOf, newPolicy, policySpecOf } from './policy-form.ts';

export function NewPolicyPage() {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(() => newPolicy(new Date()));
  const create = useAct('policyCreate', {
    quiet: true,
    after: answer => void navigate({ to: '/rollouts/policies/$id', params: { id: answer.id }, replace: true }),
  });
  return (
    <Page title="New policy" trail={<Trail />}>
      <PolicyForm
        draft={draft}
        put={patch => setDraft(before => ({ ...before, ...patch }))}
        error={create.error}
        busy={create.isPending}
        refusal={useRefusal('rollout.plan')}
        save={() => create.mutate({ body: policySpecOf(draft) })}
        cancel={
          <Button variant="subtle" onClick={() => void navigate({ to: '/rollouts/policies' })}>
            Cancel
          </Button>
        }
      />
    </Page>
  );
}

function Trail() {
  return <Link to="/rollouts/policies">Policies</Link>;
}

export function EditPolicyPage() {
  const { id } = useParams({ from: '/signed-in/rollouts/policies/$id/edit' });
  const policy = useQuery({ ...ask('policyGet', { params: { id } }), refetchOnWindowFocus: false });
  return (
    <Page
      title={`Edit ${policy.data?.spec.name ?? 'policy'}`}
      lead="Rollouts that it has made stay as they are."
      trail={
        <>
          <Trail />
          {policy.data && (
            <Link to="/rollouts/policies/$id" params={{ id }}>
              {policy.data.spec.name}
            </Link>
          )}
        </>
      }
    >
      <Answered of={policy}>{data => <EditForm key={data.id} policy={data} />}</Answered>
    </Page>
  );
}

function EditForm({ policy }: { readonly policy: PolicyView }) {
  const navigate = useNavigate();
  const [draft, setDraft] = useState(() => draftOf(policy.spec));
  const back = () => void navigate({ to: '/rollouts/policies/$id', params: { id: policy.id } });
  const save = useAct('policyUpdate', { quiet: true, done: answer => `${answer.spec.name} is saved`, after: back });
  return (
    <PolicyForm
      draft={draft}
      put={patch => setDraft(before => ({ ...before, ...patch }))}
      error={save.error}
      busy={save.isPending}
      refusal={useRefusal('rollout.plan')}
      save={() => save.mutate({ params: { id: policy.id }, body: policySpecOf(draft) })}
      cancel={
        <Button variant="subtle" onClick={back}>
          Cancel
        </Button>
      }
    />
  );
}
