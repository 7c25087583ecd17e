import { Paper, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Logo } from '../shell/logo.tsx';
import classes from './door.module.css';

/** The frame of every page outside of the sign-in. */
export function Door({ title, lead, children }: { readonly title: string; readonly lead: ReactNode; readonly children: ReactNode }) {
  useDocumentTitle(`${title} · Fettle`);
  return (
    <main className={classes.door}>
      <div className={classes.brand}>
        <Logo size={30} />
        <Text fw={700} size="lg" span>
          Fettle
        </Text>
      </div>
      <Paper withBorder p="lg" radius="md" className={classes.card}>
        <Stack gap="sm">
          <div>
            <Title order={1}>{title}</Title>
            <Text size="sm" c="dimmed" mt={2} component="div" className="prose">
              {lead}
            </Text>
          </div>
          {children}
        </Stack>
      </Paper>
    </main>
  );
}
