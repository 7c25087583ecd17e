import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Empty } from '../kit/empty.tsx';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { PackageName } from '../kit/package-name.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { At } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { VersionMove } from '../kit/version.tsx';

type Change = AnswerOf<'hostHistory'>['items'][number];
const ORIGIN = { log: 'the host’s own log', observed: 'seen by inventory', job: 'a rollout' } as const;

const COLUMNS: readonly Column<Change>[] = [
  { key: 'at', title: 'When', wrap: true, cell: row => <At at={row.at} /> },
  { key: 'action', title: 'Action', from: 'sm', cell: row => row.action },
  {
    key: 'name',
    title: 'Package',
    wrap: true,
    cell: row => (
      <>
        <PackageName name={row.name} arch={row.arch} />
        <Narrow>
          {row.action}: <VersionMove from={row.fromVersion} to={row.toVersion} />
        </Narrow>
      </>
    ),
  },
  { key: 'move', title: 'Versions', from: 'sm', cell: row => <VersionMove from={row.fromVersion} to={row.toVersion} /> },
  { key: 'origin', title: 'Known from', from: 'md', cell: row => ORIGIN[row.origin] },
  { key: 'by', title: 'Asked by', from: 'md', cell: row => row.requestedBy ?? <Toned tone="quiet">–</Toned> },
];

export function HostHistory({ id }: { readonly id: string }) {
  const [url, change] = useUrlState();
  const history = useQuery({ ...ask('hostHistory', { params: { id }, query: usePageQuery() }), placeholderData: keepPreviousData });
  return (
    <ListFrame>
      <Toolbar>
        <SearchBox label="Find package" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} />
      </Toolbar>
      <PagedGrid
        label="Package changes"
        of={history}
        columns={COLUMNS}
        rowId={row => `${row.at} ${row.action} ${row.name} ${row.arch} ${row.toVersion}`}
        empty={
          <Empty title="No change is known">Changes are read from the host’s package logs when it joins, and observed from then on.</Empty>
        }
      />
    </ListFrame>
  );
}
