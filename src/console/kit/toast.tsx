import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Problem } from '../../api/contract.ts';

export function sayDone(message: string): void {
  notifications.show({ message, color: 'green', autoClose: 4_000, withBorder: true });
}

/** Problems stay until they are read: the advice is the useful part. */
export function sayProblem(problem: Problem): void {
  const details = problem.fields?.map(field => `${field.path}: ${field.message}`).join('; ');
  notifications.show({
    title: problem.title,
    message: [problem.detail, details, problem.advice].filter(Boolean).join(' '),
    color: 'red',
    autoClose: false,
    withBorder: true,
  });
}

/** Undo is kinder than asking first, where a change can be taken back. */
export function sayUndo(message: string, undo: () => void): void {
  const id = notifications.show({
    autoClose: 10_000,
    withBorder: true,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <span>{message}</span>
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={() => {
            notifications.hide(id);
            undo();
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}
