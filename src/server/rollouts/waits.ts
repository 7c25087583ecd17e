import { epochMs, type Instant, toInstant } from '../../core/kernel/instants.ts';
import { deadlineAt, isFinal } from '../../core/kernel/machine.ts';
import { explain } from '../../core/rollouts/explain.ts';
import { JOB, JOB_ACTIVE } from '../../core/rollouts/job-states.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import type { RingState } from '../../core/rollouts/ring-states.ts';
import { ROLLOUT, type RolloutState } from '../../core/rollouts/rollout-states.ts';
import { nextOccurrences, ruleOf } from '../../core/rollouts/schedule/planned-window.ts';
import { changesAt, type WaitTimes } from '../../core/rollouts/wait-changes.ts';
import type { Waiting, WaitingOn } from '../../core/rollouts/waiting.ts';
import type { Queryable } from '../../db/db.ts';
import type { Engine } from './engine.ts';
import { readEngine } from './locks.ts';
import { openCanaryRehearsals } from './rehearsals.ts';
import { RING_COLUMNS, type RolloutRow } from './rows.ts';
import { HOLDING_EXCEPTION, retractedInPlan } from './safeguards.ts';
import { HEALTH_MINUTES, HOST_IS_HEARD } from './safety-facts.ts';
import { hasNames, namesOf } from './wait-names.ts';

interface WaitContext {
  readonly rollout: RolloutState;
  readonly ring: RingState;
  /** Another rollout is at work on the host. */
  readonly hostBusy: boolean;
  /** It has not been heard of for so long that it is offered nothing. */
  readonly hostSilent: boolean;
  readonly windowStartsAt: Instant | null;
  readonly now: Instant;
}

/** What an unfinished job waits on; every one of them waits on something. null for one that has ended. */
export function jobWaitsOn(job: Pick<JobStatus, 'state' | 'parked' | 'waitingOn' | 'notBefore'>, context: WaitContext): WaitingOn | null {
  if (isFinal(JOB, job.state)) return null;
  const stored = job.waitingOn;
  if (job.state === 'lost') return 'host-lost';
  if (job.state === 'offered') return 'host';
  if (job.state === 'staged' || job.state === 'reboot-pending') return stored ?? 'host-working';
  if (job.state !== 'queued') return 'host-working';
  if (job.parked) return stored ?? 'infrastructure';
  if (context.rollout === 'paused') return 'paused';
  if (context.ring === 'pending' || context.ring === 'eligible') return 'ring-not-open';
  if (context.ring !== 'running') return 'ring-stopped';
  if (context.windowStartsAt !== null && context.windowStartsAt > context.now) return 'window-not-open';
  if (job.notBefore !== null && job.notBefore > context.now) return stored ?? 'back-off';
  if (context.hostSilent) return 'host-offline';
  return context.hostBusy ? 'host-lock' : 'ring-slot';
}

interface GroupedJobs extends Pick<JobStatus, 'state' | 'parked' | 'waitingOn' | 'notBefore'> {
  readonly ringState: RingState;
  /** Of the one among them that has been in its state, or silent, for longest. */
  readonly stateSince: Instant;
  readonly lastHeardAt: Instant | null;
  readonly hostBusy: boolean;
  readonly hostSilent: boolean;
  readonly hosts: number;
  readonly sample: string[];
  readonly sampleIds: string[];
}

/** Grouped in the database: a rollout of 100,000 hosts waits on a handful of things. */
async function groupedJobs(db: Queryable, rolloutId: string, now: Instant): Promise<GroupedJobs[]> {
  return await db.query<GroupedJobs>(
    `select state, parked, waiting_on as "waitingOn", ring_state as "ringState", host_busy as "hostBusy", host_silent as "hostSilent", min(not_before) filter (where not_before > $2) as "notBefore", count(*)::int as hosts,
       min(state_since) as "stateSince", min(coalesce(last_heard_at, state_since)) as "lastHeardAt", (array_agg(host_name order by position))[1:3] as sample, (array_agg(id order by position))[1:3] as "sampleIds"
     from (select job.*, ring.state as ring_state, job.not_before > $2 as backing_off,
             exists (select from job other where other.host_id = job.host_id and other.id <> job.id and other.state = any($3)) as host_busy,
             job.state = 'queued' and not ${HOST_IS_HEARD} as host_silent
           from job join ring on ring.id = job.ring_id
           where job.rollout_id = $1 and job.finished_at is null and ring.state in ('running', 'failed', 'gate-pending', 'soaking', 'evaluating')) as open
     group by state, parked, waiting_on, ring_index, ring_state, host_busy, host_silent, backing_off order by ring_index, state`,
    [rolloutId, now, JOB_ACTIVE, JSON.stringify(HEALTH_MINUTES)],
  );
}

export async function rolloutWaits(
  { context: { db }, scopes }: Pick<Engine, 'context' | 'scopes'>,
  row: RolloutRow,
  now: Instant,
): Promise<Waiting[]> {
  const engine = await readEngine(db, 'read');
  const rings = await db.query<RingStatus>(`select ${RING_COLUMNS} from ring where rollout_id = $1 order by ring_index`, [row.id]);
  const open = rings.find(ring => !['passed', 'skipped', 'cancelled'].includes(ring.state)) ?? null;
  const [rehearsals] = await db.query<{ asked: number; answered: number }>(
    'select count(*)::int as asked, count(answer)::int as answered from simulation where rollout_id = $1 and request is not null',
    [row.id],
  );
  const jobs = row.started_at === null ? [] : await groupedJobs(db, row.id, now);
  const times = await timesOf(db, row, open, now);
  const byCode = new Map<
    WaitingOn,
    { waitingOn: WaitingOn; hosts: number; sample: string[]; sampleIds: string[]; changesAt: Instant | null }
  >();
  for (const group of jobs) {
    const code = jobWaitsOn(group, {
      rollout: row.state,
      ring: group.ringState,
      hostBusy: group.hostBusy,
      hostSilent: group.hostSilent,
      windowStartsAt: row.window_starts_at,
      now,
    });
    if (code === null) continue;
    const known = byCode.get(code) ?? { waitingOn: code, hosts: 0, sample: [], sampleIds: [], changesAt: null };
    byCode.set(code, {
      ...known,
      hosts: known.hosts + group.hosts,
      sample: [...known.sample, ...group.sample].slice(0, 3),
      sampleIds: [...known.sampleIds, ...group.sampleIds].slice(0, 3),
      changesAt: earliest(known.changesAt, changesAt(code, { ...times, stateEndsAt: jobDeadline(group), notBefore: group.notBefore })),
    });
  }
  const named = [...byCode.keys()].some(hasNames) ? await scopes.read() : null;
  const waitsOfJobs = await Promise.all(
    [...byCode.values()].map(async one => ({ ...one, named: named && (await namesOf(db, one.waitingOn, one.sampleIds, now, named)) })),
  );
  const waits = explain({
    now,
    state: row.state,
    stateSince: row.state_since,
    stateReason: row.state_reason,
    isEmergency: row.spec.profile === 'emergency',
    windowStartsAt: row.window_starts_at,
    windowEndsAt: row.window_ends_at,
    killSwitch: { engaged: engine.kill_switch, by: engine.kill_switch_by, reason: engine.kill_switch_reason },
    retracted: row.state === 'scheduled' ? await retractedInPlan(db, row.id, row.plan_hash) : null,
    pauseReasons: row.pause_reasons.map(reason => reason.text),
    rehearsals: rehearsals ?? { asked: 0, answered: 0 },
    canaryRehearsals: open?.state === 'pending' ? await openCanaryRehearsals(db, row, now) : null,
    ring:
      open === null
        ? null
        : {
            name: open.name,
            index: open.ringIndex,
            of: rings.length,
            state: open.state,
            soakEndsAt: open.soakEndsAt,
            reason: open.stateReason,
          },
    jobs: waitsOfJobs,
  });
  return waits.map(one => ({ ...one, changesAt: one.changesAt ?? changesAt(one.code, times) }));
}

/** What is known of times for the whole rollout; a host's own deadlines come with its group. */
async function timesOf(db: Queryable, row: RolloutRow, ring: RingStatus | null, now: Instant): Promise<WaitTimes> {
  const [ends] = await db.query<{ freeze: Instant | null; hold: Instant | null; approval: Instant | null }>(
    `select (select min(ends_at) from freeze_window where ended_at is null and starts_at <= $1 and ends_at > $1) as freeze,
       (select min(ends_at) from (select ends_at from safeguard_hold where lifted_at is null and ends_at > $1
          union all select ends_at from exception where ${HOLDING_EXCEPTION}) as holds) as hold, (select expires_at from change_request where id = $2) as approval`,
    [now, row.change_request_id],
  );
  const rule = ruleOf(row.spec.window);
  const next = rule === null ? undefined : nextOccurrences(rule, now, 2).find(one => one.startsAt > now);
  const deadline = deadlineAt(ROLLOUT, row.state, epochMs(row.state_since), null, row.spec.profile === 'emergency');
  return {
    now,
    stateEndsAt: deadline === null ? null : toInstant(deadline.atMs),
    windowStartsAt: row.window_starts_at,
    windowEndsAt: row.window_ends_at,
    nextOpeningAt: next?.startsAt ?? null,
    approvalEndsAt: ends?.approval ?? null,
    freezeEndsAt: ends?.freeze ?? null,
    holdEndsAt: ends?.hold ?? null,
    soakEndsAt: ring?.soakEndsAt ?? null,
    notBefore: null,
  };
}

function jobDeadline({ state, stateSince, lastHeardAt }: GroupedJobs): Instant | null {
  const deadline = deadlineAt(JOB, state, epochMs(stateSince), lastHeardAt === null ? null : epochMs(lastHeardAt));
  return deadline === null ? null : toInstant(deadline.atMs);
}

function earliest(a: Instant | null, b: Instant | null): Instant | null {
  return a === null || (b !== null && b < a) ? b : a;
}
