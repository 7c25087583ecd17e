import type { z } from 'zod';
import type { RehearsalView } from '../../api/plans.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { addMs, HOUR_MS, type Instant } from '../../core/kernel/instants.ts';
import type { PlannedHost, RolloutPlan } from '../../core/rollouts/plan.ts';
import {
  canariesOf,
  REHEARSAL_PLAN_TYPE,
  type RehearsalPlan,
  type RehearsalReport,
  type RehearsalStatus,
  type RehearsalStep,
  rehearsalPlanFor,
  rehearsalStep,
} from '../../core/rollouts/rehearsal.ts';
import type { RingStatus } from '../../core/rollouts/ring-changes.ts';
import type { RolloutState } from '../../core/rollouts/rollout-states.ts';
import type { Queryable } from '../../db/db.ts';
import { conflict, invalid } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockRollout } from './locks.ts';
import { moveRollout } from './moves.ts';
import { setPauseReasons } from './pause-reasons.ts';
import type { Person } from './people.ts';
import type { RolloutRow } from './rows.ts';
import { inStep, type Step } from './step.ts';

/** What was rehearsed longer ago tells of another package database. */
const REHEARSAL_VALID_HOURS = 24;
const REHEARSED_STATES: readonly RolloutState[] = ['planned', 'awaiting-approval', 'scheduled', 'running', 'paused'];

/** Opens the way for the first ring, or keeps it shut: asks, waits, or stops the rollout. The rollout is locked. */
export async function firstRingMayOpen(engine: Engine, step: Step, row: RolloutRow, ring: RingStatus): Promise<boolean> {
  if (row.spec.rehearse !== 'canaries') return true;
  // After a ring that was skipped this one is the canary: what the hosts of that ring rehearsed says nothing about these.
  const next = await nextStep(step.tx, row, step.now, ring.id);
  if (next.do === 'ask') await ask(engine, step, row, canariesOf(await planOf(step, row), ring.ringIndex), true, 'system');
  if (next.do === 'open') step.say(row.id, { kind: 'ring', ringIndex: ring.ringIndex, text: `ring ${ring.name}: ${next.statement}` });
  if (next.do === 'stop') {
    const text = `ring ${ring.name}: ${next.reason}`;
    await setPauseReasons(step, row, [{ code: next.code, text }]);
    await moveRollout(step, row, 'gate-stopped', { actor: 'system', reason: text });
  }
  return next.do === 'open';
}

async function nextStep(db: Queryable, row: RolloutRow, now: Instant, ringId: string | null = null): Promise<RehearsalStep> {
  return rehearsalStep(await statuses(db, row, now, ringId), now);
}

/** Whether a paused rollout is kept from going on by its rehearsal: going on is then an override. */
export async function rehearsalStops(db: Queryable, row: RolloutRow, now: Instant): Promise<boolean> {
  if (row.spec.rehearse !== 'canaries' || !row.pause_reasons.some(reason => reason.code.startsWith('rehearsal-'))) return false;
  return (await nextStep(db, row, now)).do === 'stop';
}

/** Asked and answered of the canaries, for what people read while the first ring waits; null where none is waited for. */
export async function openCanaryRehearsals(
  db: Queryable,
  row: RolloutRow,
  now: Instant,
): Promise<{ readonly asked: number; readonly answered: number; readonly until: Instant } | null> {
  if (row.spec.rehearse !== 'canaries') return null;
  const all = await statuses(db, row, now);
  const next = rehearsalStep(all, now);
  return next.do === 'wait' ? { asked: all.length, answered: all.filter(one => one.verdict !== null).length, until: next.until } : null;
}

/** The newest of each canary for the plan in force; of one ring, or of all. */
function statuses(db: Queryable, row: RolloutRow, now: Instant, ringId: string | null = null): Promise<RehearsalStatus[]> {
  return db.query<RehearsalStatus>(
    `select host_name as "hostName", verdict, report->'failure'->>'message' as failure, expires_at as "expiresAt", accepted_by as "acceptedBy"
     from (select distinct on (host_id) * from rehearsal where rollout_id = $1 and plan_hash = $2 and canary and asked_at > $3
         and ($4::text is null or exists (select from job where job.ring_id = $4 and job.host_id = rehearsal.host_id)) order by host_id, asked_at desc, id) as newest
     order by host_name`,
    [row.id, row.plan_hash, addMs(now, -REHEARSAL_VALID_HOURS * HOUR_MS), ringId],
  );
}

/** Going on in spite of what the rehearsals say, by a second person (core/rollouts/verbs.ts). */
export async function acceptRehearsals(step: Step, row: RolloutRow, person: Person, reason: string): Promise<void> {
  const accepted = await step.tx.query<{ host_name: string; verdict: string | null }>(
    `update rehearsal set accepted_by = $3 where rollout_id = $1 and plan_hash = $2 and accepted_by is null and (verdict is null or verdict = 'failed')
     returning host_name, verdict`,
    [row.id, row.plan_hash, person.login],
  );
  const hosts = accepted.map(one => `${one.host_name}: ${one.verdict ?? 'no answer'}`).sort();
  step.audit({ actor: person.login, action: 'rehearsal.override', subject: row.id, detail: { reason, hosts } });
}

/** On demand: these hosts of the plan, or those of its first ring. */
export async function rehearseNow(engine: Engine, person: Person, id: string, hostIds: readonly string[] | undefined): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    if (!REHEARSED_STATES.includes(row.state) || row.plan_hash === null)
      throw conflict('no-plan', 'There is no plan to rehearse.', 'Submit the rollout first; one that has ended is not rehearsed.');
    const plan = await planOf(step, row);
    const canaries = canariesOf(plan, 0);
    const planned = new Map(plan.rings.flatMap(ring => ring.hosts).map(host => [host.hostId, host]));
    const chosen = hostIds === undefined ? canaries : hostIds.flatMap(hostId => planned.get(hostId) ?? []);
    if (hostIds !== undefined && chosen.length !== new Set(hostIds).size)
      throw invalid('body/hostIds', 'Name hosts of this plan, each once.');
    const first = new Set(plan.rings[0]?.hosts.map(host => host.hostId));
    for (const canary of [true, false])
      await ask(
        engine,
        step,
        row,
        chosen.filter(host => first.has(host.hostId) === canary),
        canary,
        person.login,
      );
    step.audit({ actor: person.login, action: 'rehearsal.ask', subject: id, detail: { hosts: chosen.map(host => host.hostName) } });
  });
}

async function ask(
  engine: Engine,
  step: Step,
  row: RolloutRow,
  hosts: readonly (PlannedHost & { readonly items?: RehearsalPlan['transaction'] })[],
  canary: boolean,
  askedBy: string,
): Promise<void> {
  if (hosts.length === 0) return;
  const { context } = engine;
  const { transactions } = await planOf(step, row);
  const rollout = { id: row.id, planHash: row.plan_hash ?? '', kind: row.kind, installationId: context.installation.id };
  // What is asked anew is not waited for twice, even within one instant.
  await step.tx.query('update rehearsal set canary = false where rollout_id = $1 and plan_hash = $2 and canary and host_id = any($3)', [
    row.id,
    row.plan_hash,
    hosts.map(host => host.hostId),
  ]);
  for (const host of hosts) {
    const rehearsalId = makeId('rehearsal', context.randomHex(16));
    const asked = { rehearsalId, hostId: host.hostId, transaction: transactions[host.transaction] ?? [] };
    const plan = rehearsalPlanFor(rollout, asked, step.now);
    await step.tx.query(
      `insert into rehearsal (id, rollout_id, plan_hash, host_id, host_name, canary, envelope, asked_by, asked_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10)`,
      [
        rehearsalId,
        row.id,
        row.plan_hash,
        host.hostId,
        host.hostName,
        canary,
        JSON.stringify(context.planKeys.sign(REHEARSAL_PLAN_TYPE, plan)),
        askedBy,
        step.now,
        plan.notAfter,
      ],
    );
  }
  step.say(row.id, {
    kind: 'rollout',
    text: `asked to rehearse in a copy of their own system: ${hosts.map(host => host.hostName).join(', ')}`,
  });
  step.afterwards(() => {
    for (const host of hosts) engine.wake.wake(host.hostId);
  });
}

async function planOf(step: Step, row: RolloutRow): Promise<RolloutPlan> {
  const [stored] = await step.tx.query<{ plan: string }>('select plan from rollout_plan where rollout_id = $1 and plan_hash = $2', [
    row.id,
    row.plan_hash,
  ]);
  if (stored === undefined) throw new Error(`plan ${row.plan_hash} is stored`);
  return JSON.parse(stored.plan) as RolloutPlan;
}

/** Keeps the answer of a host; a second one changes nothing. True when it was the first. */
export async function keepRehearsal(step: Step, hostId: string, id: string, report: RehearsalReport): Promise<boolean> {
  const [kept] = await step.tx.query<{ rollout_id: string; host_name: string }>(
    `update rehearsal set report = $3::jsonb, verdict = $4, answered_at = $5 where id = $1 and host_id = $2 and answered_at is null returning rollout_id, host_name`,
    [id, hostId, JSON.stringify(report).replaceAll('\\u0000', ''), report.verdict, step.now],
  );
  if (kept === undefined) return false;
  step.say(kept.rollout_id, { kind: 'job', hostName: kept.host_name, text: inWords(report) });
  return true;
}

function inWords(report: RehearsalReport): string {
  if (report.verdict === 'passed') {
    const back = report.rollback;
    const undone = back?.outcome === 'restored' ? `undone in ${back.seconds} s` : `the way back: ${back?.reason ?? 'not measured'}`;
    return `rehearsed in a copy of its system: installed in ${report.applySeconds} s; ${undone}`;
  }
  const reason = report.failure?.message.split('\n')[0] ?? 'no reason given';
  return report.verdict === 'failed' ? `the rehearsal failed, nothing was changed: ${reason}` : `could not be rehearsed: ${reason}`;
}

type View = z.output<typeof RehearsalView>;

/** The newest of each host for the plan in force. */
export async function rehearsalViews(db: Queryable, row: Pick<RolloutRow, 'id' | 'plan_hash'>): Promise<View[]> {
  const rows = await db.query<Omit<View, 'report'> & { report: RehearsalReport | null }>(
    `select distinct on (host_name, host_id) id, host_id as "hostId", host_name as "hostName", canary, asked_by as "askedBy", asked_at as "askedAt",
       expires_at as "expiresAt", answered_at as "answeredAt", verdict, report, accepted_by as "acceptedBy"
     from rehearsal where rollout_id = $1 and plan_hash = $2 order by host_name, host_id, asked_at desc, canary desc, id`,
    [row.id, row.plan_hash],
  );
  return rows as View[];
}
