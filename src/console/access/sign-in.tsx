import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { type AnswerOf, ask, useAct } from '../data/ask.ts';
import { startSession } from '../data/session.ts';
import { useUrlState } from '../data/url-state.ts';
import { ProblemNote } from '../kit/problem.tsx';
import { Door } from './door.tsx';
import { useOneTimeToken } from './one-time-token.ts';
import { safeNext } from './safe-next.ts';

export function SignIn() {
  const token = useOneTimeToken();
  const router = useRouter();
  const [{ next }] = useUrlState();
  const enter = (session: AnswerOf<'sessionCreate'>) => {
    startSession(session);
    router.history.push(safeNext(next));
  };
  const setup = useQuery(ask('setupGet', {}));
  const link = useAct('sessionLink', { quiet: true, after: enter });
  const sent = useRef(false);
  useEffect(() => {
    if (token && !sent.current) {
      sent.current = true;
      link.mutate({ body: { token } });
    }
  }, [token, link.mutate]);
  if (setup.data?.needsAdministrator) {
    return (
      <Door
        title="Not set up yet"
        lead={
          <>
            This installation has no administrator. Open the one-time link that the server printed when it started, or{' '}
            <Link to="/setup">enter its token</Link>.
          </>
        }
      >
        {null}
      </Door>
    );
  }
  return (
    <Door
      title="Sign in"
      lead={
        link.isPending
          ? 'Signing in with the one-time link …'
          : next
            ? 'Sign in to go on to the page that you asked for.'
            : 'With your login and password.'
      }
    >
      {link.isError && <ProblemNote error={link.error} />}
      {setup.isError && <ProblemNote error={setup.error} retry={() => void setup.refetch()} />}
      <PasswordForm enter={enter} />
    </Door>
  );
}

function PasswordForm({ enter }: { readonly enter: (session: AnswerOf<'sessionCreate'>) => void }) {
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useAct('sessionCreate', { quiet: true, after: enter });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ body: { login, password } });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {signIn.isError && <ProblemNote error={signIn.error} />}
        <TextInput
          size="sm"
          label="Login"
          name="login"
          autoComplete="username"
          autoFocus
          required
          value={login}
          onChange={event => setLogin(event.currentTarget.value)}
        />
        <PasswordInput
          size="sm"
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        />
        <Button type="submit" size="sm" fullWidth loading={signIn.isPending}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
