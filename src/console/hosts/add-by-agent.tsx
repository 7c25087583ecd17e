import { Button, Group, NumberInput, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { CopyLine } from '../kit/copy.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { Steps } from '../kit/steps.tsx';
import { Ago } from '../kit/time.tsx';
import { LabelsInput } from './labels-input.tsx';

/** One command on the host; then watch it arrive. */
export function AddByAgent() {
  const [labels, setLabels] = useState<Record<string, string>>({});
  const [uses, setUses] = useState(1);
  const [made, setMade] = useState<AnswerOf<'enrolmentCreate'> | null>(null);
  const create = useAct('enrolmentCreate', { quiet: true, after: setMade });
  if (made) return <Command made={made} uses={uses} again={() => setMade(null)} />;
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        create.mutate({ body: { labels, uses } });
      }}
    >
      <Stack gap="sm">
        <Text size="sm">
          The agent polls this server; nothing listens on the host. It acts only on plans that this installation signed, in a closed
          vocabulary without a shell.
        </Text>
        {create.isError && <ProblemNote error={create.error} />}
        <LabelsInput labels={labels} onChange={setLabels} />
        <NumberInput
          label="How many hosts may use the command"
          description="One, or the size of a batch: the same command then enrols each of them"
          min={1}
          max={1000}
          value={uses}
          onChange={value => setUses(Number(value) || 1)}
          maw={420}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending}>
            Make the command
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const WATCH_MS = 1_500;

function Command({ made, uses, again }: { readonly made: AnswerOf<'enrolmentCreate'>; readonly uses: number; readonly again: () => void }) {
  const watch = useQuery({
    ...ask('enrolmentGet', { params: { id: made.enrolment.id } }),
    initialData: made.enrolment,
    refetchInterval: query => (query.state.data?.state === 'received' || query.state.data?.state === 'expired' ? false : WATCH_MS),
  });
  const { state, hostId, hostName, packages, expiresAt } = watch.data;
  const at = ['waiting', 'connected', 'received'].indexOf(state);
  return (
    <Stack gap="sm">
      <Text size="sm">
        Run this as root on {uses === 1 ? 'the host' : `each of the ${uses} hosts`}. The token in it works{' '}
        {uses === 1 ? 'once' : `${uses} times`} and expires <Ago at={expiresAt} />.
      </Text>
      <CopyLine text={made.command} label="Copy the command" />
      {state === 'expired' ? (
        <Text size="sm" c="var(--tone-warn)">
          The token expired before a host used it. Make a new command.
        </Text>
      ) : (
        <Steps
          at={at}
          done={state === 'received'}
          steps={[
            { label: 'Waiting', text: 'for the command to run' },
            { label: 'Connected', text: hostName ?? 'the host proves who it is' },
            { label: 'Received', text: packages === null ? 'packages and facts' : `${packages} packages and the host’s facts` },
          ]}
        />
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={again}>
          {state === 'received' ? 'Add another' : 'Make a new command'}
        </Button>
        {hostId && (
          <Button component={Link} {...{ to: `/hosts/${hostId}` }}>
            Open {hostName ?? 'the host'}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
