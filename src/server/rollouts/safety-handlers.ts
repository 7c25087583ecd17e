import type { EngineView } from '../../api/safety.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import { JOB_DISRUPTING } from '../../core/rollouts/job-states.ts';
import { subtract } from '../../core/rollouts/schedule/intervals.ts';
import { currentOrNext, minutesOf, nextOccurrences, repeatProblem, ruleOf } from '../../core/rollouts/schedule/planned-window.ts';
import type { Occurrence } from '../../core/rollouts/schedule/window.ts';
import type { Handlers } from '../context.ts';
import { forbidden, invalid } from '../runtime/problems.ts';
import { type AvailabilityGroupRoutes, availabilityGroupHandlers } from './availability-group-handlers.ts';
import type { Engine } from './engine.ts';
import { type FreezeRoutes, freezeHandlers } from './freeze-handlers.ts';
import { asPerson, type Person } from './people.ts';
import { declaredFor } from './safety-facts.ts';
import { inStep, type Step } from './step.ts';

export type SafetyRoutes = 'engineGet' | 'engineUpdate' | 'killSwitchSet' | FreezeRoutes | AvailabilityGroupRoutes | 'windowPreview';

const PREVIEW_OCCURRENCES = 10;
export function safetyHandlers(engine: Engine): Handlers<SafetyRoutes> {
  const { db, clock } = engine.context;
  return {
    engineGet: () => engineView(engine),
    engineUpdate: async ({ body }, caller) => {
      await inStep(engine.context, async step => {
        if (body.prometheusUrl != null && !/^https?:$/.test(new URL(body.prometheusUrl).protocol))
          throw invalid('body/prometheusUrl', 'Prometheus is asked over http or https.');
        await step.tx.query(
          `update engine_lock set concurrency_max = coalesce($1, concurrency_max), prometheus_url = case when $2 then $3 else prometheus_url end,
             site_label = coalesce($4, site_label), site_concurrency_max = case when $5 then $6 else site_concurrency_max end`,
          [
            body.concurrencyMax ?? null,
            ...[body.prometheusUrl !== undefined, body.prometheusUrl ?? null],
            ...[body.siteCap?.label ?? null, body.siteCap !== undefined, body.siteCap?.hosts ?? null],
          ],
        );
        step.audit({ actor: asPerson(caller).login, action: 'engine.update', subject: 'engine', detail: body });
      });
      return await engineView(engine);
    },
    killSwitchSet: async ({ body }, caller) => {
      await setKillSwitch(engine, asPerson(caller), body.engaged, body.reason);
      return await engineView(engine);
    },
    ...freezeHandlers(engine),
    ...availabilityGroupHandlers(engine),
    windowPreview: async ({ body }) => {
      const now = clock.now();
      const problem = repeatProblem(body);
      if (problem !== null) return { problem, occurrences: [] };
      const rule = ruleOf(body);
      const once = currentOrNext(body, now);
      const single: Occurrence[] =
        once?.startsAt == null || once.endsAt === null ? [] : [{ startsAt: once.startsAt, endsAt: once.endsAt, note: null }];
      const found = rule === null ? single : nextOccurrences(rule, now, PREVIEW_OCCURRENCES);
      const { freezes } = await declaredFor(db, now, await engine.scopes.read());
      const everywhere = freezes.filter(freeze => freeze.hostIds === null);
      return { problem: null, occurrences: found.map(one => ({ ...one, freeMinutes: minutesOf(subtract([one], everywhere)) })) };
    },
  };
}

async function engineView({ context }: Engine): Promise<EngineView> {
  const [row] = await context.db.query<{
    kill_switch: boolean;
    kill_switch_by: string | null;
    kill_switch_at: Instant | null;
    kill_switch_reason: string | null;
    concurrency_max: number;
    prometheus_url: string | null;
    disrupting: number;
    site_label: string;
    site_concurrency_max: number | null;
  }>('select engine_lock.*, (select count(*)::int from job where state = any($1)) as disrupting from engine_lock', [JOB_DISRUPTING]);
  if (row === undefined) throw new Error('engine_lock has its row');
  return {
    killSwitch: { engaged: row.kill_switch, by: row.kill_switch_by, at: row.kill_switch_at, reason: row.kill_switch_reason },
    concurrencyMax: row.concurrency_max,
    disrupting: row.disrupting,
    siteCap: row.site_concurrency_max === null ? null : { label: row.site_label, hosts: row.site_concurrency_max },
    prometheusUrl: row.prometheus_url,
  };
}

/** S11: permits lock the same row, so none is issued after this has been committed. To stop is free; to let go takes a person. */
async function setKillSwitch(engine: Engine, person: Person, engaged: boolean, reason: string): Promise<void> {
  if (!engaged && person.viaToken) throw forbidden('not-by-token', 'An API token cannot release the kill switch.', 'Sign in as a person.');
  await inStep(engine.context, async step => {
    const [row] = await step.tx.query<{ kill_switch: boolean }>('select kill_switch from engine_lock for update');
    if (row?.kill_switch === engaged) return;
    await step.tx.query('update engine_lock set kill_switch = $1, kill_switch_by = $2, kill_switch_at = $3, kill_switch_reason = $4', [
      engaged,
      person.login,
      step.now,
      reason,
    ]);
    await tellRunning(step, `kill switch ${engaged ? 'engaged' : 'released'} by ${person.login}: ${reason}`);
    step.audit({
      actor: person.login,
      action: engaged ? 'kill-switch.engage' : 'kill-switch.release',
      subject: 'engine',
      detail: { reason },
    });
    step.afterwards(() => engine.poke());
  });
}

async function tellRunning(step: Step, text: string): Promise<void> {
  const running = await step.tx.query<{ id: string }>(`select id from rollout where state in ('running', 'paused', 'halting')`);
  for (const { id } of running) step.say(id, { kind: 'rollout', text });
}
