import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { ActButton } from '../kit/act-button.tsx';
import { Section } from '../kit/page.tsx';
import { ProblemNote } from '../kit/problem.tsx';
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
      <div className={classes.side}>
        <Section title="This rollout">
          <Stack gap="sm" className={classes.pad}>
            <TextInput label="Name" value={draft.name} required onChange={event => put({ name: event.currentTarget.value })} />
            <Textarea
              label="Note"
              description="For the approver and the audit trail"
              autosize
              minRows={2}
              maxRows={6}
              value={draft.note}
              onChange={event => put({ note: event.currentTarget.value })}
            />
            {error !== null && error !== undefined && <ProblemNote error={error} />}
            <Text size="sm" c="dimmed">
              Next, each host computes the exact transaction; nothing is changed before a person has approved that plan.
            </Text>
            {missing !== null && (
              <Text size="sm" c="var(--tone-warn)" role="status">
                {missing}
              </Text>
            )}
            <Group gap="xs">
              <ActButton refusal={missing} loading={busy} onClick={onPlan}>
                Make the plan
              </ActButton>
              <Button variant="default" disabled={missing !== null || busy} onClick={onDraft}>
                Save draft
              </Button>
              {cancel}
            </Group>
          </Stack>
        </Section>
      </div>
    </div>
  );
}
