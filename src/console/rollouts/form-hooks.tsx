import { ActionIcon, Button, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import classes from './rollouts.module.css';
import { isUnnamed, type SpecDraft } from './spec-form.ts';

type Hooks = Pick<SpecDraft, 'hooks'>;
type Hook = SpecDraft['hooks'][number];

const PHASES = [
  { value: 'pre', label: 'before anything is touched' },
  { value: 'post', label: 'after it is verified' },
];
const FRESH: Hook = { phase: 'pre', name: '', timeoutSeconds: 300 };
const HOOKS_MAX = 20;

/** Programs that hosts offer by name; a plan can ask for them and carries no code. */
export function FormHooks({ draft, put }: { readonly draft: Hooks; readonly put: (patch: Hooks) => void }) {
  const change = (index: number, patch: Partial<Hook>) =>
    put({ hooks: draft.hooks.map((each, at) => (at === index ? { ...each, ...patch } : each)) });
  return (
    <Stack gap="xs">
      {draft.hooks.length === 0 && (
        <Text size="sm" c="dimmed">
          None. A host offers hooks as files in /etc/fettle/hooks.d; one that does not offer what is named here is left out of the plan.
        </Text>
      )}
      {draft.hooks.map((hook, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their place alone, and their fields are controlled
        <fieldset key={index} className={classes.hookRow} aria-label={`Hook ${index + 1}`}>
          <Select
            label="Runs"
            data={PHASES}
            value={hook.phase}
            allowDeselect={false}
            onChange={phase => phase && change(index, { phase: phase as Hook['phase'] })}
          />
          <TextInput
            label="Name"
            placeholder="drain-lb"
            value={hook.name}
            error={hook.name !== '' && isUnnamed(hook) ? 'small letters, digits, - and _' : null}
            onChange={event => change(index, { name: event.currentTarget.value })}
          />
          <NumberInput
            label="At most, seconds"
            min={1}
            max={3600}
            value={hook.timeoutSeconds}
            onChange={seconds => change(index, { timeoutSeconds: Number(seconds) || 1 })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={`Remove hook ${index + 1}`}
            onClick={() => put({ hooks: draft.hooks.filter((_, at) => at !== index) })}
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
        disabled={draft.hooks.length >= HOOKS_MAX}
        onClick={() => put({ hooks: [...draft.hooks, FRESH] })}
      >
        Add a hook
      </Button>
    </Stack>
  );
}
