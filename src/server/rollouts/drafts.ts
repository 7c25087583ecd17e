import type { RolloutSpecView } from '../../api/rollout-spec.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { type Verb, whyNot } from '../../core/rollouts/verbs.ts';
import { conflict, invalid } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { lockChangeRequest, lockRings, lockRollout } from './locks.ts';
import { moveChangeRequest, moveRollout } from './moves.ts';
import { openingOf } from './openings.ts';
import { actorOf, type Person } from './people.ts';
import type { RolloutRow } from './rows.ts';
import { inStep, type Step } from './step.ts';
import { verbFacts } from './verb-facts.ts';

interface NewRollout {
  readonly spec: RolloutSpecView;
  readonly kind: 'patch' | 'rollback';
  readonly revertsId: string | null;
  /** Made by a policy. `claim` is asked first in the same transaction: false leaves everything as it was. */
  readonly policy?: {
    readonly id: string;
    readonly authorIds: readonly string[];
    readonly claim: (step: Step, rolloutId: string) => Promise<boolean>;
  };
}

export async function createDraft(engine: Engine, person: Person, { spec, kind, revertsId, policy }: NewRollout): Promise<string> {
  checkSpec(spec, kind);
  const window = openingOf(spec, engine.context.clock.now());
  const id = makeId('rollout', engine.context.randomHex(16));
  await inStep(engine.context, async step => {
    await step.tx.query(
      `insert into rollout (id, name, kind, reverts_id, state, state_since, spec, requested_by, requested_by_id, author_ids, window_starts_at, window_ends_at, created_at, policy_id)
       values ($1, $2, $3, $4, 'draft', $5, $6::jsonb, $7, $8, $9, $10, $11, $5, $12)`,
      [
        id,
        spec.name,
        kind,
        revertsId,
        step.now,
        JSON.stringify(spec),
        person.login,
        person.personId,
        [person.personId, ...(policy?.authorIds ?? [])],
        window.startsAt,
        window.endsAt,
        policy?.id ?? null,
      ],
    );
    if (policy !== undefined && !(await policy.claim(step, id))) throw new NotClaimed();
    await step.tx.query('insert into rollout_log (rollout_id) values ($1)', [id]);
    step.say(id, { kind: 'rollout', text: `drafted by ${person.login}` });
    step.audit({ actor: person.login, action: 'rollout.create', subject: id, detail: { name: spec.name, kind, revertsId, spec } });
  }).catch(error => {
    if (!(error instanceof NotClaimed)) throw error;
  });
  return id;
}

/** Somebody else has made it: the transaction is undone. */
class NotClaimed extends Error {}

/** Back to draft with a new specification; whatever was planned or approved is void, because its hash will be another. */
export async function editDraft(engine: Engine, person: Person, id: string, spec: RolloutSpecView): Promise<void> {
  await inStep(engine.context, async step => {
    const row = await lockRollout(step.tx, id, 'update');
    checkSpec(spec, row.kind);
    const window = openingOf(spec, step.now);
    await refuseUnless(engine, step, person, row, 'edit');
    await voidApproval(step, row, person.login, 'the plan was edited');
    await forgetPlan(step, row);
    row.author_ids = [...new Set([...row.author_ids, person.personId])];
    await step.tx.query(
      `update rollout set name = $2, spec = $3::jsonb, revision = revision + 1, author_ids = $4, window_starts_at = $5, window_ends_at = $6 where id = $1`,
      [id, spec.name, JSON.stringify(spec), row.author_ids, window.startsAt, window.endsAt],
    );
    await moveRollout(step, row, 'edit', { actor: person.login, reason: null, detail: { spec } });
  });
}

export async function refuseUnless(engine: Engine, step: Step, person: Person, row: RolloutRow, verb: Verb): Promise<void> {
  const reason = whyNot(verb, await verbFacts(step.tx, step.now, row), await actorOf(engine, person, step.tx));
  if (reason !== null)
    throw conflict(
      'not-allowed-now',
      `${capital(verb)} is not possible: ${reason}.`,
      'The rollout shows which verbs are allowed and why others are not.',
    );
}

export async function voidApproval(step: Step, row: RolloutRow, actor: string, reason: string): Promise<void> {
  const change = await lockChangeRequest(step.tx, row.change_request_id);
  if (change !== null && !['closed', 'rejected', 'cancelled', 'expired'].includes(change.state))
    await moveChangeRequest(step, change, 'cancel', { actor, reason });
  row.change_request_id = null;
  row.approved_by = null;
  row.self_approved = false;
  await step.tx.query('update rollout set change_request_id = null, approved_by = null, self_approved = false where id = $1', [row.id]);
}

/** Rings of a plan that never started go with it; started ones are history and are never removed. */
export async function forgetPlan(step: Step, row: RolloutRow): Promise<void> {
  await lockRings(step.tx, row.id);
  await step.tx.query('delete from ring where rollout_id = $1', [row.id]);
  await step.tx.query('update rollout set plan_hash = null, closes_vulnerabilities = 0, hosts = 0 where id = $1', [row.id]);
  row.plan_hash = null;
}

/** What the schema cannot say. */
function checkSpec(spec: RolloutSpecView, kind: 'patch' | 'rollback'): void {
  const { selector, patchIds, rings, window } = spec;
  if (kind === 'patch' && patchIds.length === 0) throw invalid('body/patchIds', 'Choose at least one patch.');
  const ways = [selector.groupId, selector.query, selector.hostIds].filter(way => way !== undefined);
  if (ways.length !== 1) throw invalid('body/selector', 'Choose hosts in exactly one way: a group, a query or a list.');
  for (const [index, ring] of rings.entries()) {
    const sizes = [ring.hosts, ring.percent, ring.hostIds].filter(size => size !== undefined);
    if (sizes.length > 1) throw invalid(`body/rings/${index}`, 'Say how many hosts in one way: hosts, percent or hostIds.');
  }
  if (window.startsAt !== null && window.endsAt !== null && window.startsAt >= window.endsAt)
    throw invalid('body/window/endsAt', 'The window ends before it starts.');
}

function capital(verb: string): string {
  return verb.charAt(0).toUpperCase() + verb.slice(1).replace('-', ' ');
}
