import { z } from 'zod';
import { Empty, IdParams, Instant, route } from './contract.ts';
import { MaintenanceWindow } from './rollouts.ts';

/** What can say no to every rollout at once: the kill switch, freezes, availability groups, and the calendar of a window. */
export const Engine = z
  .object({
    killSwitch: z.object({ engaged: z.boolean(), by: z.string().nullable(), at: Instant.nullable(), reason: z.string().nullable() }),
    /** Hosts in disruption at once over all rollouts: the cap, and now. */
    concurrencyMax: z.int(),
    disrupting: z.int(),
  })
  .meta({ id: 'Engine' });
export type EngineView = z.output<typeof Engine>;

export const Freeze = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['hard', 'reboot-only']),
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
  kind: z.enum(['hard', 'reboot-only']).default('hard'),
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
    minAvailable: z.int(),
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
  minAvailable: z.int().min(1).max(100_000),
  memberSoakMinutes: z.int().min(0).max(1440).default(5),
});

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
    summary: 'Change the cap over all rollouts',
    body: z.object({ concurrencyMax: z.int().min(1).max(10_000) }),
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
      kind: z.enum(['hard', 'reboot-only']).default('hard'),
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
