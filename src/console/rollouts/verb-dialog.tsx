import { Text } from '@mantine/core';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { useAct } from '../data/ask.ts';
import { useSession } from '../data/session.ts';
import { Facts } from '../kit/facts.tsx';
import { Toned } from '../kit/mark.tsx';
import { ReasonDialog } from '../kit/reason-dialog.tsx';
import { count } from '../kit/words.ts';
import { VERB_WORD } from './verbs.tsx';

type Verb = RolloutDetailView['verbs'][number]['verb'];
const WORDS: Partial<
  Record<Verb, { readonly text: string; readonly button: string; readonly danger?: boolean; readonly reason: 'needed' | 'optional' }>
> = {
  approve: { text: 'Your approval binds exactly this plan. Any edit makes it void.', button: 'Approve this plan', reason: 'optional' },
  reject: { text: 'The rollout ends here; the requester can edit it and ask again.', button: 'Reject', danger: true, reason: 'needed' },
  halt: {
    text: 'No host gets another permit. Hosts before the point of no return stop; those past it are brought to a safe end. It cannot be resumed; what was changed can be rolled back.',
    button: 'Halt the rollout',
    danger: true,
    reason: 'needed',
  },
  cancel: {
    text: 'Nothing has been changed on any host, and nothing will be.',
    button: 'Cancel the rollout',
    danger: true,
    reason: 'optional',
  },
  resume: {
    text: 'The same ring goes on; no ring is skipped. Say what makes it safe now: it is written into the audit trail.',
    button: 'Resume',
    reason: 'needed',
  },
};

/** Verbs that a person should think about for a moment. */
export function VerbDialog({ verb, data, close }: { readonly verb: Verb; readonly data: RolloutDetailView; readonly close: () => void }) {
  const act = useAct('rolloutAct', { quiet: true, after: close });
  const words = WORDS[verb];
  if (!words) return null;
  const { id, planHash, name } = data.rollout;
  const plan = verb === 'approve' && planHash ? { planHash } : {};
  return (
    <ReasonDialog
      title={`${VERB_WORD[verb]}: ${name}`}
      {...words}
      act={act}
      send={reason => act.mutate({ params: { id }, body: { verb, reason, ...plan } })}
      close={close}
    >
      {verb === 'approve' && <Approval data={data} />}
    </ReasonDialog>
  );
}

function Approval({ data: { rollout, plan } }: { readonly data: RolloutDetailView }) {
  const { singlePerson, person } = useSession();
  const problems = plan?.rings.flatMap(ring => ring.hosts).filter(host => host.problem !== null).length ?? 0;
  return (
    <>
      <Facts
        rows={{
          Hosts: plan && count(plan.rings.reduce((sum, ring) => sum + ring.hosts.length, 0)),
          'Left out': plan && plan.excluded.length > 0 && `${count(plan.excluded.length)} hosts, with reasons in the plan`,
          Closes: plan && `${count(plan.closesVulnerabilities)} vulnerabilities`,
          Problems: problems > 0 && <Toned tone="bad">{count(problems)} hosts could not compute it</Toned>,
          Plan: rollout.planHash && <code>{rollout.planHash.slice(0, 24)}…</code>,
        }}
      />
      {singlePerson && rollout.requestedBy === person.login && (
        <Text size="sm" c="var(--tone-warn)">
          You asked for this yourself. Nobody else here can approve, so it is allowed, and the proof will say “approved by the requester”.
        </Text>
      )}
    </>
  );
}
