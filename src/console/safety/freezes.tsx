import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { FreezeView } from '../../api/safety.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Grid, Narrow } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { FREEZE_LOOK } from '../kit/states.ts';
import { At } from '../kit/time.tsx';
import { DeclareFreeze } from './declare-freeze.tsx';
import { ImportFreezes } from './import-freezes.tsx';

const COLUMNS: readonly Column<FreezeView>[] = [
  {
    key: 'name',
    title: 'Freeze',
    wrap: true,
    cell: freeze => (
      <>
        <b>{freeze.name}</b> {freeze.kind === 'reboot-only' && <Chip>reboots only</Chip>}
        {freeze.kind === 'soft' && <Chip>emergencies go</Chip>}
        <Narrow>
          <Mark look={FREEZE_LOOK[freeze.state]} />
          <div>
            <At at={freeze.startsAt} /> to <At at={freeze.endsAt} />
          </div>
        </Narrow>
      </>
    ),
  },
  { key: 'state', title: 'State', from: 'sm', cell: freeze => <Mark look={FREEZE_LOOK[freeze.state]} /> },
  { key: 'from', title: 'From', from: 'sm', cell: freeze => <At at={freeze.startsAt} /> },
  { key: 'until', title: 'Until', from: 'sm', cell: freeze => <At at={freeze.endsAt} /> },
  { key: 'hosts', title: 'Hosts', from: 'md', wrap: true, cell: freeze => (freeze.query ? <code>{freeze.query}</code> : 'all') },
  { key: 'owner', title: 'Owner', from: 'md', cell: freeze => freeze.owner },
  { key: 'reason', title: 'Reason', from: 'lg', wrap: true, cell: freeze => <Toned tone="quiet">{freeze.reason}</Toned> },
  { key: 'end', title: <span className="sr-only">End</span>, align: 'right', cell: freeze => <End freeze={freeze} /> },
];

/** Times in which nothing may start; a denial always wins over any window. */
export function Freezes() {
  const freezes = useQuery({ ...ask('freezeList', {}), refetchInterval: 60_000 });
  const [open, setOpen] = useState<'declare' | 'import' | null>(null);
  const refusal = useRefusal('rollout.operate');
  const actions = (
    <Group gap="xs">
      <ActButton size="compact-xs" variant="default" refusal={refusal} onClick={() => setOpen('import')}>
        Import a calendar
      </ActButton>
      <ActButton size="compact-xs" refusal={refusal} onClick={() => setOpen('declare')}>
        Declare a freeze
      </ActButton>
    </Group>
  );
  return (
    <Section title="Freezes" aside={actions}>
      <Answered of={freezes} bones={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No freeze">
              A freeze is a time in which no host may be changed: a quarter’s end, a big sale. It has an end, an owner and a reason.
            </Empty>
          ) : (
            <Grid label="Freezes" columns={COLUMNS} rows={items} rowId={freeze => freeze.id} />
          )
        }
      </Answered>
      <DeclareFreeze open={open === 'declare'} close={() => setOpen(null)} />
      <ImportFreezes open={open === 'import'} close={() => setOpen(null)} />
    </Section>
  );
}

function End({ freeze }: { readonly freeze: FreezeView }) {
  const refusal = useRefusal('rollout.approve');
  const end = useAct('freezeEnd', { done: `${freeze.name} is ended` });
  if (freeze.state !== 'in-force' && freeze.state !== 'coming') return null;
  if (refusal !== null)
    return (
      <ActButton size="compact-xs" refusal={refusal} onClick={() => {}}>
        End now
      </ActButton>
    );
  return (
    <Button size="compact-xs" variant="default" loading={end.isPending} onClick={() => end.mutate({ params: { id: freeze.id } })}>
      {freeze.state === 'coming' ? 'Withdraw' : 'End now'}
    </Button>
  );
}
