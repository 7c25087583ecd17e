import { UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { JobView } from '../../api/jobs.ts';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { ask } from '../data/ask.ts';
import { useUrlState } from '../data/url-state.ts';
import { Chip, Glyph, Mark, Toned } from '../kit/mark.tsx';
import { GATE_LOOK, JOB_LOOK, RING_LOOK } from '../kit/states.ts';
import { Ago } from '../kit/time.tsx';
import { count, counted, sentence } from '../kit/words.ts';
import { Progress } from './progress.tsx';
import classes from './rollouts.module.css';

type Ring = RolloutDetailView['rings'][number];
/** Cells of one ring on the page; the list below has all of them. A ring that has not begun needs only a taste. */
const CELLS_MAX = 48;
const CELLS_MAX_PENDING = 10;
/** Of these the head of the ring says enough. */
const SAID_ELSEWHERE: ReadonlySet<Ring['state']> = new Set(['soaking', 'running', 'passed', 'pending', 'eligible']);
/** What needs eyes comes first. */
const ORDER = { bad: 0, warn: 1, info: 2, good: 3, quiet: 4 } as const;

export function Rings({ data }: { readonly data: RolloutDetailView }) {
  return (
    <div className={classes.rings}>
      {data.rings.map(ring => (
        <RingBand key={ring.id} ring={ring} rolloutId={data.rollout.id} />
      ))}
    </div>
  );
}

function RingBand({ ring, rolloutId }: { readonly ring: Ring; readonly rolloutId: string }) {
  const pageSize = ring.state === 'pending' || ring.state === 'eligible' ? CELLS_MAX_PENDING : CELLS_MAX;
  const jobs = useQuery({
    ...ask('rolloutJobs', { params: { id: rolloutId }, query: { ring: ring.index, pageSize } }),
    refetchInterval: ring.state === 'running' ? 5_000 : false,
  });
  const cells = (jobs.data?.items ?? []).toSorted(
    (a, b) => ORDER[JOB_LOOK[a.state].tone] - ORDER[JOB_LOOK[b.state].tone] || a.hostName.localeCompare(b.hostName),
  );
  const more = (jobs.data?.total ?? 0) - cells.length;
  return (
    <section className={classes.ring} aria-label={`Ring ${ring.name}`}>
      <div className={classes.ringHead}>
        <span className={classes.ringName}>
          {ring.index + 1}. {ring.name}
        </span>
        <Mark look={RING_LOOK[ring.state]} note={ring.stateReason} />
        <Toned tone="quiet">
          {counted(ring.hosts, 'host')}, {ring.concurrency} at once
          {ring.soakMinutes > 0 && `, then ${ring.soakMinutes} min soak`}
        </Toned>
        {ring.state === 'soaking' && ring.soakEndsAt && (
          <span>
            soak ends <Ago at={ring.soakEndsAt} />
          </span>
        )}
        {ring.hosts > 0 && (
          <span style={{ marginLeft: 'auto' }}>
            <Progress counts={ring} />
          </span>
        )}
      </div>
      {ring.stateReason && ring.gates.length === 0 && !SAID_ELSEWHERE.has(ring.state) && (
        <div className={classes.gate}>{sentence(ring.stateReason)}</div>
      )}
      {ring.gates.map(gate => (
        <GateView key={gate.at} gate={gate} />
      ))}
      {cells.length > 0 && (
        <div className={classes.cells}>
          {cells.map(job => (
            <Cell key={job.id} job={job} />
          ))}
        </div>
      )}
      {more > 0 && (
        <div style={{ marginTop: 6, fontSize: 13 }}>
          <Link to="." search={{ tab: 'hosts', ring: String(ring.index) }}>
            {count(more)} more in the list of hosts
          </Link>
        </div>
      )}
    </section>
  );
}

const METRIC_LOOK = {
  successful: { label: 'Health:', tone: 'good', shape: 'done' },
  failed: { label: 'Health:', tone: 'bad', shape: 'failed' },
  inconclusive: { label: 'Health:', tone: 'warn', shape: 'attention' },
} as const;
const GATE_WORD = { pass: 'passed', fail: 'failed', inconclusive: 'could not decide' } as const;

/** Hosts that were not reached prove nothing: less than all of them is said. The audit trail has every input. */
function coverageWords({ coveragePercent }: Readonly<Record<string, number>>): string {
  return coveragePercent !== undefined && coveragePercent < 100 ? `${coveragePercent} % of the hosts tried; ` : '';
}

/** What the gate said, and what its sample can and cannot show. */
function GateView({ gate }: { readonly gate: Ring['gates'][number] }) {
  const look = GATE_LOOK[gate.verdict];
  return (
    <div className={classes.gate}>
      <Mark look={{ ...look, label: `Gate ${GATE_WORD[gate.verdict]}:` }} /> {gate.statement}
      {gate.reasons.map(reason => (
        <div key={reason}>{sentence(reason)}</div>
      ))}
      {gate.metrics.map(metric => (
        <div key={metric.name}>
          <Mark look={METRIC_LOOK[metric.verdict]} /> {sentence(metric.text)}{' '}
          {metric.dryRun && <Chip title="Shown, and decides nothing">dry run</Chip>}
        </div>
      ))}
      <div>
        <Toned tone="quiet">
          {coverageWords(gate.inputs)}decided by {gate.decidedBy === 'system' ? 'the rule' : gate.decidedBy} <Ago at={gate.at} />
        </Toned>
      </div>
    </div>
  );
}

function Cell({ job }: { readonly job: JobView }) {
  const [, change] = useUrlState();
  const look = JOB_LOOK[job.state];
  const why = job.failure ?? job.waitingOn ?? look.meaning;
  return (
    <UnstyledButton
      className={classes.cell}
      data-tone={look.tone}
      onClick={() => change({ job: job.id }, { push: true })}
      title={why ?? undefined}
      aria-haspopup="dialog"
    >
      <Glyph shape={look.shape} tone={look.tone} />
      <span>{job.hostName}</span>
      {job.state === 'queued' ? <span className="sr-only">{look.label}</span> : <span>{look.label}</span>}
    </UnstyledButton>
  );
}
