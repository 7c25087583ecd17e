import { z } from 'zod';
import { RehearsalReport } from './agent.ts';
import { Instant } from './contract.ts';

export const TransactionItem = z
  .object({
    action: z.enum(['upgrade', 'downgrade', 'install', 'remove']),
    name: z.string(),
    arch: z.string(),
    fromVersion: z.string().nullable(),
    toVersion: z.string().nullable(),
  })
  .meta({ id: 'TransactionItem' });
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
