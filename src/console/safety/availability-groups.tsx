import { ActionIcon, Button, Group, Modal, NumberInput, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { AvailabilityGroupView } from '../../api/safety.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { QueryBox, usePreview } from '../hosts/query-box.tsx';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { Grid, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { sayUndo } from '../kit/toast.tsx';
import { count, counted } from '../kit/words.ts';

/** Hosts that serve together: so many of them stay untouched and well, whatever rollouts want. */
export function AvailabilityGroups() {
  const groups = useQuery({ ...ask('availabilityGroupList', {}), refetchInterval: 30_000 });
  const [open, { open: show, close }] = useDisclosure();
  const refusal = useRefusal('group.write');
  const create = useAct('availabilityGroupCreate', { done: 'The protection is back' });
  const remove = useAct('availabilityGroupDelete');
  const drop = ({ id, name, query, minAvailable, maxUnavailable, maxUnavailablePercent, memberSoakMinutes }: AvailabilityGroupView) =>
    remove.mutate(
      { params: { id } },
      {
        onSuccess: () =>
          sayUndo(`${name} is not protected any more`, () =>
            create.mutate({
              body: {
                name,
                query,
                memberSoakMinutes,
                ...(maxUnavailable !== null
                  ? { maxUnavailable }
                  : maxUnavailablePercent !== null
                    ? { maxUnavailablePercent }
                    : { minAvailable }),
              },
            }),
          ),
      },
    );
  return (
    <Section
      title="Availability groups"
      aside={
        <ActButton size="compact-xs" refusal={refusal} onClick={show}>
          Protect a group
        </ActButton>
      }
    >
      <Answered of={groups} bones={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No group is protected">
              For example three database hosts of which two must always serve. Rollouts then take one at a time and wait until it is well
              again.
            </Empty>
          ) : (
            <Grid
              label="Availability groups"
              rows={items}
              rowId={group => group.id}
              below={group => group.problem && <Toned tone="warn">{group.problem}</Toned>}
              columns={[
                {
                  key: 'name',
                  title: 'Group',
                  wrap: true,
                  cell: group => (
                    <>
                      <b>{group.name}</b>
                      <Narrow>{keptWords(group)}</Narrow>
                    </>
                  ),
                },
                {
                  key: 'query',
                  title: 'Members',
                  from: 'sm',
                  wrap: true,
                  cell: group => (
                    <Link to="/hosts" search={{ query: group.query }}>
                      <code>{group.query}</code>
                    </Link>
                  ),
                },
                {
                  key: 'well',
                  title: 'Well now',
                  align: 'right',
                  cell: group => (
                    <Toned tone={group.available < group.minAvailable ? 'bad' : group.available === group.minAvailable ? 'warn' : 'good'}>
                      {count(group.available)} of {count(group.members)}
                    </Toned>
                  ),
                },
                { key: 'min', title: 'Rule', from: 'sm', wrap: true, cell: keptWords },
                { key: 'soak', title: 'Soak of each', align: 'right', from: 'sm', cell: group => `${group.memberSoakMinutes} min` },
                {
                  key: 'drop',
                  title: <span className="sr-only">Give up</span>,
                  align: 'right',
                  cell: group =>
                    refusal === null && (
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        size="sm"
                        aria-label={`Give up the protection of ${group.name}`}
                        onClick={() => drop(group)}
                      >
                        <IconTrash size={14} />
                      </ActionIcon>
                    ),
                },
              ]}
            />
          )
        }
      </Answered>
      <Modal opened={open} onClose={close} title="Protect a group" size="lg">
        {open && <GroupForm close={close} />}
      </Modal>
    </Section>
  );
}

/** The rule as it was given; as a share or a budget it grows and shrinks with the group. */
function keptWords({ maxUnavailable, maxUnavailablePercent, minAvailable }: AvailabilityGroupView): string {
  if (maxUnavailable !== null) return `at most ${counted(maxUnavailable, 'host')} down`;
  if (maxUnavailablePercent !== null) return `at most ${maxUnavailablePercent} % down`;
  return `at least ${count(minAvailable)} well`;
}

const RULES = [
  { value: 'minAvailable', label: 'At least so many well' },
  { value: 'maxUnavailable', label: 'At most so many down' },
  { value: 'maxUnavailablePercent', label: 'At most so many % down' },
] as const;
type Rule = (typeof RULES)[number]['value'];

function GroupForm({ close }: { readonly close: () => void }) {
  const [form, setForm] = useState({ name: '', query: '', rule: 'minAvailable' as Rule, many: 1, memberSoakMinutes: 5 });
  const put = (patch: Partial<typeof form>) => setForm(before => ({ ...before, ...patch }));
  const { good } = usePreview(form.query);
  const create = useAct('availabilityGroupCreate', { done: answer => `${answer.name} is protected`, after: close, quiet: true });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        const { name, query, rule, many, memberSoakMinutes } = form;
        create.mutate({ body: { name, query, memberSoakMinutes, [rule]: many } });
      }}
    >
      <Stack gap="sm">
        {create.isError && <ProblemNote error={create.error} />}
        <TextInput label="Name" required data-autofocus value={form.name} onChange={event => put({ name: event.currentTarget.value })} />
        <QueryBox labelled label="Members" value={form.query} onChange={query => put({ query })} width="100%" counted />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <Select
            label="Rule"
            description="Unknown counts as down"
            data={RULES}
            allowDeselect={false}
            value={form.rule}
            onChange={rule => put({ rule: (rule ?? 'minAvailable') as Rule })}
          />
          <NumberInput
            label={form.rule === 'maxUnavailablePercent' ? 'Percent' : 'Hosts'}
            description={form.rule === 'minAvailable' ? 'Of its members' : 'At once, for whatever reason'}
            min={1}
            max={form.rule === 'maxUnavailablePercent' ? 100 : 100_000}
            value={form.many}
            onChange={value => put({ many: Number(value) || 1 })}
          />
          <NumberInput
            label="Soak of each, minutes"
            description="Well for so long before the next"
            min={0}
            max={1440}
            value={form.memberSoakMinutes}
            onChange={value => put({ memberSoakMinutes: Number(value) || 0 })}
          />
        </SimpleGrid>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={!good || form.query.trim() === '' || form.name.trim() === ''}>
            Protect
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
