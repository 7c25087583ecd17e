import { ActionIcon, Button, NumberInput, Select, Text, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { FormGate } from './form-gate.tsx';
import { FormHealth } from './form-health.tsx';
import classes from './rollouts.module.css';
import { PROOF_FIRST, type RingDraft, type SizeKind, type SpecDraft } from './spec-form.ts';

const KINDS = [
  { value: 'hosts', label: 'hosts' },
  { value: 'percent', label: '% of all hosts' },
  { value: 'rest', label: 'all that are left' },
  { value: 'proof', label: 'as many as prove it' },
];
const RINGS_MAX = 12;

type Rings = Pick<SpecDraft, 'rings'>;

export function FormRings({ draft, put }: { readonly draft: Rings; readonly put: (patch: Rings) => void }) {
  const change = (index: number, patch: Partial<RingDraft>) =>
    put({ rings: draft.rings.map((ring, at) => (at === index ? { ...ring, ...patch } : ring)) });
  const insert = () =>
    put({
      rings: [
        ...draft.rings.slice(0, -1),
        { name: `ring ${draft.rings.length}`, kind: 'percent', size: 20, soakMinutes: 60, concurrency: 5 },
        ...draft.rings.slice(-1),
      ],
    });
  return (
    <>
      {draft.rings.map((ring, index) => (
        <RingRow
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their place alone, and their fields are controlled
          key={index}
          ring={ring}
          first={index === 0}
          onChange={patch => change(index, patch)}
          {...(draft.rings.length > 1 ? { onRemove: () => put({ rings: draft.rings.filter((_, at) => at !== index) }) } : {})}
        />
      ))}
      <Button
        mt={10}
        variant="subtle"
        size="compact-xs"
        leftSection={<IconPlus size={13} />}
        disabled={draft.rings.length >= RINGS_MAX}
        onClick={insert}
      >
        Add a ring before the last
      </Button>
      <Text size="xs" c="dimmed" mt={4}>
        The first ring is the canary: one failure there stops the rollout, and nothing else has been touched.
      </Text>
      <FormHealth rings={draft.rings} put={put} />
    </>
  );
}

interface RingRowProps {
  readonly ring: RingDraft;
  readonly first: boolean;
  readonly onChange: (patch: Partial<RingDraft>) => void;
  readonly onRemove?: () => void;
}

function RingRow({ ring, first, onChange, onRemove }: RingRowProps) {
  const number = (name: 'size' | 'soakMinutes' | 'concurrency') => (value: number | string) => onChange({ [name]: Number(value) || 0 });
  return (
    <fieldset className={classes.ringRow} aria-label={`Ring ${ring.name}`}>
      <TextInput
        label={first ? 'Canary ring' : 'Ring'}
        value={ring.name}
        required
        onChange={event => onChange({ name: event.currentTarget.value })}
      />
      {ring.hostIds ? (
        <Text size="sm" pb={6}>
          {ring.hostIds.length} named hosts
        </Text>
      ) : (
        <Select
          label="Size"
          data={KINDS}
          value={ring.kind}
          allowDeselect={false}
          onChange={kind =>
            onChange({ kind: (kind ?? 'hosts') as SizeKind, ...(kind === 'proof' && !ring.proof ? { proof: PROOF_FIRST } : {}) })
          }
        />
      )}
      {ring.kind === 'rest' || ring.kind === 'proof' || ring.hostIds ? (
        <span className={classes.noSize} />
      ) : (
        <NumberInput label="How many" min={1} max={ring.kind === 'percent' ? 100 : 100_000} value={ring.size} onChange={number('size')} />
      )}
      <NumberInput label="Soak, minutes" min={0} max={10_080} value={ring.soakMinutes} onChange={number('soakMinutes')} />
      <NumberInput label="At once" min={1} max={1_000} value={ring.concurrency} onChange={number('concurrency')} />
      {onRemove ? (
        <ActionIcon variant="subtle" color="gray" size={28} aria-label={`Remove ring ${ring.name}`} onClick={onRemove}>
          <IconX size={14} />
        </ActionIcon>
      ) : (
        <span />
      )}
      <FormGate ring={ring} onChange={onChange} />
      {ring.kind === 'proof' && <Proof proof={ring.proof ?? PROOF_FIRST} onChange={proof => onChange({ proof })} />}
    </fieldset>
  );
}

/** A claim that a person can read aloud; how many hosts it takes follows from it. */
function Proof({
  proof,
  onChange,
}: {
  readonly proof: NonNullable<RingDraft['proof']>;
  readonly onChange: (proof: NonNullable<RingDraft['proof']>) => void;
}) {
  return (
    <div className={classes.proof}>
      <Text size="sm">It shows that fewer than</Text>
      <NumberInput
        aria-label="Fewer than this percentage fail"
        w={70}
        min={1}
        max={60}
        value={proof.failurePercent}
        onChange={value => onChange({ ...proof, failurePercent: Number(value) || 1 })}
      />
      <Text size="sm">% of hosts fail, with</Text>
      <NumberInput
        aria-label="Confidence in percent"
        w={70}
        min={50}
        max={99}
        value={proof.confidencePercent}
        onChange={value => onChange({ ...proof, confidencePercent: Number(value) || 50 })}
      />
      <Text size="sm">% confidence.</Text>
    </div>
  );
}
