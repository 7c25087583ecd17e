import { EventEmitter } from 'node:events';
import type { Context, Handlers } from '../context.ts';
import type { JobPort } from '../ports.ts';
import { type AttentionItem, attention } from './attention.ts';
import type { Engine, RolloutPorts } from './engine.ts';
import { type RolloutRoutes, rolloutHandlers } from './handlers.ts';
import { type InterventionRoutes, interventionHandlers } from './interventions.ts';
import { dropLease, newLease } from './lease.ts';
import { issuePermit } from './permits.ts';
import { keepSimulation } from './planning.ts';
import { type PolicyRoutes, policyHandlers } from './policy-handlers.ts';
import { type PolicyWatch, runPolicies } from './policy-runs.ts';
import { recordEvents } from './progress.ts';
import { reconcile } from './reconciler.ts';
import { keepRehearsal } from './rehearsals.ts';
import { recordResult } from './results.ts';
import { type SafeguardRoutes, safeguardHandlers } from './safeguard-handlers.ts';
import { type SafetyRoutes, safetyHandlers } from './safety-handlers.ts';
import { SafetyScopes } from './safety-scopes.ts';
import { inStep } from './step.ts';
import { tasksFor } from './tasks.ts';

export interface Rollouts {
  readonly handlers: Handlers<RolloutRoutes | SafetyRoutes | SafeguardRoutes | PolicyRoutes | InterventionRoutes>;
  readonly jobs: JobPort;
  /** Reconciles until stopped: every second, and at once when something was stored here. */
  start(): void;
  /** Ends after the transaction under way. */
  stop(): Promise<void>;
  /** One pass, for tests and tools. */
  reconcileOnce(): Promise<void>;
  /** What people have to do about rollouts, most urgent first, for the overview. */
  attention(): Promise<AttentionItem[]>;
}

const TICK_MS = 1_000;
/** After a failed pass (the database restarts): long enough not to fill the log. */
const TICK_AFTER_ERROR_MS = 5_000;

/** No id of this noun has this length, so that tests can give a replica an identity. */
export const LEASE_HOLDER_BYTES = 8;

export function createRollouts(context: Context, ports: RolloutPorts): Rollouts {
  const news = new EventEmitter();
  // One listener per open live view and one for the reconciler.
  news.setMaxListeners(0);
  const engine: Engine = {
    ...ports,
    context,
    scopes: new SafetyScopes(context.db, ports.fleet, ports.inventory),
    poke: () => void news.emit('stored'),
  };
  const lease = newLease(context.randomHex(LEASE_HOLDER_BYTES));
  const watch: PolicyWatch = { sweptAt: null };
  const pass = async (): Promise<void> => {
    if (await reconcile(engine, lease)) await runPolicies(engine, watch);
  };
  let running: { stopped: boolean; readonly done: Promise<void>; wake: () => void } | null = null;

  const loop = async (self: { stopped: boolean; wake: () => void }): Promise<void> => {
    while (!self.stopped) {
      let poked = false;
      const pause = new Promise<void>(resolve => {
        self.wake = () => {
          poked = true;
          resolve();
        };
      });
      let waitMs = TICK_MS;
      try {
        await pass();
      } catch (error) {
        waitMs = TICK_AFTER_ERROR_MS;
        if (!self.stopped)
          context.log.error(
            { error: error instanceof Error ? error.message : String(error) },
            'the reconciler could not run; it tries again',
          );
      }
      if (self.stopped) break;
      let timer: NodeJS.Timeout | undefined;
      if (!poked || waitMs === TICK_AFTER_ERROR_MS)
        await Promise.race([pause, new Promise<void>(resolve => (timer = setTimeout(resolve, waitMs)))]);
      clearTimeout(timer);
    }
  };

  return {
    handlers: {
      ...rolloutHandlers(engine, news),
      ...safetyHandlers(engine),
      ...safeguardHandlers(engine),
      ...policyHandlers(engine),
      ...interventionHandlers(engine),
    },
    jobs: jobPort(engine),
    start() {
      if (running !== null) return;
      const self = { stopped: false, done: Promise.resolve(), wake: () => {} };
      self.done = loop(self);
      news.on('stored', () => self.wake());
      running = self;
    },
    async stop() {
      if (running === null) return;
      running.stopped = true;
      running.wake();
      await running.done;
      running = null;
      await dropLease(context, lease).catch(() => undefined);
    },
    reconcileOnce: pass,
    attention: () => attention(context.db),
  };
}

function jobPort(engine: Engine): JobPort {
  return {
    tasksFor: hostId => tasksFor(engine, hostId),
    recordSimulation: (hostId, requestId, answer) =>
      inStep(engine.context, async step => {
        if (await keepSimulation(step, hostId, requestId, answer)) step.afterwards(() => engine.poke());
      }),
    recordRehearsal: (hostId, rehearsalId, report) =>
      inStep(engine.context, async step => {
        if (await keepRehearsal(step, hostId, rehearsalId, report)) step.afterwards(() => engine.poke());
      }),
    recordEvents: (hostId, jobId, attempt, events) => recordEvents(engine, hostId, jobId, attempt, events),
    requestPermit: (hostId, jobId, attempt, phase, sharesReboot) => issuePermit(engine, hostId, jobId, attempt, phase, sharesReboot),
    recordResult: (hostId, jobId, attempt, result) => recordResult(engine, hostId, jobId, attempt, result),
  };
}
