import { ActionIcon, Button, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
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
  const change = (index: number, test: SmokeTest) => put({ smokeTests: draft.smokeTests.map((each, at) => (at === index ? test : each)) });
  return (
    <Stack gap="xs">
      {draft.smokeTests.length === 0 && (
        <Text size="sm" c="dimmed">
          None. Package state, restarts and stale processes are verified in any case; a smoke test adds that the service really answers.
        </Text>
      )}
      {draft.smokeTests.map((test, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their place alone, and their fields are controlled
        <fieldset key={index} className={classes.testRow} aria-label={`Smoke test ${index + 1}`}>
          <Select
            label="Check"
            data={KINDS}
            value={test.kind}
            allowDeselect={false}
            onChange={kind => kind && change(index, FRESH[kind as SmokeTest['kind']])}
          />
          <Target test={test} onChange={next => change(index, next)} />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={`Remove smoke test ${index + 1}`}
            onClick={() => put({ smokeTests: draft.smokeTests.filter((_, at) => at !== index) })}
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
        disabled={draft.smokeTests.length >= TESTS_MAX}
        onClick={() => put({ smokeTests: [...draft.smokeTests, FRESH['unit-active']] })}
      >
        Add a smoke test
      </Button>
    </Stack>
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
