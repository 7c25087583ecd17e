import type { Envelope } from '../core/evidence/envelope.ts';
import type { JobEvent, JobResult, Permit } from '../core/rollouts/host-plan.ts';

export interface PermitAnswer {
  readonly permit: Envelope | null;
  readonly refused: { readonly code: string; readonly text: string; readonly retryAfterSeconds: number; readonly final: boolean } | null;
}

/**
 * The server's side of a job: the agent speaks HTTP, the SSH runner calls the job port of its own process. `events` and `permit` may fail
 * (no server); the executor goes on with what needs no server and asks again. `result` resolves only when the server has it.
 */
export interface Gateway {
  events(jobId: string, attempt: number, events: readonly JobEvent[]): Promise<{ readonly cancelRequested: boolean }>;
  permit(jobId: string, attempt: number, phase: Permit['phase']): Promise<PermitAnswer>;
  result(jobId: string, attempt: number, result: JobResult): Promise<void>;
}
