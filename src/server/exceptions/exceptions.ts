import type { Context, Handlers } from '../context.ts';
import type { ExceptionPort, PeoplePort, ScopePort } from '../ports.ts';
import { exceptionAttention, exceptionCounts } from './attention.ts';
import type { ExceptionEngine } from './engine.ts';
import { type ExceptionRoutes, exceptionHandlers } from './handlers.ts';
import { MarkBook } from './marks.ts';
import { sweepExceptions } from './sweep.ts';

export interface Exceptions {
  readonly handlers: Handlers<ExceptionRoutes>;
  readonly port: ExceptionPort;
  /** Sweeps until stopped. */
  start(): void;
  /** Ends after the transaction under way. */
  stop(): Promise<void>;
  /** One pass, for tests and tools; the number of steps taken. */
  sweepOnce(): Promise<number>;
}

interface Running {
  timer: NodeJS.Timeout | undefined;
  stopped: boolean;
  pass: Promise<void>;
}

/** Ends and starts are whole days in practice, and whoever shows an exception asks the clock beside the state: half a minute is exact enough. */
const SWEEP_MS = 30_000;

export function createExceptions(context: Context, ports: { readonly scopes: ScopePort; readonly people: PeoplePort }): Exceptions {
  const engine: ExceptionEngine = { context, ...ports };
  const marks = new MarkBook(context);
  let running: Running | null = null;

  const pass = async (): Promise<void> => {
    try {
      await sweepExceptions(engine);
    } catch (error) {
      context.log.error(
        { error: error instanceof Error ? error.message : String(error) },
        'exceptions could not be looked through; it is tried again',
      );
    }
  };

  return {
    handlers: exceptionHandlers(engine),
    port: { marks: () => marks.marks(), attention: () => exceptionAttention(context), counts: () => exceptionCounts(context) },
    start() {
      if (running !== null) return;
      const self: Running = { timer: undefined, stopped: false, pass: Promise.resolve() };
      const next = (): void => {
        self.pass = pass().then(() => {
          if (!self.stopped) self.timer = setTimeout(next, SWEEP_MS);
        });
      };
      next();
      running = self;
    },
    async stop() {
      if (running === null) return;
      running.stopped = true;
      clearTimeout(running.timer);
      await running.pass;
      running = null;
    },
    sweepOnce: () => sweepExceptions(engine),
  };
}
