import { Drawer, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { JobView } from '../../api/jobs.ts';
import type { RolloutSummaryView } from '../../api/rollouts.ts';
import { type AnswerOf, ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Facts } from '../kit/facts.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Answered } from '../kit/page.tsx';
import { JOB_LOOK } from '../kit/states.ts';
import { At, clockOf } from '../kit/time.tsx';
import { sentence } from '../kit/words.ts';
import { Interventions } from './interventions.tsx';
import classes from './rollouts.module.css';
import { Transaction } from './transaction.tsx';

/** One host's part of the rollout (`?job=`): what it should do, what it did, and everything it said. */
export function JobDrawer({ state }: { readonly state: RolloutSummaryView['state'] }) {
  const [url, change] = useUrlState();
  return (
    <Drawer
      opened={url.job !== undefined}
      onClose={() => change({ job: undefined })}
      position="right"
      size={720}
      title={<Text fw={650}>One host’s part</Text>}
    >
      {url.job !== undefined && <JobDetail id={url.job} state={state} />}
    </Drawer>
  );
}

function JobDetail({ id, state }: { readonly id: string; readonly state: RolloutSummaryView['state'] }) {
  const detail = useQuery({
    ...ask('jobGet', { params: { id } }),
    refetchInterval: query => (query.state.data?.job.finishedAt ? false : 3_000),
  });
  return (
    <Answered of={detail}>
      {({ job, result, events }) => (
        <Stack gap="md">
          <JobFacts job={job} />
          <Interventions job={job} state={state} />
          <div>
            <Title order={2} mb={4}>
              Transaction
            </Title>
            <Transaction items={job.transaction} />
          </div>
          {result && <Result result={result} />}
          <div>
            <Title order={2} mb={4}>
              What the host said
            </Title>
            {events.length === 0 ? (
              <Text size="sm" c="dimmed">
                Nothing yet.
              </Text>
            ) : (
              <Events events={events} />
            )}
          </div>
        </Stack>
      )}
    </Answered>
  );
}

function JobFacts({ job }: { readonly job: JobView }) {
  return (
    <Facts
      rows={{
        Host: (
          <Link to="/hosts/$id" params={{ id: job.hostId }} search={{ tab: 'proof' }}>
            {job.hostName}
          </Link>
        ),
        State: (
          <>
            <Mark look={JOB_LOOK[job.state]} /> <Toned tone="quiet">{JOB_LOOK[job.state].meaning}</Toned>
          </>
        ),
        'Waits for': job.waitingOn,
        'What to do': job.failure && job.remedy,
        Failure: job.failure && (
          <>
            <Toned tone="bad">{job.failure}</Toned> {job.failureClass && <Chip>{job.failureClass}</Chip>}{' '}
            {job.infrastructure && <Chip title="The repository or the network, not the patch">infrastructure</Chip>}
          </>
        ),
        Touched: job.touched ? 'yes: the package manager was started' : 'no: nothing was changed',
        Attempt: job.attempt,
        Started: job.startedAt && <At at={job.startedAt} />,
        Finished: job.finishedAt && <At at={job.finishedAt} />,
        Repaired: job.healed.length > 0 && job.healed.map(step => <div key={step}>{step}</div>),
      }}
    />
  );
}

type Test = {
  readonly test: { readonly kind?: string; readonly unit?: string; readonly port?: number; readonly url?: string };
  readonly passed: boolean;
  readonly detail: string;
};

/** The result travels as an open record; smoke tests, restarts and the reboot are what a person asks about. */
function Result({ result }: { readonly result: NonNullable<AnswerOf<'jobGet'>['result']> }) {
  const tests = Array.isArray(result.smokeTests) ? (result.smokeTests as Test[]) : [];
  const units = Array.isArray(result.restartedUnits) ? (result.restartedUnits as string[]) : [];
  return (
    <div>
      <Title order={2} mb={4}>
        Observed afterwards
      </Title>
      <Facts
        rows={{
          Restarted: units.length > 0 ? units.join(', ') : 'nothing',
          Rebooted: result.rebooted === true ? 'yes, the boot id changed' : 'no',
          ...Object.fromEntries(tests.map((test, index) => [`Smoke test ${index + 1}`, <TestAnswer key={test.detail} {...test} />])),
        }}
      />
    </div>
  );
}

function TestAnswer({ test, passed, detail }: Test) {
  const verdict = passed ? <Toned tone="good">passed</Toned> : <Toned tone="bad">failed</Toned>;
  return (
    <>
      {test.unit ?? test.url ?? `port ${test.port}`}: {verdict} <Toned tone="quiet">{detail}</Toned>
    </>
  );
}

/** The steps of a job (core/rollouts/host-plan.ts), as a heading and as what begins with it. */
const PHASE_WORD: Readonly<Record<string, string>> = {
  precheck: 'Precheck',
  simulate: 'Transaction',
  download: 'Download',
  'awaiting-permit': 'Permit',
  'pre-hook': 'Before',
  apply: 'Install',
  restart: 'Restarts',
  reboot: 'Reboot',
  verify: 'Verify',
  'smoke-test': 'Smoke tests',
  'post-hook': 'After',
};
const BEGUN: Readonly<Record<string, string>> = {
  precheck: 'Looks at its disk, its locks and its package database',
  simulate: 'Computes the transaction and compares it with the approved one',
  download: 'Downloads the packages and checks them',
  'awaiting-permit': 'Is ready and asks for its permit',
  'pre-hook': 'Runs the programs before the change',
  apply: 'Starts the package manager',
  restart: 'Restarts services that map replaced files',
  reboot: 'Is about to reboot',
  verify: 'Looks at what is in effect now',
  'smoke-test': 'Runs the smoke tests',
  'post-hook': 'Runs the programs after the change',
};

function Events({ events }: { readonly events: AnswerOf<'jobGet'>['events'] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard (WCAG 2.1.1)
    <section className={classes.log} tabIndex={0} aria-label="What the host said">
      {events.map(event => (
        <div key={event.sequence} className={classes.line} data-of="job">
          <span>{clockOf(event.at)}</span>
          <span>{PHASE_WORD[event.phase] ?? event.phase}</span>
          <span>{event.kind === 'phase-started' ? <b>{BEGUN[event.phase] ?? event.text}</b> : sentence(event.text.trimEnd())}</span>
        </div>
      ))}
    </section>
  );
}
