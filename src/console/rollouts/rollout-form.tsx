import { Button, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { ActButton } from '../kit/act-button.tsx';
import { FormSide } from '../kit/form-side.tsx';
import { Section } from '../kit/page.tsx';
import { FormCare } from './form-care.tsx';
import { FormHosts } from './form-hosts.tsx';
import { FormPatches } from './form-patches.tsx';
import { FormRestarts } from './form-restarts.tsx';
import { FormRings } from './form-rings.tsx';
import { FormSmokeTests } from './form-smoke-tests.tsx';
import { FormWindow } from './form-window.tsx';
import classes from './rollouts.module.css';
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
    <div className={classes.form}>
      <Stack gap="sm">
        <Section title="Which patches">
          <div className={classes.pad}>
            <FormPatches draft={draft} put={put} />
          </div>
        </Section>
        <Section title="Which hosts">
          <div className={classes.pad}>
            <FormHosts draft={draft} put={put} />
          </div>
        </Section>
        <Section title="Rings" aside="Each must pass its gate before the next starts">
          <div className={classes.pad}>
            <FormRings draft={draft} put={put} />
          </div>
        </Section>
        <Section title="When">
          <div className={classes.pad}>
            <FormWindow draft={draft} put={put} />
          </div>
        </Section>
        <Section title="Restart and reboot">
          <div className={classes.pad}>
            <FormRestarts draft={draft} put={put} />
          </div>
        </Section>
        <Section title="Care">
          <div className={classes.pad}>
            <FormCare draft={draft} put={put} />
          </div>
        </Section>
        <Section title="Smoke tests" aside="Run on each host after the change">
          <div className={classes.pad}>
            <FormSmokeTests draft={draft} put={put} />
          </div>
        </Section>
      </Stack>
      <FormSide
        title="This rollout"
        name={draft.name}
        note={draft.note}
        noteFor="For the approver and the audit trail"
        put={put}
        error={error}
        next="Next, each host computes the exact transaction; nothing is changed before a person has approved that plan."
        missing={missing}
      >
        <ActButton refusal={missing} loading={busy} onClick={onPlan}>
          Make the plan
        </ActButton>
        <Button variant="default" disabled={missing !== null || busy} onClick={onDraft}>
          Save draft
        </Button>
        {cancel}
      </FormSide>
    </div>
  );
}
