import {
  Button,
  FileButton,
  Group,
  PasswordInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, useAct } from '../data/ask.ts';
import { ProblemNote } from '../kit/problem.tsx';
import { LabelsInput } from './labels-input.tsx';
import { SshTargets } from './ssh-targets.tsx';

const SUDO = {
  passwordless: 'sudo without a password',
  password: 'sudo with a password',
  none: 'no sudo (read-only as this user, or root)',
} as const;

/** Nothing is installed on the host. Its key is shown first and pinned once a person has confirmed it. */
export function AddBySsh() {
  const targets = useQuery({ ...ask('hostSshTargets', {}), refetchInterval: 2_000 });
  const [adding, setAdding] = useState(false);
  const items = targets.data?.targets ?? [];
  if (items.length > 0 && !adding) return <SshTargets targets={items} more={() => setAdding(true)} />;
  return <SshForm done={() => setAdding(false)} />;
}

function SshForm({ done }: { readonly done: () => void }) {
  const [form, setForm] = useState({
    addresses: '',
    user: 'root',
    kind: 'key',
    privateKey: '',
    password: '',
    sudo: 'passwordless' as keyof typeof SUDO,
    sudoPassword: '',
    labels: {} as Record<string, string>,
  });
  const put = (patch: Partial<typeof form>) => setForm(before => ({ ...before, ...patch }));
  const send = useAct('hostSshImport', { quiet: true, after: done });
  const authentication =
    form.kind === 'key' ? { kind: 'key' as const, privateKey: form.privateKey } : { kind: 'password' as const, password: form.password };
  const lines = form.addresses.split('\n').filter(line => line.trim() !== '').length;
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        const { addresses, user, sudo, sudoPassword, labels } = form;
        const apart = sudo === 'password' && sudoPassword !== '' ? { sudoPassword } : {};
        send.mutate({ body: { addresses, user, authentication, sudo, labels, ...apart } });
      }}
    >
      <Stack gap="sm">
        {send.isError && <ProblemNote error={send.error} />}
        <Textarea
          label="Addresses"
          description="One on a line: [user@]host[:port]"
          placeholder={'web-1.example.org\nadmin@10.0.4.12:2222'}
          required
          minRows={3}
          maxRows={10}
          autosize
          spellCheck={false}
          value={form.addresses}
          onChange={event => put({ addresses: event.currentTarget.value })}
        />
        <ReadFile onRead={addresses => put({ addresses })}>Read them from a file</ReadFile>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput label="User" required value={form.user} onChange={event => put({ user: event.currentTarget.value })} />
          <Select
            label="Rights"
            data={Object.entries(SUDO).map(([value, label]) => ({ value, label }))}
            allowDeselect={false}
            value={form.sudo}
            onChange={sudo => put({ sudo: (sudo ?? 'passwordless') as keyof typeof SUDO })}
          />
        </SimpleGrid>
        <SegmentedControl
          aria-label="Sign in with"
          data={[
            { value: 'key', label: 'Private key' },
            { value: 'password', label: 'Password' },
          ]}
          value={form.kind}
          onChange={kind => put({ kind })}
        />
        {form.kind === 'key' ? (
          <KeyInput value={form.privateKey} onChange={privateKey => put({ privateKey })} />
        ) : (
          <PasswordInput
            label="Password"
            required
            autoComplete="off"
            value={form.password}
            onChange={event => put({ password: event.currentTarget.value })}
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          />
        )}
        {form.sudo === 'password' && (
          <PasswordInput
            label="sudo password"
            description={form.kind === 'key' ? undefined : 'Left empty: the password above'}
            required={form.kind === 'key'}
            autoComplete="off"
            value={form.sudoPassword}
            onChange={event => put({ sudoPassword: event.currentTarget.value })}
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the sudo password' }}
          />
        )}
        <LabelsInput labels={form.labels} onChange={labels => put({ labels })} />
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            Host keys are shown for confirmation before anything is sent.
          </Text>
          <Button type="submit" loading={send.isPending} disabled={lines === 0}>
            {lines > 1 ? `Read the keys of ${lines} hosts` : 'Read the host’s key'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function KeyInput({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  return (
    <Stack gap={4}>
      <Textarea
        label="Private key"
        description="OpenSSH format, without a passphrase. It is stored encrypted on the server"
        required
        minRows={3}
        maxRows={6}
        autosize
        spellCheck={false}
        autoComplete="off"
        placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
        value={value}
        onChange={event => onChange(event.currentTarget.value)}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <ReadFile onRead={onChange}>Read it from a file</ReadFile>
    </Stack>
  );
}

function ReadFile({ onRead, children }: { readonly onRead: (text: string) => void; readonly children: string }) {
  return (
    <FileButton onChange={file => void file?.text().then(onRead)}>
      {props => (
        <Button variant="subtle" size="compact-xs" style={{ alignSelf: 'flex-start' }} {...props}>
          {children}
        </Button>
      )}
    </FileButton>
  );
}
