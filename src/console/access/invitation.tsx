import { Button, Stack, TextInput } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useAct } from '../data/ask.ts';
import { startSession } from '../data/session.ts';
import { ProblemNote } from '../kit/problem.tsx';
import { Door } from './door.tsx';
import { useOneTimeToken } from './one-time-token.ts';
import { PasswordFields, passwordProblem } from './password-fields.tsx';

export function Invitation() {
  const token = useOneTimeToken();
  const router = useRouter();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [repeated, setRepeated] = useState('');
  const accept = useAct('invitationAccept', {
    quiet: true,
    after: session => {
      startSession(session);
      router.history.push('/');
    },
  });
  const missing = passwordProblem(password, repeated);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (missing === null) accept.mutate({ body: { token, name, password } });
  };
  if (!token)
    return (
      <Door title="No invitation here" lead="Open the whole link that you were sent. If it was used already, ask for a new one.">
        {null}
      </Door>
    );
  return (
    <Door
      title="Join this installation"
      lead="Choose your name and a password. Your login and your roles were set by the person who invited you."
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          {accept.isError && <ProblemNote error={accept.error} />}
          <TextInput
            size="sm"
            label="Your name"
            description="As it will stand in approvals and proofs"
            autoComplete="name"
            autoFocus
            required
            value={name}
            onChange={event => setName(event.currentTarget.value)}
          />
          <PasswordFields password={password} repeated={repeated} onPassword={setPassword} onRepeated={setRepeated} />
          <Button type="submit" size="sm" fullWidth loading={accept.isPending} disabled={missing !== null}>
            Join
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
