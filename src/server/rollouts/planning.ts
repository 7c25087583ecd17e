import type { PlanReportView } from '../../api/plans.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { counted } from '../../core/kernel/words.ts';
import { forecast, lateHosts } from '../../core/rollouts/forecast.ts';
import type { GateThresholds } from '../../core/rollouts/plan.ts';
import { type LintFinding, lintPlan } from '../../core/rollouts/plan-lint.ts';
import { type HostCase, makePlan, type PlanMade } from '../../core/rollouts/planner.ts';
import type { Context } from '../context.ts';
import type { SimulationResult } from '../ports.ts';
import { forgetPlan } from './drafts.ts';
import type { Engine } from './engine.ts';
import type { UnrehearsedHost } from './host-cases.ts';
import { readEngine } from './locks.ts';
import { moveRollout } from './moves.ts';
import { durationHistory, otherJobs } from './plan-facts.ts';
import type { RolloutRow } from './rows.ts';
import { namedUpdates, retractedAmong, retractionsInForce } from './safeguards.ts';
import { declaredFor } from './safety-facts.ts';
import type { Step } from './step.ts';

/** Keeps the answer of a host; a second answer, or one to a rehearsal that is over, changes nothing. True when it was the first. */
export async function keepSimulation(step: Step, hostId: string, requestId: string, answer: SimulationResult): Promise<boolean> {
  const [kept] = await step.tx.query<{ rollout_id: string; host_name: string }>(
    `update simulation set answer = $3::jsonb, answered_at = $4 where id = $1 and host_id = $2 and answer is null and request is not null
     returning rollout_id, host->>'hostName' as host_name`,
    [requestId, hostId, JSON.stringify(answer), step.now],
  );
  if (kept === undefined) return false;
  const text = answer.ok
    ? `rehearsed: ${counted(answer.transaction.length, 'package change')}`
    : `the rehearsal failed: ${answer.problem ?? 'no reason given'}`;
  step.say(kept.rollout_id, { kind: 'job', hostName: kept.host_name, text });
  return true;
}

export async function openRehearsals(step: Step, rolloutId: string): Promise<number> {
  const [row] = await step.tx.query<{ open: number }>(
    'select count(*)::int as open from simulation where rollout_id = $1 and request is not null and answer is null',
    [rolloutId],
  );
  return row?.open ?? 0;
}

/** Makes the plan from what the hosts answered. An error of the lint sends the rollout back to draft, with the reasons. The rollout is locked. */
export async function finishRehearsal(engine: Engine, step: Step, row: RolloutRow): Promise<void> {
  const rows = await step.tx.query<{ host: UnrehearsedHost; answer: SimulationResult | null }>(
    'select host, answer from simulation where rollout_id = $1',
    [row.id],
  );
  const hosts = rows.map(({ host, answer }): HostCase => ({ ...host, rehearsal: answer }));
  const { spec } = row;
  const made = makePlan(
    {
      rolloutId: row.id,
      kind: row.kind,
      revertsId: row.reverts_id,
      patchIds: spec.patchIds,
      rings: spec.rings,
      window: spec.window,
      restart: spec.restart,
      reboot: spec.reboot,
      smokeTests: spec.smokeTests,
      // Specifications from before there were hooks have none.
      hooks: spec.hooks ?? [],
      profile: spec.profile ?? 'normal',
      concurrencyMax: spec.concurrencyMax ?? null,
      catchUpDays: spec.catchUpDays ?? 0,
      history: await durationHistory(step.tx, step.now),
    },
    hosts,
  );
  const lint = lintPlan(made.plan, {
    now: step.now,
    asked: new Map(hosts.map(host => [host.hostId, host.asked])),
    rebootExpected: new Set(hosts.filter(host => host.rebootExpected).map(host => host.hostId)),
    rebootPending: new Map(
      hosts.flatMap(host => ((host.rebootPending ?? []).length > 0 ? [[host.hostId, host.rebootPending!] as const] : [])),
    ),
    fettleHostId: hosts.find(host => host.runsFettle)?.hostId ?? null,
    dueOf: new Map(hosts.flatMap(host => (host.dueAt == null ? [] : [[host.hostId, host.dueAt] as const]))),
    others: await otherJobs(
      step.tx,
      row.id,
      hosts.map(host => host.hostId),
    ),
    globalConcurrencyMax: (await readEngine(step.tx, 'read')).concurrency_max,
    retracted: await retractedIn(step, made),
    hooksOf: new Map(hosts.map(host => [host.hostId, host.hooks ?? null])),
    excluded: new Map(made.report.excluded.map(host => [host.hostId, host.reason])),
    ...(await declaredFor(step.tx, step.now, await engine.scopes.read())),
  });
  await storePlan(step, row, made, lint);
  const errors = lint.filter(finding => finding.level === 'error');
  if (errors.length > 0) {
    const excluded = made.report.excluded.slice(0, 3).map(host => `${host.hostName}: ${host.reason}`);
    const reason = [
      ...errors.map(error => error.message),
      ...(errors.some(error => error.rule === 'something-to-do') ? excluded : []),
    ].join('; ');
    return await moveRollout(step, row, 'plan-refused', { actor: 'system', reason, detail: { planHash: made.hash, errors } });
  }
  await storeRings(engine, step, row, made);
  await moveRollout(step, row, 'planned', {
    actor: 'system',
    detail: {
      planHash: made.hash,
      rings: made.plan.rings.map(ring => ({ name: ring.name, hosts: ring.hosts.length })),
      excluded: made.report.excluded.length,
    },
  });
}

/** What the hosts would install by now and nobody may; a dependency that the rehearsal found included. */
async function retractedIn(step: Step, { plan }: PlanMade): Promise<Map<string, string>> {
  const retractions = plan.kind === 'rollback' ? [] : await retractionsInForce(step.tx);
  if (retractions.length === 0) return new Map();
  const found = retractedAmong(await namedUpdates(step.tx, plan.transactions.flat()), retractions);
  return new Map([...found].map(([text, { reason }]) => [text, reason]));
}

/** Transactions are stored once each; hosts name them by position. At 100,000 hosts that is 20 MB instead of 120. */
export type StoredReport = Omit<PlanReportView, 'rings'> & {
  readonly transactions: PlanReportView['rings'][number]['hosts'][number]['transaction'][];
  readonly rings: {
    readonly name: string;
    readonly hosts: (Omit<PlanReportView['rings'][number]['hosts'][number], 'transaction'> & { readonly transaction: number })[];
  }[];
};

export function expandReport({ transactions, rings, forecast, late, ...report }: StoredReport): PlanReportView {
  return {
    ...report,
    forecast: forecast ?? [],
    late: late ?? [],
    rings: rings.map(ring => ({
      name: ring.name,
      // Plans from before evidence was asked for have no such list.
      hosts: ring.hosts.map(host => ({
        ...host,
        transaction: transactions[host.transaction] ?? [],
        forensic: host.forensic ?? [],
        rebootPending: host.rebootPending ?? [],
        estimatedMinutes: host.estimatedMinutes ?? 0,
        basedOnJobs: host.basedOnJobs ?? 0,
        dueAt: host.dueAt ?? null,
      })),
    })),
  };
}

async function storePlan(step: Step, row: RolloutRow, made: PlanMade, lint: readonly LintFinding[]): Promise<void> {
  const rings = made.report.rings.map((ring, index) => ({
    name: ring.name,
    hosts: ring.hosts.map((host, at) => ({ ...host, transaction: made.plan.rings[index]!.hosts[at]!.transaction })),
  }));
  const dueOf = new Map(
    made.report.rings.flatMap(ring => ring.hosts.flatMap(host => (host.dueAt === null ? [] : [[host.hostId, host.dueAt] as const]))),
  );
  const report = {
    planHash: made.hash,
    preparedAt: step.now,
    transactions: made.plan.transactions,
    rings,
    excluded: made.report.excluded,
    lint,
    closesVulnerabilities: row.closes_vulnerabilities,
    forecast: forecast(made.plan, step.now),
    late: lateHosts(made.plan, dueOf, step.now),
  };
  await step.tx.query(
    `insert into rollout_plan (rollout_id, plan_hash, revision, plan, report, prepared_at) values ($1, $2, $3, $4, $5::jsonb, $6)
     on conflict (rollout_id, plan_hash) do update set revision = excluded.revision, report = excluded.report, prepared_at = excluded.prepared_at`,
    [row.id, made.hash, row.revision, made.text, JSON.stringify(report), step.now],
  );
}

async function storeRings({ context }: Engine, step: Step, row: RolloutRow, made: PlanMade): Promise<void> {
  await forgetPlan(step, row);
  for (const [index, ring] of made.plan.rings.entries())
    await step.tx.query(
      `insert into ring (id, rollout_id, ring_index, name, state, state_since, hosts, soak_minutes, concurrency, gate)
       values ($1, $2, $3, $4, 'pending', $5, $6, $7, $8, $9::jsonb)`,
      [
        makeId('ring', context.randomHex(16)),
        row.id,
        index,
        ring.name,
        step.now,
        ring.hosts.length,
        ring.soakMinutes,
        ring.concurrency,
        JSON.stringify(ring.gate),
      ],
    );
  if (made.plan.catchUpDays !== undefined) await storeCatchUp(context, step, row, made.plan.rings);
  row.plan_hash = made.hash;
  const hosts = made.plan.rings.reduce((sum, ring) => sum + ring.hosts.length, 0);
  await step.tx.query('update rollout set plan_hash = $2, closes_vulnerabilities = $3, hosts = $4 where id = $1', [
    row.id,
    made.hash,
    row.closes_vulnerabilities,
    hosts,
  ]);
}

/** Opens when all others are through, for whoever was not reached; hosts that stay away block nobody (domain.md 2.3). */
async function storeCatchUp(context: Context, step: Step, row: RolloutRow, rings: PlanMade['plan']['rings']): Promise<void> {
  const last = rings.at(-1);
  if (last === undefined) return;
  const gate: GateThresholds = { ...last.gate, minSample: 0, minCoveragePercent: 0 };
  await step.tx.query(
    `insert into ring (id, rollout_id, ring_index, name, state, state_since, hosts, soak_minutes, concurrency, gate, catch_up, deadline_minutes)
     values ($1, $2, $3, 'catch-up', 'pending', $4, 0, 0, $5, $6::jsonb, true, $7)`,
    [
      makeId('ring', context.randomHex(16)),
      row.id,
      rings.length,
      step.now,
      last.concurrency,
      JSON.stringify(gate),
      (row.spec.catchUpDays ?? 0) * DAY_MINUTES,
    ],
  );
}
const DAY_MINUTES = 1440;
