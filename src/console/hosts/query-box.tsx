import { Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFilterCode } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { ask } from '../data/ask.ts';
import { count } from '../kit/words.ts';
import classes from './query-box.module.css';

interface QueryBoxProps {
  readonly value: string;
  readonly onChange: (query: string) => void;
  readonly label: string;
  readonly labelled?: boolean;
  readonly width?: number | string;
  /** Say how many hosts match, with some names. */
  readonly counted?: boolean;
}

/** Asks the server what a group query means: how many hosts, or where it is wrong. `good` speaks of exactly this text, never of the one before. */
export function usePreview(query: string) {
  const [rested] = useDebouncedValue(query, 250);
  const { data, isPlaceholderData } = useQuery({
    ...ask('groupPreview', { body: { query: rested } }),
    enabled: rested.trim() !== '',
    placeholderData: keepPreviousData,
  });
  const settled = rested === query && !isPlaceholderData;
  return { data: query.trim() === '' ? undefined : data, settled, good: query.trim() === '' || (settled && data?.problem === null) };
}

/** A group query such as `os = debian-12 and env = prod`; a mistake is shown under the letter where it is. */
export function QueryBox({ value, onChange, label, labelled, width = 340, counted }: QueryBoxProps) {
  const id = useId();
  const preview = usePreview(value);
  const problem = preview.settled ? (preview.data?.problem ?? null) : null;
  return (
    <div style={{ width, maxWidth: '100%' }}>
      <TextInput
        {...(labelled ? { label } : { 'aria-label': label })}
        placeholder="os = debian-12 and env = prod"
        value={value}
        onChange={event => onChange(event.currentTarget.value)}
        error={problem !== null}
        aria-describedby={id}
        leftSection={<IconFilterCode size={15} aria-hidden />}
        classNames={{ input: classes.input ?? '' }}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
      />
      <div id={id} aria-live="polite">
        {problem && (
          <div className={classes.problem}>
            <code className={classes.place} aria-hidden="true">
              {value.slice(0, problem.position)}
              <mark>{value.slice(problem.position, problem.position + 1) || ' '}</mark>
              {value.slice(problem.position + 1)}
            </code>
            <Text size="xs" c="var(--tone-bad)">
              At character {problem.position + 1}: {problem.message}
            </Text>
          </div>
        )}
        {counted && !problem && preview.data && (
          <Text size="xs" c="dimmed" mt={2}>
            {count(preview.data.hosts)} {preview.data.hosts === 1 ? 'host' : 'hosts'}
            {preview.data.sample.length > 0 && `: ${preview.data.sample.slice(0, 4).join(', ')}${preview.data.hosts > 4 ? ', …' : ''}`}
          </Text>
        )}
      </div>
    </div>
  );
}
