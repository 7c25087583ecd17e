import { Drawer, Text, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { RetractionView } from '../../api/safety.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Grid, Narrow } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { ReasonDialog } from '../kit/reason-dialog.tsx';
import { RETRACTION_LOOK } from '../kit/states.ts';
import { Ago } from '../kit/time.tsx';
import { Version } from '../kit/version.tsx';
import { counted } from '../kit/words.ts';
import { Retract } from './retract.tsx';

const lookOf = (row: RetractionView) => (row.liftedAt === null ? RETRACTION_LOOK['in-force'] : RETRACTION_LOOK.lifted);

function columns(show: (id: string) => void, lift: (row: RetractionView) => void): readonly Column<RetractionView>[] {
  return [
    {
      key: 'update',
      title: 'Update',
      wrap: true,
      cell: row => (
        <>
          <b>{row.sourceName}</b> <Version text={row.sourceVersion} />
          <div style={{ color: 'var(--mantine-color-dimmed)' }}>{row.reason}</div>
          <Narrow>
            <Mark look={lookOf(row)} />
          </Narrow>
        </>
      ),
    },
    { key: 'state', title: 'State', from: 'sm', cell: row => <Mark look={lookOf(row)} /> },
    {
      key: 'hosts',
      title: 'Have it',
      cell: row =>
        row.hosts === 0 ? (
          <Toned tone="quiet">no host</Toned>
        ) : (
          <UnstyledButton className="link" aria-haspopup="dialog" onClick={() => show(row.id)}>
            {counted(row.hosts, 'host')}
          </UnstyledButton>
        ),
    },
    {
      key: 'paused',
      title: 'Paused',
      from: 'md',
      cell: row =>
        row.pausedRollouts.length === 0 ? (
          <Toned tone="quiet">–</Toned>
        ) : (
          row.pausedRollouts.map((id, index) => (
            <Link key={id} to="/rollouts/$id" params={{ id }} style={{ marginRight: 8 }}>
              rollout {index + 1}
            </Link>
          ))
        ),
    },
    {
      key: 'by',
      title: 'By',
      from: 'sm',
      cell: row => (
        <>
          {row.createdBy} <Ago at={row.createdAt} />
        </>
      ),
    },
    {
      key: 'lift',
      title: <span className="sr-only">Lift</span>,
      align: 'right',
      cell: row => row.liftedAt === null && <Lift onClick={() => lift(row)} />,
    },
  ];
}

function Lift({ onClick }: { readonly onClick: () => void }) {
  return (
    <ActButton size="compact-xs" variant="default" refusal={useRefusal('rollout.approve')} onClick={onClick}>
      Allow again
    </ActButton>
  );
}

/** Updates that turned out bad: blocked everywhere at once, with the list of who has them. `?retract=SOURCE&version=V` opens the form filled in. */
export function Retractions() {
  const [url, change] = useUrlState();
  const retractions = useQuery({ ...ask('retractionList', {}), refetchInterval: 30_000 });
  const [lifting, setLifting] = useState<RetractionView | null>(null);
  const refusal = useRefusal('rollout.operate');
  const close = () => change({ retract: undefined, version: undefined });
  return (
    <Section
      title="Retracted updates"
      aside={
        <ActButton size="compact-xs" refusal={refusal} onClick={() => change({ retract: ' ' })}>
          Retract an update
        </ActButton>
      }
    >
      <Answered of={retractions} bones={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No update is retracted">
              When an update turns out to be bad, retract it: no host may install it any more, rollouts that hold it are paused, and the
              hosts that have it already are listed.
            </Empty>
          ) : (
            <Grid
              label="Retracted updates"
              columns={columns(open => change({ open }, { push: true }), setLifting)}
              rows={items}
              rowId={row => row.id}
            />
          )
        }
      </Answered>
      {url.retract !== undefined && refusal === null && (
        <Retract sourceName={url.retract.trim()} sourceVersion={url.version ?? ''} close={close} />
      )}
      {lifting && <LiftDialog row={lifting} close={() => setLifting(null)} />}
      <Drawer
        opened={url.open !== undefined}
        onClose={() => change({ open: undefined })}
        position="right"
        size={480}
        title={<Text fw={650}>Hosts that have it</Text>}
      >
        {url.open !== undefined && <Having id={url.open} />}
      </Drawer>
    </Section>
  );
}

function Having({ id }: { readonly id: string }) {
  const hosts = useQuery(ask('retractionHosts', { params: { id } }));
  return (
    <Answered of={hosts}>
      {({ items }) => (
        <Grid
          label="Hosts that have it"
          rows={items}
          rowId={host => host.hostId}
          columns={[
            {
              key: 'host',
              title: 'Host',
              wrap: true,
              cell: host => (
                <Link to="/hosts/$id" params={{ id: host.hostId }}>
                  {host.hostName}
                </Link>
              ),
            },
            {
              key: 'from',
              title: 'Came by',
              cell: host =>
                host.rolloutId === null ? (
                  <Toned tone="quiet">not by a rollout</Toned>
                ) : (
                  <Link to="/rollouts/$id" params={{ id: host.rolloutId }}>
                    its rollout
                  </Link>
                ),
            },
          ]}
        />
      )}
    </Answered>
  );
}

function LiftDialog({ row, close }: { readonly row: RetractionView; readonly close: () => void }) {
  const update = `${row.sourceName} ${row.sourceVersion}`;
  const lift = useAct('retractionLift', { quiet: true, done: `${update} is allowed again`, after: close });
  return (
    <ReasonDialog
      title={`Allow again: ${update}`}
      text="Rollouts that were paused stay paused until somebody resumes them."
      button="Allow again"
      act={lift}
      send={reason => lift.mutate({ params: { id: row.id }, body: { reason } })}
      close={close}
    />
  );
}
