import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ExceptionDetailView } from '../../api/exceptions.ts';
import { ask } from '../data/ask.ts';
import { Facts } from '../kit/facts.tsx';
import { type Column, Grid, Narrow } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Answered, Page, Section } from '../kit/page.tsx';
import { EXCEPTION_LOOK } from '../kit/states.ts';
import { Ago, At, withLocalTimes } from '../kit/time.tsx';
import { count, counted, sentence } from '../kit/words.ts';
import { ExceptionVerbs } from './verbs.tsx';
import { eventWord, JUSTIFICATION_WORD, KIND_MEANING, KIND_WORD, whoWord } from './words.ts';

export function ExceptionPage() {
  const { id } = useParams({ from: '/signed-in/exceptions/$id' });
  const detail = useQuery({ ...ask('exceptionGet', { params: { id } }), refetchInterval: 30_000 });
  return (
    <Page
      title={detail.data?.title ?? 'Exception'}
      trail={<Link to="/exceptions">Exceptions</Link>}
      lead={detail.data && <Lead data={detail.data} />}
      actions={detail.data && <ExceptionVerbs data={detail.data} />}
    >
      <Answered of={detail}>
        {data => (
          <>
            <Section title="What it allows">
              <Leave data={data} />
            </Section>
            <Section
              title="What it covers"
              aside={
                data.scope.frozenAt === null
                  ? 'Looked up anew until the approval, which freezes it'
                  : 'Frozen at the approval; nothing joins'
              }
            >
              <Scope data={data} />
            </Section>
            <Section title="What happened">
              <History data={data} />
            </Section>
          </>
        )}
      </Answered>
    </Page>
  );
}

function Lead({ data }: { readonly data: ExceptionDetailView }) {
  return (
    <span style={{ display: 'inline-flex', flexWrap: 'wrap', gap: '2px 12px' }}>
      <Mark look={EXCEPTION_LOOK[data.state]} />
      {data.stateReason && <span>{sentence(withLocalTimes(data.stateReason))}</span>}
      {data.inForce && (
        <span>
          in force until <At at={data.endsAt} /> (<Ago at={data.endsAt} />)
        </span>
      )}
    </span>
  );
}

function Leave({ data }: { readonly data: ExceptionDetailView }) {
  return (
    <Facts
      rows={{
        Kind: (
          <>
            {KIND_WORD[data.kind]} <Toned tone="quiet">{KIND_MEANING[data.kind]}</Toned>
          </>
        ),
        Reason: <span style={{ whiteSpace: 'pre-wrap' }}>{data.reason}</span>,
        Justification: data.justification && (
          <>
            {JUSTIFICATION_WORD[data.justification]} <code>{data.justification}</code>
          </>
        ),
        Controls: data.controls.length > 0 && data.controls.map(control => <div key={control}>{control}</div>),
        'Controls checked': data.controlsCheckedAt && <Ago at={data.controlsCheckedAt} />,
        Valid: (
          <>
            <At at={data.startsAt} /> to <At at={data.endsAt} />
          </>
        ),
        'At most': `${counted(data.life.days, 'day')}, by its worst finding: ${data.life.meaning}`,
        Owner: data.owner,
        'Asked for by': (
          <>
            {data.requestedBy} <Ago at={data.createdAt} />
          </>
        ),
        'Approved by': data.approvedBy ? (
          <>
            {data.approvedBy} {data.selfApproved && <Toned tone="warn">who asked for it: there is one risk owner here</Toned>}
          </>
        ) : (
          <Toned tone="quiet">nobody yet</Toned>
        ),
        Approvals:
          data.approvalsNeeded > 1 &&
          `${count(data.approvals.length)} of ${count(data.approvalsNeeded)}: after the second renewal two risk owners decide`,
        Renewal: data.renewals > 0 && `number ${count(data.renewals)} of its chain`,
        Chain:
          data.chain.length > 1 &&
          data.chain.map(one => (
            <div key={one.id}>
              {one.id === data.id ? (
                <b>this one</b>
              ) : (
                <Link to="/exceptions/$id" params={{ id: one.id }}>
                  {one.renewals === 0 ? 'the first' : `renewal ${one.renewals}`}
                </Link>
              )}{' '}
              <Mark look={EXCEPTION_LOOK[one.state]} /> until <At at={one.endsAt} />
            </div>
          )),
      }}
    />
  );
}

const HOSTS_MAX = 50;
const FINDINGS_MAX = 50;

function Scope({ data: { id, scope, openFindings, excuses, inForce } }: { readonly data: ExceptionDetailView }) {
  return (
    <Facts
      rows={{
        Open: (
          <>
            {inForce ? (
              <Link to="/findings" search={{ exception: id }}>
                {counted(openFindings, 'finding')}
              </Link>
            ) : (
              counted(openFindings, 'finding')
            )}{' '}
            <Toned tone="quiet">
              {excuses
                ? 'counted in every gross number, left out of net ones while it is in force'
                : 'counted gross and net: a hold excuses nothing'}
            </Toned>
          </>
        ),
        Patch: scope.patch && (
          <Link to="/patches/$id" params={{ id: scope.patch.patchId }}>
            {scope.patch.sourceName} {scope.patch.targetVersion}
          </Link>
        ),
        Hosts: (
          <>
            {scope.hosts.slice(0, HOSTS_MAX).map(({ id: hostId, name }, index) => (
              <span key={hostId}>
                {index > 0 && ', '}
                {/* A target of 24 px (WCAG 2.5.8): others stand right above and below it. */}
                <Link to="/hosts/$id" params={{ id: hostId }} style={{ display: 'inline-block', lineHeight: '24px' }}>
                  {name}
                </Link>
              </span>
            ))}
            {scope.hosts.length > HOSTS_MAX && ` and ${count(scope.hosts.length - HOSTS_MAX)} more`}
            {scope.hosts.length === 0 && <Toned tone="quiet">none has such a finding now</Toned>}
          </>
        ),
        Findings: scope.findings.length > 0 && (
          <>
            {scope.findings.slice(0, FINDINGS_MAX).map(({ vulnerabilityId, sourceName }) => (
              <div key={`${vulnerabilityId} ${sourceName}`}>
                <Link to="/findings" search={{ vulnerability: vulnerabilityId }}>
                  {vulnerabilityId}
                </Link>{' '}
                in {sourceName}
              </div>
            ))}
            {scope.findings.length > FINDINGS_MAX && `and ${count(scope.findings.length - FINDINGS_MAX)} more`}
          </>
        ),
        Scope: (
          <>
            <code title={scope.hash}>{scope.hash.slice(0, 16)}…</code>{' '}
            {scope.frozenAt && (
              <Toned tone="quiet">
                frozen <Ago at={scope.frozenAt} />
              </Toned>
            )}
          </>
        ),
      }}
    />
  );
}

type Event = ExceptionDetailView['events'][number];
const EVENTS: readonly Column<Event & { readonly key: string }>[] = [
  {
    key: 'what',
    title: 'What',
    wrap: true,
    cell: event => (
      <>
        {sentence(eventWord(event.event))}
        <Narrow>
          {whoWord(event.actor)}, <Ago at={event.at} />
        </Narrow>
      </>
    ),
  },
  {
    key: 'why',
    title: 'Why',
    wrap: true,
    cell: event => (event.reason ? sentence(withLocalTimes(event.reason)) : <Toned tone="quiet">–</Toned>),
  },
  { key: 'who', title: 'Who', from: 'sm', cell: event => whoWord(event.actor) },
  { key: 'when', title: 'When', from: 'sm', cell: event => <At at={event.at} /> },
];

function History({ data }: { readonly data: ExceptionDetailView }) {
  return (
    <>
      <Grid
        label="History"
        columns={EVENTS}
        rows={data.events.map((event, at) => ({ ...event, key: String(at) }))}
        rowId={event => event.key}
      />
      <Text size="xs" c="dimmed" px={12} py={6}>
        The audit trail has the same, chained and verifiable.
      </Text>
    </>
  );
}
