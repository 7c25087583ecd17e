import type { PolicyPreviewView, PolicySpecView, PolicyView } from '../../api/policies.ts';
import { makeId } from '../../core/kernel/ids.ts';
import { choosePatches, lanesOf, nextOf, policyProblem } from '../../core/rollouts/policy.ts';
import { subtract } from '../../core/rollouts/schedule/intervals.ts';
import { minutesOf } from '../../core/rollouts/schedule/planned-window.ts';
import { sqlState } from '../../db/pool.ts';
import type { Handlers } from '../context.ts';
import { conflict, forbidden, invalid } from '../runtime/problems.ts';
import type { Engine } from './engine.ts';
import { asPerson, type Person } from './people.ts';
import { patchCases } from './policy-patches.ts';
import { type PolicyRow, policyById, policyViews } from './policy-rows.ts';
import { declaredFor } from './safety-facts.ts';
import { inStep } from './step.ts';

export type PolicyRoutes = 'policyList' | 'policyCreate' | 'policyGet' | 'policyUpdate' | 'policySwitch' | 'policyDelete' | 'policyPreview';

const PREVIEW_OCCURRENCES = 6;
const PREVIEW_PATCHES = 50;

export function policyHandlers(engine: Engine): Handlers<PolicyRoutes> {
  const { db, clock } = engine.context;
  const view = async (id: string): Promise<PolicyView> => (await policyViews(db, [await policyById(db, id)], clock.now()))[0]!;
  return {
    policyList: async () => {
      const rows = await db.query<PolicyRow>('select * from policy where removed_at is null order by lower(name)');
      return { items: await policyViews(db, rows, clock.now()) };
    },
    policyGet: ({ params }) => view(params.id),
    policyCreate: async ({ body }, caller) => {
      const person = asPerson(caller);
      await check(engine, body);
      const id = makeId('policy', engine.context.randomHex(16));
      await named(body.name, () =>
        inStep(engine.context, async step => {
          await step.tx.query(
            `insert into policy (id, name, spec, enabled, author_ids, created_by, created_at, updated_by, updated_at)
             values ($1, $2, $3::jsonb, false, $4, $5, $6, $5, $6)`,
            [id, body.name, JSON.stringify(body), [person.personId], person.login, step.now],
          );
          step.audit({ actor: person.login, action: 'policy.create', subject: id, detail: { spec: body } });
        }),
      );
      return await view(id);
    },
    policyUpdate: async ({ params, body }, caller) => {
      const person = asPerson(caller);
      await check(engine, body);
      await named(body.name, () =>
        inStep(engine.context, async step => {
          const row = await policyById(step.tx, params.id, true);
          await step.tx.query(
            `update policy set name = $2, spec = $3::jsonb, author_ids = $4, updated_by = $5, updated_at = $6, enabled_at = case when enabled then $6::timestamptz end where id = $1`,
            [row.id, body.name, JSON.stringify(body), withAuthor(row, person), person.login, step.now],
          );
          step.audit({ actor: person.login, action: 'policy.update', subject: row.id, detail: { spec: body } });
        }),
      );
      return await view(params.id);
    },
    policySwitch: async ({ params, body }, caller) => {
      const person = asPerson(caller);
      if (body.enabled && !person.permissions.has('rollout.plan'))
        throw forbidden('may-not-plan', 'Turning a policy on needs the permission rollout.plan.', 'Ask a planner; turning it off is free.');
      await inStep(engine.context, async step => {
        const row = await policyById(step.tx, params.id, true);
        if (row.enabled === body.enabled) return;
        const authors = body.enabled ? withAuthor(row, person) : row.author_ids;
        await step.tx.query(
          'update policy set enabled = $2, enabled_at = $3, author_ids = $4, updated_by = $5, updated_at = $6 where id = $1',
          [row.id, body.enabled, body.enabled ? step.now : null, authors, person.login, step.now],
        );
        const action = body.enabled ? 'policy.enable' : 'policy.disable';
        step.audit({ actor: person.login, action, subject: row.id, detail: { reason: body.reason } });
        step.afterwards(() => engine.poke());
      });
      return await view(params.id);
    },
    policyDelete: async ({ params }, caller) => {
      await inStep(engine.context, async step => {
        const row = await policyById(step.tx, params.id, true);
        await step.tx.query('update policy set removed_at = $2, enabled = false, enabled_at = null where id = $1', [row.id, step.now]);
        step.audit({ actor: asPerson(caller).login, action: 'policy.delete', subject: row.id, detail: { name: row.name } });
      });
      return {};
    },
    policyPreview: ({ body }) => preview(engine, body),
  };
}

function withAuthor(row: PolicyRow, person: Person): string[] {
  return [...new Set([...row.author_ids, person.personId])];
}

async function check(engine: Engine, spec: PolicySpecView): Promise<void> {
  const problem = policyProblem(spec);
  if (problem !== null) throw invalid('body/schedule', problem);
  for (const lane of lanesOf(spec)) {
    const { problem: wrong } = await engine.fleet.resolve({ query: lane.query });
    if (wrong !== null) throw invalid('body/query', wrong);
  }
}

async function named(name: string, work: () => Promise<void>): Promise<void> {
  await work().catch(error => {
    if (sqlState(error) === '23505') throw conflict('name-taken', `There is a policy called ${name}.`, 'Choose another name.');
    throw error;
  });
}

async function preview(engine: Engine, spec: PolicySpecView): Promise<PolicyPreviewView> {
  const { db, clock } = engine.context;
  const now = clock.now();
  const problem = policyProblem(spec);
  if (problem !== null) return { problem, lanes: [] };
  const { freezes } = await declaredFor(db, now, await engine.scopes.read());
  const everywhere = freezes.filter(freeze => freeze.hostIds === null);
  const lanes: PolicyPreviewView['lanes'] = [];
  for (const lane of lanesOf(spec)) {
    const { hostIds, problem: wrong } = await engine.fleet.resolve({ query: lane.query });
    if (wrong !== null) return { problem: wrong, lanes: [] };
    const next = nextOf(spec, lane, now, PREVIEW_OCCURRENCES);
    const { chosen, left } = choosePatches(spec.patches, await patchCases(engine, db, hostIds, now), next[0]?.startsAt ?? now);
    lanes.push({
      lane: lane.key,
      title: lane.title,
      timeZone: lane.timeZone,
      query: lane.query,
      hosts: hostIds.length,
      patchesReady: chosen.length,
      patchesLater: left.slice(0, PREVIEW_PATCHES).map(({ patch, reason, eligibleAt }) => ({ title: patch.title, reason, eligibleAt })),
      next: next.map(one => ({ ...one, freeMinutes: minutesOf(subtract([one], everywhere)) })),
    });
  }
  return { problem: null, lanes };
}
