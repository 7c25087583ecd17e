import { IconArrowBackUp } from '@tabler/icons-react';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { DraftButton } from './draft-button.tsx';

/** A rollback is a rollout of its own: it is planned, approved and proven like any other. */
export function RollbackButton({ data, refusal }: { readonly data: RolloutDetailView; readonly refusal: string | null }) {
  const { succeeded, failed, state } = data.rollout;
  const busy = state === 'running' || state === 'halting' ? 'Pause or halt it first: hosts are still at work.' : null;
  const untouched = succeeded + failed === 0 ? 'No host has been changed yet.' : null;
  return (
    <DraftButton
      route="rolloutRollback"
      rollout={data.rollout}
      refusal={refusal ?? busy ?? untouched}
      icon={<IconArrowBackUp size={14} />}
      word="Roll back"
      text="This drafts a rollout that restores the exact previous versions on the hosts that this one touched. It needs a plan and an approval of its own; the vulnerabilities open again."
      button="Draft the rollback"
    />
  );
}
