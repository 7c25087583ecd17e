import { Link } from '@tanstack/react-router';
import type { HostSummaryView } from '../../api/hosts.ts';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { HOST_LOOK, REACH_WORD } from '../kit/states.ts';
import { Ago, Due } from '../kit/time.tsx';
import { count } from '../kit/words.ts';

export function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  return (
    <span style={{ display: 'inline-flex', flexWrap: 'wrap', gap: 4 }}>
      {Object.entries(labels).map(([name, value]) => (
        <Chip key={name}>
          {name}={value}
        </Chip>
      ))}
    </span>
  );
}

/** Zero is a quiet dash, so that the eye finds the numbers. */
export function Figure({ value, tone }: { readonly value: number; readonly tone?: 'bad' | 'warn' }) {
  if (value === 0) return <Toned tone="quiet">–</Toned>;
  return tone ? (
    <Toned tone={tone} strong>
      {count(value)}
    </Toned>
  ) : (
    count(value)
  );
}

function Pending({ host }: { readonly host: HostSummaryView }) {
  return (
    <span style={{ display: 'inline-flex', gap: 4 }}>
      {host.activeJobId && <Chip tone="info">patching</Chip>}
      {host.rebootPending && <Chip tone="warn">reboot</Chip>}
      {host.restartPending && <Chip tone="warn">restart</Chip>}
      {host.heldPackages > 0 && <Chip>{host.heldPackages} held</Chip>}
    </span>
  );
}

export const HOST_COLUMNS: readonly Column<HostSummaryView>[] = [
  {
    key: 'name',
    title: 'Host',
    sort: 'name',
    wrap: true,
    cell: host => (
      <>
        <Link to="/hosts/$id" params={{ id: host.id }}>
          {host.name}
        </Link>
        <Narrow>
          <Mark look={HOST_LOOK[host.state]} /> · {host.platform}
        </Narrow>
      </>
    ),
  },
  { key: 'state', title: 'State', sort: 'state', from: 'sm', cell: host => <Mark look={HOST_LOOK[host.state]} note={host.stateReason} /> },
  { key: 'platform', title: 'Platform', sort: 'platform', from: 'sm', cell: host => <span title={host.osName}>{host.platform}</span> },
  { key: 'labels', title: 'Labels', from: 'xl', wrap: true, cell: host => <Labels labels={host.labels} /> },
  {
    key: 'overdue',
    title: 'Overdue',
    sort: 'overdue',
    descendingFirst: true,
    align: 'right',
    cell: host => <Figure value={host.overdue} tone="bad" />,
  },
  {
    key: 'kev',
    title: <abbr title="Known exploited vulnerabilities">KEV</abbr>,
    sort: 'knownExploited',
    descendingFirst: true,
    align: 'right',
    cell: host => <Figure value={host.knownExploited} tone="bad" />,
  },
  {
    key: 'findings',
    title: 'Findings',
    sort: 'openFindings',
    descendingFirst: true,
    align: 'right',
    from: 'sm',
    cell: host => <Figure value={host.openFindings} />,
  },
  {
    key: 'patches',
    title: 'Patches',
    sort: 'securityPatches',
    descendingFirst: true,
    align: 'right',
    from: 'md',
    cell: host => <Figure value={host.securityPatches} />,
  },
  { key: 'due', title: 'Next due', sort: 'earliestDueAt', from: 'md', cell: host => <Due at={host.earliestDueAt} none="–" /> },
  { key: 'pending', title: 'Pending', from: 'lg', cell: host => <Pending host={host} /> },
  { key: 'reach', title: 'Reach', sort: 'reach', from: 'xl', cell: host => REACH_WORD[host.reach] },
  { key: 'seen', title: 'Last seen', sort: 'lastSeenAt', descendingFirst: true, from: 'md', cell: host => <Ago at={host.lastSeenAt} /> },
];
