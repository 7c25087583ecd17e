import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { RehearsalRow } from '../../api/plans.ts';
import type { RolloutSummaryView } from '../../api/rollouts.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Grid } from '../kit/grid.tsx';
import { Mark } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import { Ago } from '../kit/time.tsx';
import { bytesWords, sentence } from '../kit/words.ts';

const LOOK = {
  passed: { label: 'Passed', tone: 'good', shape: 'done' },
  failed: { label: 'Failed', tone: 'bad', shape: 'failed' },
  'not-possible': { label: 'Not possible', tone: 'quiet', shape: 'off' },
  open: { label: 'Under way', tone: 'quiet', shape: 'going' },
} as const;

const REHEARSABLE: ReadonlySet<RolloutSummaryView['state']> = new Set(['planned', 'awaiting-approval', 'scheduled', 'running', 'paused']);

/** The hosts of the first ring run the plan in a copy of their own system, now. */
function RehearseButton({ rollout }: { readonly rollout: RolloutSummaryView }) {
  const refusal = useRefusal('rollout.plan');
  const rehearse = useAct('rolloutRehearse', { done: 'Asked: the answers appear here as they come in' });
  if (!REHEARSABLE.has(rollout.state)) return null;
  return (
    <ActButton
      size="compact-xs"
      variant="default"
      refusal={refusal}
      loading={rehearse.isPending}
      onClick={() => rehearse.mutate({ params: { id: rollout.id }, body: {} })}
    >
      Rehearse on the canaries
    </ActButton>
  );
}

/** What the transaction did in throw-away copies of hosts, and whether it could be undone there. */
export function Rehearsals({ rows, rollout }: { readonly rows: readonly RehearsalRow[]; readonly rollout: RolloutSummaryView }) {
  if (rows.length === 0 && !REHEARSABLE.has(rollout.state)) return null;
  return (
    <Section title="Rehearsed in a copy of the host" aside={<RehearseButton rollout={rollout} />}>
      <Text size="sm" c="dimmed" px={12} pb={6}>
        The whole transaction, maintainer scripts included; the hosts themselves were not changed.
      </Text>
      {rows.length > 0 && <Answers rows={rows} />}
    </Section>
  );
}

function Answers({ rows }: { readonly rows: readonly RehearsalRow[] }) {
  return (
    <Grid
      label="Rehearsals"
      rows={rows}
      rowId={row => row.id}
      columns={[
        {
          key: 'host',
          title: 'Host',
          wrap: true,
          cell: row => (
            <Link to="/hosts/$id" params={{ id: row.hostId }}>
              {row.hostName}
            </Link>
          ),
        },
        { key: 'verdict', title: 'Result', cell: row => <Mark look={LOOK[row.verdict ?? 'open']} /> },
        { key: 'what', title: 'What was seen', wrap: true, cell: row => sentence(seenWords(row)) },
        { key: 'at', title: 'When', from: 'sm', cell: row => <Ago at={row.answeredAt ?? row.askedAt} /> },
      ]}
    />
  );
}

function seenWords({ report, acceptedBy }: RehearsalRow): string {
  if (report === null) return acceptedBy === null ? 'the host has not answered yet' : `no answer; ${acceptedBy} went on without it`;
  const { rollback, checks, applySeconds, writtenBytes } = report;
  const failed = checks.filter(check => !check.passed).length;
  return [
    ...(report.failure === null ? [] : [report.failure.message.split('\n')[0]!]),
    ...(applySeconds === null ? [] : [`installed in ${applySeconds} s`]),
    ...(writtenBytes === null ? [] : [`${bytesWords(writtenBytes)} written`]),
    ...(checks.length === 0 ? [] : [failed === 0 ? `${checks.length} checks passed` : `${failed} of ${checks.length} checks failed`]),
    ...(rollback === null
      ? []
      : [rollback.outcome === 'restored' ? `undone in ${rollback.seconds} s` : `no way back: ${rollback.reason ?? 'not measured'}`]),
    ...(acceptedBy === null ? [] : [`accepted by ${acceptedBy}`]),
  ].join('; ');
}
