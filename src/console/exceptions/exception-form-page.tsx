import { Button, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { ExceptionKindView } from '../../api/exceptions.ts';
import { type AnswerOf, ask } from '../data/ask.ts';
import { QueryBox } from '../hosts/query-box.tsx';
import { ActButton } from '../kit/act-button.tsx';
import { Facts } from '../kit/facts.tsx';
import classes from '../kit/form-layout.module.css';
import { Toned } from '../kit/mark.tsx';
import { Answered, Page, Section } from '../kit/page.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { At, ZONE } from '../kit/time.tsx';
import { count, counted } from '../kit/words.ts';
import { chosenBy, type ExceptionDraft, exceptionBodyOf, missingInException } from './exception-form.ts';
import { JUSTIFICATION_WORD, KIND_MEANING, KIND_WORD } from './words.ts';

type Put = (patch: Partial<ExceptionDraft>) => void;

interface FormProps {
  readonly title: string;
  readonly trail: ReactNode;
  readonly first: () => ExceptionDraft;
  readonly send: {
    readonly mutate: (body: ReturnType<typeof exceptionBodyOf>) => void;
    readonly isPending: boolean;
    readonly error: unknown;
  };
  readonly refusal: string | null;
  readonly leave: () => void;
}

/** One page in the order of the sentence: what is kept, on which hosts, why, until when, who answers for it. */
export function ExceptionForm({ title, trail, first, send, refusal, leave }: FormProps) {
  const [draft, setDraft] = useState(first);
  const put: Put = patch => setDraft(before => ({ ...before, ...patch }));
  const missing = missingInException(draft);
  const why = refusal ?? missing;
  return (
    <Page
      title={title}
      trail={trail}
      lead="A risk owner who is somebody else decides. Whatever they decide, the findings stay open, due and counted."
    >
      <form
        className={classes.form}
        onSubmit={event => {
          event.preventDefault();
          if (why === null) send.mutate(exceptionBodyOf(draft));
        }}
      >
        <Stack gap="sm">
          <Section title="What is kept">
            <What draft={draft} put={put} />
          </Section>
          <Section title="Why, and until when">
            <Why draft={draft} put={put} />
          </Section>
        </Stack>
        <div className={classes.side}>
          <Section title="This request">
            <Stack gap="sm" className={classes.pad}>
              <TextInput label="Name" required value={draft.title} onChange={event => put({ title: event.currentTarget.value })} />
              <Preview draft={draft} />
              {send.error !== null && <ProblemNote error={send.error} />}
              {missing !== null && (
                <Text size="sm" c="var(--tone-warn)" role="status">
                  {missing}
                </Text>
              )}
              <Group gap="xs">
                {why === null ? (
                  <Button type="submit" loading={send.isPending}>
                    Ask for it
                  </Button>
                ) : (
                  <ActButton refusal={why} onClick={() => {}}>
                    Ask for it
                  </ActButton>
                )}
                <ActButton
                  refusal={why}
                  variant="default"
                  loading={send.isPending}
                  onClick={() => send.mutate(exceptionBodyOf(draft, true))}
                >
                  Keep as a draft
                </ActButton>
                <Button variant="subtle" onClick={leave}>
                  Cancel
                </Button>
              </Group>
            </Stack>
          </Section>
        </div>
      </form>
    </Page>
  );
}

function What({ draft, put }: { readonly draft: ExceptionDraft; readonly put: Put }) {
  return (
    <Stack gap="sm" className={classes.pad}>
      <Select
        label="Kind"
        description={KIND_MEANING[draft.kind]}
        allowDeselect={false}
        data={Object.entries(KIND_WORD).map(([value, label]) => ({ value, label }))}
        value={draft.kind}
        onChange={kind => kind && put({ kind: kind as ExceptionKindView })}
      />
      {draft.patchId !== '' && (
        <Text size="sm">
          {draft.kind === 'operational' ? 'Held back: ' : 'Everything that this patch closes: '}
          <Link to="/patches/$id" params={{ id: draft.patchId }}>
            the patch
          </Link>
        </Text>
      )}
      {draft.kind !== 'operational' && (
        <>
          <TextInput
            label={draft.patchId === '' ? 'Vulnerabilities' : 'Only these vulnerabilities (empty: all of them)'}
            placeholder="CVE-2026-1234 CVE-2026-5678"
            spellCheck={false}
            value={draft.vulnerabilities}
            onChange={event => put({ vulnerabilities: event.currentTarget.value })}
          />
          <TextInput
            label="Only in this source package"
            placeholder="any"
            spellCheck={false}
            value={draft.sourceName}
            onChange={event => put({ sourceName: event.currentTarget.value })}
          />
        </>
      )}
      {draft.hostIds.length > 0 && (
        <Text size="sm">
          On {counted(draft.hostIds.length, 'chosen host')}.{' '}
          <Button variant="subtle" size="compact-xs" onClick={() => put({ hostIds: [] })}>
            Choose by query instead
          </Button>
        </Text>
      )}
      {draft.hostIds.length === 0 && (
        <QueryBox
          labelled
          label="Hosts that match (empty: all that have it)"
          value={draft.query}
          onChange={query => put({ query })}
          width="100%"
          counted
        />
      )}
    </Stack>
  );
}

function Why({ draft, put }: { readonly draft: ExceptionDraft; readonly put: Put }) {
  return (
    <Stack gap="sm" className={classes.pad}>
      {draft.kind === 'not-affected' && (
        <Select
          label="Justification"
          required
          data={Object.entries(JUSTIFICATION_WORD).map(([value, label]) => ({ value, label }))}
          value={draft.justification}
          onChange={justification => put({ justification: justification as ExceptionDraft['justification'] })}
        />
      )}
      {draft.kind === 'mitigated' && (
        <>
          <Textarea
            label="Compensating controls"
            description="One a line"
            required
            autosize
            minRows={2}
            value={draft.controls}
            onChange={event => put({ controls: event.currentTarget.value })}
          />
          <TextInput
            type="datetime-local"
            label={`Last checked (${ZONE})`}
            required
            value={draft.controlsChecked}
            onChange={event => put({ controlsChecked: event.currentTarget.value })}
          />
        </>
      )}
      <Textarea
        label="Reason"
        required
        autosize
        minRows={3}
        value={draft.reason}
        onChange={event => put({ reason: event.currentTarget.value })}
      />
      <TextInput
        label="Owner"
        description="Login of the person who answers for the risk"
        required
        spellCheck={false}
        value={draft.owner}
        onChange={event => put({ owner: event.currentTarget.value })}
      />
      <TextInput
        type="datetime-local"
        label={`Until (${ZONE})`}
        required
        value={draft.until}
        onChange={event => put({ until: event.currentTarget.value })}
      />
    </Stack>
  );
}

/** What it would cover now and how long it may last, before anybody is asked. */
function Preview({ draft }: { readonly draft: ExceptionDraft }) {
  const [body] = useDebouncedValue(chosenBy(draft), 300);
  const isChosen = body.vulnerabilityIds.length > 0 || body.sourceName !== null || body.patchId !== null;
  const preview = useQuery({ ...ask('exceptionPreview', { body }), enabled: isChosen, placeholderData: keepPreviousData });
  if (!isChosen) return null;
  return (
    <div aria-live="polite">
      <Answered of={preview} bones={2}>
        {data => <Covered data={data} />}
      </Answered>
    </div>
  );
}

const NAMES_MAX = 5;

function Covered({ data }: { readonly data: AnswerOf<'exceptionPreview'> }) {
  if (data.problem !== null)
    return (
      <Text size="sm" c="var(--tone-bad)">
        {data.problem}
      </Text>
    );
  const more = data.hosts - Math.min(data.hostNames.length, NAMES_MAX);
  return (
    <Facts
      rows={{
        Covers: counted(data.openFindings, 'open finding'),
        Hosts: `${data.hostNames.slice(0, NAMES_MAX).join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`,
        'At most': (
          <>
            {counted(data.life.days, 'day')}, until <At at={data.latestEnd} /> <Toned tone="quiet">{data.life.meaning}</Toned>
          </>
        ),
        Already: data.covered && <Toned tone="warn">{data.covered}</Toned>,
      }}
    />
  );
}
