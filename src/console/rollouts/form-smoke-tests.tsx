import { NumberInput, Select, TextInput } from '@mantine/core';
import { FormRows } from './form-rows.tsx';
import classes from './rollouts.module.css';
import type { SmokeTest, SpecDraft } from './spec-form.ts';

const KINDS = [
  { value: 'unit-active', label: 'Unit is active' },
  { value: 'tcp-port', label: 'TCP port answers' },
  { value: 'http', label: 'HTTP answers' },
];
const FRESH: Readonly<Record<SmokeTest['kind'], SmokeTest>> = {
  'unit-active': { kind: 'unit-active', unit: 'ssh.service' },
  'tcp-port': { kind: 'tcp-port', host: '127.0.0.1', port: 22 },
  http: { kind: 'http', url: 'http://127.0.0.1/', expectStatus: 200 },
};
const TESTS_MAX = 20;

type Tests = Pick<SpecDraft, 'smokeTests'>;

export function FormSmokeTests({ draft, put }: { readonly draft: Tests; readonly put: (patch: Tests) => void }) {
  return (
    <FormRows
      noun="smoke test"
      rows={draft.smokeTests}
      rowsMax={TESTS_MAX}
      fresh={FRESH['unit-active']}
      none="None. Package state, restarts and stale processes are verified in any case; a smoke test adds that the service really answers."
      className={classes.testRow}
      onRows={smokeTests => put({ smokeTests })}
    >
      {(test, change) => (
        <>
          <Select
            label="Check"
            data={KINDS}
            value={test.kind}
            allowDeselect={false}
            onChange={kind => kind && change(FRESH[kind as SmokeTest['kind']])}
          />
          <Target test={test} onChange={change} />
        </>
      )}
    </FormRows>
  );
}

function Target({ test, onChange }: { readonly test: SmokeTest; readonly onChange: (test: SmokeTest) => void }) {
  if (test.kind === 'unit-active')
    return (
      <>
        <TextInput label="Unit" value={test.unit} onChange={event => onChange({ ...test, unit: event.currentTarget.value })} />
        <span />
      </>
    );
  if (test.kind === 'tcp-port')
    return (
      <>
        <TextInput
          label="Host, as seen from the host itself"
          value={test.host ?? '127.0.0.1'}
          onChange={event => onChange({ ...test, host: event.currentTarget.value })}
        />
        <NumberInput
          label="Port"
          min={1}
          max={65_535}
          value={test.port}
          onChange={port => onChange({ ...test, port: Number(port) || 1 })}
        />
      </>
    );
  return (
    <>
      <TextInput
        label="URL, as seen from the host itself"
        value={test.url}
        onChange={event => onChange({ ...test, url: event.currentTarget.value })}
      />
      <NumberInput
        label="Expected status"
        min={100}
        max={599}
        value={test.expectStatus ?? 200}
        onChange={status => onChange({ ...test, expectStatus: Number(status) || 200 })}
      />
    </>
  );
}
