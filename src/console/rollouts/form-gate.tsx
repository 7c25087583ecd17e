import { ActionIcon, Button, Checkbox, NumberInput, Select, Text, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { counted } from '../kit/words.ts';
import classes from './rollouts.module.css';
import type { RingDraft } from './spec-form.ts';

type Gate = NonNullable<RingDraft['gate']>;
type Health = NonNullable<RingDraft['health']>;
type Prometheus = Extract<Health[number], { kind: 'prometheus' }>;

const THRESHOLDS: readonly { readonly key: keyof Gate; readonly label: string; readonly max: number }[] = [
  { key: 'errorPercent', label: 'May fail, %', max: 100 },
  { key: 'minSample', label: 'Tried at least', max: 100_000 },
  { key: 'minCoveragePercent', label: 'Answered, %', max: 100 },
];
const NEW_QUERY: Prometheus = {
  kind: 'prometheus',
  name: '',
  query: '',
  operator: '<=',
  threshold: 0,
  controlFactor: null,
  dryRun: false,
};

interface FormGateProps {
  readonly ring: RingDraft;
  readonly onChange: (patch: Partial<RingDraft>) => void;
}

/** What the gate of one ring asks instead of what its place gives it. Closed until somebody wants something else. */
export function FormGate({ ring, onChange }: FormGateProps) {
  const health = ring.health ?? [];
  const queries = health.filter(metric => metric.kind === 'prometheus');
  const put = (next: readonly Prometheus[]) => onChange({ health: [...health.filter(metric => metric.kind !== 'prometheus'), ...next] });
  const set = THRESHOLDS.filter(({ key }) => ring.gate?.[key] !== undefined).length;
  return (
    <details className={classes.gateForm} open={set + queries.length > 0 || undefined}>
      <summary>
        Gate of {ring.name || 'this ring'}: <span>{gateWords(set, queries.length)}</span>
      </summary>
      <div className={classes.gateFields}>
        {THRESHOLDS.map(({ key, label, max }) => (
          <NumberInput
            key={key}
            label={label}
            placeholder="by its place"
            min={0}
            max={max}
            value={ring.gate?.[key] ?? ''}
            onChange={value => onChange({ gate: { ...ring.gate, [key]: value === '' ? undefined : Number(value) } })}
          />
        ))}
      </div>
      {queries.map((metric, index) => (
        <QueryRow
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their place alone, and their fields are controlled
          key={index}
          metric={metric}
          onChange={patch => put(queries.map((one, at) => (at === index ? { ...one, ...patch } : one)))}
          onRemove={() => put(queries.filter((_, at) => at !== index))}
        />
      ))}
      <Button
        mt={6}
        variant="subtle"
        size="compact-xs"
        leftSection={<IconPlus size={13} />}
        disabled={health.length >= 20}
        onClick={() => put([...queries, NEW_QUERY])}
      >
        Ask Prometheus
      </Button>
    </details>
  );
}

function gateWords(thresholds: number, queries: number): string {
  if (thresholds + queries === 0) return 'no failure allowed, as its place gives it';
  const parts = [
    ...(thresholds > 0 ? [counted(thresholds, 'threshold of its own', 'thresholds of its own')] : []),
    ...(queries > 0 ? [counted(queries, 'Prometheus query', 'Prometheus queries')] : []),
  ];
  return parts.join(', ');
}

interface QueryRowProps {
  readonly metric: Prometheus;
  readonly onChange: (patch: Partial<Prometheus>) => void;
  readonly onRemove: () => void;
}

function QueryRow({ metric, onChange, onRemove }: QueryRowProps) {
  return (
    <fieldset className={classes.queryRow} aria-label={`Prometheus query ${metric.name}`}>
      <TextInput label="Name" required value={metric.name} onChange={event => onChange({ name: event.currentTarget.value })} />
      <Select
        label="Good when"
        data={['<=', '>=']}
        allowDeselect={false}
        value={metric.operator}
        onChange={operator => onChange({ operator: operator === '>=' ? '>=' : '<=' })}
      />
      <NumberInput label="Threshold" value={metric.threshold} onChange={value => onChange({ threshold: Number(value) || 0 })} />
      <ActionIcon variant="subtle" color="gray" size={28} aria-label={`Remove the query ${metric.name}`} onClick={onRemove}>
        <IconX size={14} />
      </ActionIcon>
      <TextInput
        className={classes.wide}
        label="Query"
        description="Answers with one number; {{hosts}} becomes a pattern of host names"
        required
        spellCheck={false}
        value={metric.query}
        onChange={event => onChange({ query: event.currentTarget.value })}
      />
      <NumberInput
        label="Times the untouched hosts"
        description="Empty: not compared"
        min={0}
        value={metric.controlFactor ?? ''}
        onChange={value => onChange({ controlFactor: Number(value) > 0 ? Number(value) : null })}
      />
      <Checkbox
        className={classes.wide}
        label="Only shown, decides nothing"
        checked={metric.dryRun}
        onChange={event => onChange({ dryRun: event.currentTarget.checked })}
      />
      {metric.name === '' && (
        <Text size="xs" c="dimmed" className={classes.wide}>
          The address of Prometheus stands under Rollouts, Safety.
        </Text>
      )}
    </fieldset>
  );
}
