import { Group, Radio, Stack } from '@mantine/core';
import type { SpecDraft } from './spec-form.ts';

type Restarts = Pick<SpecDraft, 'restart' | 'reboot'>;

const RESTART = [
  { value: 'affected-services', label: 'Restart affected services', text: 'those that still map the replaced files' },
  { value: 'never', label: 'Restart nothing', text: 'findings stay open as “restart pending”' },
] as const;
const REBOOT = [
  { value: 'never', label: 'Never reboot', text: 'a new kernel stays “reboot pending”' },
  { value: 'if-needed', label: 'Reboot if needed', text: 'when the host itself says so' },
  { value: 'always', label: 'Always reboot', text: 'every host, after the change' },
] as const;

export function FormRestarts({ draft, put }: { readonly draft: Restarts; readonly put: (patch: Partial<Restarts>) => void }) {
  return (
    <Group align="flex-start" gap={48}>
      <Radio.Group label="Services" value={draft.restart} onChange={restart => put({ restart: restart as SpecDraft['restart'] })}>
        <Stack gap={6} mt={6}>
          {RESTART.map(item => (
            <Radio key={item.value} value={item.value} label={item.label} description={item.text} />
          ))}
        </Stack>
      </Radio.Group>
      <Radio.Group label="Reboot" value={draft.reboot} onChange={reboot => put({ reboot: reboot as SpecDraft['reboot'] })}>
        <Stack gap={6} mt={6}>
          {REBOOT.map(item => (
            <Radio key={item.value} value={item.value} label={item.label} description={item.text} />
          ))}
        </Stack>
      </Radio.Group>
    </Group>
  );
}
