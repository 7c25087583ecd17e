import { Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import type { PlanReportView } from '../../api/plans.ts';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { CopyIcon } from '../kit/copy.tsx';
import { Empty } from '../kit/empty.tsx';
import { Facts } from '../kit/facts.tsx';
import { Grid } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import { Ago, withLocalTimes } from '../kit/time.tsx';
import { bytesWords, count, counted, sentence, wordsOf } from '../kit/words.ts';
import { Forecast } from './forecast.tsx';
import { PlanRing } from './plan-ring.tsx';
import { Rehearsals } from './rehearsals.tsx';

const LINT = {
  error: { label: 'Error', tone: 'bad', shape: 'failed' },
  warning: { label: 'Warning', tone: 'warn', shape: 'attention' },
} as const;

/** What will happen, host by host, before anybody approves it. */
export function PlanView({ data }: { readonly data: RolloutDetailView }) {
  const { plan, rollout } = data;
  if (plan === null)
    return (
      <Empty title={rollout.state === 'rehearsing' ? 'Hosts are computing their transactions' : 'No plan yet'}>
        {rollout.state === 'rehearsing'
          ? 'Each host simulates the change with its own package manager. Nothing is changed. The plan appears when all have answered.'
          : '“Make the plan” fixes the hosts and lets each compute the exact transaction, so that the approver sees what will really happen.'}
      </Empty>
    );
  return (
    <Stack gap="sm">
      <Section
        title="Plan"
        aside={
          <>
            made <Ago at={plan.preparedAt} />
          </>
        }
      >
        <Summary plan={plan} />
      </Section>
      {checksOf(plan).length > 0 && (
        <Section title="Checks of the plan" aside="By a part of Fettle that did not make the plan">
          <Grid
            label="Checks of the plan"
            rows={checksOf(plan)}
            rowId={item => item.rule + item.message}
            columns={[
              { key: 'level', title: 'Level', cell: item => <Mark look={LINT[item.level]} /> },
              { key: 'message', title: 'What', wrap: true, cell: item => sentence(withLocalTimes(item.message)) },
              { key: 'rule', title: 'Rule', from: 'sm', cell: item => <Toned tone="quiet">{wordsOf(item.rule)}</Toned> },
            ]}
          />
        </Section>
      )}
      <Forecast data={data} plan={plan} />
      <Rehearsals rows={data.rehearsals} rollout={data.rollout} />
      {plan.rings.map((ring, index) => (
        <PlanRing key={ring.name} ring={ring} index={index} />
      ))}
      {plan.excluded.length > 0 && (
        <Section title={`Left out: ${count(plan.excluded.length)}`} aside="They stay in every denominator">
          <Grid
            label="Hosts that are left out"
            rows={sameReason(plan.excluded)}
            rowId={same => same.reason}
            columns={[
              { key: 'reason', title: 'Reason', wrap: true, width: '50%', cell: same => same.reason },
              {
                key: 'hosts',
                title: 'Hosts',
                wrap: true,
                cell: same =>
                  same.hosts.map((host, at) => (
                    <Fragment key={host.hostId}>
                      {at > 0 && ', '}
                      <Link to="/hosts/$id" params={{ id: host.hostId }}>
                        {host.hostName}
                      </Link>
                    </Fragment>
                  )),
              },
            ]}
          />
        </Section>
      )}
    </Stack>
  );
}

/** What comes too late stands in the forecast below, with what can be done about it. */
function checksOf({ lint, late }: PlanReportView): PlanReportView['lint'] {
  return late.length === 0 ? lint : lint.filter(item => item.rule !== 'due-date');
}

/** Forty hosts that have it already are one reason, read once. */
function sameReason(excluded: PlanReportView['excluded']) {
  return [...Map.groupBy(excluded, host => host.reason)]
    .map(([reason, hosts]) => ({ reason, hosts }))
    .toSorted((a, b) => b.hosts.length - a.hosts.length);
}

function rehearsedWords(hosts: readonly PlanReportView['rings'][number]['hosts'][number][]): string {
  const predicted = hosts.filter(host => host.rehearsed === 'predicted').length;
  if (predicted === 0) return hosts.length === 1 ? 'on the host itself' : 'on every host itself';
  return `${count(hosts.length - predicted)} on the host itself, ${count(predicted)} predicted`;
}

function Summary({ plan }: { readonly plan: PlanReportView }) {
  const hosts = plan.rings.flatMap(ring => ring.hosts);
  const reboots = hosts.filter(host => host.rebootExpected).length;
  const bytes = hosts.reduce((sum, host) => sum + (host.downloadBytes ?? 0), 0);
  const removals = new Set(hosts.flatMap(host => host.transaction.filter(item => item.action === 'remove').map(item => item.name)));
  return (
    <>
      <Facts
        rows={{
          Hosts: `${count(hosts.length)} in ${counted(plan.rings.length, 'ring')}`,
          Closes:
            plan.closesVulnerabilities === 0
              ? 'no known vulnerability'
              : counted(plan.closesVulnerabilities, 'vulnerability', 'vulnerabilities'),
          Rehearsed: rehearsedWords(hosts),
          Reboots: reboots === 0 ? 'none' : counted(reboots, 'host'),
          Removes: removals.size > 0 && <Toned tone="bad">{[...removals].join(', ')}</Toned>,
          Downloads: bytes > 0 && `${bytesWords(bytes)} in all`,
          'Plan hash': (
            <span style={{ display: 'inline-flex', alignItems: 'center', gap: 4 }}>
              <code title={plan.planHash}>
                {plan.planHash.slice(0, 16)}…{plan.planHash.slice(-8)}
              </code>
              <CopyIcon text={plan.planHash} label="Copy the plan hash" />
            </span>
          ),
        }}
      />
      <Text size="xs" c="dimmed" px={12} pb={10}>
        Every host checks that its own computation equals this plan at the moment of change; if it differs, nothing is touched.
      </Text>
    </>
  );
}
