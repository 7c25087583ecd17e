import { Button, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ExceptionKindView, ExceptionView } from '../../api/exceptions.ts';
import { ask } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Choice } from '../kit/choice.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Page } from '../kit/page.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { SearchBox } from '../kit/search-box.tsx';
import { EXCEPTION_LOOK } from '../kit/states.ts';
import { Ago } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { count } from '../kit/words.ts';
import { KIND_WORD } from './words.ts';

const SHOW = { 'in-force': 'In force', waiting: 'Wait for a decision', ended: 'Ended', all: 'All' } as const;
const NO_FILTER = { search: undefined, show: undefined, kind: undefined, host: undefined, vulnerability: undefined, page: undefined };

const ENDED: ReadonlySet<ExceptionView['state']> = new Set(['expired', 'renewed', 'revoked', 'resolved', 'rejected', 'withdrawn']);

/** Of what has ended it matters when it did, not when it would have. */
function Until({ one }: { readonly one: ExceptionView }) {
  if (!ENDED.has(one.state)) return <Ago at={one.endsAt} />;
  return (
    <Toned tone="quiet">
      ended <Ago at={one.stateSince} />
    </Toned>
  );
}

const COLUMNS: readonly Column<ExceptionView>[] = [
  {
    key: 'title',
    title: 'Exception',
    sort: 'title',
    wrap: true,
    cell: one => (
      <>
        <Link to="/exceptions/$id" params={{ id: one.id }}>
          <b>{one.title}</b>
        </Link>
        <div style={{ color: 'var(--mantine-color-dimmed)', overflowWrap: 'anywhere' }}>{one.about}</div>
        <Narrow>
          <Mark look={EXCEPTION_LOOK[one.state]} /> · {KIND_WORD[one.kind]} · {one.owner}
        </Narrow>
      </>
    ),
  },
  { key: 'state', title: 'State', sort: 'state', from: 'sm', cell: one => <Mark look={EXCEPTION_LOOK[one.state]} /> },
  { key: 'kind', title: 'Kind', from: 'md', cell: one => KIND_WORD[one.kind] },
  {
    key: 'open',
    title: 'Open',
    align: 'right',
    cell: one => (one.openFindings > 0 ? count(one.openFindings) : <Toned tone="quiet">–</Toned>),
  },
  { key: 'until', title: 'Until', sort: 'endsAt', cell: one => <Until one={one} /> },
  { key: 'owner', title: 'Owner', sort: 'owner', from: 'sm', cell: one => one.owner },
  { key: 'by', title: 'Approved by', from: 'lg', cell: one => one.approvedBy ?? <Toned tone="quiet">nobody</Toned> },
];

/** How much is kept, for how long, and what nobody has looked at again. Nothing is shown before there is something to say. */
function Figures() {
  const figures = useQuery({ ...ask('exceptionFigures', {}), refetchInterval: 60_000 });
  if (figures.data === undefined || (figures.data.inForce === 0 && figures.data.expiredOpen === 0)) return null;
  const { inForce, byKind, medianAgeDays, renewed, renewedPercent, expiredOpen } = figures.data;
  return (
    <Text size="sm" mb="sm">
      <Link to="/exceptions" search={{ show: 'in-force' }}>
        {count(inForce)} in force
      </Link>
      {byKind.length > 0 && ` (${byKind.map(one => `${count(one.count)} ${KIND_WORD[one.kind].toLowerCase()}`).join(', ')})`}
      {medianAgeDays !== null && `, ${medianAgeDays} days old in the median`}
      {renewedPercent !== null && `, ${count(renewed)} renewed (${renewedPercent} %)`}
      {expiredOpen > 0 && (
        <>
          ;{' '}
          <Link to="/exceptions" search={{ show: 'ended' }}>
            <Toned tone="warn">{count(expiredOpen)} expired and still open</Toned>
          </Link>
        </>
      )}
    </Text>
  );
}

/** Leave to keep findings: what waits for a decision first, then what ends first. */
export function ExceptionsPage() {
  const [url, change] = useUrlState();
  const navigate = useNavigate();
  const refusal = useRefusal('exception.request');
  const query = {
    ...usePageQuery(),
    show: url.show as keyof typeof SHOW | undefined,
    kind: url.kind as ExceptionKindView | undefined,
    host: url.host,
    vulnerability: url.vulnerability,
  };
  const list = useQuery({ ...ask('exceptionList', { query }), placeholderData: keepPreviousData, refetchInterval: 30_000 });
  const isFiltered = Boolean(url.search || url.show || url.kind || url.host || url.vulnerability);
  return (
    <Page
      title="Exceptions"
      lead="Approved, reasoned, expiring leave to keep findings. They stay open, due and counted; beside the gross number stands one without them."
      actions={
        <ActButton refusal={refusal} leftSection={<IconPlus size={14} />} onClick={() => void navigate({ to: '/exceptions/new' })}>
          Ask for an exception
        </ActButton>
      }
    >
      <Figures />
      <ListFrame>
        <Toolbar>
          <SearchBox label="Find" value={url.search ?? ''} onChange={search => change({ search, page: undefined })} width={180} />
          <Choice name="show" label="Not ended" options={SHOW} width={170} />
          <Choice name="kind" label="Any kind" options={KIND_WORD} width={160} />
        </Toolbar>
        <PagedGrid
          label="Exceptions"
          of={list}
          columns={COLUMNS}
          rowId={one => one.id}
          empty={
            isFiltered ? (
              <Empty
                title="No exception matches"
                action={
                  <Button variant="default" onClick={() => change(NO_FILTER)}>
                    Show what has not ended
                  </Button>
                }
              >
                The filters all have to match.
              </Empty>
            ) : (
              <Empty title="No exception">
                A finding that cannot be fixed in time gets leave for a while: somebody asks with a reason, an owner and an end, and a risk
                owner who is somebody else decides. Start from a finding, or from a plan that comes too late.
              </Empty>
            )
          }
        />
      </ListFrame>
    </Page>
  );
}
