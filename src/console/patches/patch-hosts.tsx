import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Empty } from '../kit/empty.tsx';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Chip, Toned } from '../kit/mark.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { Due } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { VersionMove } from '../kit/version.tsx';
import { PlanChosen } from '../rollouts/plan-chosen.tsx';

type PatchHost = AnswerOf<'patchHosts'>['items'][number];
const AVAILABILITY = {
  offered: 'offered',
  held: 'held on the host',
  'kept-back': 'kept back',
  phased: 'phased',
  'not-offered': 'not offered',
} as const;

const columnsOf = (reboots: boolean): readonly Column<PatchHost>[] => [
  {
    key: 'host',
    title: 'Host',
    sort: 'hostName',
    wrap: true,
    cell: host => (
      <>
        <Link to="/hosts/$id" params={{ id: host.hostId }}>
          {host.hostName}
        </Link>
        <Narrow>{AVAILABILITY[host.availability]}</Narrow>
      </>
    ),
  },
  {
    key: 'availability',
    title: 'Availability',
    from: 'sm',
    cell: host => (host.availability === 'offered' ? 'offered' : <Chip tone="warn">{AVAILABILITY[host.availability]}</Chip>),
  },
  { key: 'due', title: 'Due', sort: 'dueAt', cell: host => <Due at={host.dueAt} none="–" /> },
  {
    key: 'packages',
    title: 'Packages',
    from: 'sm',
    wrap: true,
    cell: host =>
      host.packages.map(item => (
        <div key={item.name + item.arch}>
          {item.name} <VersionMove from={item.fromVersion} to={item.toVersion} />
        </div>
      )),
  },
  {
    key: 'restart',
    title: 'Restarts',
    from: 'md',
    wrap: true,
    cell: host => {
      const restarts = [...(reboots ? ['the host (reboot)'] : []), ...host.restartUnits];
      return restarts.length === 0 ? <Toned tone="quiet">nothing</Toned> : restarts.join(', ');
    },
  },
];

export function PatchHosts({ id, reboots }: { readonly id: string; readonly reboots: boolean }) {
  const columns = useMemo(() => columnsOf(reboots), [reboots]);
  const [url, change] = useUrlState();
  const paging = usePageQuery();
  const hosts = useQuery({ ...ask('patchHosts', { params: { id }, query: paging }), placeholderData: keepPreviousData });
  const [chosen, setChosen] = useState<ReadonlyMap<string, PatchHost>>(new Map());
  return (
    <ListFrame>
      <Toolbar
        aside={
          <PlanChosen
            chosen={chosen}
            clear={() => setChosen(new Map())}
            start={{ patches: id, hosts: [...chosen.keys()].join(',') }}
            label="Plan a rollout on these"
          />
        }
      >
        <SearchBox label="Find host" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} />
      </Toolbar>
      <PagedGrid
        label="Hosts that need this patch"
        of={hosts}
        columns={columns}
        rowId={host => host.hostId}
        selection={{ chosen, set: setChosen, nameOf: host => host.hostName }}
        empty={
          <Empty title="No host needs it">
            Hosts that have it, or that are excluded by their own hold, are not listed when the search does not match them.
          </Empty>
        }
      />
    </ListFrame>
  );
}
