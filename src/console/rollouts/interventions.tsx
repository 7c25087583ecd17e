import { Group } from '@mantine/core';
import { useState } from 'react';
import type { JobView } from '../../api/jobs.ts';
import type { RolloutSummaryView } from '../../api/rollouts.ts';
import { JOB_WANTING } from '../../core/rollouts/job-states.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { ReasonDialog } from '../kit/reason-dialog.tsx';

/** What a person can do about one host of a rollout that has started. */
const DEEDS = {
  rolloutSkip: {
    button: 'Leave it out',
    title: 'Leave out',
    text: 'The host is not changed by this rollout; its due dates keep running. More than a tenth of a ring left out makes the gate ask a person.',
    refusal: (job: JobView) => (JOB_WANTING.includes(job.state) ? null : 'Only a host that has not begun to change can be left out.'),
  },
  rolloutRetry: {
    button: 'Try again',
    title: 'Try again on',
    text: 'The host gets fresh attempts at once. Say what was put right.',
    refusal: (job: JobView) =>
      job.waitingCode === 'infrastructure' || job.waitingCode === 'host-not-ready' ? null : 'It does not wait for a person to try again.',
  },
  rolloutForensic: {
    button: 'Evidence is collected',
    title: 'Evidence collected on',
    text: 'The patch destroys traces of a break-in. Say who collected them and where they are; the host may be patched then.',
    refusal: (job: JobView) => (job.waitingCode === 'forensic' ? null : 'No evidence is asked for on this host.'),
  },
} as const;
type Deed = keyof typeof DEEDS;

const GOES_ON: ReadonlySet<RolloutSummaryView['state']> = new Set(['running', 'paused']);

/** Evidence is offered only where it is asked for; the other two stay in sight with their reason. */
export function Interventions({ job, state }: { readonly job: JobView; readonly state: RolloutSummaryView['state'] | undefined }) {
  const [asking, setAsking] = useState<Deed | null>(null);
  const refusal = useRefusal('rollout.operate');
  if (state === undefined || !GOES_ON.has(state) || job.finishedAt !== null) return null;
  const shown = (Object.keys(DEEDS) as Deed[]).filter(deed => deed !== 'rolloutForensic' || DEEDS[deed].refusal(job) === null);
  return (
    <Group gap="xs">
      {shown.map(deed => (
        <ActButton key={deed} variant="default" refusal={refusal ?? DEEDS[deed].refusal(job)} onClick={() => setAsking(deed)}>
          {DEEDS[deed].button}
        </ActButton>
      ))}
      {asking !== null && <Ask deed={asking} job={job} close={() => setAsking(null)} />}
    </Group>
  );
}

function Ask({ deed, job, close }: { readonly deed: Deed; readonly job: JobView; readonly close: () => void }) {
  const { title, text, button } = DEEDS[deed];
  const act = useAct(deed, { quiet: true, after: close });
  const send = (reason: string) => act.mutate({ params: { id: job.rolloutId }, body: { hostIds: [job.hostId], reason } });
  return <ReasonDialog title={`${title} ${job.hostName}`} {...{ text, button, act, send, close }} />;
}
