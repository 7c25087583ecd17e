import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import type { PatchView } from '../../api/findings.ts';
import { type Column, Grid, Narrow, type Selection } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { RESTART_WORD, REVERSIBLE_LOOK } from '../kit/states.ts';
import { Due } from '../kit/time.tsx';
import { Version } from '../kit/version.tsx';
import { count, counted } from '../kit/words.ts';

function Hosts({ patch }: { readonly patch: PatchView }) {
  const notes = [
    patch.hostsInRollout > 0 && `${count(patch.hostsInRollout)} in a rollout`,
    patch.hostsHeld > 0 && `${count(patch.hostsHeld)} held`,
    patch.hostsNotOffered > 0 && `${count(patch.hostsNotOffered)} not offered`,
  ].filter(Boolean);
  return (
    <>
      {count(patch.hosts)} {notes.length > 0 && <Toned tone="quiet">({notes.join(', ')})</Toned>}
    </>
  );
}

const NAMED_MAX = 2;

/** What it closes, what of that is exploited, and why it may not be had: the part of the reason that no other column says. */
function Closes({ patch }: { readonly patch: PatchView }) {
  const { knownExploited: exploited, hosts, hostsNotOffered } = patch;
  return (
    <span title={patch.topVulnerabilities.join(', ')}>
      {patch.closes === 0 ? <Toned tone="quiet">no known vulnerability</Toned> : counted(patch.closes, 'vulnerability', 'vulnerabilities')}
      {exploited.length > 0 && (
        <Toned tone="bad">
          , exploited:{' '}
          {exploited.slice(0, NAMED_MAX).map((id, index) => (
            <Fragment key={id}>
              {index > 0 && ', '}
              <span style={{ whiteSpace: 'nowrap' }}>{id}</span>
            </Fragment>
          ))}
          {exploited.length > NAMED_MAX && ` and ${count(exploited.length - NAMED_MAX)} more`}
        </Toned>
      )}
      {hosts > 0 && hostsNotOffered === hosts && <Toned tone="quiet">; no enabled suite offers it</Toned>}
    </span>
  );
}

const NAME: Column<PatchView> = {
  key: 'name',
  title: 'Patch',
  sort: 'sourceName',
  wrap: true,
  cell: patch => (
    <>
      <Link to="/patches/$id" params={{ id: patch.id }}>
        <b>{patch.sourceName}</b>
      </Link>{' '}
      {patch.knownExploited.length > 0 && (
        <Chip tone="bad" title={patch.knownExploited.join(', ')}>
          exploited
        </Chip>
      )}
      <Narrow>
        {patch.platform} · {counted(patch.hosts, 'host')}
        {patch.closes > 0 && ` · closes ${count(patch.closes)}`}
      </Narrow>
    </>
  ),
};
const DUE: Column<PatchView> = {
  key: 'due',
  title: 'Due',
  sort: 'dueAt',
  cell: patch => <Due at={patch.decision?.dueAt ?? null} none={patch.decision ? 'no date' : '–'} />,
};
const HOSTS: Column<PatchView> = {
  key: 'hosts',
  title: 'Hosts',
  sort: 'hosts',
  descendingFirst: true,
  align: 'right',
  from: 'sm',
  wrap: true,
  cell: patch => <Hosts patch={patch} />,
};
const CLOSES: Column<PatchView> = {
  key: 'closes',
  title: 'Closes',
  sort: 'closes',
  descendingFirst: true,
  wrap: true,
  from: 'sm',
  cell: patch => <Closes patch={patch} />,
};

/** The columns of the queue, most telling first: together they are the reason of the rank. */
export const PATCH_COLUMNS: readonly Column<PatchView>[] = [
  { key: 'rank', title: '#', sort: 'rank', from: 'sm', align: 'right', width: 34, cell: patch => <Toned tone="quiet">{patch.rank}</Toned> },
  NAME,
  { key: 'target', title: 'To version', from: 'md', cell: patch => <Version text={patch.targetVersion} /> },
  { key: 'platform', title: 'Platform', sort: 'platform', from: 'sm', cell: patch => patch.platform },
  DUE,
  CLOSES,
  HOSTS,
  {
    key: 'restart',
    title: 'Disruption',
    from: 'lg',
    cell: patch => <span title={patch.restartReason}>{RESTART_WORD[patch.restart]}</span>,
  },
  {
    key: 'reversible',
    title: 'Undo',
    from: 'xl',
    cell: patch => <Mark look={REVERSIBLE_LOOK[patch.reversible]} note={patch.reversibleReason} />,
  },
];

/** The short queue of the overview: already ranked, not sortable. */
export function PatchQueue({ patches, selection }: { readonly patches: readonly PatchView[]; readonly selection?: Selection<PatchView> }) {
  const columns = PATCH_COLUMNS.map(({ sort: _, ...column }) => column);
  return <Grid label="Patches by the risk they remove" columns={columns} rows={patches} rowId={patch => patch.id} selection={selection} />;
}
