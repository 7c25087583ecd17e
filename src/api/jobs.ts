import { z } from 'zod';
import { IdParams, Instant, PageQuery, pageOf, route } from './contract.ts';
import { RehearsalView, TransactionItem } from './plans.ts';

export const JobState = z
  .enum([
    'queued',
    'offered',
    'acknowledged',
    'precheck',
    'staging',
    'staged',
    'installing',
    'reboot-pending',
    'rebooting',
    'verifying',
    'reconciling',
    'lost',
    'succeeded',
    'already-compliant',
    'failed',
    'verify-failed',
    'timed-out',
    'not-applicable',
    'excluded',
    'unreachable',
    'superseded',
    'cancelled',
  ])
  .meta({ id: 'JobState' });
export const Job = z
  .object({
    id: z.string(),
    rolloutId: z.string(),
    hostId: z.string(),
    hostName: z.string(),
    ringIndex: z.int(),
    state: JobState,
    phase: z.string().nullable(),
    attempt: z.int(),
    /** In words, and the word of the closed list (core/rollouts/waiting.ts) that tells what a person can do about it. */
    waitingOn: z.string().nullable(),
    waitingCode: z.string().nullable(),
    failureClass: z.string().nullable(),
    failure: z.string().nullable(),
    /** What a person can do about the failure. */
    remedy: z.string().nullable(),
    infrastructure: z.boolean(),
    touched: z.boolean(),
    transaction: z.array(TransactionItem),
    startedAt: Instant.nullable(),
    finishedAt: Instant.nullable(),
    healed: z.array(z.string()),
  })
  .meta({ id: 'Job' });
export type JobView = z.output<typeof Job>;

export const jobs = {
  rolloutJobs: route({
    method: 'get',
    path: '/api/v1/rollouts/{id}/jobs',
    access: 'rollout.read',
    summary: 'Jobs of a rollout',
    params: IdParams,
    query: PageQuery.extend({ state: JobState.optional(), ring: z.coerce.number().int().optional() }),
    answer: pageOf(Job),
  }),
  jobGet: route({
    method: 'get',
    path: '/api/v1/jobs/{id}',
    access: 'rollout.read',
    summary: 'One job with its result',
    params: IdParams,
    answer: z.object({
      job: Job,
      /** Of the job’s host, for the plan in force. */ rehearsal: RehearsalView.nullable(),
      result: z.record(z.string(), z.unknown()).nullable(),
      events: z.array(z.object({ sequence: z.int(), at: Instant, phase: z.string(), kind: z.string(), text: z.string() })),
    }),
  }),
};
