import { Button, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { FindingView } from '../../api/findings.ts';
import { ask } from '../data/ask.ts';
import { addressOf } from '../data/client.ts';
import { useUrlState } from '../data/url-state.ts';
import { Choice, labelsOf } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import { Page } from '../kit/page.tsx';
import { usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { DUE_WORD, FINDING_LOOK } from '../kit/states.ts';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { FINDING_SORT, FindingGrid } from './finding-grid.tsx';

const EXCEPTED = { any: 'Only with an exception', excused: 'Only what it excuses' } as const;
type Due = keyof typeof DUE_WORD;
const NO_FILTER = {
  search: undefined,
  state: undefined,
  due: undefined,
  source: undefined,
  vulnerability: undefined,
  host: undefined,
  exception: undefined,
  page: undefined,
};

export function FindingsPage() {
  const [url, change] = useUrlState();
  const paging = usePageQuery(FINDING_SORT);
  const filter = {
    state: url.state as FindingView['state'] | undefined,
    due: url.due as Due | undefined,
    source: url.source,
    vulnerability: url.vulnerability,
    host: url.host,
    exception: url.exception,
  };
  const findings = useQuery({ ...ask('findingList', { query: { ...paging, ...filter } }), placeholderData: keepPreviousData });
  const filtered = Boolean(url.search || url.state || url.due || url.source || url.vulnerability || url.host || url.exception);
  return (
    <Page
      title="Findings"
      lead="A vulnerability on a host, with the evidence that says so. It closes when the exposed process runs the fixed code."
      actions={
        <Button
          variant="default"
          component="a"
          href={addressOf('findingExport', { query: { search: url.search, ...filter } })}
          download
          leftSection={<IconDownload size={14} />}
        >
          Export CSV
        </Button>
      }
    >
      <ListFrame>
        <Toolbar>
          <SearchBox label="Find" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} width={180} />
          <Exact name="vulnerability" label="CVE id" />
          <Exact name="source" label="Source package" />
          <Choice name="state" label="Any state" options={labelsOf(FINDING_LOOK)} width={170} />
          <Choice name="due" label="Any due date" options={DUE_WORD} width={150} />
          <Choice name="exception" label="With or without exception" options={EXCEPTED} width={200} />
        </Toolbar>
        <FindingGrid
          of={findings}
          withHost
          empty={
            filtered ? (
              <Empty
                title="No finding matches"
                action={
                  <Button variant="default" onClick={() => change(NO_FILTER)}>
                    Show all findings
                  </Button>
                }
              >
                The filters all have to match.
              </Empty>
            ) : (
              <Empty title="No finding is open">
                That is good news only when the feeds are fresh and the hosts current: the overview says so.
              </Empty>
            )
          }
        />
      </ListFrame>
    </Page>
  );
}

/** A filter that matches a whole word; it applies on Enter or when the field is left. */
function Exact({ name, label }: { readonly name: string; readonly label: string }) {
  const [url, change] = useUrlState();
  const apply = (text: string) => {
    if (text !== (url[name] ?? '')) change({ [name]: text || undefined, page: undefined }, { push: true });
  };
  return (
    <TextInput
      key={url[name] ?? ''}
      aria-label={label}
      placeholder={label}
      w={150}
      defaultValue={url[name] ?? ''}
      onBlur={event => apply(event.currentTarget.value.trim())}
      onKeyDown={event => {
        if (event.key === 'Enter') apply(event.currentTarget.value.trim());
      }}
    />
  );
}
