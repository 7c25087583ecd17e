import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { type AnswerOf, ask } from '../data/ask.ts';
import { Facts } from '../kit/facts.tsx';
import { Toned } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import { At } from '../kit/time.tsx';
import { count, counted } from '../kit/words.ts';
import { QUEUE_PAGE } from './form-patches.tsx';
import { repeatWords } from './repeat.ts';

export const RESTART = { 'affected-services': 'affected services are restarted', never: 'nothing is restarted' } as const;
export const REBOOT = { never: 'never', 'if-needed': 'if the host needs it', always: 'always' } as const;
type Spec = RolloutDetailView['spec'];

export function testWords(test: Spec['smokeTests'][number]): string {
  if (test.kind === 'unit-active') return `${test.unit} is active`;
  if (test.kind === 'tcp-port') return `${test.host}:${test.port} answers`;
  return `${test.url} answers ${test.expectStatus}`;
}

export function ringWords(ring: Spec['rings'][number]): string {
  const size = ring.hostIds
    ? `${count(ring.hostIds.length)} named hosts`
    : ring.hosts !== undefined
      ? `${count(ring.hosts)} ${ring.hosts === 1 ? 'host' : 'hosts'}`
      : ring.percent === undefined && ring.proof
        ? `as many as show that fewer than ${ring.proof.failurePercent} % fail (${ring.proof.confidencePercent} % confidence)`
        : ring.percent === undefined || ring.percent === 100
          ? 'all that are left'
          : `${ring.percent} % of all`;
  return `${ring.name}: ${size}, ${ring.concurrency} at once${ring.soakMinutes > 0 ? `, ${ring.soakMinutes} min soak` : ''}`;
}

/** A patch that every host has got by now has left the queue: its page still knows it. */
function PatchName({ id, queue }: { readonly id: string; readonly queue: AnswerOf<'patchList'> | undefined }) {
  const known = queue?.items.find(patch => patch.id === id);
  if (known) return `${known.sourceName} ${known.targetVersion} (${known.platform})`;
  return queue ? `${id} (done everywhere)` : <Skeleton component="span" display="inline-block" height={12} width={180} />;
}

/** What the requester asked for; the plan is what follows from it. */
export function SpecView({ data: { spec } }: { readonly data: RolloutDetailView }) {
  const queue = useQuery({ ...ask('patchList', { query: { pageSize: QUEUE_PAGE, sort: 'rank' } }), staleTime: 60_000 });
  const groups = useQuery({ ...ask('groupList', {}), enabled: spec.selector.groupId !== undefined });
  const group = groups.data?.items.find(item => item.id === spec.selector.groupId);
  return (
    <Section title="What was asked">
      <Facts
        rows={{
          Patches: spec.patchIds.map(id => (
            <div key={id}>
              <Link to="/patches/$id" params={{ id }}>
                <PatchName id={id} queue={queue.data} />
              </Link>
            </div>
          )),
          Hosts: spec.selector.groupId ? (
            `group ${group?.name ?? 'that was deleted'}`
          ) : spec.selector.hostIds?.length ? (
            `${count(spec.selector.hostIds.length)} chosen by hand`
          ) : (
            <code>{spec.selector.query || 'all'}</code>
          ),
          Rings: spec.rings.map(ring => <div key={ring.name}>{ringWords(ring)}</div>),
          Window:
            spec.window.startsAt === null && spec.window.endsAt === null ? (
              'none: as soon as started'
            ) : (
              <>
                <At at={spec.window.startsAt} /> to <At at={spec.window.endsAt} /> (planned in {spec.window.timeZone}),{' '}
                {repeatWords(spec.window.repeat)}
              </>
            ),
          'Last minutes': spec.window.cutoffMinutes > 0 && `nothing starts in the last ${spec.window.cutoffMinutes} min of the window`,
          Urgency: spec.profile === 'emergency' && <Toned tone="warn">emergency: goes first, no soft freeze holds it</Toned>,
          Rehearsal: spec.rehearse === 'canaries' ? 'the canaries run it in a throw-away copy first' : 'computed only',
          'At once': spec.concurrencyMax !== null && `${counted(spec.concurrencyMax, 'host')} over all rings`,
          'Catch-up': spec.catchUpDays > 0 && `hosts that were not reached get ${counted(spec.catchUpDays, 'more day')}`,
          Services: RESTART[spec.restart],
          Reboot: REBOOT[spec.reboot],
          'Smoke tests':
            spec.smokeTests.length === 0 ? 'none' : spec.smokeTests.map(test => <div key={testWords(test)}>{testWords(test)}</div>),
          Hooks:
            (spec.hooks ?? []).length > 0 &&
            spec.hooks.map(hook => (
              <div key={`${hook.phase} ${hook.name}`}>{`${hook.phase}-hook ${hook.name}, ${hook.timeoutSeconds} s at most`}</div>
            )),
          Note: spec.note || null,
        }}
      />
    </Section>
  );
}
