import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useAct } from '../data/ask.ts';
import { ProblemNote } from '../kit/problem.tsx';

/** Believing another installation is a person's decision: the key is compared by eye, never taken from the bundle itself. */
export function TrustForm({ done }: { readonly done?: () => void }) {
  const [form, setForm] = useState({ name: '', publicKey: '' });
  const put = (patch: Partial<typeof form>) => setForm(before => ({ ...before, ...patch }));
  const trust = useAct('feedSignerTrust', {
    quiet: true,
    done: answer => `Bundles of ${answer.name} are believed now`,
    after: () => {
      setForm({ name: '', publicKey: '' });
      done?.();
    },
  });
  const whole = form.name.trim() !== '' && form.publicKey.trim().length >= 20;
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (whole) trust.mutate({ body: { name: form.name.trim(), publicKey: form.publicKey.trim() } });
      }}
    >
      <Stack gap="xs">
        {trust.isError && <ProblemNote error={trust.error} />}
        <Text size="sm">
          To take in bundles of another installation, ask the person who made them for the key that their Fettle shows under Settings, Feeds
          (or <code>fettle feed key</code>), by another way than the bundle came.
        </Text>
        <Group align="flex-end" gap="xs">
          <TextInput label="Installation" w={180} value={form.name} onChange={event => put({ name: event.currentTarget.value })} />
          <TextInput
            label="Its public key"
            style={{ flex: '1 1 280px' }}
            value={form.publicKey}
            spellCheck={false}
            onChange={event => put({ publicKey: event.currentTarget.value })}
          />
          <Button type="submit" variant="default" loading={trust.isPending} disabled={!whole}>
            Believe its bundles
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
