import { Select } from '@mantine/core';
import type { FreezeView } from '../../api/safety.ts';

const KINDS: readonly { readonly value: FreezeView['kind']; readonly label: string }[] = [
  { value: 'hard', label: 'Every change' },
  { value: 'soft', label: 'All but emergencies' },
  { value: 'reboot-only', label: 'Reboots only' },
];

export function FreezeKind({
  kind,
  onChange,
}: {
  readonly kind: FreezeView['kind'];
  readonly onChange: (kind: FreezeView['kind']) => void;
}) {
  return (
    <Select
      label="What is frozen"
      data={KINDS}
      allowDeselect={false}
      value={kind}
      onChange={value => onChange((value ?? 'hard') as FreezeView['kind'])}
    />
  );
}
