import { Group, NumberInput, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask } from '../data/ask.ts';
import { Grid, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { At } from '../kit/time.tsx';
import { FormClock } from './form-clock.tsx';
import { afterTuesday, RHYTHMS, type Rhythm, repeatOf, rhythmOf, tuesdayOffset } from './repeat.ts';
import type { PutDraft } from './rollout-form.tsx';
import { type SpecDraft, windowOf } from './spec-form.ts';

const OPTIONS = Object.entries(RHYTHMS).map(([value, label]) => ({ value, label }));

/** When the window comes again, and what clock changes and freezes do to its next occurrences. */
export function FormRepeat({ draft, put }: { readonly draft: SpecDraft; readonly put: PutDraft }) {
  return (
    <>
      <RepeatFields repeat={draft.repeat} startsAt={draft.startsAt} onChange={repeat => put({ repeat })} />
      {draft.repeat !== null && (
        <Group gap="sm" align="flex-end">
          <FormClock draft={draft} put={put} />
        </Group>
      )}
      <Occurrences draft={draft} />
    </>
  );
}

/** `recurring`: what makes rollouts by itself has no Once. */
export function RepeatFields({
  repeat,
  startsAt,
  onChange,
  recurring = false,
}: {
  readonly repeat: string | null;
  readonly startsAt: string;
  readonly onChange: (repeat: string | null) => void;
  readonly recurring?: boolean;
}) {
  const rhythm = rhythmOf(repeat);
  return (
    <Group gap="sm" align="flex-end">
      <Select
        label="Repeats"
        data={recurring ? OPTIONS.filter(option => option.value !== 'once') : OPTIONS}
        value={rhythm}
        allowDeselect={false}
        w={250}
        onChange={value => onChange(repeatOf((value ?? 'once') as Rhythm, startsAt))}
      />
      {rhythm === 'patch-tuesday' && (
        <NumberInput
          label="Days after"
          w={100}
          min={-6}
          max={27}
          value={tuesdayOffset(repeat ?? '')}
          onChange={days => onChange(afterTuesday(Number(days) || 0))}
        />
      )}
      {rhythm === 'rule' && (
        <TextInput
          label="Rule, as RFC 5545 writes it"
          w={320}
          value={repeat ?? ''}
          onChange={event => onChange(event.currentTarget.value)}
        />
      )}
    </Group>
  );
}

function Occurrences({ draft }: { readonly draft: SpecDraft }) {
  const window = windowOf(draft);
  const [rested] = useDebouncedValue(JSON.stringify(window), 300);
  const whole = window.startsAt !== null && window.endsAt !== null && window.endsAt > window.startsAt;
  const preview = useQuery({
    ...ask('windowPreview', { body: JSON.parse(rested) as typeof window }),
    enabled: whole,
    placeholderData: keepPreviousData,
  });
  if (!whole || !preview.data) return null;
  if (preview.data.problem !== null)
    return (
      <Text size="sm" c="var(--tone-bad)" role="alert">
        {preview.data.problem}
      </Text>
    );
  return (
    <Grid
      label="Next occurrences of the window"
      rows={preview.data.occurrences}
      rowId={occurrence => occurrence.startsAt}
      columns={[
        {
          key: 'opens',
          title: 'Opens',
          wrap: true,
          cell: occurrence => (
            <>
              <At at={occurrence.startsAt} />
              <Narrow>
                until <At at={occurrence.endsAt} /> {occurrence.note}
              </Narrow>
            </>
          ),
        },
        { key: 'closes', title: 'Closes', from: 'sm', cell: occurrence => <At at={occurrence.endsAt} /> },
        {
          key: 'free',
          title: 'Usable',
          align: 'right',
          cell: occurrence => (occurrence.freeMinutes === 0 ? <Toned tone="warn">nothing</Toned> : `${occurrence.freeMinutes} min`),
        },
        { key: 'note', title: 'Note', from: 'sm', wrap: true, cell: occurrence => <Toned tone="warn">{occurrence.note}</Toned> },
      ]}
    />
  );
}
