import { Button, Group, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { CopyLine } from '../kit/copy.tsx';
import { Grid } from '../kit/grid.tsx';
import { Answered } from '../kit/page.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { Ago } from '../kit/time.tsx';
import classes from './settings.module.css';

const DAYS_DEFAULT = 30;
const DAYS_MAX = 90;

/** Tokens for the command line. One can do at most what its owner may, and never approve. */
export function Tokens() {
  const tokens = useQuery(ask('tokenList', {}));
  const [made, setMade] = useState<AnswerOf<'tokenCreate'> | null>(null);
  return (
    <>
      <Stack gap="sm" className={classes.pad}>
        <Text size="sm" c="dimmed">
          For the command line client and scripts. A token can do at most what you may, and it can never approve.
        </Text>
        {made ? (
          <>
            <CopyLine text={made.token} label="Copy the token" />
            <Text size="sm">
              Shown only now. Expires <Ago at={made.expiresAt} />.{' '}
              <Button variant="subtle" size="compact-xs" onClick={() => setMade(null)}>
                Done
              </Button>
            </Text>
          </>
        ) : (
          <TokenForm done={setMade} />
        )}
      </Stack>
      <Answered of={tokens} bones={2}>
        {({ items }) =>
          items.length > 0 && (
            <Grid
              label="API tokens"
              rows={items}
              rowId={token => token.id}
              columns={[
                { key: 'name', title: 'Name', cell: token => token.name },
                { key: 'used', title: 'Last used', from: 'sm', cell: token => <Ago at={token.lastUsedAt} /> },
                { key: 'expires', title: 'Expires', cell: token => <Ago at={token.expiresAt} /> },
                {
                  key: 'actions',
                  title: <span className="sr-only">Actions</span>,
                  align: 'right',
                  cell: token => <Revoke id={token.id} name={token.name} />,
                },
              ]}
            />
          )
        }
      </Answered>
    </>
  );
}

function TokenForm({ done }: { readonly done: (made: AnswerOf<'tokenCreate'>) => void }) {
  const [name, setName] = useState('');
  const [days, setDays] = useState(DAYS_DEFAULT);
  const create = useAct('tokenCreate', { quiet: true, after: done });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        create.mutate({ body: { name, days } });
      }}
    >
      <Stack gap="sm">
        {create.isError && <ProblemNote error={create.error} />}
        <Group align="flex-end" gap="xs">
          <TextInput label="What it is for" required value={name} onChange={event => setName(event.currentTarget.value)} />
          <NumberInput label="Days" w={80} min={1} max={DAYS_MAX} value={days} onChange={value => setDays(Number(value) || 1)} />
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
            Make a token
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Revoke({ id, name }: { readonly id: string; readonly name: string }) {
  const revoke = useAct('tokenDelete', { done: `Token ${name} revoked` });
  return (
    <Button variant="default" size="compact-xs" loading={revoke.isPending} onClick={() => revoke.mutate({ params: { id } })}>
      Revoke
    </Button>
  );
}
