import { isFinal, type Machine, move } from '../../core/kernel/machine.ts';
import { CHANGE_REQUEST } from '../../core/rollouts/change-request-states.ts';
import { JOB, JOB_ACTIVE, JOB_DISRUPTING, type JobState } from '../../core/rollouts/job-states.ts';
import type { RolloutPlan } from '../../core/rollouts/plan.ts';
import { RING } from '../../core/rollouts/ring-states.ts';
import { ROLLOUT } from '../../core/rollouts/rollout-states.ts';
import type { Queryable } from '../../db/db.ts';

/**
 * Replays the audit trail of a database and says where an invariant of domain.md 2.7 was broken. It reads only what was written at the time, so it can
 * also be run on a real installation. Names of the rules are those of the document.
 */
interface Entry {
  readonly sequence: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: Record<string, unknown>;
}

const MACHINES: Readonly<Record<string, Machine<string, string>>> = {
  rollout: ROLLOUT as Machine<string, string>,
  ring: RING as Machine<string, string>,
  job: JOB as Machine<string, string>,
  'change-request': CHANGE_REQUEST as Machine<string, string>,
};

interface JobFacts {
  readonly id: string;
  readonly rollout_id: string;
  readonly ring_id: string;
  readonly ring_index: number;
  readonly host_id: string;
  readonly state: JobState;
  readonly touched: boolean;
  readonly shares_reboot: boolean;
}

export async function brokenInvariants(db: Queryable): Promise<string[]> {
  const entries = await db.query<Entry>('select sequence, at, actor, action, subject, detail from audit_entry order by sequence');
  const jobs = await db.query<JobFacts>('select id, rollout_id, ring_id, ring_index, host_id, state, touched, shares_reboot from job');
  return [
    ...(await statesFollowTheTables(db, entries, jobs)),
    ...concurrency(entries, jobs, await capsOf(db)),
    ...(await gatesBeforeRings(db, entries, jobs)),
    ...permitsCoverDisruption(entries, jobs),
    ...(await approvals(db, entries)),
    ...(await nothingVanishes(db)),
    ...(await oneResultEach(db)),
  ];
}

/** The transitions that an entry speaks of; one entry may name many jobs. */
function transitions(entry: Entry): { noun: string; ids: string[]; event: string; from: string | null; to: string }[] {
  const [noun, event] = entry.action.split('.') as [string, string];
  const { to, from, jobs } = entry.detail as { to?: string; from?: string; jobs?: string[] };
  if (to === undefined || MACHINES[noun]?.events[event] === undefined) return [];
  return [{ noun, ids: jobs ?? [entry.subject], event, from: from ?? null, to }];
}

/** S9, S10: every state was reached through the table, final ones absorb, and what is stored is what the trail says. */
async function statesFollowTheTables(db: Queryable, entries: readonly Entry[], jobs: readonly JobFacts[]): Promise<string[]> {
  const broken: string[] = [];
  const now = new Map<string, string>();
  for (const entry of entries)
    for (const { noun, ids, event, from, to } of transitions(entry))
      for (const id of ids) {
        const table = MACHINES[noun]!;
        const state = now.get(id) ?? table.initial;
        if (from !== null && from !== state) broken.push(`S10 ${id}: ${event} from ${from}, but it was ${state}`);
        const step = move(table, state, event);
        if (!step.ok || step.to !== to) broken.push(`S9 ${id}: ${event} in ${state} led to ${to}`);
        now.set(id, to);
      }
  for (const job of jobs)
    if ((now.get(job.id) ?? 'queued') !== job.state)
      broken.push(`S10 ${job.id}: stored ${job.state}, the trail says ${now.get(job.id) ?? 'queued'}`);
  const rows = await db.query<{ id: string; state: string }>(
    'select id, state from rollout union all select id, state from ring union all select id, state from change_request',
  );
  for (const row of rows) {
    const expected = now.get(row.id);
    if (expected !== undefined && expected !== row.state) broken.push(`S10 ${row.id}: stored ${row.state}, the trail says ${expected}`);
  }
  return broken;
}

async function capsOf(db: Queryable): Promise<Map<string, number>> {
  const rings = await db.query<{ id: string; concurrency: number }>('select id, concurrency from ring');
  const [engine] = await db.query<{ concurrency_max: number }>('select concurrency_max from engine_lock');
  return new Map([...rings.map(ring => [ring.id, ring.concurrency] as const), ['', engine?.concurrency_max ?? 0]]);
}

/** S1 and S5 at every instant: never more hosts in disruption than allowed, never two active jobs on one host. */
function concurrency(entries: readonly Entry[], jobs: readonly JobFacts[], caps: ReadonlyMap<string, number>): string[] {
  const broken: string[] = [];
  const byId = new Map(jobs.map(job => [job.id, job]));
  const disrupting = new Set<string>();
  const active = new Map<string, string>();
  for (const entry of entries)
    for (const { noun, ids, to } of transitions(entry)) {
      if (noun !== 'job') continue;
      for (const id of ids) {
        const job = byId.get(id)!;
        const isDisrupting = (JOB_DISRUPTING as readonly string[]).includes(to);
        // From its reboot on, a job that shares it leaves the host to the one that it shares it with (reboot-sharing.ts).
        const shares = job.shares_reboot && isDisrupting && to !== 'installing';
        const isActive = (JOB_ACTIVE as readonly string[]).includes(to) && !shares;
        if (isDisrupting) disrupting.add(id);
        else disrupting.delete(id);
        const inRing = [...disrupting].filter(other => byId.get(other)!.ring_id === job.ring_id).length;
        if (inRing > caps.get(job.ring_id)!) broken.push(`S1 ${entry.sequence}: ${inRing} hosts of ring ${job.ring_id} at once`);
        const hosts = new Set([...disrupting].map(one => byId.get(one)!.host_id)).size;
        if (hosts > caps.get('')!) broken.push(`S1 ${entry.sequence}: ${hosts} hosts at once`);
        const other = active.get(job.host_id);
        if (isActive && other !== undefined && other !== id) broken.push(`S5 ${entry.sequence}: ${job.host_id} has two active jobs`);
        if (isActive) active.set(job.host_id, id);
        else if (other === id) active.delete(job.host_id);
      }
    }
  return broken;
}

/** S3: no job of ring k+1 is offered before ring k has a gate that said pass (or was skipped, with nothing attempted). */
async function gatesBeforeRings(db: Queryable, entries: readonly Entry[], jobs: readonly JobFacts[]): Promise<string[]> {
  const rings = await db.query<{ id: string; rollout_id: string; ring_index: number }>('select id, rollout_id, ring_index from ring');
  const through = new Set<string>();
  const caughtUp = new Map<string, number>();
  for (const entry of entries)
    if (entry.action === 'ring.catch-up') for (const id of entry.detail.jobs as string[]) caughtUp.set(id, entry.sequence);
  const byId = new Map(jobs.map(job => [job.id, job]));
  const broken: string[] = [];
  for (const entry of entries) {
    if (entry.action === 'ring.pass' || entry.action === 'ring.skip') through.add(entry.subject);
    if (entry.action !== 'job.offer') continue;
    const job = byId.get(entry.subject)!;
    // Before it moved to the last ring it stood in an earlier one, whose turn it was.
    if (entry.sequence < (caughtUp.get(job.id) ?? 0)) continue;
    const earlier = rings.filter(ring => ring.rollout_id === job.rollout_id && ring.ring_index < job.ring_index);
    if (earlier.some(ring => !through.has(ring.id))) broken.push(`S3 ${entry.sequence}: ${job.id} was offered before its turn`);
  }
  const passed = await db.query<{ id: string }>(
    `select ring.id from ring where state = 'passed' and not exists (select from gate_evaluation where ring_id = ring.id and verdict = 'pass')`,
  );
  return [...broken, ...passed.map(ring => `S3 ${ring.id} passed without a gate`)];
}

/** S2, S11, S14: every disruption has a permit of its own attempt, given while the rollout ran, inside the window, with the kill switch off. */
function permitsCoverDisruption(entries: readonly Entry[], jobs: readonly JobFacts[]): string[] {
  const broken: string[] = [];
  const issued = entries.filter(entry => entry.action === 'permit.issue');
  const begun = entries.filter(entry => entry.action === 'job.permit-apply' || entry.action === 'job.permit-reboot');
  for (const entry of begun) {
    const phase = entry.action === 'job.permit-apply' ? 'apply' : 'reboot';
    const permit = issued.find(one => one.detail.permitId === entry.detail.permitId);
    if (
      permit === undefined ||
      permit.detail.jobId !== entry.subject ||
      permit.detail.attempt !== entry.detail.attempt ||
      permit.detail.phase !== phase
    )
      broken.push(`S2 ${entry.sequence}: no permit for it`);
  }
  for (const { sequence, at, detail } of issued) {
    const facts = detail.facts as {
      rollout: { state: string; windowStartsAt: string | null; windowEndsAt: string | null; reboot: string };
      killSwitch: boolean;
      ring: { state: string };
    };
    const draining = detail.phase === 'reboot' && facts.rollout.state === 'halting';
    if (facts.rollout.state !== 'running' && !draining) broken.push(`S7 ${sequence}: permit while ${facts.rollout.state}`);
    if (facts.killSwitch) broken.push(`S11 ${sequence}: permit with the kill switch engaged`);
    if (facts.rollout.windowStartsAt !== null && at < facts.rollout.windowStartsAt) broken.push(`S2 ${sequence}: before the window`);
    if (facts.rollout.windowEndsAt !== null && at >= facts.rollout.windowEndsAt) broken.push(`S2 ${sequence}: after the window`);
    if (detail.phase === 'reboot' && facts.rollout.reboot === 'never') broken.push(`S14 ${sequence}: reboot that the policy forbids`);
  }
  const permitted = new Set(begun.map(entry => entry.subject));
  const violations = new Set(entries.filter(entry => entry.action === 'permit.violation').map(entry => entry.subject));
  for (const job of jobs)
    if (job.touched && !permitted.has(job.id) && !violations.has(job.id)) broken.push(`S2 ${job.id} was touched without a permit`);
  return broken;
}

/** S7, S8: who runs was approved, by somebody else, for this very plan. */
async function approvals(db: Queryable, entries: readonly Entry[]): Promise<string[]> {
  const broken: string[] = [];
  const approved = new Map<string, unknown>();
  for (const entry of entries) {
    if (entry.action === 'rollout.approve') approved.set(entry.subject, entry.detail.planHash);
    if (entry.action === 'rollout.edit') approved.delete(entry.subject);
    if (entry.action === 'rollout.start' && approved.get(entry.subject) !== entry.detail.planHash)
      broken.push(`S7 ${entry.sequence}: started without an approval of its plan`);
  }
  const selves = await db.query<{ id: string }>(
    `select id from change_request where decided_by_id = requested_by_id and not self_approved and state not in ('rejected', 'cancelled')`,
  );
  return [...broken, ...selves.map(row => `S8 ${row.id} was approved by its requester`)];
}

/** S12, S13: the jobs of a rollout are exactly the hosts of its approved plan. */
async function nothingVanishes(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ id: string; plan: string; hosts: string[] }>(
    `select rollout.id, rollout_plan.plan, array(select host_id from job where job.rollout_id = rollout.id order by host_id) as hosts
     from rollout join rollout_plan on rollout_plan.rollout_id = rollout.id and rollout_plan.plan_hash = rollout.plan_hash where started_at is not null`,
  );
  return rows.flatMap(row => {
    const planned = (JSON.parse(row.plan) as RolloutPlan).rings.flatMap(ring => ring.hosts.map(host => host.hostId)).sort();
    return JSON.stringify(planned) === JSON.stringify([...row.hosts].sort())
      ? []
      : [`S12 ${row.id}: planned ${planned.length} hosts, has jobs for ${row.hosts.length}`];
  });
}

/** I4, I15: a job that succeeded has the host's own result for its attempt. */
async function oneResultEach(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ id: string; state: JobState }>(
    `select job.id, job.state from job where state in ('succeeded', 'verify-failed') and not exists (select from job_attempt where job_id = job.id and attempt = job.attempt and result is not null)`,
  );
  return rows.filter(row => isFinal(JOB, row.state)).map(row => `I15 ${row.id} is ${row.state} without a result`);
}
