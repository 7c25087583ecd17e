import { Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '../data/client.ts';
import classes from './kit.module.css';
import { ProblemNote } from './problem.tsx';

interface PageProps {
  readonly title: string;
  /** Links back to where this page hangs, outermost first. */
  readonly trail?: ReactNode;
  /** One quiet line below the title. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, trail, lead, actions, children }: PageProps) {
  useDocumentTitle(`${title} · Fettle`);
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-end" gap="xs" className={classes.head}>
        <div style={{ minWidth: 0 }}>
          {trail && (
            <nav aria-label="Breadcrumb" className={classes.trail}>
              {trail}
            </nav>
          )}
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          {lead && (
            <Text size="sm" c="dimmed" component="div">
              {lead}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

export function Section({
  title,
  aside,
  children,
  id,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly id?: string;
}) {
  const headingId = id ?? `section-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
  return (
    <section className={classes.section} aria-labelledby={headingId}>
      <div className={classes.sectionHead}>
        <Title order={2} id={headingId}>
          {title}
        </Title>
        {aside && (
          <Text size="sm" c="dimmed" component="div">
            {aside}
          </Text>
        )}
      </div>
      {children}
    </section>
  );
}

/** One answer on the screen: bones while it loads, the problem when it fails, and the last good answer while it refreshes. */
export function Answered<Data>({
  of: query,
  bones = 5,
  children,
}: {
  readonly of: UseQueryResult<Data>;
  readonly bones?: number;
  readonly children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined)
    return (
      <>
        {query.isError && problemOf(query.error).status !== 0 && <ProblemNote error={query.error} retry={() => void query.refetch()} />}
        {children(query.data)}
      </>
    );
  if (query.isError) return <ProblemNote error={query.error} retry={() => void query.refetch()} />;
  return <Bones rows={bones} />;
}

function Bones({ rows }: { readonly rows: number }) {
  return (
    <Stack gap={10} p="sm" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bones have no identity
        <Skeleton key={row} height={12} width={`${92 - ((row * 37) % 45)}%`} />
      ))}
    </Stack>
  );
}
