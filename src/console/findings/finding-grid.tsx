import { UnstyledButton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { FindingView } from '../../api/findings.ts';
import type { AnswerOf } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { type Column, Narrow } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { PagedGrid } from '../kit/paged-grid.tsx';
import { FINDING_LOOK } from '../kit/states.ts';
import { Due } from '../kit/time.tsx';
import { Version } from '../kit/version.tsx';
import { FindingDrawer, findingKey } from './finding-drawer.tsx';

export const FINDING_SORT = 'dueAt';

function columns(show: (finding: FindingView) => void, withHost: boolean): readonly Column<FindingView>[] {
  const all: (Column<FindingView> | false)[] = [
    {
      key: 'vulnerability',
      title: 'Vulnerability',
      wrap: true,
      sort: 'vulnerabilityId',
      cell: finding => (
        <>
          <UnstyledButton className="link" onClick={() => show(finding)} aria-haspopup="dialog">
            {finding.vulnerabilityId}
          </UnstyledButton>{' '}
          {finding.knownExploited && <Chip tone="bad">exploited</Chip>}{' '}
          {finding.exception && <Chip tone="info">{finding.exception.excuses ? 'excepted' : 'held back'}</Chip>}
          <Narrow>
            {withHost && <div>{finding.hostName}</div>}
            {finding.sourceName} · <Mark look={FINDING_LOOK[finding.state]} />
          </Narrow>
        </>
      ),
    },
    withHost && {
      key: 'host',
      title: 'Host',
      sort: 'hostName',
      from: 'sm',
      cell: finding => (
        <Link to="/hosts/$id" params={{ id: finding.hostId }}>
          {finding.hostName}
        </Link>
      ),
    },
    { key: 'package', title: 'Package', sort: 'sourceName', from: 'sm', cell: finding => finding.sourceName },
    { key: 'installed', title: 'Installed', from: 'xl', cell: finding => <Version text={finding.installedVersion} /> },
    {
      key: 'fixed',
      title: 'Fixed in',
      from: 'md',
      cell: finding => (finding.fixedVersion ? <Version text={finding.fixedVersion} /> : <Toned tone="quiet">no fix</Toned>),
    },
    { key: 'state', title: 'State', sort: 'state', from: 'sm', cell: finding => <Mark look={FINDING_LOOK[finding.state]} /> },
    { key: 'due', title: 'Due', sort: 'dueAt', cell: finding => <Due at={finding.decision.dueAt} none="–" /> },
    {
      key: 'cvss',
      title: 'CVSS',
      sort: 'cvssScore',
      descendingFirst: true,
      align: 'right',
      from: 'md',
      cell: finding => finding.cvssScore?.toFixed(1) ?? <Toned tone="quiet">–</Toned>,
    },
    {
      key: 'epss',
      title: 'EPSS',
      sort: 'epss',
      descendingFirst: true,
      align: 'right',
      from: 'lg',
      cell: finding => (finding.epss === null ? <Toned tone="quiet">–</Toned> : `${(100 * finding.epss).toFixed(1)} %`),
    },
    { key: 'title', title: 'Title', from: 'xl', wrap: true, cell: finding => <Toned tone="quiet">{finding.title}</Toned> },
  ];
  return all.filter(column => column !== false);
}

/** Findings with their evidence one click away; the open one is in the address. */
export function FindingGrid({
  of,
  empty,
  withHost,
}: {
  readonly of: UseQueryResult<AnswerOf<'findingList'>>;
  readonly empty: ReactNode;
  readonly withHost: boolean;
}) {
  const [url, change] = useUrlState();
  const open = of.data?.items.find(finding => findingKey(finding) === url.open);
  return (
    <>
      <PagedGrid
        label="Findings"
        of={of}
        columns={columns(finding => change({ open: findingKey(finding) }, { push: true }), withHost)}
        rowId={findingKey}
        defaultSort={FINDING_SORT}
        empty={empty}
      />
      <FindingDrawer finding={open} close={() => change({ open: undefined })} />
    </>
  );
}
