import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { PatchView } from '../../api/findings.ts';
import { ask } from '../data/ask.ts';
import { addressOf } from '../data/client.ts';
import { useUrlState } from '../data/url-state.ts';
import { QueryFilter } from '../hosts/query-filter.tsx';
import { Choice } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import { Page } from '../kit/page.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { count } from '../kit/words.ts';
import { PlanChosen } from '../rollouts/plan-chosen.tsx';
import { PATCH_COLUMNS } from './patch-queue.tsx';

const DEFAULT_SORT = 'rank';
const PLATFORMS = { 'debian-13': 'Debian 13', 'debian-12': 'Debian 12', 'debian-11': 'Debian 11' };

/** The queue: one row is one package to one version on one platform, ranked by the risk that it removes. CVEs are evidence on it. */
export function PatchesPage() {
  const [url, change] = useUrlState();
  const paging = usePageQuery(DEFAULT_SORT);
  const filter = { platform: url.platform, security: url.security as 'true' | 'false' | undefined, query: url.query, host: url.host };
  const patches = useQuery({
    ...ask('patchList', { query: { ...paging, ...filter } }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  const [chosen, setChosen] = useState<ReadonlyMap<string, PatchView>>(new Map());
  const filtered = Boolean(url.platform || url.security || url.query || url.search || url.host);
  return (
    <Page
      title="Patches"
      lead="Ranked by the risk that each removes. Choose some and plan a rollout."
      actions={
        <Button
          variant="default"
          component="a"
          href={addressOf('patchExport', { query: { search: url.search, ...filter } })}
          download
          leftSection={<IconDownload size={14} />}
        >
          Export CSV
        </Button>
      }
    >
      <ListFrame>
        <Toolbar
          aside={
            <PlanChosen
              chosen={chosen}
              clear={() => setChosen(new Map())}
              start={{ patches: [...chosen.keys()].join(','), ...(url.query ? { query: url.query } : {}) }}
              note={`, closes ${count(closesOf(chosen))}`}
            />
          }
        >
          <SearchBox
            label="Find package or CVE"
            value={url.search ?? ''}
            onChange={search => change({ search, page: undefined })}
            width={190}
          />
          <QueryFilter />
          <Choice name="platform" label="Any platform" options={PLATFORMS} width={120} />
          <Choice name="security" label="Any kind" options={{ true: 'Security', false: 'Other updates' }} width={115} />
        </Toolbar>
        <PagedGrid
          label="Patches"
          of={patches}
          columns={PATCH_COLUMNS}
          rowId={patch => patch.id}
          defaultSort={DEFAULT_SORT}
          selection={{ chosen, set: setChosen, nameOf: patch => `${patch.sourceName} on ${patch.platform}` }}
          empty={
            filtered ? (
              <Empty
                title="No patch matches"
                action={
                  <Button
                    variant="default"
                    onClick={() =>
                      change({
                        platform: undefined,
                        security: undefined,
                        query: undefined,
                        search: undefined,
                        host: undefined,
                        page: undefined,
                      })
                    }
                  >
                    Show the whole queue
                  </Button>
                }
              >
                The filters all have to match.
              </Empty>
            ) : (
              <Empty title="No patch is pending">
                Patches appear when a host’s own package manager offers a newer version. Uploaded lists have no offers, so they bring
                findings and no patches.
              </Empty>
            )
          }
        />
      </ListFrame>
    </Page>
  );
}

const closesOf = (chosen: ReadonlyMap<string, PatchView>) => [...chosen.values()].reduce((sum, patch) => sum + patch.closes, 0);
