import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { ActButton } from '../kit/act-button.tsx';
import { FormLayout, FormSection } from '../kit/form-layout.tsx';
import { FormCare } from './form-care.tsx';
import { FormHooks } from './form-hooks.tsx';
import { FormHosts } from './form-hosts.tsx';
import { FormPatches } from './form-patches.tsx';
import { FormRestarts } from './form-restarts.tsx';
import { FormRings } from './form-rings.tsx';
import { FormSmokeTests } from './form-smoke-tests.tsx';
import { FormWindow } from './form-window.tsx';
import { missingIn, type SpecDraft } from './spec-form.ts';

export type PutDraft = (patch: Partial<SpecDraft>) => void;

interface RolloutFormProps {
  readonly draft: SpecDraft;
  readonly put: PutDraft;
  readonly error: unknown;
  readonly busy: boolean;
  readonly refusal: string | null;
  readonly onPlan: () => void;
  readonly onDraft: () => void;
  readonly cancel: ReactNode;
}

/** One page, in the order in which the questions come up; what it amounts to stands beside it. */
export function RolloutForm({ draft, put, error, busy, refusal, onPlan, onDraft, cancel }: RolloutFormProps) {
  const missing = refusal ?? missingIn(draft);
  return (
    <FormLayout
      side={{
        title: 'This rollout',
        name: draft.name,
        note: draft.note,
        noteFor: 'For the approver and the audit trail',
        put,
        error,
        next: 'Next, each host computes the exact transaction; nothing is changed before a person has approved that plan.',
        missing,
        buttons: (
          <>
            <ActButton refusal={missing} loading={busy} onClick={onPlan}>
              Make the plan
            </ActButton>
            <Button variant="default" disabled={missing !== null || busy} onClick={onDraft}>
              Save draft
            </Button>
            {cancel}
          </>
        ),
      }}
    >
      <FormSection title="Which patches">
        <FormPatches draft={draft} put={put} />
      </FormSection>
      <FormSection title="Which hosts">
        <FormHosts draft={draft} put={put} />
      </FormSection>
      <FormSection title="Rings" aside="Each must pass its gate before the next starts">
        <FormRings draft={draft} put={put} />
      </FormSection>
      <FormSection title="When">
        <FormWindow draft={draft} put={put} />
      </FormSection>
      <FormSection title="Restart and reboot">
        <FormRestarts draft={draft} put={put} />
      </FormSection>
      <FormSection title="Care">
        <FormCare draft={draft} put={put} />
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
