import { Group, NumberInput, Radio, Stack } from '@mantine/core';
import type { PutDraft } from './rollout-form.tsx';
import type { SpecDraft } from './spec-form.ts';

const PROFILE = [
  { value: 'normal', label: 'Normal', text: 'waits its turn' },
  { value: 'emergency', label: 'Emergency', text: 'goes first, and no soft freeze holds it; rings, gates and approval stay' },
] as const;
const REHEARSE = [
  { value: 'canaries', label: 'On the canaries', text: 'they run it in a throw-away copy of themselves before the first ring opens' },
  { value: 'none', label: 'Only computed', text: 'each host computes the transaction, none runs it before' },
] as const;

/** How much care, and what becomes of hosts that are not there. */
export function FormCare({ draft, put }: { readonly draft: SpecDraft; readonly put: PutDraft }) {
  return (
    <Stack gap="md">
      <Group align="flex-start" gap={48}>
        <Radio.Group label="Urgency" value={draft.profile} onChange={profile => put({ profile: profile as SpecDraft['profile'] })}>
          <Stack gap={6} mt={6} maw={300}>
            {PROFILE.map(item => (
              <Radio key={item.value} value={item.value} label={item.label} description={item.text} />
            ))}
          </Stack>
        </Radio.Group>
        <Radio.Group label="Rehearsal" value={draft.rehearse} onChange={rehearse => put({ rehearse: rehearse as SpecDraft['rehearse'] })}>
          <Stack gap={6} mt={6} maw={300}>
            {REHEARSE.map(item => (
              <Radio key={item.value} value={item.value} label={item.label} description={item.text} />
            ))}
          </Stack>
        </Radio.Group>
      </Group>
      <Group align="flex-end" gap="sm">
        <NumberInput
          label="Hosts at once, over all rings"
          description="0: as each ring says"
          w={220}
          min={0}
          max={10_000}
          value={draft.concurrencyMax}
          onChange={value => put({ concurrencyMax: Number(value) || 0 })}
        />
        <NumberInput
          label="Catch up for, days"
          description="For hosts that were not reached"
          w={220}
          min={0}
          max={45}
          value={draft.catchUpDays}
          onChange={value => put({ catchUpDays: Number(value) || 0 })}
        />
      </Group>
    </Stack>
  );
}
