import { z } from 'zod';
import { Empty, IdParams, Instant, route } from './contract.ts';

/**
 * The agent's side of the contract. The host polls; nothing listens on it. After enrolment every request carries
 * `authorization: FettleAgent HOST_ID.SECRET`; identity comes from there and never from a body.
 */
export const Envelope = z
  .object({
    payloadType: z.string().max(200),
    payload: z.string().max(360_000),
    signatures: z.array(z.object({ keyid: z.string().max(100), sig: z.string().max(200) })).max(10),
  })
  .meta({ id: 'Envelope' });

const Text = z.string().max(4000);
const Short = z.string().max(300);
/**
 * Rows are arrays to keep a 600-package report near 60 kB: name, arch, version, source name, source version, state, held (0 or 1), and, where the package is
 * not the distribution's own, its origin: a name, `?` for unknown, `-` for not read.
 */
const PackageRow = z.tuple([
  Short,
  Short,
  Short,
  Short,
  Short,
  Short,
  z.union([z.literal(0), z.literal(1)]),
  z.string().max(60).optional(),
]);
const CandidateRow = z.object({
  name: Short,
  arch: Short,
  version: Short,
  sourceName: Short,
  sourceVersion: Short,
  origins: z.array(Short).max(20),
  origin: z.string().max(60).optional(),
  security: z.boolean(),
  sizeBytes: z.number().nullable(),
  sha256: Short.nullable(),
  phasedPercent: z.number().nullable(),
  availability: z.enum(['offered', 'held', 'kept-back', 'phased']),
});
/** Facts travel as in core/inventory/snapshot.ts HostFacts; server/inventory reads only the fields it knows. */
const Facts = z.record(z.string().max(60), z.unknown());
const Digest = z.string().regex(/^[0-9a-f]{64}$/);
export const Digests = z.object({ facts: Digest, packages: Digest, candidates: Digest });
const Change = z.object({
  at: Instant,
  action: z.enum(['install', 'upgrade', 'downgrade', 'remove', 'purge']),
  name: Short,
  arch: Short,
  fromVersion: Short.nullable(),
  toVersion: Short.nullable(),
  commandLine: Text.nullable(),
  requestedBy: Short.nullable(),
});

export const ReportBody = z
  .object({
    observedAt: Instant,
    digests: Digests,
    /** A part is left out when the server already has its digest. */
    facts: Facts.optional(),
    packages: z.array(PackageRow).max(20_000).optional(),
    candidates: z.array(CandidateRow).max(20_000).nullable().optional(),
    /** CVE ids that changelogs name, by the version that has the fix: a candidate's between installed and candidate version, a rebuild's in what it was built from. */
    changelogs: z
      .array(
        z.object({
          sourceName: Short,
          version: Short,
          vulnerabilities: z.array(z.string().max(40)).max(5000),
          entryDate: Short.nullable(),
        }),
      )
      .max(20_000)
      .optional(),
    /** Back-filled history, sent once after enrolment and then only new lines. */
    history: z.array(Change).max(100_000).optional(),
  })
  .meta({ id: 'InventoryReport' });

export const SimulationRequest = z.object({
  requestId: z.string(),
  changes: z.array(z.object({ name: Short, arch: Short, version: Short })).max(5000),
  allowDowngrade: z.boolean(),
});
export const SimulationAnswer = z
  .object({
    ok: z.boolean(),
    transaction: z
      .array(
        z.object({
          action: z.enum(['upgrade', 'downgrade', 'install', 'remove']),
          name: Short,
          arch: Short,
          fromVersion: Short.nullable(),
          toVersion: Short.nullable(),
        }),
      )
      .max(5000),
    problem: Text.nullable(),
    downloadBytes: z.number().nullable(),
  })
  .meta({ id: 'SimulationAnswer' });
const Task = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('report'), /** Also refresh the package indexes first. */ refresh: z.boolean() }),
  z.object({ kind: z.literal('simulate'), request: SimulationRequest }),
  z.object({ kind: z.literal('rehearse'), rehearsalId: z.string(), envelope: Envelope }),
  z.object({ kind: z.literal('job'), jobId: z.string(), attempt: z.int(), envelope: Envelope }),
  z.object({ kind: z.literal('cancel'), jobId: z.string(), attempt: z.int() }),
]);
/** core/rollouts/rehearsal.ts has the meaning of each field. */
export const RehearsalReport = z
  .object({
    verdict: z.enum(['passed', 'failed', 'not-possible']),
    failure: z.object({ class: z.string().max(60), message: Text, signature: Text }).nullable(),
    applySeconds: z.number().nullable(),
    writtenBytes: z.number().nullable(),
    rollback: z
      .object({ outcome: z.enum(['restored', 'failed', 'not-possible']), seconds: z.number().nullable(), reason: Text.nullable() })
      .nullable(),
    checks: z
      .array(
        z.object({
          kind: z.enum(['start', 'libraries', 'configuration']),
          subject: z.string().max(1000),
          passed: z.boolean(),
          detail: Text,
        }),
      )
      .max(500),
    withheld: z.array(Short).max(100),
    untouched: z
      .object({
        packages: z.boolean().nullable(),
        etc: z.array(z.string().max(4096)).max(20).nullable(),
        services: z.array(Short).max(20).nullable(),
      })
      .nullable(),
    output: z.string().max(16_000),
    startedAt: Instant,
    finishedAt: Instant,
  })
  .meta({ id: 'RehearsalReport' });
const JobEventRow = z.object({
  sequence: z.int(),
  at: Instant,
  phase: z.string().max(40),
  kind: z.enum(['phase-started', 'output', 'note', 'phase-done']),
  text: z.string().max(16_000),
});
export const JobResultBody = z
  .object({
    jobId: z.string(),
    attempt: z.int(),
    outcome: z.enum(['succeeded', 'already-compliant', 'failed', 'cancelled']),
    failure: z.object({ class: z.string().max(60), message: Text, signature: Text }).nullable(),
    touched: z.boolean(),
    before: z.array(z.object({ name: Short, arch: Short, version: Short.nullable() })).max(5000),
    after: z.array(z.object({ name: Short, arch: Short, version: Short.nullable(), state: Short })).max(5000),
    restartedUnits: z.array(Short).max(1000),
    rebooted: z.boolean(),
    bootIdBefore: Short.nullable(),
    bootIdAfter: Short.nullable(),
    smokeTests: z.array(z.object({ test: z.record(z.string(), z.unknown()), passed: z.boolean(), detail: Text })).max(50),
    hooks: z
      .array(
        z.object({
          phase: z.enum(['pre', 'post']),
          name: z.string().max(100),
          outcome: z.enum(['passed', 'failed', 'timed-out', 'refused']),
          code: z.int().nullable(),
          seconds: z.number(),
          output: Text,
        }),
      )
      .max(40)
      .optional(),
    healed: z.array(Text).max(100),
    startedAt: Instant,
    finishedAt: Instant,
  })
  .meta({ id: 'JobResult' });

const JobParams = IdParams.extend({ attempt: z.coerce.number().int().min(1) });

export const agent = {
  agentInstall: route({
    method: 'get',
    path: '/agent/install.sh',
    access: 'public',
    summary: 'The installer that the enrolment command runs',
    produces: 'text/plain',
    answer: z.string(),
  }),
  agentEnrol: route({
    method: 'post',
    path: '/api/agent/v1/enrol',
    access: 'public',
    summary: 'Exchange a one-time token and the agent’s public key for an identity and the pinned plan-signing keys',
    body: z.object({
      token: z.string().max(200),
      hostname: Short,
      machineId: Short.nullable(),
      publicKey: z.string().max(200),
      agentVersion: Short,
    }),
    answer: z.object({
      hostId: z.string(),
      secret: z.string(),
      installationId: z.string(),
      trustedKeys: z.array(z.string()),
      enrolmentId: z.string(),
    }),
  }),
  agentCheckIn: route({
    method: 'post',
    path: '/api/agent/v1/check-in',
    access: 'agent',
    summary: 'Long poll: answers at once when there is work, else after `waitSeconds`',
    body: z.object({
      agentVersion: Short,
      bootId: Short.nullable(),
      digests: Digests.nullable(),
      /** Jobs in the host’s journal that have no acknowledged result yet. */ openJobs: z
        .array(z.object({ jobId: z.string(), attempt: z.int() }))
        .max(50),
      waitSeconds: z.int().min(0).max(50),
    }),
    answer: z.object({ tasks: z.array(Task), serverTime: Instant, nextCheckInSeconds: z.int() }),
  }),
  agentReport: route({
    method: 'post',
    path: '/api/agent/v1/report',
    access: 'agent',
    summary: 'An inventory report; answers with the parts it needs in full',
    body: ReportBody,
    bodyBytesMax: 16_000_000,
    answer: z.object({ accepted: z.boolean(), missing: z.array(z.enum(['facts', 'packages', 'candidates'])) }),
  }),
  agentSimulation: route({
    method: 'post',
    path: '/api/agent/v1/simulations/{id}',
    access: 'agent',
    summary: 'The answer to a simulate task',
    params: IdParams,
    body: SimulationAnswer,
    answer: Empty,
  }),
  agentRehearsal: route({
    method: 'post',
    path: '/api/agent/v1/rehearsals/{id}',
    access: 'agent',
    summary: 'The answer to a rehearse task: what the transaction did in a throw-away copy of the host',
    params: IdParams,
    body: RehearsalReport,
    answer: Empty,
  }),
  agentJobEvents: route({
    method: 'post',
    path: '/api/agent/v1/jobs/{id}/{attempt}/events',
    access: 'agent',
    summary: 'Progress and output of a job; the first copy of each sequence number counts',
    params: JobParams,
    body: z.object({ events: z.array(JobEventRow).max(500) }),
    answer: z.object({ cancelRequested: z.boolean() }),
  }),
  agentPermit: route({
    method: 'post',
    path: '/api/agent/v1/jobs/{id}/{attempt}/permit',
    access: 'agent',
    summary: 'Ask for the right to disrupt',
    params: JobParams,
    body: z.object({
      phase: z.enum(['apply', 'reboot']),
      /** It can wait with its reboot while it works on another job: one reboot then serves both. */
      sharesReboot: z.boolean().default(false),
    }),
    answer: z.object({
      permit: Envelope.nullable(),
      refused: z.object({ code: z.string(), text: z.string(), retryAfterSeconds: z.int(), final: z.boolean() }).nullable(),
    }),
  }),
  agentJobResult: route({
    method: 'post',
    path: '/api/agent/v1/jobs/{id}/{attempt}/result',
    access: 'agent',
    summary: 'The observed result; kept in the host’s outbox until this answers',
    params: JobParams,
    body: JobResultBody,
    bodyBytesMax: 4_000_000,
    answer: z.object({ stored: z.boolean() }),
  }),
};
