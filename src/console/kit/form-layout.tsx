import { Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './form-layout.module.css';
import { Section } from './page.tsx';
import { ProblemNote } from './problem.tsx';
import { sentence } from './words.ts';

interface FormSideProps {
  readonly title: string;
  readonly name: string;
  readonly note: string;
  /** Who reads the note. */
  readonly noteFor: string;
  readonly put: (patch: { readonly name?: string; readonly note?: string }) => void;
  readonly error: unknown;
  /** What comes after it is saved. */
  readonly next: string;
  /** The first thing that is missing, or null. */
  readonly missing: string | null;
  readonly buttons: ReactNode;
}

/** A long form: its questions one below the other, and beside them its name, what is missing from it, and what happens next. */
export function FormLayout({ side, children }: { readonly side: FormSideProps; readonly children: ReactNode }) {
  return (
    <div className={classes.form}>
      <Stack gap="sm">{children}</Stack>
      <FormSide {...side} />
    </div>
  );
}

/** One question of a long form. */
export function FormSection({ title, aside, children }: { readonly title: string; readonly aside?: string; readonly children: ReactNode }) {
  return (
    <Section title={title} aside={aside}>
      <div className={classes.pad}>{children}</div>
    </Section>
  );
}

function FormSide({ title, name, note, noteFor, put, error, next, missing, buttons }: FormSideProps) {
  return (
    <div className={classes.side}>
      <Section title={title}>
        <Stack gap="sm" className={classes.pad}>
          <TextInput label="Name" value={name} required onChange={event => put({ name: event.currentTarget.value })} />
          <Textarea
            label="Note"
            description={noteFor}
            autosize
            minRows={2}
            maxRows={6}
            value={note}
            onChange={event => put({ note: event.currentTarget.value })}
          />
          {error !== null && error !== undefined && <ProblemNote error={error} />}
          <Text size="sm" c="dimmed">
            {next}
          </Text>
          {missing !== null && (
            <Text size="sm" c="var(--tone-warn)" role="status">
              {sentence(missing)}
            </Text>
          )}
          <Group gap="xs">{buttons}</Group>
        </Stack>
      </Section>
    </div>
  );
}
