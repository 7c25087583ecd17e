import { z } from 'zod';
import { IdParams, Instant, PageQuery, pageOf, route } from './contract.ts';
import { Job } from './jobs.ts';
import { PlanReport, RehearsalView } from './plans.ts';
import { RolloutSpec } from './rollout-spec.ts';

export const RolloutState = z
  .enum([
    'draft',
    'rehearsing',
    'planned',
    'awaiting-approval',
    'scheduled',
    'running',
    'paused',
    'halting',
    'halted',
    'completed',
    'completed-partial',
    'rejected',
    'expired',
    'superseded',
    'cancelled',
  ])
  .meta({ id: 'RolloutState' });
export const RingState = z
  .enum(['pending', 'eligible', 'running', 'soaking', 'evaluating', 'gate-pending', 'passed', 'failed', 'skipped', 'cancelled'])
  .meta({ id: 'RingState' });
export const RolloutVerb = z
  .enum(['submit', 'request-approval', 'approve', 'reject', 'start', 'pause', 'resume', 'halt', 'cancel', 'edit'])
  .meta({ id: 'RolloutVerb' });

const VerbState = z.object({ verb: RolloutVerb, enabled: z.boolean(), disabledReason: z.string().nullable() });
export const RolloutSummary = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['patch', 'rollback']),
    revertsId: z.string().nullable(),
    state: RolloutState,
    stateReason: z.string().nullable(),
    requestedBy: z.string(),
    approvedBy: z.string().nullable(),
    selfApproved: z.boolean(),
    planHash: z.string().nullable(),
    hosts: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    active: z.int(),
    waiting: z.int(),
    patches: z.int(),
    createdAt: Instant,
    startedAt: Instant.nullable(),
    finishedAt: Instant.nullable(),
  })
  .meta({ id: 'RolloutSummary' });
export type RolloutSummaryView = z.output<typeof RolloutSummary>;

export const Gate = z
  .object({
    at: Instant,
    verdict: z.enum(['pass', 'fail', 'inconclusive']),
    inputs: z.record(z.string(), z.number()),
    statement: z.string(),
    reasons: z.array(z.string()),
    metrics: z.array(
      z.object({ name: z.string(), verdict: z.enum(['successful', 'failed', 'inconclusive']), dryRun: z.boolean(), text: z.string() }),
    ),
    decidedBy: z.string(),
  })
  .meta({ id: 'Gate' });
export const Ring = z
  .object({
    id: z.string(),
    index: z.int(),
    name: z.string(),
    state: RingState,
    stateReason: z.string().nullable(),
    hosts: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    active: z.int(),
    waiting: z.int(),
    soakMinutes: z.int(),
    concurrency: z.int(),
    soakEndsAt: Instant.nullable(),
    gates: z.array(Gate),
  })
  .meta({ id: 'Ring' });
export const RolloutDetail = z
  .object({
    rollout: RolloutSummary,
    spec: RolloutSpec,
    rings: z.array(Ring),
    verbs: z.array(VerbState),
    plan: PlanReport.nullable(),
    /** Of the plan in force, the newest of each host. */
    rehearsals: z.array(RehearsalView),
    waitingOn: z.array(z.object({ code: z.string(), text: z.string(), changesAt: Instant.nullable() })),
  })
  .meta({ id: 'RolloutDetail' });
export type RolloutDetailView = z.output<typeof RolloutDetail>;

export const RolloutEvent = z
  .object({
    sequence: z.int(),
    at: Instant,
    kind: z.enum(['rollout', 'ring', 'job', 'output', 'gate', 'permit']),
    ringIndex: z.int().nullable(),
    jobId: z.string().nullable(),
    hostName: z.string().nullable(),
    text: z.string(),
  })
  .meta({ id: 'RolloutEvent' });
export type RolloutEventView = z.output<typeof RolloutEvent>;

export const rollouts = {
  rolloutList: route({
    method: 'get',
    path: '/api/v1/rollouts',
    access: 'rollout.read',
    summary: 'List rollouts, newest first',
    query: PageQuery.extend({ state: RolloutState.optional() }),
    answer: pageOf(RolloutSummary),
  }),
  rolloutCreate: route({
    method: 'post',
    path: '/api/v1/rollouts',
    access: 'rollout.plan',
    summary: 'Draft a rollout',
    body: RolloutSpec,
    answer: RolloutDetail,
  }),
  rolloutGet: route({
    method: 'get',
    path: '/api/v1/rollouts/{id}',
    access: 'rollout.read',
    summary: 'One rollout: rings, plan, what it waits for, which verbs are allowed and why not',
    params: IdParams,
    answer: RolloutDetail,
  }),
  rolloutUpdate: route({
    method: 'put',
    path: '/api/v1/rollouts/{id}',
    access: 'rollout.plan',
    summary: 'Edit: back to draft, approvals void',
    params: IdParams,
    body: RolloutSpec,
    answer: RolloutDetail,
  }),
  rolloutAct: route({
    method: 'post',
    path: '/api/v1/rollouts/{id}/actions',
    access: 'rollout.read',
    summary:
      'submit, request-approval, approve, reject, start, pause, resume, halt, cancel: the permission depends on the verb (core/rollouts/verbs.ts). approve names the plan hash that was read',
    params: IdParams,
    body: z.object({ verb: RolloutVerb, planHash: z.string().max(100).optional(), reason: z.string().max(2000).default('') }),
    answer: RolloutDetail,
  }),
  rolloutRehearse: route({
    method: 'post',
    path: '/api/v1/rollouts/{id}/rehearse',
    access: 'rollout.plan',
    summary:
      'Run the plan’s transaction in a throw-away copy of these hosts (of the first ring’s when left out); nothing on them is changed',
    params: IdParams,
    body: z.object({ hostIds: z.array(z.string()).min(1).max(100).optional() }),
    answer: RolloutDetail,
  }),
  rolloutRollback: route({
    method: 'post',
    path: '/api/v1/rollouts/{id}/rollback',
    access: 'rollout.plan',
    summary: 'Draft the rollout that restores the exact previous versions on the hosts this one touched',
    params: IdParams,
    body: z.object({ hostIds: z.array(z.string()).optional(), reason: z.string().max(2000).default('') }),
    answer: RolloutDetail,
  }),
  rolloutEvents: route({
    method: 'get',
    path: '/api/v1/rollouts/{id}/events',
    access: 'rollout.read',
    summary: 'The log so far, from a sequence number on',
    params: IdParams,
    query: z.object({ after: z.coerce.number().int().min(0).default(0), limit: z.coerce.number().int().min(1).max(2000).default(500) }),
    answer: z.object({ items: z.array(RolloutEvent) }),
  }),
  rolloutStream: route({
    method: 'get',
    path: '/api/v1/rollouts/{id}/stream',
    access: 'rollout.read',
    summary: 'The log live, as server-sent events',
    params: IdParams,
    query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
    produces: 'text/event-stream',
    answer: RolloutEvent,
  }),
  rolloutProof: route({
    method: 'get',
    path: '/api/v1/rollouts/{id}/proof.csv',
    access: 'rollout.read',
    summary: 'Host by host: asked, before, after, observed now, approved by',
    params: IdParams,
    produces: 'text/csv',
    answer: Job,
  }),
  rolloutExplain: route({
    method: 'get',
    path: '/api/v1/rollouts/{id}/explain',
    access: 'rollout.read',
    summary: 'Why it is not moving, in plain words',
    params: IdParams,
    answer: z.object({
      state: z.string(),
      text: z.array(z.string()),
      waitingOn: z.array(z.object({ code: z.string(), text: z.string(), changesAt: Instant.nullable() })),
    }),
  }),
};
