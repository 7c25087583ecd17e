import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { SafeguardHoldView } from '../../api/safety.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal, useSession } from '../data/session.ts';
import { QueryBox, usePreview } from '../hosts/query-box.tsx';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Grid, Narrow } from '../kit/grid.tsx';
import { Mark } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { HOLD_LOOK } from '../kit/states.ts';
import { Ago, ZONE } from '../kit/time.tsx';
import { counted } from '../kit/words.ts';
import { instantOf, localOf } from '../rollouts/zoned-time.ts';

const COLUMNS: readonly Column<SafeguardHoldView>[] = [
  {
    key: 'name',
    title: 'Hold',
    wrap: true,
    cell: hold => (
      <>
        <b>{hold.name}</b>
        <div style={{ color: 'var(--mantine-color-dimmed)' }}>{hold.reason}</div>
        <Narrow>
          <Mark look={HOLD_LOOK[hold.state]} /> · {hold.sourceName ?? 'every update'}
        </Narrow>
      </>
    ),
  },
  { key: 'state', title: 'State', from: 'sm', cell: hold => <Mark look={HOLD_LOOK[hold.state]} /> },
  { key: 'what', title: 'Update', from: 'sm', cell: hold => hold.sourceName ?? 'every one' },
  {
    key: 'hosts',
    title: 'Hosts',
    cell: hold =>
      hold.hosts === null ? (
        'all: its query cannot be read'
      ) : (
        <Link to="/hosts" search={hold.query ? { query: hold.query } : {}}>
          {counted(hold.hosts, 'host')}
        </Link>
      ),
  },
  { key: 'owner', title: 'Owner', from: 'md', cell: hold => hold.owner },
  { key: 'ends', title: 'Ends', from: 'sm', cell: hold => <Ago at={hold.endsAt} /> },
  { key: 'lift', title: <span className="sr-only">Lift</span>, align: 'right', cell: hold => <Lift hold={hold} /> },
];

function Lift({ hold }: { readonly hold: SafeguardHoldView }) {
  const refusal = useRefusal('rollout.approve');
  const lift = useAct('holdLift', { done: `${hold.name} is lifted` });
  if (hold.state !== 'in-force') return null;
  return (
    <ActButton
      size="compact-xs"
      variant="default"
      refusal={refusal}
      loading={lift.isPending}
      onClick={() => lift.mutate({ params: { id: hold.id } })}
    >
      Lift
    </ActButton>
  );
}

/** Hosts of a kind that a kind of update must not reach for now: a driver, a kernel, a database release. */
export function Holds() {
  const holds = useQuery({ ...ask('holdList', {}), refetchInterval: 30_000 });
  const [open, { open: show, close }] = useDisclosure();
  const refusal = useRefusal('rollout.operate');
  return (
    <Section
      title="Safeguard holds"
      aside={
        <ActButton size="compact-xs" refusal={refusal} onClick={show}>
          Hold updates back
        </ActButton>
      }
    >
      <Answered of={holds} bones={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing is held back">
              For example a kernel that hosts with a certain network card do not boot: those hosts are left alone, all others go on. A hold
              has an owner and ends after thirty days at most.
            </Empty>
          ) : (
            <Grid label="Safeguard holds" columns={COLUMNS} rows={items} rowId={hold => hold.id} />
          )
        }
      </Answered>
      <Modal opened={open} onClose={close} title="Hold updates back" size="lg">
        {open && <HoldForm close={close} />}
      </Modal>
    </Section>
  );
}

const DAYS_FIRST = 14;

function HoldForm({ close }: { readonly close: () => void }) {
  const { person } = useSession();
  const [form, setForm] = useState(() => ({
    name: '',
    query: '',
    sourceName: '',
    reason: '',
    owner: person.name,
    until: localOf(new Date(Date.now() + DAYS_FIRST * 86_400_000).toISOString(), ZONE),
  }));
  const put = (patch: Partial<typeof form>) => setForm(before => ({ ...before, ...patch }));
  const { good } = usePreview(form.query);
  const create = useAct('holdCreate', { quiet: true, done: answer => `${answer.name} holds`, after: close });
  const endsAt = instantOf(form.until, ZONE);
  const whole = form.name.trim() !== '' && form.reason.trim() !== '' && form.owner.trim() !== '' && endsAt !== null && good;
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (whole)
          create.mutate({
            body: {
              name: form.name.trim(),
              query: form.query.trim() || null,
              sourceName: form.sourceName.trim() || null,
              reason: form.reason.trim(),
              owner: form.owner.trim(),
              endsAt,
            },
          });
      }}
    >
      <Stack gap="sm">
        {create.isError && <ProblemNote error={create.error} />}
        <TextInput label="Name" required data-autofocus value={form.name} onChange={event => put({ name: event.currentTarget.value })} />
        <QueryBox labelled label="Hosts (empty: all)" value={form.query} onChange={query => put({ query })} width="100%" counted />
        <TextInput
          label="Source package (empty: every update)"
          spellCheck={false}
          value={form.sourceName}
          onChange={event => put({ sourceName: event.currentTarget.value })}
        />
        <Textarea
          label="Reason"
          required
          autosize
          minRows={2}
          value={form.reason}
          onChange={event => put({ reason: event.currentTarget.value })}
        />
        <Group gap="sm" grow>
          <TextInput label="Owner" required value={form.owner} onChange={event => put({ owner: event.currentTarget.value })} />
          <TextInput
            type="datetime-local"
            label={`Until (${ZONE})`}
            required
            value={form.until}
            onChange={event => put({ until: event.currentTarget.value })}
          />
        </Group>
        <Text size="xs" c="dimmed">
          Thirty days at most; it can be made anew.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={!whole}>
            Hold back
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
