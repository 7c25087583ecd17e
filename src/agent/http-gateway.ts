import type { JobEvent, JobResult, Permit } from '../core/rollouts/host-plan.ts';
import type { Gateway, PermitAnswer } from './gateway.ts';
import { type ServerClient, ServerFault } from './server-client.ts';

const RESULT_RETRY_SECONDS = [1, 2, 5, 10, 30, 60];

/**
 * The agent's way to the server. A result is sent until the server has it: the journal is the outbox, so an agent that ends meanwhile
 * sends it at its next start. `observe` reads the host anew and reports it before the result of a job that touched it: a plan made a
 * second after the result must find what is there. What keeps the host from being read keeps no result back: the server asks again.
 */
export function httpGateway(client: ServerClient, pause: (ms: number) => Promise<void>, observe: () => Promise<void>): Gateway {
  // The resident agent can wait with a reboot while it works on another job.
  const path = (jobId: string, attempt: number, what: string) => `/api/agent/v1/jobs/${encodeURIComponent(jobId)}/${attempt}/${what}`;
  return {
    events: (jobId, attempt, events: readonly JobEvent[]) =>
      client.post(path(jobId, attempt, 'events'), { events }, { timeoutSeconds: 20 }),
    permit: (jobId, attempt, phase: Permit['phase']) =>
      client.post<PermitAnswer>(path(jobId, attempt, 'permit'), { phase, sharesReboot: phase === 'reboot' }, { timeoutSeconds: 30 }),
    async result(jobId: string, attempt: number, result: JobResult) {
      let observed = !result.touched;
      for (let tried = 0; ; tried++) {
        try {
          if (!observed) await observe().catch(throwIfAway);
          observed = true;
          await client.post(path(jobId, attempt, 'result'), result, { timeoutSeconds: 60 });
          return;
        } catch (error) {
          // A server that does not know the job (restored from a backup, or the rollout was deleted) will never take it: it is kept in the journal and not sent for ever.
          if (error instanceof ServerFault && error.code === 'request-refused' && tried > 0) return;
          if (!(error instanceof ServerFault)) throw error;
          const seconds = error.retryAfterSeconds ?? RESULT_RETRY_SECONDS[Math.min(tried, RESULT_RETRY_SECONDS.length - 1)]!;
          await pause(seconds * 1000);
        }
      }
    },
  };
}

function throwIfAway(error: unknown): void {
  if (error instanceof ServerFault && (error.code === 'server-unreachable' || error.code === 'server-busy')) throw error;
}
