import { z } from 'zod';
import { RehearsalReport } from './agent.ts';
import { IdParams, Instant, PageQuery, pageOf, route } from './contract.ts';

export const SmokeTest = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('unit-active'), unit: z.string().regex(/^[A-Za-z0-9@_.:-]{1,200}$/) }),
    z.object({ kind: z.literal('tcp-port'), host: z.string().max(253).default('127.0.0.1'), port: z.int().min(1).max(65535) }),
    z.object({ kind: z.literal('http'), url: z.url().max(2000), expectStatus: z.int().min(100).max(599).default(200) }),
  ])
  .meta({ id: 'SmokeTest' });

/** A program that hosts offer by this name in /etc/fettle/hooks.d; a plan never carries code. Run in this order. */
export const Hook = z
  .object({
    /** pre: before anything is touched, and a failure stops the host. post: when it is verified, and a failure fails the verification. */
    phase: z.enum(['pre', 'post']),
    name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/),
    timeoutSeconds: z.int().min(1).max(3600).default(300),
  })
  .meta({ id: 'Hook' });

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
export const RolloutVerb = z
  .enum(['submit', 'request-approval', 'approve', 'reject', 'start', 'pause', 'resume', 'halt', 'cancel', 'edit'])
  .meta({ id: 'RolloutVerb' });

const Window = z.object({
  /** Opens now when null: start means start. */
  startsAt: Instant.nullable().default(null),
  endsAt: Instant.nullable().default(null),
  timeZone: z.string().max(60).default('UTC'),
  /** null: once. Else an RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=TH`, or `PATCH-TUESDAY+3`: startsAt to endsAt is then the first occurrence, and its wall-clock time and length hold for all. */
  repeat: z.string().max(300).nullable().default(null),
  /** No change starts that could still run in the last minutes before the end. */
  cutoffMinutes: z.int().min(0).max(1440).default(0),
});
export const MaintenanceWindow = Window;
export const HealthMetric = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('hosts'),
      signal: z.enum(['failed-units', 'unexpected-boots', 'silent']),
      /** Shown, decides nothing. */ dryRun: z.boolean().default(false),
    }),
    z.object({
      kind: z.literal('prometheus'),
      name: z.string().min(1).max(100),
      /** Instant query that answers with one number; `{{hosts}}` becomes a pattern of host names. */
      query: z.string().min(1).max(4000),
      operator: z.enum(['<=', '>=']).default('<='),
      threshold: z.number(),
      /** Against hosts that no ring has touched: worse by this factor at most. */
      controlFactor: z.number().positive().max(1000).nullable().default(null),
      dryRun: z.boolean().default(false),
    }),
  ])
  .meta({ id: 'HealthMetric' });
const RingSpec = z.object({
  name: z.string().min(1).max(60),
  /** Exactly one of hosts, percent, rest. */ hosts: z.int().min(1).max(100_000).optional(),
  percent: z.int().min(1).max(100).optional(),
  hostIds: z.array(z.string()).max(10_000).optional(),
  soakMinutes: z.int().min(0).max(10_080).default(0),
  concurrency: z.int().min(1).max(1_000).default(5),
  /** Instead of the thresholds that its place gives it. */
  gate: z
    .object({
      errorPercent: z.int().min(0).max(100).optional(),
      minSample: z.int().min(0).max(100_000).optional(),
      minCoveragePercent: z.int().min(0).max(100).optional(),
    })
    .optional(),
  /** What the ring has to show: that fewer than failurePercent fail, so surely. Its size follows where none is given. */
  proof: z.object({ failurePercent: z.int().min(1).max(60), confidencePercent: z.int().min(50).max(99) }).optional(),
  /** Soak long enough to show the same of failures per day. */
  proveSoak: z.boolean().optional(),
  /** What the gate asks besides results, once the soak is over. No data never passes. */
  health: z.array(HealthMetric).max(20).optional(),
});
/** Also the rings of a policy (api/policies.ts). */
export const RolloutRings = z.array(RingSpec).min(1).max(12);
const RolloutSpecBody = z
  .object({
    name: z.string().min(1).max(200),
    patchIds: z.array(z.string()).max(2_000),
    selector: z.object({
      groupId: z.string().optional(),
      query: z.string().max(2000).optional(),
      hostIds: z.array(z.string()).max(100_000).optional(),
    }),
    /** The first ring is the canary; hosts left over go to the last ring. */
    rings: z
      .array(RingSpec)
      .min(1)
      .max(12)
      .default([
        { name: 'canary', hosts: 1, soakMinutes: 0, concurrency: 1 },
        { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 5 },
      ]),
    window: Window.prefault({}),
    restart: z.enum(['never', 'affected-services']).default('affected-services'),
    reboot: z.enum(['never', 'if-needed', 'always']).default('never'),
    smokeTests: z.array(SmokeTest).max(20).default([]),
    hooks: z.array(Hook).max(20).default([]),
    /** canaries: the first ring opens only after its hosts have run the transaction in a throw-away copy of their own system. */
    rehearse: z.enum(['canaries', 'none']).default('canaries'),
    /** emergency: goes first, soft freezes do not hold it, and hosts that only prepare for another rollout are taken over. Everything else holds it as any other. */
    profile: z.enum(['normal', 'emergency']).default('normal'),
    /** Hosts of this rollout at work at once, over all its rings; null: as each ring says. */
    concurrencyMax: z.int().min(1).max(10_000).nullable().default(null),
    /** Hosts that were not reached get one more ring after the last one has passed, open so many days; 0: they are given up with their ring. */
    catchUpDays: z.int().min(0).max(45).default(0),
    note: z.string().max(4000).default(''),
  })
  .meta({ id: 'RolloutSpec' });
export const RolloutSpec = RolloutSpecBody;
export type RolloutSpecInput = z.input<typeof RolloutSpecBody>;
export type RolloutSpecView = z.output<typeof RolloutSpecBody>;

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
export const TransactionItem = z
  .object({
    action: z.enum(['upgrade', 'downgrade', 'install', 'remove']),
    name: z.string(),
    arch: z.string(),
    fromVersion: z.string().nullable(),
    toVersion: z.string().nullable(),
  })
  .meta({ id: 'TransactionItem' });
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

/** What will happen, host by host, before anybody approves it. */
export const PlanReport = z
  .object({
    planHash: z.string(),
    preparedAt: Instant,
    rings: z.array(
      z.object({
        name: z.string(),
        hosts: z.array(
          z.object({
            hostId: z.string(),
            hostName: z.string(),
            transaction: z.array(TransactionItem),
            rehearsed: z.enum(['on-host', 'predicted']),
            restartUnits: z.array(z.string()),
            rebootExpected: z.boolean(),
            /** Why the host asked for a reboot before: the same reboot settles it. */
            rebootPending: z.array(z.string()),
            reversible: z.enum(['reversible', 'conditional', 'one-way']),
            reversibleReason: z.string(),
            downloadBytes: z.int().nullable(),
            /** Vulnerabilities whose decision asks for evidence on the host before it is patched. */
            forensic: z.array(z.string()),
            /** Predicted disruption, nine of ten times; from so many jobs alike, 0: from the size of the transaction alone. */
            estimatedMinutes: z.int(),
            basedOnJobs: z.int(),
            /** When the first finding that it closes there is due. */
            dueAt: Instant.nullable(),
            problem: z.string().nullable(),
          }),
        ),
      }),
    ),
    excluded: z.array(z.object({ hostId: z.string(), hostName: z.string(), reason: z.string() })),
    lint: z.array(z.object({ rule: z.string(), level: z.enum(['error', 'warning']), message: z.string() })),
    closesVulnerabilities: z.int(),
    /** When each ring would begin and be through; endsAt null: its hosts do not fit the windows. */
    forecast: z.array(z.object({ name: z.string(), startsAt: Instant, endsAt: Instant.nullable() })),
    /** What comes later than its due date, and what can be done about it. */
    late: z.array(
      z.object({
        ring: z.string(),
        dueAt: Instant,
        finishesAt: Instant.nullable(),
        hosts: z.array(z.string()),
        offers: z.array(z.enum(['emergency-profile', 'extra-window', 'mitigation', 'exception'])),
      }),
    ),
  })
  .meta({ id: 'PlanReport' });
export type PlanReportView = z.output<typeof PlanReport>;

export const RehearsalView = z
  .object({
    id: z.string(),
    hostId: z.string(),
    hostName: z.string(),
    /** The first ring waits for it. */ canary: z.boolean(),
    askedBy: z.string(),
    askedAt: Instant,
    expiresAt: Instant,
    answeredAt: Instant.nullable(),
    verdict: RehearsalReport.shape.verdict.nullable(),
    report: RehearsalReport.nullable(),
    acceptedBy: z.string().nullable(),
  })
  .meta({ id: 'Rehearsal' });
export type RehearsalRow = z.output<typeof RehearsalView>;

export const RolloutDetail = z
  .object({
    rollout: RolloutSummary,
    spec: RolloutSpecBody,
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
    body: RolloutSpecBody,
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
    body: RolloutSpecBody,
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
  rolloutJobs: route({
    method: 'get',
    path: '/api/v1/rollouts/{id}/jobs',
    access: 'rollout.read',
    summary: 'Jobs of a rollout',
    params: IdParams,
    query: PageQuery.extend({ state: JobState.optional(), ring: z.coerce.number().int().optional() }),
    answer: pageOf(Job),
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
