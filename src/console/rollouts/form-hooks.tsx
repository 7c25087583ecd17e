import { NumberInput, Select, TextInput } from '@mantine/core';
import { FormRows } from './form-rows.tsx';
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
  return (
    <FormRows
      noun="hook"
      rows={draft.hooks}
      rowsMax={HOOKS_MAX}
      fresh={FRESH}
      none="None. A host offers hooks as files in /etc/fettle/hooks.d; one that does not offer what is named here is left out of the plan."
      className={classes.hookRow}
      onRows={hooks => put({ hooks })}
    >
      {(hook, change) => (
        <>
          <Select
            label="Runs"
            data={PHASES}
            value={hook.phase}
            allowDeselect={false}
            onChange={phase => phase && change({ ...hook, phase: phase as Hook['phase'] })}
          />
          <TextInput
            label="Name"
            placeholder="drain-lb"
            value={hook.name}
            error={hook.name !== '' && isUnnamed(hook) ? 'small letters, digits, - and _' : null}
            onChange={event => change({ ...hook, name: event.currentTarget.value })}
          />
          <NumberInput
            label="At most, seconds"
            min={1}
            max={3600}
            value={hook.timeoutSeconds}
            onChange={seconds => change({ ...hook, timeoutSeconds: Number(seconds) || 1 })}
          />
        </>
      )}
    </FormRows>
  );
}
