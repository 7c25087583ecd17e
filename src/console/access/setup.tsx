import { Button, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { ask, useAct } from '../data/ask.ts';
import { startSession } from '../data/session.ts';
import { ProblemNote } from '../kit/problem.tsx';
import { Door } from './door.tsx';
import { useOneTimeToken } from './one-time-token.ts';
import { PasswordFields, passwordProblem } from './password-fields.tsx';

/** The newcomer's first page: the one-time link that the server printed leads here. */
export function Setup() {
  const linkToken = useOneTimeToken();
  const router = useRouter();
  const setup = useQuery(ask('setupGet', {}));
  const [form, setForm] = useState({ token: linkToken, login: 'admin', name: '', password: '', repeated: '' });
  const put = (patch: Partial<typeof form>) => setForm(before => ({ ...before, ...patch }));
  const create = useAct('setupAdministrator', {
    quiet: true,
    after: session => {
      startSession(session);
      router.history.push('/');
    },
  });
  const missing = passwordProblem(form.password, form.repeated);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (missing === null)
      create.mutate({ body: { token: form.token, login: form.login, name: form.name || form.login, password: form.password } });
  };
  if (setup.data && !setup.data.needsAdministrator)
    return (
      <Door
        title="Already set up"
        lead={
          <>
            This installation has its administrator. <Link to="/sign-in">Sign in</Link>.
          </>
        }
      >
        {null}
      </Door>
    );
  return (
    <Door
      title="Welcome"
      lead="Make the first administrator of this installation. You can invite others later; a second person can then approve what you plan."
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          {create.isError && <ProblemNote error={create.error} />}
          {!linkToken && (
            <TextInput
              size="sm"
              label="One-time token"
              description="The part after token= in the link that the server printed"
              required
              value={form.token}
              onChange={event => put({ token: event.currentTarget.value })}
            />
          )}
          <TextInput
            size="sm"
            label="Login"
            autoComplete="username"
            required
            value={form.login}
            onChange={event => put({ login: event.currentTarget.value })}
          />
          <TextInput
            size="sm"
            label="Your name"
            description="As it will stand in approvals and proofs"
            autoComplete="name"
            autoFocus
            value={form.name}
            onChange={event => put({ name: event.currentTarget.value })}
          />
          <PasswordFields
            password={form.password}
            repeated={form.repeated}
            onPassword={password => put({ password })}
            onRepeated={repeated => put({ repeated })}
          />
          <Button type="submit" size="sm" fullWidth loading={create.isPending} disabled={missing !== null || form.token === ''}>
            Create administrator
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
