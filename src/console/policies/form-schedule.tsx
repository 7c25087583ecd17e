import { ActionIcon, Button, Group, NumberInput, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { ZoneSelect } from '../kit/zone-select.tsx';
import { FormClock } from '../rollouts/form-clock.tsx';
import { RepeatFields } from '../rollouts/form-repeat.tsx';
import type { PutPolicy } from './form.tsx';
import classes from './policies.module.css';
import type { PolicyDraft } from './policy-form.ts';

export function FormSchedule({ draft, put }: { readonly draft: PolicyDraft; readonly put: PutPolicy }) {
  return (
    <Stack gap="sm">
      <Group gap="sm" align="flex-end">
        <TextInput
          type="datetime-local"
          label="First window opens"
          value={draft.firstStart}
          onChange={event => put({ firstStart: event.currentTarget.value })}
        />
        <NumberInput
          label="Open for, hours"
          w={110}
          min={0.25}
          max={168}
          step={0.5}
          decimalScale={2}
          value={draft.hours}
          onChange={hours => put({ hours: Number(hours) || 0 })}
        />
        <ZoneSelect label="Time zone" value={draft.timeZone} onChange={timeZone => put({ timeZone })} />
      </Group>
      <RepeatFields recurring repeat={draft.repeat} startsAt={draft.firstStart} onChange={repeat => put({ repeat: repeat ?? '' })} />
      <Switch
        size="xs"
        label="Each site keeps its own time"
        description="One rollout for each zone, at the same time of day there"
        checked={draft.zoned}
        onChange={event => put({ zoned: event.currentTarget.checked })}
      />
      {draft.zoned && <Zones draft={draft} put={put} />}
      <Group gap="sm" align="flex-end">
        <NumberInput
          label="Prepared before, hours"
          w={160}
          min={1}
          max={336}
          value={draft.leadHours}
          onChange={hours => put({ leadHours: Number(hours) || 1 })}
        />
        <NumberInput
          label="No start in the last, minutes"
          w={220}
          min={0}
          max={1440}
          value={draft.cutoffMinutes}
          onChange={minutes => put({ cutoffMinutes: Number(minutes) || 0 })}
        />
      </Group>
      <Group gap="sm" align="flex-end">
        <FormClock draft={draft} put={put} />
      </Group>
    </Stack>
  );
}

function Zones({ draft, put }: { readonly draft: PolicyDraft; readonly put: PutPolicy }) {
  const change = (index: number, patch: Partial<PolicyDraft['zones'][number]>) =>
    put({ zones: draft.zones.map((zone, at) => (at === index ? { ...zone, ...patch } : zone)) });
  return (
    <Stack gap="xs">
      <TextInput
        label="Label that names the site"
        w={220}
        value={draft.zoneLabel}
        onChange={event => put({ zoneLabel: event.currentTarget.value })}
      />
      {draft.zones.map((zone, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their place alone, and their fields are controlled
        <fieldset key={index} className={classes.zoneRow} aria-label={`Site ${index + 1}`}>
          <TextInput
            label={draft.zoneLabel || 'Site'}
            value={zone.value}
            placeholder="sin"
            onChange={event => change(index, { value: event.currentTarget.value })}
          />
          <ZoneSelect label="keeps the time of" value={zone.timeZone} onChange={timeZone => change(index, { timeZone })} width={240} />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={`Remove site ${zone.value || index + 1}`}
            disabled={draft.zones.length === 1}
            onClick={() => put({ zones: draft.zones.filter((_, at) => at !== index) })}
          >
            <IconX size={14} />
          </ActionIcon>
        </fieldset>
      ))}
      <Button
        style={{ alignSelf: 'flex-start' }}
        variant="subtle"
        size="compact-xs"
        leftSection={<IconPlus size={13} />}
        onClick={() => put({ zones: [...draft.zones, { value: '', timeZone: draft.timeZone }] })}
      >
        Add a site
      </Button>
      <Text size="xs" c="dimmed">
        All other hosts keep {draft.timeZone}.
      </Text>
    </Stack>
  );
}
