import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDatabaseImport } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Grid, Narrow } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { FEED_LOOK } from '../kit/states.ts';
import { Ago } from '../kit/time.tsx';
import { ListFrame } from '../kit/toolbar.tsx';
import { count, counted } from '../kit/words.ts';
import { Bundles } from './bundles.tsx';
import { FeedActions } from './feed-actions.tsx';
import { ImportFeeds } from './import-feeds.tsx';
import { SettingsPage } from './settings-page.tsx';

export type FeedView = AnswerOf<'feedList'>['items'][number];

const COLUMNS: readonly Column<FeedView>[] = [
  {
    key: 'title',
    title: 'Feed',
    wrap: true,
    width: '34%',
    cell: feed => (
      <>
        <b>
          {feed.homepage ? (
            <a href={feed.homepage} target="_blank" rel="noreferrer">
              {feed.title}
            </a>
          ) : (
            feed.title
          )}
        </b>{' '}
        {!feed.enabled && feed.records > 0 && <Chip title="It is not fetched by itself">by import</Chip>}
        <Narrow>
          <Mark look={FEED_LOOK[feed.state]} />, {counted(feed.records, 'record')}
          {feed.dataDate && `, data of ${feed.dataDate}`}
        </Narrow>
      </>
    ),
  },
  { key: 'state', title: 'State', from: 'sm', cell: feed => <Mark look={FEED_LOOK[feed.state]} note={feed.message} /> },
  { key: 'records', title: 'Records', align: 'right', from: 'sm', cell: feed => count(feed.records) },
  { key: 'data', title: 'Data of', from: 'sm', cell: feed => feed.dataDate ?? <Toned tone="quiet">–</Toned> },
  { key: 'loaded', title: 'Loaded', from: 'md', cell: feed => <Ago at={feed.loadedAt} /> },
  { key: 'next', title: 'Next', from: 'lg', cell: feed => <Ago at={feed.nextSyncAt} none="–" /> },
  { key: 'licence', title: 'Licence', from: 'md', wrap: true, cell: feed => <Toned tone="quiet">{feed.licence}</Toned> },
  { key: 'actions', title: <span className="sr-only">Actions</span>, align: 'right', cell: feed => <FeedActions feed={feed} /> },
];

const VOUCHER: Readonly<Record<NonNullable<FeedView['integrity']>['level'], string>> = {
  signature: 'its publisher’s signature',
  checksum: 'its publisher’s checksum',
  bundle: 'the bundle that brought it',
  transport: 'HTTPS alone',
  none: 'nobody',
};

/** What it says beside its state: the message, what was put aside, and where it comes from. */
function Below({ feed }: { readonly feed: FeedView }) {
  return (
    <>
      {feed.message && <div style={{ color: 'var(--mantine-color-text)' }}>{feed.message}</div>}
      {feed.integrity && (
        <div>
          Vouched for by {VOUCHER[feed.integrity.level]}: {feed.integrity.note}
        </div>
      )}
      {feed.quarantined > 0 && (
        <div>
          <Toned tone="warn">{counted(feed.quarantined, 'record')} put aside</Toned>, for example {feed.quarantineSample[0]}
        </div>
      )}
      {feed.url !== null && <div style={{ overflowWrap: 'anywhere' }}>{feed.url}</div>}
    </>
  );
}

/** What needs a person stands first. */
const URGENCY: Readonly<Record<FeedView['state'], number>> = { failed: 0, refused: 0, 'never-loaded': 1, stale: 2, loading: 3, current: 4 };

/** Off and never loaded: offered, but no part of what is known here. */
const inUse = (feed: FeedView) => feed.enabled || feed.state !== 'never-loaded';
const UNUSED_COLUMNS = new Set(['title', 'licence', 'actions']);

export function FeedsPage() {
  const feeds = useQuery({
    ...ask('feedList', {}),
    refetchInterval: query => (query.state.data?.items.some(feed => feed.state === 'loading') ? 1_500 : 20_000),
  });
  const [importing, { open, close }] = useDisclosure();
  const refusal = useRefusal('feed.write');
  const unused = feeds.data?.items.filter(feed => !inUse(feed)) ?? [];
  return (
    <SettingsPage
      title="Advisory feeds"
      lead="Where knowledge of vulnerabilities comes from. One that is empty or too old is said so on the overview."
      actions={
        <ActButton refusal={refusal} leftSection={<IconDatabaseImport size={14} />} onClick={open}>
          Import
        </ActButton>
      }
    >
      <ListFrame>
        <Answered of={feeds}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No feed" action={<Button onClick={open}>Import a feed</Button>}>
                Without one, findings come from the distribution alone: security candidates and the CVEs that their changelogs name.
              </Empty>
            ) : (
              <Grid
                label="Feeds"
                columns={COLUMNS}
                rows={items.filter(inUse).toSorted((a, b) => URGENCY[a.state] - URGENCY[b.state])}
                rowId={feed => feed.id}
                below={feed => <Below feed={feed} />}
              />
            )
          }
        </Answered>
      </ListFrame>
      {unused.length > 0 && (
        <Section title="Not in use" aside="Switch on what your hosts run, or import it">
          <Grid
            label="Feeds that are not in use"
            columns={COLUMNS.filter(column => UNUSED_COLUMNS.has(column.key))}
            rows={unused}
            rowId={feed => feed.id}
          />
        </Section>
      )}
      <Bundles />
      <ImportFeeds open={importing} close={close} />
    </SettingsPage>
  );
}
