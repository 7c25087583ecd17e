import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Choice } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Chip, Toned } from '../kit/mark.tsx';
import { PackageName } from '../kit/package-name.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { Ago } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { Version, VersionMove } from '../kit/version.tsx';
import { Figure } from './columns.tsx';

type Package = AnswerOf<'hostPackages'>['items'][number];
type Only = 'all' | 'pending' | 'held' | 'vulnerable';
const ONLY = { pending: 'With a newer offer', held: 'On hold', vulnerable: 'With findings' } as const;

function Offer({ row }: { readonly row: Package }) {
  if (row.candidate === null) return <Toned tone="quiet">–</Toned>;
  return (
    <span title={row.candidate.origins.join(', ')}>
      <VersionMove from={row.version} to={row.candidate.version} short /> {row.candidate.security && <Chip tone="info">security</Chip>}{' '}
      {row.candidate.availability !== 'offered' && <Chip tone="warn">{row.candidate.availability}</Chip>}
    </span>
  );
}

const COLUMNS: readonly Column<Package>[] = [
  {
    key: 'name',
    title: 'Package',
    sort: 'name',
    wrap: true,
    cell: row => (
      <>
        <PackageName name={row.name} arch={row.arch} /> {row.held && <Chip tone="warn">held</Chip>}{' '}
        {row.state !== 'installed' && <Chip tone="bad">{row.state}</Chip>}{' '}
        {row.origin.kind === 'third-party' && <Chip tone="quiet">third party: {row.origin.name}</Chip>}
        <Narrow>{row.candidate !== null && <Offer row={row} />}</Narrow>
      </>
    ),
  },
  { key: 'version', title: 'Installed', wrap: true, cell: row => <Version text={row.version} /> },
  { key: 'offer', title: 'Offer', from: 'sm', cell: row => <Offer row={row} /> },
  {
    key: 'source',
    title: 'Source',
    sort: 'sourceName',
    from: 'lg',
    cell: row => (row.sourceName === row.name ? <Toned tone="quiet">same</Toned> : row.sourceName),
  },
  {
    key: 'findings',
    title: 'Findings',
    sort: 'findings',
    descendingFirst: true,
    align: 'right',
    cell: row => <Figure value={row.findings} />,
  },
  { key: 'since', title: 'Since', sort: 'since', from: 'md', cell: row => <Ago at={row.since} none="–" /> },
];

export function HostPackages({ id }: { readonly id: string }) {
  const [url, change] = useUrlState();
  const paging = usePageQuery('name');
  const packages = useQuery({
    ...ask('hostPackages', { params: { id }, query: { ...paging, only: (url.only as Only | undefined) ?? 'all' } }),
    placeholderData: keepPreviousData,
  });
  return (
    <ListFrame>
      <Toolbar>
        <SearchBox label="Find package" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} />
        <Choice name="only" label="All packages" options={ONLY} width={170} />
      </Toolbar>
      <PagedGrid
        label="Packages"
        of={packages}
        columns={COLUMNS}
        rowId={row => `${row.name}:${row.arch}:${row.version}`}
        defaultSort="name"
        empty={<Empty title="No package matches">Change the filter or the search.</Empty>}
      />
    </ListFrame>
  );
}
