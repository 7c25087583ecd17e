import { Drawer, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { CopyLine } from '../kit/copy.tsx';
import { Facts } from '../kit/facts.tsx';
import { At } from '../kit/time.tsx';
import { sentence, wordsOf } from '../kit/words.ts';
import classes from './audit.module.css';
import type { Entry, Names } from './audit.tsx';
import { Named } from './named.tsx';

function inWords(value: unknown, names: Names): ReactNode {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return <pre className={classes.detail}>{JSON.stringify(value, null, 2)}</pre>;
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return <At at={value} />;
  return <Named id={value} names={names} />;
}

/** One entry whole: in words what has words, and exactly what the hash covers. */
export function AuditEntry({
  entry,
  names,
  close,
}: {
  readonly entry: Entry | undefined;
  readonly names: Names;
  readonly close: () => void;
}) {
  return (
    <Drawer opened={entry !== undefined} onClose={close} position="right" size={620} title={<Text fw={650}>Entry {entry?.sequence}</Text>}>
      {entry && (
        <Stack gap="md">
          <Facts
            rows={{
              When: <At at={entry.at} />,
              Who: entry.actor.startsWith('host:') ? <Named id={entry.actor.slice(5)} names={names} /> : entry.actor,
              Action: <code>{entry.action}</code>,
              Subject: <Named id={entry.subject} names={names} />,
              ...Object.fromEntries(
                Object.entries(entry.detail)
                  .filter(([, value]) => value !== null && value !== '')
                  .map(([name, value]) => [sentence(wordsOf(name.replace(/Id$/, ''))), inWords(value, names)]),
              ),
            }}
          />
          <div>
            <Title order={2} mb={4}>
              Hash of this entry
            </Title>
            <CopyLine text={entry.hash} label="Copy the hash" />
          </div>
          <details className={classes.raw}>
            <summary>As it is stored</summary>
            <pre className={classes.detail}>{JSON.stringify({ ...entry, hash: undefined }, null, 2)}</pre>
          </details>
        </Stack>
      )}
    </Drawer>
  );
}
