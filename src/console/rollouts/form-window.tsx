import { Group, NumberInput, Radio, Stack, Text, TextInput } from '@mantine/core';
import { ZoneSelect } from '../kit/zone-select.tsx';
import { FormRepeat } from './form-repeat.tsx';
import type { PutDraft } from './rollout-form.tsx';
import type { SpecDraft } from './spec-form.ts';

export function FormWindow({ draft, put }: { readonly draft: SpecDraft; readonly put: PutDraft }) {
  return (
    <Stack gap="xs">
      <Radio.Group
        aria-label="When may hosts be changed"
        value={draft.windowed ? 'window' : 'now'}
        onChange={value => put({ windowed: value === 'window' })}
      >
        <Group gap="lg">
          <Radio value="now" label="As soon as it is approved and started" />
          <Radio value="window" label="In a maintenance window" />
        </Group>
      </Radio.Group>
      {draft.windowed && (
        <Group gap="sm" align="flex-end">
          <TextInput
            type="datetime-local"
            label="Opens"
            value={draft.startsAt}
            onChange={event => put({ startsAt: event.currentTarget.value })}
          />
          <TextInput
            type="datetime-local"
            label="Closes"
            value={draft.endsAt}
            onChange={event => put({ endsAt: event.currentTarget.value })}
          />
          <ZoneSelect label="Time zone" value={draft.timeZone} onChange={timeZone => put({ timeZone })} />
          <NumberInput
            label="No start in the last, minutes"
            w={220}
            min={0}
            max={1440}
            value={draft.cutoffMinutes}
            onChange={minutes => put({ cutoffMinutes: Number(minutes) || 0 })}
          />
        </Group>
      )}
      {draft.windowed && <FormRepeat draft={draft} put={put} />}
      {draft.windowed && (
        <Text size="xs" c="dimmed">
          No host starts when it might not finish before the window closes; one that has begun is never interrupted.
        </Text>
      )}
    </Stack>
  );
}
