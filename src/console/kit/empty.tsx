import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** An empty place teaches: what would be here, and how to get it. */
export function Empty({ title, children, action }: { readonly title: string; readonly children?: ReactNode; readonly action?: ReactNode }) {
  return (
    <Stack gap={6} align="flex-start" px={12} pt={6} pb={12} maw={640}>
      <Text fw={600} size="sm">
        {title}
      </Text>
      {children && (
        <Text size="sm" c="dimmed" component="div">
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}
