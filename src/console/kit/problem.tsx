import { Button, Group, Stack, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import type { Problem } from '../../api/contract.ts';
import { problemOf } from '../data/client.ts';
import classes from './kit.module.css';
import { Glyph } from './mark.tsx';
import { Worded } from './worded.tsx';

/** What went wrong, what to do about it, and the button that does it. */
export function ProblemNote({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const problem: Problem = problemOf(error);
  return (
    <div className={classes.note} data-tone="bad" role="alert">
      <Glyph shape="failed" tone="bad" />
      <Stack gap={2} style={{ minWidth: 0 }}>
        <Text size="sm" fw={600}>
          {problem.title}
        </Text>
        {problem.detail && problem.detail !== problem.title && <Text size="sm">{problem.detail}</Text>}
        {fieldsToName(problem).map(field => (
          <Text key={field.path + field.message} size="sm">
            <b>{field.path.replace(/^(?:body|query|params)\//, '')}</b>: {field.message}
          </Text>
        ))}
        {problem.advice && (
          <Text size="sm" c="dimmed">
            <Worded text={problem.advice} />
          </Text>
        )}
        {retry && mayHelp(problem.status) && (
          <Group mt={4}>
            <Button variant="default" leftSection={<IconRefresh size={14} />} onClick={retry}>
              Try again
            </Button>
          </Group>
        )}
      </Stack>
    </div>
  );
}

/** One field whose message is the whole detail was said already. */
function fieldsToName({ fields = [], detail }: Problem): NonNullable<Problem['fields']> {
  return fields.length === 1 && fields[0]?.message === detail ? [] : fields;
}

/** What the server refused (4xx) or does not have (501) it will not give on another try. */
function mayHelp(status: number): boolean {
  return status === 0 || status === 429 || (status >= 500 && status !== 501);
}
