import { z } from 'zod';
import { Empty, IdParams, Instant, route } from './contract.ts';
import { MaintenanceWindow } from './rollout-spec.ts';

/** What can say no to every rollout at once: the kill switch, freezes, availability groups, and the calendar of a window. */
export const Engine = z
  .object({
    killSwitch: z.object({ engaged: z.boolean(), by: z.string().nullable(), at: Instant.nullable(), reason: z.string().nullable() }),
    /** Hosts in disruption at once over all rollouts: the cap, and now. */
    concurrencyMax: z.int(),
    disrupting: z.int(),
    /** The same for each site: hosts with one value of this label. null: sites have no cap. */
    siteCap: z.object({ label: z.string(), hosts: z.int() }).nullable(),
    /** Asked by gates with Prometheus metrics. */
    prometheusUrl: z.string().nullable(),
  })
  .meta({ id: 'Engine' });
export type EngineView = z.output<typeof Engine>;

export const Freeze = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['hard', 'soft', 'reboot-only']),
    startsAt: Instant,
    endsAt: Instant,
    query: z.string().nullable(),
    owner: z.string(),
    reason: z.string(),
    createdBy: z.string(),
    state: z.enum(['coming', 'in-force', 'over', 'ended-early']),
  })
  .meta({ id: 'Freeze' });
export type FreezeView = z.output<typeof Freeze>;
const FreezeBody = z.object({
  name: z.string().min(1).max(200),
  /** soft: only emergencies start. */
  kind: z.enum(['hard', 'soft', 'reboot-only']).default('hard'),
  startsAt: Instant,
  endsAt: Instant,
  query: z.string().max(2000).nullable().default(null),
  owner: z.string().min(1).max(200),
  reason: z.string().min(1).max(2000),
});

export const AvailabilityGroup = z
  .object({
    id: z.string(),
    name: z.string(),
    query: z.string(),
    /** Members that have to stay, now; from the budget where one was given. */
    minAvailable: z.int(),
    maxUnavailable: z.int().nullable(),
    maxUnavailablePercent: z.int().nullable(),
    memberSoakMinutes: z.int(),
    members: z.int(),
    available: z.int(),
    problem: z.string().nullable(),
    createdBy: z.string(),
  })
  .meta({ id: 'AvailabilityGroup' });
export type AvailabilityGroupView = z.output<typeof AvailabilityGroup>;
const AvailabilityGroupBody = z.object({
  name: z.string().min(1).max(100),
  query: z.string().min(1).max(2000),
  /** Exactly one of the three. */
  minAvailable: z.int().min(1).max(100_000).nullable().default(null),
  /** A disruption budget: so many may be down at once, for whatever reason; failed hosts use it up until they are well. */
  maxUnavailable: z.int().min(1).max(100_000).nullable().default(null),
  /** The same as a share, rounded down, at least one. */
  maxUnavailablePercent: z.int().min(1).max(100).nullable().default(null),
  memberSoakMinutes: z.int().min(0).max(1440).default(5),
});

export const SafeguardHold = z
  .object({
    id: z.string(),
    name: z.string(),
    query: z.string().nullable(),
    sourceName: z.string().nullable(),
    reason: z.string(),
    owner: z.string(),
    createdBy: z.string(),
    createdAt: Instant,
    endsAt: Instant,
    /** Hosts that it covers now; null where its query cannot be read: then it covers all. */
    hosts: z.int().nullable(),
    state: z.enum(['in-force', 'over', 'lifted']),
  })
  .meta({ id: 'SafeguardHold' });
export type SafeguardHoldView = z.output<typeof SafeguardHold>;

export const Retraction = z
  .object({
    id: z.string(),
    sourceName: z.string(),
    sourceVersion: z.string(),
    reason: z.string(),
    createdBy: z.string(),
    createdAt: Instant,
    liftedBy: z.string().nullable(),
    liftedAt: Instant.nullable(),
    /** Hosts that have it installed now. */
    hosts: z.int(),
    /** Rollouts that were paused because of it. */
    pausedRollouts: z.array(z.string()),
  })
  .meta({ id: 'Retraction' });
export type RetractionView = z.output<typeof Retraction>;

export const safety = {
  engineGet: route({
    method: 'get',
    path: '/api/v1/engine',
    access: 'rollout.read',
    summary: 'Kill switch and the cap over all rollouts',
    answer: Engine,
  }),
  engineUpdate: route({
    method: 'patch',
    path: '/api/v1/engine',
    access: 'setting.write',
    summary: 'Change the cap over all rollouts or that of each site, or name the Prometheus that gates ask',
    body: z.object({
      concurrencyMax: z.int().min(1).max(10_000).optional(),
      siteCap: z
        .object({
          label: z
            .string()
            .regex(/^[a-z][a-z0-9_.-]{0,39}$/)
            .default('site'),
          hosts: z.int().min(1).max(10_000),
        })
        .nullable()
        .optional(),
      prometheusUrl: z.url().max(1000).nullable().optional(),
    }),
    answer: Engine,
  }),
  killSwitchSet: route({
    method: 'post',
    path: '/api/v1/engine/kill-switch',
    access: 'rollout.operate',
    summary: 'Engage: nothing may start anywhere, at once. Release needs a person (no API token)',
    body: z.object({ engaged: z.boolean(), reason: z.string().min(1).max(2000) }),
    answer: Engine,
  }),
  freezeList: route({
    method: 'get',
    path: '/api/v1/freezes',
    access: 'rollout.read',
    summary: 'Freezes, the next first',
    answer: z.object({ items: z.array(Freeze) }),
  }),
  freezeCreate: route({
    method: 'post',
    path: '/api/v1/freezes',
    access: 'rollout.operate',
    summary: 'Declare a freeze; it needs an end, an owner and a reason',
    body: FreezeBody,
    answer: Freeze,
  }),
  freezeImport: route({
    method: 'post',
    path: '/api/v1/freezes/import',
    access: 'rollout.operate',
    summary: 'Declare freezes from an iCalendar file: one for each event that is not over',
    body: z.object({
      calendar: z.string().min(1).max(1_000_000),
      timeZone: z.string().max(60).default('UTC'),
      kind: z.enum(['hard', 'soft', 'reboot-only']).default('hard'),
      query: z.string().max(2000).nullable().default(null),
      owner: z.string().min(1).max(200),
    }),
    answer: z.object({ items: z.array(Freeze), skipped: z.array(z.object({ event: z.string(), reason: z.string() })) }),
  }),
  freezeEnd: route({
    method: 'delete',
    path: '/api/v1/freezes/{id}',
    access: 'rollout.approve',
    summary: 'End a freeze before its time',
    params: IdParams,
    answer: Empty,
  }),
  availabilityGroupList: route({
    method: 'get',
    path: '/api/v1/availability-groups',
    access: 'rollout.read',
    summary: 'Hosts that serve together, and how many of them are well now',
    answer: z.object({ items: z.array(AvailabilityGroup) }),
  }),
  availabilityGroupCreate: route({
    method: 'post',
    path: '/api/v1/availability-groups',
    access: 'group.write',
    summary: 'Protect a quorum: so many members stay untouched and well',
    body: AvailabilityGroupBody,
    answer: AvailabilityGroup,
  }),
  availabilityGroupDelete: route({
    method: 'delete',
    path: '/api/v1/availability-groups/{id}',
    access: 'group.write',
    summary: 'Give up the protection',
    params: IdParams,
    answer: Empty,
  }),
  holdList: route({
    method: 'get',
    path: '/api/v1/holds',
    access: 'rollout.read',
    summary: 'Safeguard holds: hosts of a kind that a kind of update must not reach for now',
    answer: z.object({ items: z.array(SafeguardHold) }),
  }),
  holdCreate: route({
    method: 'post',
    path: '/api/v1/holds',
    access: 'rollout.operate',
    summary: 'Hold updates back from hosts that a query names; thirty days at most',
    body: z.object({
      name: z.string().min(1).max(200),
      query: z.string().max(2000).nullable().default(null),
      sourceName: z.string().min(1).max(200).nullable().default(null),
      reason: z.string().min(1).max(2000),
      owner: z.string().min(1).max(200),
      endsAt: Instant,
    }),
    answer: SafeguardHold,
  }),
  holdLift: route({
    method: 'delete',
    path: '/api/v1/holds/{id}',
    access: 'rollout.approve',
    summary: 'Lift a safeguard hold before its time',
    params: IdParams,
    answer: Empty,
  }),
  retractionList: route({
    method: 'get',
    path: '/api/v1/retractions',
    access: 'rollout.read',
    summary: 'Updates that nobody may install, and how many hosts have them',
    answer: z.object({ items: z.array(Retraction) }),
  }),
  retractionCreate: route({
    method: 'post',
    path: '/api/v1/retractions',
    access: 'rollout.operate',
    summary: 'Retract a bad update: it is blocked fleet-wide at once and every rollout that holds it is paused',
    body: z.object({
      sourceName: z.string().min(1).max(200),
      sourceVersion: z.string().min(1).max(200),
      reason: z.string().min(1).max(2000),
    }),
    answer: Retraction,
  }),
  retractionHosts: route({
    method: 'get',
    path: '/api/v1/retractions/{id}/hosts',
    access: 'rollout.read',
    summary: 'Who has the retracted update installed, and which rollout put it there',
    params: IdParams,
    answer: z.object({ items: z.array(z.object({ hostId: z.string(), hostName: z.string(), rolloutId: z.string().nullable() })) }),
  }),
  retractionLift: route({
    method: 'post',
    path: '/api/v1/retractions/{id}/lift',
    access: 'rollout.approve',
    summary: 'Allow the update again, with a reason; paused rollouts stay paused until somebody resumes them',
    params: IdParams,
    body: z.object({ reason: z.string().min(1).max(2000) }),
    answer: Empty,
  }),
  windowPreview: route({
    method: 'post',
    path: '/api/v1/windows/preview',
    access: 'rollout.read',
    summary: 'The next occurrences of a maintenance window, with what clock changes and freezes do to them',
    body: MaintenanceWindow,
    answer: z.object({
      problem: z.string().nullable(),
      occurrences: z.array(z.object({ startsAt: Instant, endsAt: Instant, note: z.string().nullable(), freeMinutes: z.int() })),
    }),
  }),
};
