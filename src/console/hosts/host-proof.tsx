import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { JobView } from '../../api/jobs.ts';
import { type AnswerOf, ask } from '../data/ask.ts';
import { CopyIcon } from '../kit/copy.tsx';
import { Empty } from '../kit/empty.tsx';
import { Facts } from '../kit/facts.tsx';
import { Grid, Narrow } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { JOB_LOOK } from '../kit/states.ts';
import { At } from '../kit/time.tsx';
import { Version, VersionMove } from '../kit/version.tsx';

type Proof = AnswerOf<'hostProof'>['items'][number];

/** Asked, before, after, now: four columns of the same packages, so that a difference is seen and not searched. */
function proofRows(proof: Proof) {
  const key = (item: { readonly name: string; readonly arch: string }) => `${item.name}:${item.arch}`;
  const before = new Map(proof.before.map(item => [key(item), item.version]));
  const after = new Map(proof.after.map(item => [key(item), item]));
  const now = new Map(proof.observedNow.map(item => [key(item), item.version]));
  return proof.asked.map(item => ({
    id: key(item),
    action: item.action,
    asked: item.toVersion,
    before: before.get(key(item)) ?? item.fromVersion,
    after: after.get(key(item)) ?? null,
    now: now.get(key(item)) ?? null,
  }));
}

export function HostProof({ id }: { readonly id: string }) {
  const proof = useQuery(ask('hostProof', { params: { id } }));
  return (
    <Answered of={proof}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="No rollout has touched this host">
            After a rollout, this shows what was asked, what was found before, what was changed, what is observed now, and who approved it.
          </Empty>
        ) : (
          <Stack gap="sm">
            {items.map(item => (
              <OneProof key={item.jobId} proof={item} />
            ))}
          </Stack>
        )
      }
    </Answered>
  );
}

/** `failed: the host was changed` beside the mark Failed: said once. */
function withoutState(verdict: string, label = ''): string {
  if (verdict.toLowerCase() === `not ended: ${label.toLowerCase()}`) return 'not ended';
  return verdict.toLowerCase().startsWith(`${label.toLowerCase()}:`) ? verdict.slice(label.length + 1).trim() : verdict;
}

function OneProof({ proof }: { readonly proof: Proof }) {
  const look = JOB_LOOK[proof.state as JobView['state']];
  return (
    <Section
      id={`proof-${proof.jobId}`}
      title={proof.kind === 'rollback' ? `Rollback: ${proof.rolloutName}` : proof.rolloutName}
      aside={<At at={proof.finishedAt ?? proof.startedAt} />}
    >
      <Facts
        rows={{
          Verdict: (
            <>
              {look && <Mark look={look} />} <Toned tone="quiet">{withoutState(proof.verdict, look?.label)}</Toned>
            </>
          ),
          Failure: proof.failure && <Toned tone="bad">{proof.failure}</Toned>,
          'Asked by': proof.requestedBy,
          'Approved by': (
            <>
              {proof.approvedBy ?? <Toned tone="warn">nobody</Toned>}{' '}
              {proof.selfApproved && (
                <Chip tone="warn" title="Nobody else could approve; recorded as such">
                  by the requester
                </Chip>
              )}
            </>
          ),
          Rollout: (
            <Link to="/rollouts/$id" params={{ id: proof.rolloutId }}>
              {proof.rolloutName}
            </Link>
          ),
          Plan: (
            <span style={{ display: 'inline-flex', alignItems: 'center', gap: 4 }}>
              <code>{proof.planHash.slice(0, 16)}…</code>
              <CopyIcon text={proof.planHash} label="Copy the plan hash" />
            </span>
          ),
          Restarted: proof.restartedUnits.length > 0 && proof.restartedUnits.join(', '),
          Rebooted: proof.rebooted && 'yes, the boot id changed',
          Closed:
            proof.closedVulnerabilities.length > 0 &&
            `${proof.closedVulnerabilities.length}: ${proof.closedVulnerabilities.slice(0, 8).join(', ')}${proof.closedVulnerabilities.length > 8 ? ', …' : ''}`,
        }}
      />
      <Grid
        label={`Packages of ${proof.rolloutName}`}
        rows={proofRows(proof)}
        rowId={row => row.id}
        columns={[
          {
            key: 'package',
            title: 'Package',
            wrap: true,
            cell: row => (
              <>
                {row.id}
                <Narrow>
                  {row.action}: <VersionMove from={row.before} to={row.asked} />
                </Narrow>
              </>
            ),
          },
          { key: 'before', title: 'Before', from: 'sm', wrap: true, cell: row => <Version text={row.before} /> },
          {
            key: 'asked',
            title: 'Asked',
            wrap: true,
            from: 'sm',
            cell: row => (
              <>
                {row.action} to <Version text={row.asked} />
              </>
            ),
          },
          {
            key: 'after',
            title: 'After',
            wrap: true,
            cell: row =>
              row.after ? (
                <>
                  <Version text={row.after.version} /> {row.after.state !== 'installed' && <Chip tone="bad">{row.after.state}</Chip>}
                </>
              ) : (
                <Toned tone="quiet">–</Toned>
              ),
          },
          {
            key: 'now',
            title: 'Observed now',
            wrap: true,
            cell: row => (
              <>
                <Version text={row.now} /> {row.now !== row.asked && proof.finishedAt !== null && <Chip tone="warn">differs</Chip>}
              </>
            ),
          },
        ]}
      />
    </Section>
  );
}
