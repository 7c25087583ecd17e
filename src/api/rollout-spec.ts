import { z } from 'zod';
import { Instant } from './contract.ts';

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

export const MaintenanceWindow = z.object({
  /** Opens now when null: start means start. */
  startsAt: Instant.nullable().default(null),
  endsAt: Instant.nullable().default(null),
  timeZone: z.string().max(60).default('UTC'),
  /** null: once. Else an RFC 5545 rule such as `FREQ=WEEKLY;BYDAY=TH`, or `PATCH-TUESDAY+3`: startsAt to endsAt is then the first occurrence, and its wall-clock time and length hold for all. */
  repeat: z.string().max(300).nullable().default(null),
  /** Of a window that repeats, on the nights on which the clock changes. exact: always as long as the first; wall-clock: always until the time on the clock at which the first ends. */
  length: z.enum(['exact', 'wall-clock']).default('exact'),
  /** A start in the hour that the clock skips: when that hour is over, or not that night (RFC 5545). */
  gap: z.enum(['shift-forward', 'skip']).default('shift-forward'),
  /** A start in the hour that comes twice. */
  overlap: z.enum(['first', 'second']).default('first'),
  /** No change starts that could still run in the last minutes before the end. */
  cutoffMinutes: z.int().min(0).max(1440).default(0),
});
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
export const RolloutSpec = z
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
    window: MaintenanceWindow.prefault({}),
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
export type RolloutSpecInput = z.input<typeof RolloutSpec>;
export type RolloutSpecView = z.output<typeof RolloutSpec>;
