import { Modal, Tabs } from '@mantine/core';
import { IconFileText, IconKey, IconTerminal2 } from '@tabler/icons-react';
import { useUrlState } from '../data/url-state.ts';
import { AddByAgent } from './add-by-agent.tsx';
import { AddBySsh } from './add-by-ssh.tsx';
import { AddByUpload } from './add-by-upload.tsx';

const REACHES = [
  { id: 'agent', label: 'Agent', Icon: IconTerminal2, Panel: AddByAgent },
  { id: 'ssh', label: 'SSH', Icon: IconKey, Panel: AddBySsh },
  { id: 'upload', label: 'Paste or upload', Icon: IconFileText, Panel: AddByUpload },
] as const;

/** The three reaches side by side; `?add=ssh` opens the dialog there. */
export function AddHosts() {
  const [url, change] = useUrlState();
  const open = REACHES.some(reach => reach.id === url.add);
  return (
    <Modal opened={open} onClose={() => change({ add: undefined })} title="Add hosts" size={680} keepMounted={false}>
      <Tabs value={url.add ?? null} onChange={add => change({ add: add ?? undefined })} keepMounted={false}>
        <Tabs.List aria-label="How to reach the hosts" className="scroll-x" mb="sm">
          {REACHES.map(({ id, label, Icon }) => (
            <Tabs.Tab key={id} value={id} leftSection={<Icon size={15} aria-hidden />} px="sm" py={7}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {REACHES.map(({ id, Panel }) => (
          <Tabs.Panel key={id} value={id}>
            <Panel />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Modal>
  );
}
