import { Select } from '@mantine/core';
import type { SpecDraft } from './spec-form.ts';

type ClockDraft = Pick<SpecDraft, 'length' | 'gap' | 'overlap'>;

const LENGTH = [
  { value: 'exact', label: 'is open as long as ever' },
  { value: 'wall-clock', label: 'closes at the same time as ever' },
];
const GAP = [
  { value: 'shift-forward', label: 'opens when the skipped hour is over' },
  { value: 'skip', label: 'is left out that night' },
];
const OVERLAP = [
  { value: 'first', label: 'the first time' },
  { value: 'second', label: 'the second time' },
];

/** What becomes of a window that repeats on the two nights of a year on which the clock changes. */
export function FormClock({ draft, put }: { readonly draft: ClockDraft; readonly put: (patch: Partial<ClockDraft>) => void }) {
  return (
    <>
      <Select
        label="When the clock changes meanwhile, it"
        data={LENGTH}
        w={280}
        allowDeselect={false}
        value={draft.length}
        onChange={length => put({ length: (length ?? 'exact') as ClockDraft['length'] })}
      />
      <Select
        label="If the clock skips the hour, it"
        data={GAP}
        w={290}
        allowDeselect={false}
        value={draft.gap}
        onChange={gap => put({ gap: (gap ?? 'shift-forward') as ClockDraft['gap'] })}
      />
      <Select
        label="If the hour comes twice, it opens"
        data={OVERLAP}
        w={240}
        allowDeselect={false}
        value={draft.overlap}
        onChange={overlap => put({ overlap: (overlap ?? 'first') as ClockDraft['overlap'] })}
      />
    </>
  );
}
