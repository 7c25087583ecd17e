import { Button, PasswordInput, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { PasswordFields, passwordProblem } from '../access/password-fields.tsx';
import { useAct } from '../data/ask.ts';
import { useSession } from '../data/session.ts';
import { Facts } from '../kit/facts.tsx';
import { Section } from '../kit/page.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { Roles } from './people.tsx';
import classes from './settings.module.css';
import { SettingsPage } from './settings-page.tsx';
import { Tokens } from './tokens.tsx';

export function AccountPage() {
  const { person } = useSession();
  return (
    <SettingsPage title="Password and tokens">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm" style={{ alignItems: 'start' }}>
        <Stack gap="sm">
          <Section title="You">
            <Facts rows={{ Name: person.name, Login: person.login, Roles: <Roles key="roles" roles={person.roles} /> }} />
          </Section>
          <Section title="Change password">
            <PasswordForm />
          </Section>
        </Stack>
        <Section title="API tokens">
          <Tokens />
        </Section>
      </SimpleGrid>
    </SettingsPage>
  );
}

const EMPTY = { current: '', next: '', repeated: '' };

function PasswordForm() {
  const [form, setForm] = useState(EMPTY);
  const change = useAct('passwordChange', {
    done: 'Password changed; your other sessions are ended',
    quiet: true,
    after: () => setForm(EMPTY),
  });
  const missing = passwordProblem(form.next, form.repeated);
  return (
    <form
      className={classes.pad}
      onSubmit={event => {
        event.preventDefault();
        if (missing === null) change.mutate({ body: { current: form.current, next: form.next } });
      }}
    >
      <Stack gap="sm" maw={360}>
        {change.isError && <ProblemNote error={change.error} />}
        <PasswordInput
          size="sm"
          label="Present password"
          autoComplete="current-password"
          required
          value={form.current}
          onChange={event => setForm({ ...form, current: event.currentTarget.value })}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        />
        <PasswordFields
          label="New password"
          password={form.next}
          repeated={form.repeated}
          onPassword={next => setForm({ ...form, next })}
          onRepeated={repeated => setForm({ ...form, repeated })}
        />
        <div>
          <Button type="submit" loading={change.isPending} disabled={missing !== null}>
            Change password
          </Button>
        </div>
        <Text size="xs" c="dimmed">
          Ends your sessions on other computers.
        </Text>
      </Stack>
    </form>
  );
}
