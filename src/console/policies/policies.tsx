import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { PolicyView } from '../../api/policies.ts';
import { ask } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Empty } from '../kit/empty.tsx';
import { type Column, Grid, Narrow } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Answered, Page } from '../kit/page.tsx';
import { ROLLOUT_LOOK } from '../kit/states.ts';
import { Ago, At } from '../kit/time.tsx';
import { ListFrame } from '../kit/toolbar.tsx';
import { sentence } from '../kit/words.ts';
import { RolloutNav } from '../rollouts/rollout-nav.tsx';
import { PolicySwitch } from './policy-switch.tsx';
import { OFF, ON, patchWords, SKIP_LOOK, scheduleWords } from './words.ts';

function Last({ policy }: { readonly policy: PolicyView }) {
  const last = policy.occurrences[0];
  if (!last) return <Toned tone="quiet">none yet</Toned>;
  if (last.rolloutId !== null)
    return (
      <Link to="/rollouts/$id" params={{ id: last.rolloutId }}>
        {last.rolloutState ? <Mark look={ROLLOUT_LOOK[last.rolloutState]} /> : 'a rollout'}
      </Link>
    );
  return last.skipReason ? <Mark look={SKIP_LOOK[last.skipReason]} note={last.text} /> : sentence(last.text);
}

const COLUMNS: readonly Column<PolicyView>[] = [
  {
    key: 'name',
    title: 'Policy',
    wrap: true,
    cell: policy => (
      <>
        <Link to="/rollouts/policies/$id" params={{ id: policy.id }}>
          <b>{policy.spec.name}</b>
        </Link>
        <Narrow>
          {policy.enabled ? (
            <>
              next <At at={policy.nextStartsAt} />
            </>
          ) : (
            'off'
          )}
        </Narrow>
      </>
    ),
  },
  { key: 'state', title: 'State', from: 'sm', cell: policy => <Mark look={policy.enabled ? ON : OFF} /> },
  {
    key: 'next',
    title: 'Next',
    from: 'sm',
    cell: policy =>
      policy.nextStartsAt === null ? (
        <Toned tone="quiet">–</Toned>
      ) : (
        <>
          <At at={policy.nextStartsAt} />{' '}
          <Toned tone="quiet">
            (<Ago at={policy.nextStartsAt} />)
          </Toned>
        </>
      ),
  },
  { key: 'last', title: 'Last', from: 'md', cell: policy => <Last policy={policy} /> },
  {
    key: 'switch',
    title: <span className="sr-only">Turn on or off</span>,
    align: 'right',
    cell: policy => <PolicySwitch policy={policy} />,
  },
];

export function PoliciesPage() {
  const policies = useQuery({ ...ask('policyList', {}), refetchInterval: 30_000 });
  const refusal = useRefusal('rollout.plan');
  const navigate = useNavigate();
  const write = () => void navigate({ to: '/rollouts/policies/new' });
  return (
    <>
      <RolloutNav />
      <Page
        title="Policies"
        lead="Standing orders: each makes a rollout by itself when its time comes. A person still approves every plan."
        actions={
          <ActButton refusal={refusal} leftSection={<IconPlus size={14} />} onClick={write}>
            New policy
          </ActButton>
        }
      >
        <ListFrame>
          <Answered of={policies}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty
                  title="No policy yet"
                  action={
                    <ActButton refusal={refusal} onClick={write}>
                      Write the first one
                    </ActButton>
                  }
                >
                  For example: every second Thursday at 22:00 in each site’s own time, security patches that are known for three days; known
                  exploited ones at once.
                </Empty>
              ) : (
                <Grid
                  label="Policies"
                  columns={COLUMNS}
                  rows={items}
                  rowId={policy => policy.id}
                  below={policy => (
                    <>
                      {sentence(scheduleWords(policy.spec))}. {sentence(patchWords(policy.spec))}. Hosts:{' '}
                      <code>{policy.spec.query || 'all'}</code>
                    </>
                  )}
                />
              )
            }
          </Answered>
        </ListFrame>
      </Page>
    </>
  );
}
