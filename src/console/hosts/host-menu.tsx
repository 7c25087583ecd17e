import { ActionIcon, Button, Group, Menu, Modal, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDots } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { HostSummaryView } from '../../api/hosts.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ProblemNote } from '../kit/problem.tsx';
import { CRITICALITY_WORD, EXPOSURE_WORD } from '../kit/states.ts';
import { LabelsInput } from './labels-input.tsx';

export function HostMenu({ host }: { readonly host: HostSummaryView }) {
  const [editing, edit] = useDisclosure();
  const [removing, remove] = useDisclosure();
  const mayEdit = useRefusal('host.write');
  const mayRemove = useRefusal('host.enrol');
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More actions">
            <IconDots size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={edit.open} disabled={mayEdit !== null} title={mayEdit ?? undefined}>
            Labels, criticality, exposure …
          </Menu.Item>
          <Menu.Item color="red" onClick={remove.open} disabled={mayRemove !== null} title={mayRemove ?? undefined}>
            Remove this host …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={editing} onClose={edit.close} title={`About ${host.name}`}>
        <EditHost host={host} close={edit.close} />
      </Modal>
      <Modal opened={removing} onClose={remove.close} title={`Remove ${host.name}?`}>
        <RemoveHost host={host} close={remove.close} />
      </Modal>
    </>
  );
}

const options = <Key extends string>(words: Readonly<Record<Key, string>>) =>
  (Object.entries(words) as [Key, string][]).map(([value, label]) => ({ value, label }));

function EditHost({ host, close }: { readonly host: HostSummaryView; readonly close: () => void }) {
  const [labels, setLabels] = useState<Record<string, string>>(host.labels);
  const [criticality, setCriticality] = useState(host.criticality);
  const [exposure, setExposure] = useState(host.exposure);
  const save = useAct('hostUpdate', { done: 'Saved; due dates follow', after: close, quiet: true });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        save.mutate({ params: { id: host.id }, body: { labels, criticality, exposure } });
      }}
    >
      <Stack gap="sm">
        {save.isError && <ProblemNote error={save.error} />}
        <LabelsInput labels={labels} onChange={setLabels} />
        <Select
          label="Criticality"
          description="How much the business minds losing it"
          data={options(CRITICALITY_WORD)}
          value={criticality}
          allowDeselect={false}
          onChange={value => value && setCriticality(value as typeof criticality)}
        />
        <Select
          label="Exposure"
          description="Who can reach it. Due dates depend on it"
          data={options(EXPOSURE_WORD)}
          value={exposure}
          allowDeselect={false}
          onChange={value => value && setExposure(value as typeof exposure)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function RemoveHost({ host, close }: { readonly host: HostSummaryView; readonly close: () => void }) {
  const navigate = useNavigate();
  const remove = useAct('hostDelete', { done: `${host.name} removed`, quiet: true, after: () => void navigate({ to: '/hosts' }) });
  return (
    <Stack gap="sm">
      {remove.isError && <ProblemNote error={remove.error} />}
      <Text size="sm">
        It leaves every list and every denominator, and its agent is refused from now on. Its proof and the audit trail are kept. Nothing on
        the host itself is changed.
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate({ params: { id: host.id } })}>
          Remove the host
        </Button>
      </Group>
    </Stack>
  );
}
