import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { PatchView } from '../../api/findings.ts';
import { ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Empty } from '../kit/empty.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { PATCH_COLUMNS } from '../patches/patch-queue.tsx';
import { PlanChosen } from '../rollouts/plan-chosen.tsx';

const DEFAULT_SORT = 'rank';

export function HostPatches({ id }: { readonly id: string }) {
  const [url, change] = useUrlState();
  const paging = usePageQuery(DEFAULT_SORT);
  const patches = useQuery({ ...ask('patchList', { query: { ...paging, host: id } }), placeholderData: keepPreviousData });
  const [chosen, setChosen] = useState<ReadonlyMap<string, PatchView>>(new Map());
  return (
    <ListFrame>
      <Toolbar
        aside={
          <PlanChosen
            chosen={chosen}
            clear={() => setChosen(new Map())}
            start={{ patches: [...chosen.keys()].join(','), hosts: id }}
            label="Plan a rollout on this host"
          />
        }
      >
        <SearchBox label="Find package or CVE" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} />
      </Toolbar>
      <PagedGrid
        label="Patches pending on this host"
        of={patches}
        columns={PATCH_COLUMNS.filter(column => column.key !== 'platform')}
        rowId={patch => patch.id}
        defaultSort={DEFAULT_SORT}
        selection={{ chosen, set: setChosen, nameOf: patch => patch.sourceName }}
        empty={
          <Empty title="No patch is pending">
            The host’s own package manager offers nothing newer, or its offers could not be read (an uploaded list has none).
          </Empty>
        }
      />
    </ListFrame>
  );
}
