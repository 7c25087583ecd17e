import { Button, Container, Group, Stack, Text, Title } from '@mantine/core';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { ProblemNote } from '../kit/problem.tsx';

export function NotFound() {
  return (
    <Container size="sm" py="xl">
      <Stack gap="xs">
        <Title order={1}>There is no such page</Title>
        <Text size="sm">The address may be mistyped, or what it named was removed.</Text>
        <Text size="sm">
          <Link to="/">Go to the overview</Link>
        </Text>
      </Stack>
    </Container>
  );
}

/** The last resort: what broke, in a form that can be reported, and a way on. */
export function Crash({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Container size="sm" py="xl">
      <Stack gap="sm">
        <Title order={1}>This page could not be shown</Title>
        <ProblemNote error={error} />
        <Group>
          <Button
            onClick={() => {
              reset();
              void router.invalidate();
            }}
          >
            Try again
          </Button>
          <Button variant="default" component="a" href="/">
            Go to the overview
          </Button>
        </Group>
      </Stack>
    </Container>
  );
}
