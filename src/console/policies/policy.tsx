import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { PolicyView } from '../../api/policies.ts';
import { ask, useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { Facts } from '../kit/facts.tsx';
import { type Column, Grid } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Answered, Page, Section } from '../kit/page.tsx';
import { ROLLOUT_LOOK } from '../kit/states.ts';
import { Ago, At, withLocalTimes } from '../kit/time.tsx';
import { sayUndo } from '../kit/toast.tsx';
import { counted, sentence } from '../kit/words.ts';
import { RolloutNav } from '../rollouts/rollout-nav.tsx';
import { REBOOT, RESTART, ringWords, testWords } from '../rollouts/spec-view.tsx';
import { PolicySwitch } from './policy-switch.tsx';
import { PreviewOf } from './preview.tsx';
import { OFF, ON, patchWords, SKIP_LOOK, scheduleWords } from './words.ts';

type Occurrence = PolicyView['occurrences'][number];

export function PolicyPage() {
  const { id } = useParams({ from: '/signed-in/rollouts/policies/$id' });
  const policy = useQuery({ ...ask('policyGet', { params: { id } }), refetchInterval: 30_000 });
  return (
    <>
      <RolloutNav />
      <Page
        title={policy.data?.spec.name ?? 'Policy'}
        trail={<Link to="/rollouts/policies">Policies</Link>}
        lead={policy.data && <Lead policy={policy.data} />}
        actions={policy.data && <Actions policy={policy.data} />}
      >
        <Answered of={policy}>
          {data => (
            <>
              <Section title="What it does">
                <Orders policy={data} />
              </Section>
              <PreviewOf spec={data.spec} />
              <Section title="What it did">
                <Occurrences policy={data} />
              </Section>
            </>
          )}
        </Answered>
      </Page>
    </>
  );
}

function Lead({ policy }: { readonly policy: PolicyView }) {
  return (
    <span style={{ display: 'inline-flex', flexWrap: 'wrap', gap: '2px 12px' }}>
      <Mark look={policy.enabled ? ON : OFF} />
      {policy.enabled && policy.nextStartsAt && (
        <span>
          next <At at={policy.nextStartsAt} /> (<Ago at={policy.nextStartsAt} />)
        </span>
      )}
      <span>
        changed by {policy.updatedBy} <Ago at={policy.updatedAt} />
      </span>
    </span>
  );
}

function Actions({ policy }: { readonly policy: PolicyView }) {
  const refusal = useRefusal('rollout.plan');
  const navigate = useNavigate();
  const restore = useAct('policyCreate', { done: answer => `${answer.spec.name} is back, turned off` });
  const remove = useAct('policyDelete', {
    after: () => sayUndo(`${policy.spec.name} is removed`, () => restore.mutate({ body: policy.spec })),
  });
  // First away: a page that asks for what has just been removed would only hear that it is gone.
  const drop = async () => {
    await navigate({ to: '/rollouts/policies' });
    remove.mutate({ params: { id: policy.id } });
  };
  return (
    <>
      <ActButton variant="default" refusal={refusal} loading={remove.isPending} onClick={() => void drop()}>
        Remove
      </ActButton>
      {refusal === null ? (
        <Button variant="default" component={Link} {...{ to: `/rollouts/policies/${policy.id}/edit` }}>
          Edit
        </Button>
      ) : (
        <ActButton variant="default" refusal={refusal} onClick={() => {}}>
          Edit
        </ActButton>
      )}
      <PolicySwitch policy={policy} size="xs" />
    </>
  );
}

function Orders({ policy: { spec } }: { readonly policy: PolicyView }) {
  return (
    <Facts
      rows={{
        When: sentence(scheduleWords(spec)),
        Patches: sentence(patchWords(spec)),
        Hosts: (
          <Link to="/hosts" search={{ query: spec.query }}>
            <code>{spec.query || 'all'}</code>
          </Link>
        ),
        Prepared: `${counted(spec.leadHours, 'hour')} before its window, to be rehearsed and approved in time`,
        'Clock of':
          spec.zones &&
          Object.entries(spec.zones.values).map(([value, zone]) => <div key={value}>{`${spec.zones?.label} ${value}: ${zone}`}</div>),
        Rings: spec.rings.map(ring => <div key={ring.name}>{ringWords(ring)}</div>),
        Services: sentence(RESTART[spec.restart]),
        Reboot: sentence(REBOOT[spec.reboot]),
        'Smoke tests': spec.smokeTests.length > 0 && spec.smokeTests.map(test => <div key={testWords(test)}>{testWords(test)}</div>),
        Note: spec.note || null,
      }}
    />
  );
}

function Occurrences({ policy }: { readonly policy: PolicyView }) {
  if (policy.occurrences.length === 0)
    return (
      <Empty title="Nothing yet">
        {policy.enabled
          ? 'Its first rollout appears here when it is prepared.'
          : 'It is off. Turned on, it prepares a rollout for each window, and every window that it leaves out stands here with the reason.'}
      </Empty>
    );
  const shown = (key: string) =>
    key === 'lane'
      ? policy.occurrences.some(one => one.lane !== 'rest')
      : key !== 'text' || policy.occurrences.some(one => one.text !== '');
  return (
    <Grid
      label="Windows so far"
      rows={policy.occurrences}
      rowId={one => one.lane + one.startsAt}
      columns={(
        [
          { key: 'starts', title: 'Window', wrap: true, cell: one => <At at={one.startsAt} /> },
          { key: 'lane', title: 'Hosts', from: 'sm', cell: one => (one.lane === 'rest' ? <Toned tone="quiet">–</Toned> : one.lane) },
          {
            key: 'outcome',
            title: 'Outcome',
            cell: one =>
              one.rolloutId !== null ? (
                <Link to="/rollouts/$id" params={{ id: one.rolloutId }}>
                  {one.rolloutState ? <Mark look={ROLLOUT_LOOK[one.rolloutState]} /> : 'a rollout'}
                </Link>
              ) : (
                one.skipReason && <Mark look={SKIP_LOOK[one.skipReason]} />
              ),
          },
          { key: 'text', title: 'In words', wrap: true, from: 'sm', cell: one => sentence(withLocalTimes(one.text)) },
          { key: 'decided', title: 'Decided', from: 'md', cell: one => <Ago at={one.decidedAt} /> },
        ] satisfies Column<Occurrence>[]
      ).filter(column => shown(column.key))}
    />
  );
}
