import { IconArrowUpRight } from '@tabler/icons-react';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { DraftButton } from './draft-button.tsx';

const REPLACEABLE: ReadonlySet<RolloutDetailView['rollout']['state']> = new Set([
  'planned',
  'awaiting-approval',
  'scheduled',
  'running',
  'paused',
]);

/** Shown where a newer patch can take over; whether there is one, the server knows. */
export function SupersedeButton({ data, refusal }: { readonly data: RolloutDetailView; readonly refusal: string | null }) {
  const { state, kind } = data.rollout;
  if (kind !== 'patch' || !REPLACEABLE.has(state)) return null;
  return (
    <DraftButton
      route="rolloutSupersede"
      rollout={data.rollout}
      refusal={refusal}
      icon={<IconArrowUpRight size={14} />}
      word="Supersede"
      text="This drafts the same rollout with the newer patches that took the place of its own, and ends this one. Hosts at work finish; the new one needs a plan and an approval of its own."
      button="Draft the newer one"
    />
  );
}
