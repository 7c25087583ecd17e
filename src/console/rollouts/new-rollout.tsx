import { Button } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { Page } from '../kit/page.tsx';
import { RolloutForm } from './rollout-form.tsx';
import { draftFromUrl, specOf } from './spec-form.ts';

/** The address brings what was chosen elsewhere: `?patches=ID,ID&hosts=ID,ID` or `&query=...`. */
export function NewRolloutPage() {
  const [url] = useUrlState();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(() => draftFromUrl(url, new Date().toISOString().slice(0, 10)));
  const create = useAct('rolloutCreate', { quiet: true });
  const submit = useAct('rolloutAct');
  const send = async (plan: boolean) => {
    const made = await create.mutateAsync({ body: specOf(draft) }).catch(() => null);
    if (made === null) return;
    // A draft that could not be submitted is still a draft: its page shows it and says what is wrong.
    if (plan) await submit.mutateAsync({ params: { id: made.rollout.id }, body: { verb: 'submit' } }).catch(() => null);
    void navigate({ to: '/rollouts/$id', params: { id: made.rollout.id }, replace: true });
  };
  return (
    <Page title="New rollout" trail={<Link to="/rollouts">Rollouts</Link>}>
      <RolloutForm
        draft={draft}
        put={patch => setDraft(before => ({ ...before, ...patch }))}
        error={create.error}
        busy={create.isPending || submit.isPending}
        refusal={useRefusal('rollout.plan')}
        onPlan={() => void send(true)}
        onDraft={() => void send(false)}
        cancel={
          <Button variant="subtle" onClick={() => window.history.back()}>
            Cancel
          </Button>
        }
      />
    </Page>
  );
}
