import { invariant } from '../kernel/faults.ts';
import type { Instant } from '../kernel/instants.ts';
import { isFinal, move } from '../kernel/machine.ts';
import type { JobResult, TransactionItem } from './host-plan.ts';
import { JOB, type JobEventName, type JobState } from './job-states.ts';
import { FRESH_ATTEMPTS } from './retry.ts';
import type { WaitingOn } from './waiting.ts';

/** One host's part of a rollout, as it is stored. Everything that is decided about a job is decided from this and what the host says. */
export interface JobStatus {
  readonly id: string;
  readonly rolloutId: string;
  readonly ringId: string;
  readonly ringIndex: number;
  readonly position: number;
  readonly hostId: string;
  readonly hostName: string;
  readonly transaction: readonly TransactionItem[];
  readonly estimatedMinutes: number;
  readonly state: JobState;
  readonly stateSince: Instant;
  readonly phase: string | null;
  /** Of the last offer; 0 before the first. */
  readonly attempt: number;
  /** Attempts that may still begin; a person's resume grants more. */
  readonly attemptsLeft: number;
  readonly waitingOn: WaitingOn | null;
  /** Attempts are used up and nothing was changed: a person's resume lets it try again. */
  readonly parked: boolean;
  /** End of the back-off, and when the first of these attempts was offered. */
  readonly notBefore: Instant | null;
  readonly retrySince: Instant | null;
  readonly lastHeardAt: Instant | null;
  readonly cancelRequested: boolean;
  /** It has installed and waits with its reboot for another rollout's; until then that one may work on the host (reboot-sharing.ts). */
  readonly sharesReboot: boolean;
  readonly failureClass: string | null;
  readonly failure: string | null;
  readonly failureSignature: string | null;
  readonly infrastructure: boolean;
  readonly touched: boolean;
  readonly failureAcceptedBy: string | null;
  readonly result: JobResult | null;
  readonly healed: readonly string[];
  readonly closedVulnerabilities: readonly string[];
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
}

/** One step through the transition table, for the log and the audit trail. */
export interface JobMoved {
  readonly event: JobEventName;
  readonly from: JobState;
  readonly to: JobState;
  readonly by: 'system' | 'host';
  readonly reason: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What becomes of a job: the status to store and the moves that led to it, in order. */
export interface JobChange {
  readonly job: JobStatus;
  readonly moves: readonly JobMoved[];
}

interface MoveWords {
  readonly by: 'system' | 'host';
  readonly reason?: string | null;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export function unchanged(job: JobStatus): JobChange {
  return { job, moves: [] };
}

/** Changes fields without a transition. */
export function withFields({ job, moves }: JobChange, fields: Partial<JobStatus>): JobChange {
  return { job: { ...job, ...fields }, moves };
}

/** Sends one event. Whoever sends it has asked whether the table allows it: a refusal is a defect. */
export function send({ job, moves }: JobChange, event: JobEventName, now: Instant, words: MoveWords): JobChange {
  const step = move(JOB, job.state, event);
  invariant(step.ok, `job ${job.id}: ${event} in ${job.state}: ${step.ok ? '' : step.reason}`);
  const moved: JobMoved = { event, from: job.state, to: step.to, by: words.by, reason: words.reason ?? null, detail: words.detail ?? {} };
  const ended = isFinal(JOB, step.to) ? { finishedAt: now, waitingOn: null, parked: false } : {};
  return { job: { ...job, state: step.to, stateSince: now, ...ended }, moves: [...moves, moved] };
}

/** A job that no host has been offered yet. */
export const FRESH_JOB = {
  state: 'queued',
  phase: null,
  attempt: 0,
  ...FRESH_ATTEMPTS,
  lastHeardAt: null,
  cancelRequested: false,
  sharesReboot: false,
  failureClass: null,
  failure: null,
  failureSignature: null,
  infrastructure: false,
  touched: false,
  failureAcceptedBy: null,
  result: null,
  healed: [],
  closedVulnerabilities: [],
  startedAt: null,
  finishedAt: null,
} as const satisfies Partial<JobStatus>;
