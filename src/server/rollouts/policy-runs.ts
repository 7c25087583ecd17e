import type { PolicySpecView } from '../../api/policies.ts';
import { MaintenanceWindow, type RolloutSpecView } from '../../api/rollout-spec.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { epochMs, type Instant, MINUTE_MS } from '../../core/kernel/instants.ts';
import {
  choosePatches,
  decideOccurrence,
  dueOccurrences,
  emergencyPatches,
  type Lane,
  lanesOf,
  type OccurrenceVerdict,
  type PatchCase,
} from '../../core/rollouts/policy.ts';
import type { Occurrence } from '../../core/rollouts/schedule/window.ts';
import { cancel, requestApproval } from './approval.ts';
import { createDraft } from './drafts.ts';
import type { Engine } from './engine.ts';
import { patchCases, rememberPatches } from './policy-patches.ts';
import { type PolicyRow, policyPerson } from './policy-rows.ts';
import type { RolloutRow } from './rows.ts';
import { declaredFor } from './safety-facts.ts';
import { inStep, type Step } from './step.ts';
import { submit } from './submission.ts';

/** New patches are written down, and known exploited ones taken up, at least this often. */
const SWEEP_MS = MINUTE_MS;

/** What this process remembers between passes; losing it costs one sweep. */
export interface PolicyWatch {
  sweptAt: Instant | null;
}

/**
 * Makes what policies ask for. Every replica may run it at any time: a row of policy_occurrence or policy_emergency is written in the transaction that
 * drafts the rollout, and its key lets one of them win.
 */
export async function runPolicies(engine: Engine, watch: PolicyWatch): Promise<void> {
  const now = engine.context.clock.now();
  const written = await engine.context.db.query<PolicyRow & { removed_at: Instant | null }>('select * from policy order by id');
  const policies = written.filter(policy => policy.enabled && policy.removed_at === null);
  if (watch.sweptAt === null || epochMs(now) - epochMs(watch.sweptAt) >= SWEEP_MS) {
    await rememberPatches(engine, now);
    for (const policy of policies) await guarded(engine, policy, () => takeUpEmergencies(engine, policy, now));
    watch.sweptAt = now;
  }
  for (const policy of policies) await guarded(engine, policy, () => decideDue(engine, policy, now));
  if (written.length > 0) await handIn(engine);
}

/** One policy with a defect must not hold up the others. */
async function guarded(engine: Engine, policy: PolicyRow, work: () => Promise<void>): Promise<void> {
  await work().catch(error =>
    engine.context.log.error(
      { policyId: policy.id, error: error instanceof Error ? error.stack : String(error) },
      'a policy could not be run',
    ),
  );
}

async function decideDue(engine: Engine, policy: PolicyRow, now: Instant): Promise<void> {
  if (policy.enabled_at === null) return;
  for (const lane of lanesOf(policy.spec)) {
    const due = dueOccurrences(policy.spec, lane, policy.enabled_at, now);
    if (due.length === 0) continue;
    const decided = await engine.context.db.query<{ starts_at: Instant }>(
      'select starts_at from policy_occurrence where policy_id = $1 and lane = $2 and starts_at = any($3)',
      [policy.id, lane.key, due.map(one => one.startsAt)],
    );
    const known = new Set(decided.map(row => row.starts_at));
    for (const occurrence of due.filter(one => !known.has(one.startsAt))) await decideOne(engine, policy, lane, occurrence, now);
  }
}

async function decideOne(engine: Engine, policy: PolicyRow, lane: Lane, occurrence: Occurrence, now: Instant): Promise<void> {
  const { db } = engine.context;
  const { hostIds, problem } = await engine.fleet.resolve({ query: lane.query });
  const choice = choosePatches(policy.spec.patches, await patchCases(engine, db, hostIds, now), occurrence.startsAt);
  const { freezes } = await declaredFor(db, now, await engine.scopes.read());
  const [previous] = await db.query<{ id: string; state: string }>(
    `select rollout.id, rollout.state from policy_occurrence join rollout on rollout.id = policy_occurrence.rollout_id
     where policy_occurrence.policy_id = $1 and lane = $2 and starts_at < $3 and rollout.state in ('running', 'paused', 'halting')
       and exists (select from ring where ring.rollout_id = rollout.id and not catch_up and ring.state not in ('passed', 'skipped', 'cancelled')) limit 1`,
    [policy.id, lane.key, occurrence.startsAt],
  );
  const verdict = decideOccurrence({
    now,
    occurrence,
    hosts: hostIds.length,
    queryProblem: problem,
    choice,
    freezes: freezes.filter(freeze => freeze.hostIds === null),
    previousOpen: previous === undefined ? null : `${previous.id} is ${previous.state}`,
  });
  await storeVerdict(engine, policy, lane, occurrence, verdict);
}

/** The policy's row is locked: an edit, a removal or turning it off at this moment wins. */
async function storeVerdict(
  engine: Engine,
  policy: PolicyRow,
  lane: Lane,
  occurrence: Occurrence,
  verdict: OccurrenceVerdict,
): Promise<void> {
  const row = async (step: Step, rolloutId: string | null): Promise<boolean> => {
    if (!(await stillOn(step, policy))) return false;
    const skip = verdict.do === 'skip' ? verdict : null;
    const taken = await step.tx.query(
      `insert into policy_occurrence (policy_id, lane, starts_at, ends_at, decided_at, rollout_id, skip_reason, detail)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning lane`,
      [
        policy.id,
        lane.key,
        occurrence.startsAt,
        occurrence.endsAt,
        step.now,
        rolloutId,
        skip?.reason ?? null,
        skip?.detail ?? occurrence.note ?? '',
      ],
    );
    if (taken.length === 0) return false;
    const { startsAt } = occurrence;
    const detail =
      skip === null ? { lane: lane.key, startsAt, rolloutId } : { lane: lane.key, startsAt, reason: skip.reason, detail: skip.detail };
    step.audit({ actor: 'system', action: skip === null ? 'policy.occur' : 'policy.skip', subject: policy.id, detail });
    return true;
  };
  if (verdict.do === 'skip') return await inStep(engine.context, async step => void (await row(step, null)));
  const title = `${policy.name}, ${lane.title}, ${occurrence.startsAt.slice(0, 10)}`;
  const { startsAt, endsAt } = occurrence;
  const window = MaintenanceWindow.parse({ startsAt, endsAt, timeZone: lane.timeZone, cutoffMinutes: policy.spec.cutoffMinutes });
  const spec = rolloutSpec(policy.spec, { title, query: lane.query, patchIds: verdict.patchIds, window, profile: 'normal' });
  await createDraft(engine, policyPerson(policy), {
    spec,
    kind: 'patch',
    revertsId: null,
    policy: { id: policy.id, authorIds: policy.author_ids, claim: row },
  });
}

async function stillOn(step: Step, policy: PolicyRow): Promise<boolean> {
  const [row] = await step.tx.query<PolicyRow>('select * from policy where id = $1 for update', [policy.id]);
  return row?.enabled === true && row.updated_at === policy.updated_at;
}

/** All that are new go out together: one rollout, without waiting for a window, and the same people approve it. */
async function takeUpEmergencies(engine: Engine, policy: PolicyRow, now: Instant): Promise<void> {
  const { db } = engine.context;
  if (!policy.spec.patches.knownExploitedAtOnce) return;
  const rows = await db.query<{ patch_id: string }>('select patch_id from policy_emergency where policy_id = $1', [policy.id]);
  const taken = new Set(rows.map(row => row.patch_id));
  const anywhere = emergencyPatches(policy.spec.patches, await patchCases(engine, db, null, now), taken);
  if (anywhere.length === 0) return;
  const { hostIds, problem } = await engine.fleet.resolve({ query: policy.spec.query });
  if (problem !== null || hostIds.length === 0) return;
  const patches = emergencyPatches(policy.spec.patches, await patchCases(engine, db, hostIds, now), taken);
  if (patches.length > 0) await draftEmergency(engine, policy, patches, now);
}

async function draftEmergency(engine: Engine, policy: PolicyRow, patches: readonly PatchCase[], now: Instant): Promise<void> {
  const patchIds = patches.map(patch => patch.patchId);
  const claim = async (step: Step, rolloutId: string): Promise<boolean> => {
    if (!(await stillOn(step, policy))) return false;
    const taken = await step.tx.query(
      'insert into policy_emergency (policy_id, patch_id, rollout_id, taken_at) select $1, id, $3, $4 from unnest($2::text[]) as id on conflict do nothing returning patch_id',
      [policy.id, patchIds, rolloutId, step.now],
    );
    // Another replica took some of them: its rollout has them; the rest comes with the next sweep.
    if (taken.length < patchIds.length) return false;
    const knownExploited = [...new Set(patches.flatMap(patch => patch.knownExploited))];
    step.audit({ actor: 'system', action: 'policy.emergency', subject: policy.id, detail: { rolloutId, patchIds, knownExploited } });
    return true;
  };
  const window = MaintenanceWindow.parse({ timeZone: policy.spec.schedule.timeZone });
  const title = `${policy.name}, known exploited, ${now.slice(0, 10)}`;
  const spec = rolloutSpec(policy.spec, { title, query: policy.spec.query, patchIds, window, profile: 'emergency' });
  await createDraft(engine, policyPerson(policy), {
    spec,
    kind: 'patch',
    revertsId: null,
    policy: { id: policy.id, authorIds: policy.author_ids, claim },
  });
}

interface RunOf {
  readonly title: string;
  readonly query: string;
  readonly patchIds: readonly string[];
  readonly window: RolloutSpecView['window'];
  readonly profile: RolloutSpecView['profile'];
}

function rolloutSpec(policy: PolicySpecView, { title, query, patchIds, window, profile }: RunOf): RolloutSpecView {
  const { rings, restart, reboot, smokeTests, hooks = [], note } = policy;
  return {
    name: title.slice(0, 200),
    patchIds: [...patchIds],
    selector: { query },
    rings,
    window,
    restart,
    reboot,
    smokeTests,
    hooks,
    rehearse: 'canaries',
    profile,
    concurrencyMax: null,
    catchUpDays: policy.catchUpDays,
    note,
  };
}

/** Takes what policies drafted to its approval. Whatever a person has edited since is that person's. */
async function handIn(engine: Engine): Promise<void> {
  const rows = await engine.context.db.query<RolloutRow & { policy_id: string; policy_name: string }>(
    `select rollout.*, policy.name as policy_name from rollout join policy on policy.id = rollout.policy_id
     where revision = 1 and requested_by_id = policy_id
       and ((rollout.state = 'draft' and state_reason is null and plan_hash is null) or (rollout.state = 'planned' and change_request_id is null)) order by rollout.id`,
  );
  for (const row of rows) {
    const person = policyPerson({ id: row.policy_id, name: row.policy_name });
    try {
      if (row.state === 'draft') await submit(engine, person, row.id);
      else await requestApproval(engine, person, row.id, 'made by its policy');
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (row.state === 'draft') await cancel(engine, person, row.id, error.message).catch(() => undefined);
    }
  }
}
