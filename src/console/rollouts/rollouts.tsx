import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { RolloutSummaryView } from '../../api/rollouts.ts';
import { ask } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Choice, labelsOf } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Page } from '../kit/page.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { ROLLOUT_LOOK } from '../kit/states.ts';
import { Ago } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { count, counted } from '../kit/words.ts';
import { Progress } from './progress.tsx';
import { RolloutNav } from './rollout-nav.tsx';

const COLUMNS: readonly Column<RolloutSummaryView>[] = [
  {
    key: 'name',
    title: 'Rollout',
    wrap: true,
    width: '30%',
    cell: row => (
      <>
        <Link to="/rollouts/$id" params={{ id: row.id }}>
          {row.name}
        </Link>{' '}
        {row.kind === 'rollback' && <Chip tone="warn">rollback</Chip>}
        <Narrow>{row.hosts === 0 ? 'no plan yet' : `${count(row.succeeded)} of ${counted(row.hosts, 'host')} done`}</Narrow>
      </>
    ),
  },
  { key: 'state', title: 'State', cell: row => <Mark look={ROLLOUT_LOOK[row.state]} note={row.stateReason} /> },
  { key: 'progress', title: 'Hosts', from: 'sm', width: 190, cell: row => <Progress counts={row} /> },
  {
    key: 'patches',
    title: 'Patches',
    align: 'right',
    from: 'md',
    cell: row => (row.patches === 0 ? <Toned tone="quiet">–</Toned> : count(row.patches)),
  },
  { key: 'asked', title: 'Asked by', from: 'md', wrap: true, cell: row => row.requestedBy },
  { key: 'approved', title: 'Approved by', from: 'lg', cell: row => row.approvedBy ?? <Toned tone="quiet">–</Toned> },
  { key: 'created', title: 'Made', from: 'sm', cell: row => <Ago at={row.createdAt} /> },
  { key: 'finished', title: 'Finished', from: 'lg', cell: row => <Ago at={row.finishedAt} none="–" /> },
];

export function RolloutsPage() {
  const [url, change] = useUrlState();
  const navigate = useNavigate();
  const refusal = useRefusal('rollout.plan');
  const rollouts = useQuery({
    ...ask('rolloutList', { query: { ...usePageQuery(), state: url.state as RolloutSummaryView['state'] | undefined } }),
    placeholderData: keepPreviousData,
    refetchInterval: 8_000,
  });
  const plan = () => void navigate({ to: '/rollouts/new' });
  return (
    <>
      <RolloutNav />
      <Page
        title="Rollouts"
        actions={
          <ActButton refusal={refusal} leftSection={<IconPlus size={14} />} onClick={plan}>
            New rollout
          </ActButton>
        }
      >
        <ListFrame>
          <Toolbar>
            <SearchBox label="Find by name" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} />
            <Choice name="state" label="Any state" options={labelsOf(ROLLOUT_LOOK)} width={180} />
          </Toolbar>
          <PagedGrid
            label="Rollouts"
            of={rollouts}
            columns={COLUMNS}
            rowId={row => row.id}
            empty={
              url.state || url.search ? (
                <Empty title="No rollout matches">Change the filter.</Empty>
              ) : (
                <Empty
                  title="No rollout yet"
                  action={
                    <ActButton refusal={refusal} onClick={plan}>
                      Plan the first one
                    </ActButton>
                  }
                >
                  A rollout takes patches to hosts in rings: a canary first, then the rest. Every host computes the exact transaction before
                  anybody approves it, and nothing counts as done until it is observed on the host.
                </Empty>
              )
            }
          />
        </ListFrame>
      </Page>
    </>
  );
}
