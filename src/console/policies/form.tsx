import { NumberInput, Stack, Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { QueryBox } from '../hosts/query-box.tsx';
import { ActButton } from '../kit/act-button.tsx';
import { FormLayout, FormSection } from '../kit/form-layout.tsx';
import { FormHooks } from '../rollouts/form-hooks.tsx';
import { FormRestarts } from '../rollouts/form-restarts.tsx';
import { FormRings } from '../rollouts/form-rings.tsx';
import { FormSmokeTests } from '../rollouts/form-smoke-tests.tsx';
import { FormSchedule } from './form-schedule.tsx';
import { missingInPolicy, type PolicyDraft, policySpecOf } from './policy-form.ts';
import { PreviewOf } from './preview.tsx';

export type PutPolicy = (patch: Partial<PolicyDraft>) => void;

interface PolicyFormProps {
  readonly draft: PolicyDraft;
  readonly put: PutPolicy;
  readonly error: unknown;
  readonly busy: boolean;
  readonly refusal: string | null;
  readonly save: () => void;
  readonly cancel: ReactNode;
}

/** One page in the order of the sentence that a policy is: when, which hosts, which patches, how. The next windows follow every key. */
export function PolicyForm({ draft, put, error, busy, refusal, save, cancel }: PolicyFormProps) {
  const missing = missingInPolicy(draft);
  // The preview needs a name as little as a person does to see what happens.
  const shown = missingInPolicy({ ...draft, name: 'preview' }) === null;
  return (
    <FormLayout
      side={{
        title: 'This policy',
        name: draft.name,
        note: draft.note,
        noteFor: 'Goes along with every rollout, for its approver',
        put,
        error,
        next: 'A policy prepares rollouts and approves none: each plan waits for a person. It is off until it is turned on.',
        missing,
        buttons: (
          <>
            <ActButton refusal={refusal ?? missing} loading={busy} onClick={save}>
              Save
            </ActButton>
            {cancel}
          </>
        ),
      }}
    >
      <FormSection title="When">
        <FormSchedule draft={draft} put={put} />
      </FormSection>
      <FormSection title="Which hosts" aside="Chosen anew for every window">
        <QueryBox labelled label="Hosts that match" value={draft.query} onChange={query => put({ query })} width={560} counted />
      </FormSection>
      <FormSection title="Which patches">
        <FormPatchRule draft={draft} put={put} />
      </FormSection>
      {shown && <PreviewOf spec={policySpecOf({ ...draft, name: draft.name.trim() || 'preview' })} />}
      <FormSection title="Rings" aside="Each must pass its gate before the next starts">
        <FormRings draft={draft} put={put} />
      </FormSection>
      <FormSection title="Restart and reboot">
        <FormRestarts draft={draft} put={put} />
      </FormSection>
      <FormSection title="Smoke tests" aside="Run on each host after the change">
        <FormSmokeTests draft={draft} put={put} />
      </FormSection>
      <FormSection title="Hooks" aside="Programs that the hosts offer by name">
        <FormHooks draft={draft} put={put} />
      </FormSection>
    </FormLayout>
  );
}

function FormPatchRule({ draft, put }: { readonly draft: PolicyDraft; readonly put: PutPolicy }) {
  return (
    <Stack gap="sm">
      <Switch
        size="xs"
        label="Security patches only"
        checked={draft.securityOnly}
        onChange={event => put({ securityOnly: event.currentTarget.checked })}
      />
      <NumberInput
        label="Known here for at least, days"
        description="A bad update is often withdrawn within days"
        w={320}
        min={0}
        max={90}
        value={draft.minAgeDays}
        onChange={days => put({ minAgeDays: Number(days) || 0 })}
      />
      <Switch
        size="xs"
        label="Known exploited vulnerabilities at once"
        description="Such a patch waits neither for its age nor for the next window"
        checked={draft.knownExploitedAtOnce}
        onChange={event => put({ knownExploitedAtOnce: event.currentTarget.checked })}
      />
    </Stack>
  );
}
