import { Button, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Empty } from '../kit/empty.tsx';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { Page } from '../kit/page.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { At } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import classes from './audit.module.css';

type Entry = AnswerOf<'auditList'>['items'][number];

/** Ids say what they name by their prefix (src/core/kernel/ids.ts). */
function Subject({ id }: { readonly id: string }) {
  if (id.startsWith('host_'))
    return (
      <Link className={classes.subject} to="/hosts/$id" params={{ id }}>
        {id}
      </Link>
    );
  if (id.startsWith('rol_'))
    return (
      <Link className={classes.subject} to="/rollouts/$id" params={{ id }}>
        {id}
      </Link>
    );
  return <>{id}</>;
}

/** The scalar parts in a line; hashes are cut, because nobody reads them and everybody can open them. */
function detailWords(detail: Entry['detail']): string {
  const scalars = Object.entries(detail).filter(([, value]) => value !== null && value !== '' && typeof value !== 'object');
  return scalars.map(([name, value]) => `${name} ${String(value).replace(/\b([0-9a-f]{10})[0-9a-f]{20,}\b/, '$1…')}`).join(', ');
}

function Detail({ entry }: { readonly entry: Entry }) {
  return (
    <details>
      <summary>{detailWords(entry.detail) || 'Detail'}</summary>
      <pre className={classes.detail}>{JSON.stringify({ ...entry.detail, hash: entry.hash }, null, 2)}</pre>
    </details>
  );
}

const COLUMNS: readonly Column<Entry>[] = [
  { key: 'sequence', title: '#', align: 'right', width: 60, from: 'sm', cell: entry => <Toned tone="quiet">{entry.sequence}</Toned> },
  {
    key: 'at',
    title: 'When',
    cell: entry => (
      <>
        <At at={entry.at} />
        <Narrow>
          <b>{entry.action}</b> by {entry.actor}
        </Narrow>
      </>
    ),
  },
  { key: 'actor', title: 'Who', from: 'sm', cell: entry => entry.actor },
  { key: 'action', title: 'Did', from: 'sm', cell: entry => <b>{entry.action}</b> },
  { key: 'subject', title: 'To', from: 'sm', cell: entry => <Subject id={entry.subject} /> },
  { key: 'hash', title: 'Entry hash', from: 'xl', cell: entry => <code title={entry.hash}>{entry.hash.slice(0, 12)}…</code> },
];

export function AuditPage() {
  const [url, change] = useUrlState();
  const { page, pageSize } = usePageQuery();
  const audit = useQuery({ ...ask('auditList', { query: { page, pageSize, subject: url.subject } }), placeholderData: keepPreviousData });
  const apply = (text: string) => {
    if (text !== (url.subject ?? '')) change({ subject: text || undefined, page: undefined }, { push: true });
  };
  return (
    <Page
      title="Audit"
      lead="Every change, written in the transaction that it speaks of. Each entry’s hash covers the one before, so that nothing can be taken out unseen."
    >
      <ListFrame>
        <Toolbar>
          <TextInput
            key={url.subject ?? ''}
            w={320}
            aria-label="Id of a host, rollout or person"
            placeholder="Id of a host, rollout or person"
            defaultValue={url.subject ?? ''}
            onBlur={event => apply(event.currentTarget.value.trim())}
            onKeyDown={event => {
              if (event.key === 'Enter') apply(event.currentTarget.value.trim());
            }}
          />
          {url.subject && (
            <Button variant="subtle" onClick={() => change({ subject: undefined, page: undefined })}>
              Show all
            </Button>
          )}
        </Toolbar>
        <PagedGrid
          label="Audit trail"
          of={audit}
          columns={COLUMNS}
          rowId={entry => String(entry.sequence)}
          below={entry => <Detail entry={entry} />}
          belowFrom={1}
          empty={
            <Empty title="No entry">{url.subject ? 'Nothing is recorded about this id.' : 'The trail begins with the first change.'}</Empty>
          }
        />
      </ListFrame>
    </Page>
  );
}
