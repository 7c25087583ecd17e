import { Checkbox, Group } from '@mantine/core';
import type { RingDraft } from './spec-form.ts';

type Health = NonNullable<RingDraft['health']>;
type Signal = Extract<Health[number], { kind: 'hosts' }>['signal'];
const SIGNALS: readonly { readonly value: Signal; readonly label: string }[] = [
  { value: 'failed-units', label: 'Failed units' },
  { value: 'unexpected-boots', label: 'Unexpected boots' },
  { value: 'silent', label: 'Hosts that fall silent' },
];

/** What the gates of all rings ask besides results, against hosts that no ring has touched. Queries of single rings stand with their gates. */
export function FormHealth({
  rings,
  put,
}: {
  readonly rings: readonly RingDraft[];
  readonly put: (patch: { readonly rings: readonly RingDraft[] }) => void;
}) {
  const asked = SIGNALS.map(signal => signal.value).filter(value =>
    rings.every(ring => ring.health?.some(metric => metric.kind === 'hosts' && metric.signal === value)),
  );
  const choose = (signals: readonly string[]) =>
    put({
      rings: rings.map(({ health = [], ...ring }) => {
        const next: Health = [
          ...health.filter(metric => metric.kind !== 'hosts'),
          ...SIGNALS.filter(signal => signals.includes(signal.value)).map(({ value }) => ({
            kind: 'hosts' as const,
            signal: value,
            dryRun: false,
          })),
        ];
        return next.length > 0 ? { ...ring, health: next } : ring;
      }),
    });
  return (
    <Checkbox.Group
      mt="sm"
      label="Gates also look at"
      description="Compared with hosts that no ring has touched; no data never passes"
      value={asked}
      onChange={choose}
    >
      <Group gap="lg" mt={6}>
        {SIGNALS.map(signal => (
          <Checkbox key={signal.value} value={signal.value} label={signal.label} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}
