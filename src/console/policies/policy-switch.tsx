import type { PolicyView } from '../../api/policies.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { sayUndo } from '../kit/toast.tsx';

/** Turning off is one click and can be taken back; turning on too, because nothing happens without an approval. */
export function PolicySwitch({ policy, size = 'compact-xs' }: { readonly policy: PolicyView; readonly size?: 'xs' | 'compact-xs' }) {
  const mayPlan = useRefusal('rollout.plan');
  const mayOperate = useRefusal('rollout.operate');
  const turn = useAct('policySwitch', {
    done: answer => (answer.enabled ? `${answer.spec.name} is on` : null),
    after: answer => {
      if (!answer.enabled) sayUndo(`${answer.spec.name} is off`, () => turn.mutate({ params: { id: answer.id }, body: { enabled: true } }));
    },
  });
  return (
    <ActButton
      size={size}
      variant="default"
      refusal={mayOperate ?? (policy.enabled ? null : mayPlan)}
      loading={turn.isPending}
      onClick={() => turn.mutate({ params: { id: policy.id }, body: { enabled: !policy.enabled } })}
    >
      {policy.enabled ? 'Turn off' : 'Turn on'}
    </ActButton>
  );
}
