import { UnstyledButton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { JobView } from '../../api/jobs.ts';
import { ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Choice, labelsOf } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import type { Column } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { JOB_LOOK } from '../kit/states.ts';
import { Ago } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';

function columns(show: (id: string) => void): readonly Column<JobView>[] {
  return [
    {
      key: 'host',
      title: 'Host',
      sort: 'hostName',
      cell: job => (
        <UnstyledButton className="link" aria-haspopup="dialog" onClick={() => show(job.id)}>
          {job.hostName}
        </UnstyledButton>
      ),
    },
    { key: 'ring', title: 'Ring', sort: 'ringIndex', align: 'right', cell: job => job.ringIndex + 1 },
    { key: 'state', title: 'State', sort: 'state', cell: job => <Mark look={JOB_LOOK[job.state]} /> },
    {
      key: 'why',
      title: 'Why',
      wrap: true,
      from: 'sm',
      cell: job =>
        job.failure ? (
          <>
            <Toned tone="bad">{job.failure}</Toned>{' '}
            {job.infrastructure && <Chip title="The repository or the network, not the patch">infrastructure</Chip>}
          </>
        ) : (
          <Toned tone="quiet">{job.waitingOn ?? job.phase}</Toned>
        ),
    },
    { key: 'attempt', title: 'Attempt', align: 'right', from: 'lg', cell: job => job.attempt },
    { key: 'touched', title: 'Touched', from: 'md', cell: job => (job.touched ? 'yes' : <Toned tone="quiet">no</Toned>) },
    { key: 'started', title: 'Started', from: 'md', cell: job => <Ago at={job.startedAt} none="–" /> },
    { key: 'finished', title: 'Finished', from: 'md', cell: job => <Ago at={job.finishedAt} none="–" /> },
  ];
}

export function JobList({ id }: { readonly id: string }) {
  const [url, change] = useUrlState();
  const jobs = useQuery({
    ...ask('rolloutJobs', {
      params: { id },
      query: { ...usePageQuery(), state: url.state as JobView['state'] | undefined, ring: url.ring },
    }),
    placeholderData: keepPreviousData,
  });
  return (
    <ListFrame>
      <Toolbar>
        <SearchBox label="Find host" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} />
        <Choice name="state" label="Any state" options={labelsOf(JOB_LOOK)} width={170} />
      </Toolbar>
      <PagedGrid
        label="Hosts of this rollout"
        of={jobs}
        columns={columns(job => change({ job }, { push: true }))}
        rowId={job => job.id}
        empty={<Empty title="No host here">Hosts are fixed when the plan is made.</Empty>}
      />
    </ListFrame>
  );
}
