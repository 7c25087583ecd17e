import { Button, TextInput, UnstyledButton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Empty } from '../kit/empty.tsx';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { Page } from '../kit/page.tsx';
import { PagedGrid, usePageQuery } from '../kit/paged-grid.tsx';
import { At, withLocalTimes } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { count } from '../kit/words.ts';
import classes from './audit.module.css';
import { CheckChain } from './check-chain.tsx';
import { AuditEntry } from './entry.tsx';
import { Named } from './named.tsx';
import { phraseOf } from './words.ts';

export type Entry = AnswerOf<'auditList'>['items'][number];
export type Names = AnswerOf<'auditList'>['names'];

/** `host:host_4f...` acted for itself; `system` is Fettle, by its rules and not by a person. */
function Actor({ actor, names }: { readonly actor: string; readonly names: Names }) {
  if (actor === 'system') return <Toned tone="quiet">Fettle</Toned>;
  return actor.startsWith('host:') ? <Named id={actor.slice('host:'.length)} names={names} /> : <b>{actor}</b>;
}

/** People who sign in act on themselves: saying it twice says less. */
const SELF = new Set(['session.create', 'session.delete', 'invitation.accept']);

function Deed({ entry, names }: { readonly entry: Entry; readonly names: Names }) {
  const reason = typeof entry.detail.reason === 'string' ? entry.detail.reason : '';
  return (
    <>
      {SELF.has(entry.action) ? (
        phraseOf(entry.action).replace(/ as$/, '')
      ) : (
        <>
          {phraseOf(entry.action)} <Named id={entry.subject} names={names} otherwise={entry.detail.name} />
        </>
      )}
      {reason !== '' && <div className={classes.reason}>{withLocalTimes(reason)}</div>}
    </>
  );
}

function columns(names: Names, show: (sequence: number) => void): readonly Column<Entry>[] {
  return [
    {
      key: 'sequence',
      title: '#',
      align: 'right',
      width: 60,
      from: 'sm',
      cell: entry => <Toned tone="quiet">{count(entry.sequence)}</Toned>,
    },
    { key: 'at', title: 'When', width: 190, from: 'sm', cell: entry => <At at={entry.at} /> },
    { key: 'actor', title: 'Who', width: 150, from: 'sm', cell: entry => <Actor actor={entry.actor} names={names} /> },
    {
      key: 'deed',
      title: 'Did',
      wrap: true,
      cell: entry => (
        <>
          <Narrow>
            <At at={entry.at} /> · <Actor actor={entry.actor} names={names} />
          </Narrow>
          <Deed entry={entry} names={names} />
        </>
      ),
    },
    {
      key: 'more',
      title: <span className="sr-only">Entry</span>,
      align: 'right',
      cell: entry => (
        <UnstyledButton className="link" aria-haspopup="dialog" aria-label={`Entry ${entry.sequence}`} onClick={() => show(entry.sequence)}>
          Entry
        </UnstyledButton>
      ),
    },
  ];
}

export function AuditPage() {
  const [url, change] = useUrlState();
  const { page, pageSize } = usePageQuery();
  const audit = useQuery({ ...ask('auditList', { query: { page, pageSize, subject: url.subject } }), placeholderData: keepPreviousData });
  const names = audit.data?.names ?? {};
  const open = audit.data?.items.find(entry => String(entry.sequence) === url.open);
  const apply = (text: string) => {
    if (text !== (url.subject ?? '')) change({ subject: text || undefined, page: undefined }, { push: true });
  };
  return (
    <Page
      title="Audit"
      lead="Every change, written together with the change itself. Each entry seals the one before, so that nothing can be taken out unseen."
      actions={<CheckChain />}
    >
      <ListFrame>
        <Toolbar>
          <TextInput
            key={url.subject ?? ''}
            w={320}
            aria-label="About a host, rollout or person"
            placeholder="About a host, rollout or person"
            defaultValue={url.subject === undefined ? '' : (names[url.subject] ?? url.subject)}
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
          columns={columns(names, sequence => change({ open: String(sequence) }, { push: true }))}
          rowId={entry => String(entry.sequence)}
          empty={
            <Empty title="No entry">
              {url.subject ? 'Nothing is recorded about this name or id.' : 'The trail begins with the first change.'}
            </Empty>
          }
        />
      </ListFrame>
      <AuditEntry entry={open} names={names} close={() => change({ open: undefined })} />
    </Page>
  );
}
