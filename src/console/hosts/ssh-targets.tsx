import { Button, Group, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type AnswerOf, useAct } from '../data/ask.ts';
import { Grid } from '../kit/grid.tsx';
import { Mark } from '../kit/mark.tsx';
import { SSH_LOOK } from '../kit/states.ts';

type Target = AnswerOf<'hostSshTargets'>['targets'][number];

/** Hosts on their way in by SSH: confirm their keys, watch them arrive. */
export function SshTargets({ targets, more }: { readonly targets: readonly Target[]; readonly more: () => void }) {
  const waiting = targets.filter(target => target.state === 'awaiting-key-confirmation');
  const confirm = useAct('hostSshConfirm', { done: null });
  return (
    <Stack gap="sm">
      {waiting.length > 0 && (
        <Text size="sm">
          Compare the fingerprints with the hosts’ own (<code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code>). Once pinned, another
          key is refused.
        </Text>
      )}
      <Grid
        label="Hosts being added by SSH"
        rows={targets}
        rowId={target => target.id}
        columns={[
          {
            key: 'address',
            title: 'Address',
            cell: target =>
              target.hostId ? (
                <Link to="/hosts/$id" params={{ id: target.hostId }}>
                  {target.address}
                </Link>
              ) : (
                <>
                  {target.address}
                  {target.port !== 22 && `:${target.port}`}
                </>
              ),
          },
          { key: 'state', title: 'State', cell: target => <Mark look={SSH_LOOK[target.state]} note={target.message} /> },
          {
            key: 'key',
            title: 'Host key, or what is wrong',
            wrap: true,
            cell: target =>
              target.state === 'failed' ? (
                <span style={{ color: 'var(--tone-bad)' }}>{target.message}</span>
              ) : (
                <code style={{ fontSize: 12 }}>{target.fingerprint ?? '…'}</code>
              ),
          },
          {
            key: 'confirm',
            title: <span className="sr-only">Confirm</span>,
            cell: target =>
              target.state === 'awaiting-key-confirmation' ? (
                <Button size="compact-xs" variant="default" onClick={() => confirm.mutate({ body: { ids: [target.id] } })}>
                  Pin
                </Button>
              ) : null,
          },
        ]}
      />
      <Group justify="flex-end">
        <Button variant="default" onClick={more}>
          Add more
        </Button>
        {waiting.length > 1 && (
          <Button loading={confirm.isPending} onClick={() => confirm.mutate({ body: { ids: waiting.map(target => target.id) } })}>
            Pin all {waiting.length} keys and connect
          </Button>
        )}
      </Group>
    </Stack>
  );
}
