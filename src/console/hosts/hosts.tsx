import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconDownload, IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { HostSummaryView } from '../../api/hosts.ts';
import { ask } from '../data/ask.ts';
import { addressOf } from '../data/client.ts';
import { useRefusal } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Choice, labelsOf } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import { Page } from '../kit/page.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { HOST_LOOK } from '../kit/states.ts';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { PlanChosen } from '../rollouts/plan-chosen.tsx';
import { AddHosts } from './add-hosts.tsx';
import { HOST_COLUMNS } from './columns.tsx';
import { QueryFilter } from './query-filter.tsx';
import { RefreshHosts } from './refresh-hosts.tsx';

const DEFAULT_SORT = '-overdue';

export function HostsPage() {
  const [url, change] = useUrlState();
  const paging = usePageQuery(DEFAULT_SORT);
  const filter = { query: url.query, state: url.state as HostSummaryView['state'] | undefined };
  const hosts = useQuery({
    ...ask('hostList', { query: { ...paging, ...filter } }),
    placeholderData: keepPreviousData,
    refetchInterval: 20_000,
  });
  const [chosen, setChosen] = useState<ReadonlyMap<string, HostSummaryView>>(new Map());
  const filtered = Boolean(url.query || url.state || url.search);
  const refusal = useRefusal('host.enrol');
  return (
    <Page
      title="Hosts"
      actions={
        <>
          <ExportMenu query={url.query} />
          <ActButton refusal={refusal} leftSection={<IconPlus size={14} />} onClick={() => change({ add: 'agent' }, { push: true })}>
            Add hosts
          </ActButton>
        </>
      }
    >
      <ListFrame>
        <Toolbar
          aside={
            <PlanChosen chosen={chosen} clear={() => setChosen(new Map())} start={{ hosts: [...chosen.keys()].join(',') }}>
              <RefreshHosts ids={[...chosen.keys()]} />
            </PlanChosen>
          }
        >
          <SearchBox
            label="Find by name or address"
            value={url.search ?? ''}
            onChange={search => change({ search, page: undefined })}
            width={220}
          />
          <QueryFilter />
          <Choice name="state" label="Any state" options={labelsOf(HOST_LOOK)} />
        </Toolbar>
        <PagedGrid
          label="Hosts"
          of={hosts}
          columns={HOST_COLUMNS}
          rowId={host => host.id}
          defaultSort={DEFAULT_SORT}
          selection={{ chosen, set: setChosen, nameOf: host => host.name }}
          empty={
            filtered ? (
              <Empty
                title="No host matches"
                action={
                  <Button
                    variant="default"
                    onClick={() => change({ query: undefined, state: undefined, search: undefined, page: undefined })}
                  >
                    Show all hosts
                  </Button>
                }
              >
                Loosen the filter: the group query, the state and the search all have to match.
              </Empty>
            ) : (
              <Empty
                title="No hosts yet"
                action={
                  <ActButton refusal={refusal} onClick={() => change({ add: 'agent' })}>
                    Add the first hosts
                  </ActButton>
                }
              >
                Fettle reaches hosts in three ways: a small agent (one command on the host), SSH without anything installed, or a pasted
                package list.
              </Empty>
            )
          }
        />
      </ListFrame>
      <AddHosts />
    </Page>
  );
}

function ExportMenu({ query }: { readonly query: string | undefined }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={14} />} rightSection={<IconChevronDown size={13} />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={addressOf('hostExport', { query: { query } })} download>
          Hosts as CSV{query ? ' (this group query)' : ''}
        </Menu.Item>
        <Menu.Item component="a" href={addressOf('findingExport')} download>
          All findings as CSV
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
