import { useDisclosure } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { RolloutSummaryView } from '../../api/rollouts.ts';
import { useAct } from '../data/ask.ts';
import { ActButton } from '../kit/act-button.tsx';
import { ReasonDialog } from '../kit/reason-dialog.tsx';

interface DraftButtonProps {
  readonly route: 'rolloutRollback' | 'rolloutSupersede';
  readonly rollout: RolloutSummaryView;
  readonly refusal: string | null;
  readonly icon: ReactNode;
  readonly word: string;
  readonly text: string;
  readonly button: string;
}

/** A rollout that comes of another one: asked for with a reason, and opened when it is drafted. */
export function DraftButton({ route, rollout: { id, name }, refusal, icon, word, text, button }: DraftButtonProps) {
  const [open, { open: show, close }] = useDisclosure();
  const navigate = useNavigate();
  const draft = useAct(route, {
    quiet: true,
    after: answer => {
      close();
      void navigate({ to: '/rollouts/$id', params: { id: answer.rollout.id } });
    },
  });
  const send = (reason: string) => draft.mutate({ params: { id }, body: { reason } });
  return (
    <>
      <ActButton variant="default" refusal={refusal} leftSection={icon} onClick={show}>
        {word}
      </ActButton>
      {open && <ReasonDialog title={`${word}: ${name}`} {...{ text, button, send, close }} act={draft} />}
    </>
  );
}
