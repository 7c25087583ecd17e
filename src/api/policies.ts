import { z } from 'zod';
import { Empty, IdParams, Instant, route } from './contract.ts';
import { Hook, RolloutRings, SmokeTest } from './rollout-spec.ts';
import { RolloutState } from './rollouts.ts';

/** Recurring rollouts: "every second Thursday 22:00 in each site's zone: security patches older than 3 days, known exploited ones at once". */
const PolicySpecBody = z
  .object({
    name: z.string().min(1).max(120),
    /** Group query; evaluated anew for every occurrence. */
    query: z.string().max(1500),
    schedule: z.object({
      timeZone: z.string().max(60).default('UTC'),
      /** Wall clock in the zone, `2026-11-26T22:00`: the first occurrence, whose time of day holds for all. */
      firstStart: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/),
      minutes: z.int().min(5).max(10_080),
      /** wall-clock: each ends at the same time on the clock, so that one in which the clock changes is an hour longer or shorter. */
      length: z.enum(['exact', 'wall-clock']).default('exact'),
      /** RFC 5545 rule such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=TH`, or `PATCH-TUESDAY+3`. */
      repeat: z.string().min(1).max(300),
      gap: z.enum(['shift-forward', 'skip']).default('shift-forward'),
      overlap: z.enum(['first', 'second']).default('first'),
    }),
    /** Hosts whose label has one of these values keep the wall clock of that zone; all others that of the schedule. */
    zones: z
      .object({ label: z.string().min(1).max(60), values: z.record(z.string().max(100), z.string().max(60)) })
      .nullable()
      .default(null),
    patches: z
      .object({
        securityOnly: z.boolean().default(true),
        /** Approval delay: days that a patch has to be known here when its window opens. */
        minAgeDays: z.int().min(0).max(90).default(3),
        /** What closes a known exploited vulnerability neither waits for its age nor for the next occurrence. */
        knownExploitedAtOnce: z.boolean().default(true),
      })
      .prefault({}),
    /** The rollout is made, rehearsed and handed in for approval so long before its window opens. */
    leadHours: z.int().min(1).max(336).default(48),
    /** No change starts that could still run in the last minutes of the window. */
    cutoffMinutes: z.int().min(0).max(1440).default(0),
    rings: RolloutRings.default([
      { name: 'canary', hosts: 1, soakMinutes: 30, concurrency: 1 },
      { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 5 },
    ]),
    restart: z.enum(['never', 'affected-services']).default('affected-services'),
    reboot: z.enum(['never', 'if-needed', 'always']).default('never'),
    smokeTests: z.array(SmokeTest).max(20).default([]),
    hooks: z.array(Hook).max(20).default([]),
    /** Hosts that are not reached in their ring get one more, open so many days. */
    catchUpDays: z.int().min(0).max(45).default(0),
    note: z.string().max(4000).default(''),
  })
  .meta({ id: 'PolicySpec' });
export const PolicySpec = PolicySpecBody;
export type PolicySpecInput = z.input<typeof PolicySpecBody>;
export type PolicySpecView = z.output<typeof PolicySpecBody>;

export const PolicyOccurrence = z
  .object({
    lane: z.string(),
    startsAt: Instant,
    endsAt: Instant,
    decidedAt: Instant,
    rolloutId: z.string().nullable(),
    rolloutState: RolloutState.nullable(),
    /** Why it made no rollout; null when it made one. */
    skipReason: z.enum(['missed', 'frozen', 'no-hosts', 'query-problem', 'nothing-to-patch', 'previous-open']).nullable(),
    text: z.string(),
  })
  .meta({ id: 'PolicyOccurrence' });

/** What the next occurrences would do, were they prepared now. */
export const PolicyPreview = z
  .object({
    problem: z.string().nullable(),
    lanes: z.array(
      z.object({
        lane: z.string(),
        title: z.string(),
        timeZone: z.string(),
        query: z.string(),
        hosts: z.int(),
        patchesReady: z.int(),
        patchesLater: z.array(z.object({ title: z.string(), reason: z.string(), eligibleAt: Instant.nullable() })),
        next: z.array(z.object({ startsAt: Instant, endsAt: Instant, note: z.string().nullable(), freeMinutes: z.int() })),
      }),
    ),
  })
  .meta({ id: 'PolicyPreview' });
export type PolicyPreviewView = z.output<typeof PolicyPreview>;

export const Policy = z
  .object({
    id: z.string(),
    spec: PolicySpecBody,
    enabled: z.boolean(),
    enabledAt: Instant.nullable(),
    createdBy: z.string(),
    createdAt: Instant,
    updatedBy: z.string(),
    updatedAt: Instant,
    /** The start that comes first over all its zones; null while it is off or has none. */
    nextStartsAt: Instant.nullable(),
    /** The newest first, at most 20. */
    occurrences: z.array(PolicyOccurrence),
  })
  .meta({ id: 'Policy' });
export type PolicyView = z.output<typeof Policy>;

export const policies = {
  policyList: route({
    method: 'get',
    path: '/api/v1/policies',
    access: 'rollout.read',
    summary: 'Policies that make rollouts by themselves, with what their last occurrences did',
    answer: z.object({ items: z.array(Policy) }),
  }),
  policyCreate: route({
    method: 'post',
    path: '/api/v1/policies',
    access: 'rollout.plan',
    summary: 'Write a policy. It is off until it is turned on',
    body: PolicySpecBody,
    answer: Policy,
  }),
  policyGet: route({
    method: 'get',
    path: '/api/v1/policies/{id}',
    access: 'rollout.read',
    summary: 'One policy with its last occurrences: the rollout that each made, or why it was skipped',
    params: IdParams,
    answer: Policy,
  }),
  policyUpdate: route({
    method: 'put',
    path: '/api/v1/policies/{id}',
    access: 'rollout.plan',
    summary: 'Rewrite a policy; rollouts that it has made stay as they are',
    params: IdParams,
    body: PolicySpecBody,
    answer: Policy,
  }),
  policySwitch: route({
    method: 'post',
    path: '/api/v1/policies/{id}/switch',
    access: 'rollout.operate',
    summary: 'Turn a policy on (needs rollout.plan) or off (any operator may)',
    params: IdParams,
    body: z.object({ enabled: z.boolean(), reason: z.string().max(2000).default('') }),
    answer: Policy,
  }),
  policyDelete: route({
    method: 'delete',
    path: '/api/v1/policies/{id}',
    access: 'rollout.plan',
    summary: 'Remove a policy; its rollouts and their history stay',
    params: IdParams,
    answer: Empty,
  }),
  policyPreview: route({
    method: 'post',
    path: '/api/v1/policies/preview',
    access: 'rollout.read',
    summary: 'The next occurrences in every zone, and which hosts and patches they would take',
    body: PolicySpecBody,
    answer: PolicyPreview,
  }),
};
