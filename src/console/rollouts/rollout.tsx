import { Button, Text } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconDownload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { ask } from '../data/ask.ts';
import { addressOf } from '../data/client.ts';
import { useRolloutLog } from '../data/event-stream.ts';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Answered, Page, Section } from '../kit/page.tsx';
import { ROLLOUT_LOOK } from '../kit/states.ts';
import { UrlTabs } from '../kit/tabs.tsx';
import { Ago } from '../kit/time.tsx';
import { JobDrawer } from './job-drawer.tsx';
import { JobList } from './job-list.tsx';
import { PlanView } from './plan-view.tsx';
import { Progress } from './progress.tsx';
import { Rings } from './rings.tsx';
import { RolloutLog } from './rollout-log.tsx';
import { SpecView } from './spec-view.tsx';
import { Verbs } from './verbs.tsx';
import { Why } from './why.tsx';

const QUIET_MS = 10_000;

/** A rollout, live: the log tells the page when to look again; a slow poll covers what the log does not say. */
export function RolloutPage() {
  const { id } = useParams({ from: '/signed-in/rollouts/$id' });
  const queries = useQueryClient();
  const detail = useQuery({ ...ask('rolloutGet', { params: { id } }), refetchInterval: QUIET_MS });
  const look = useDebouncedCallback(
    () =>
      void queries.invalidateQueries({ predicate: query => ['rolloutGet', 'rolloutJobs', 'jobGet'].includes(String(query.queryKey[0])) }),
    { delay: 400, leading: true },
  );
  const log = useRolloutLog(id, look);
  const rollout = detail.data?.rollout;
  return (
    <Page
      title={rollout?.name ?? 'Rollout'}
      trail={<Link to="/rollouts">Rollouts</Link>}
      lead={rollout && <Lead rollout={rollout} />}
      actions={detail.data && <Verbs data={detail.data} />}
    >
      <Answered of={detail}>
        {data => (
          <>
            <Why data={data} />
            {data.rings.length > 0 && (
              <Section title="Rings" aside={<Progress counts={data.rollout} />}>
                <Rings data={data} />
              </Section>
            )}
            <UrlTabs label="About this rollout" tabs={tabsOf(data, id, log)} />
            <JobDrawer state={data.rollout.state} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function tabsOf(data: RolloutDetailView, id: string, log: ReturnType<typeof useRolloutLog>) {
  const plan = { id: 'plan', label: 'Plan', panel: () => <PlanView data={data} /> };
  const live = { id: 'log', label: 'Log', panel: () => <RolloutLog log={log} ended={data.rollout.finishedAt !== null} /> };
  // What a person came for first: the plan before it runs, the log from then on.
  const first = data.rollout.startedAt === null ? [plan, live] : [live, plan];
  return [
    ...first,
    { id: 'hosts', label: 'Hosts', panel: () => <JobList id={id} /> },
    { id: 'spec', label: 'What was asked', panel: () => <SpecView data={data} /> },
    { id: 'proof', label: 'Proof', panel: () => <Proof id={id} /> },
  ];
}

function Lead({ rollout }: { readonly rollout: RolloutDetailView['rollout'] }) {
  return (
    <span style={{ display: 'inline-flex', flexWrap: 'wrap', gap: '2px 12px', alignItems: 'center' }}>
      <Mark look={ROLLOUT_LOOK[rollout.state]} />
      {rollout.kind === 'rollback' && (
        <Chip tone="warn">
          rollback
          {rollout.revertsId && (
            <>
              {' '}
              of{' '}
              <Link to="/rollouts/$id" params={{ id: rollout.revertsId }}>
                an earlier rollout
              </Link>
            </>
          )}
        </Chip>
      )}
      <span>
        asked by {rollout.requestedBy} <Ago at={rollout.createdAt} />
      </span>
      {rollout.approvedBy ? (
        <span>
          approved by {rollout.approvedBy}{' '}
          {rollout.selfApproved && (
            <Chip tone="warn" title="Nobody else could approve; recorded as such">
              the requester
            </Chip>
          )}
        </span>
      ) : (
        <Toned tone="quiet">not approved</Toned>
      )}
      {rollout.startedAt && (
        <span>
          started <Ago at={rollout.startedAt} />
        </span>
      )}
      {rollout.finishedAt && (
        <span>
          finished <Ago at={rollout.finishedAt} />
        </span>
      )}
    </span>
  );
}

function Proof({ id }: { readonly id: string }) {
  return (
    <Section title="Proof">
      <Text size="sm" px={12} pb={8}>
        For every host: what was asked, what was found before, what was changed, what is observed now, and who approved it. Each host’s page
        shows the same under Proof.
      </Text>
      <Button
        mx={12}
        mb={12}
        variant="default"
        component="a"
        href={addressOf('rolloutProof', { params: { id } })}
        download
        leftSection={<IconDownload size={14} />}
      >
        Download as CSV
      </Button>
    </Section>
  );
}
