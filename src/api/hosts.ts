import { z } from 'zod';
import { Empty, IdParams, Instant, PageQuery, pageOf, route } from './contract.ts';

export const Reach = z.enum(['local', 'agent', 'ssh', 'upload']).meta({ id: 'Reach' });
/** How much the business minds losing the host (SSVC mission impact); `unset` is treated as `high` and shown as assumed. */
export const Criticality = z.enum(['vital', 'high', 'normal', 'low', 'unset']).meta({ id: 'Criticality' });
/** Who can reach it. `unknown` is treated as public by the decision tables and shown as assumed. */
export const Exposure = z.enum(['public', 'controlled', 'local', 'unknown']).meta({ id: 'Exposure' });
export const HostState = z.enum(['waiting-for-inventory', 'current', 'stale', 'unreachable']).meta({ id: 'HostState' });

export const HostSummary = z
  .object({
    id: z.string(),
    name: z.string(),
    address: z.string().nullable(),
    reach: Reach,
    platform: z.string(),
    osName: z.string(),
    labels: z.record(z.string(), z.string()),
    criticality: Criticality,
    exposure: Exposure,
    state: HostState,
    /** Why it is stale or unreachable, in words. */
    stateReason: z.string().nullable(),
    lastSeenAt: Instant.nullable(),
    inventoryAt: Instant.nullable(),
    packages: z.int(),
    pendingPatches: z.int(),
    securityPatches: z.int(),
    openFindings: z.int(),
    knownExploited: z.int(),
    overdue: z.int(),
    earliestDueAt: Instant.nullable(),
    heldPackages: z.int(),
    restartPending: z.boolean(),
    rebootPending: z.boolean(),
    activeJobId: z.string().nullable(),
  })
  .meta({ id: 'HostSummary' });
export type HostSummaryView = z.output<typeof HostSummary>;

export const HostPackage = z
  .object({
    name: z.string(),
    arch: z.string(),
    version: z.string(),
    sourceName: z.string(),
    sourceVersion: z.string(),
    state: z.string(),
    held: z.boolean(),
    /** Whose package it is: the distribution's statements are not about a third party's. `unknown`: compared as the distribution's. */
    origin: z.object({ kind: z.enum(['distribution', 'third-party', 'unknown']), name: z.string().nullable() }),
    candidate: z.object({ version: z.string(), origins: z.array(z.string()), security: z.boolean(), availability: z.string() }).nullable(),
    findings: z.int(),
    since: Instant.nullable(),
  })
  .meta({ id: 'HostPackage' });

const FactAge = z.object({ name: z.string(), observedAt: Instant.nullable(), unread: z.string().nullable() });
export const HostDetail = z
  .object({
    host: HostSummary,
    /** Of its open findings, what an exception in force excuses: gross less this is net. */
    excused: z.object({ findings: z.int(), overdue: z.int(), knownExploited: z.int() }),
    /** As in core/inventory/snapshot.ts HostFacts; null before the first inventory. */
    facts: z.record(z.string(), z.unknown()).nullable(),
    factAges: z.array(FactAge),
    /** Pinned SSH host key fingerprint or agent key id. */
    identity: z.string().nullable(),
    pathIsSigned: z.boolean(),
    endOfLife: z.object({ standardOn: z.string().nullable(), extendedOn: z.string().nullable(), note: z.string() }).nullable(),
    enrolledAt: Instant,
  })
  .meta({ id: 'HostDetail' });

/** One line of proof: what was asked, found before, changed, observed now, and who approved it. */
export const HostProof = z
  .object({
    jobId: z.string(),
    rolloutId: z.string(),
    rolloutName: z.string(),
    kind: z.enum(['patch', 'rollback']),
    state: z.string(),
    requestedBy: z.string(),
    approvedBy: z.string().nullable(),
    selfApproved: z.boolean(),
    planHash: z.string(),
    asked: z.array(
      z.object({
        name: z.string(),
        arch: z.string(),
        action: z.string(),
        fromVersion: z.string().nullable(),
        toVersion: z.string().nullable(),
      }),
    ),
    before: z.array(z.object({ name: z.string(), arch: z.string(), version: z.string().nullable() })),
    after: z.array(z.object({ name: z.string(), arch: z.string(), version: z.string().nullable(), state: z.string() })),
    observedNow: z.array(z.object({ name: z.string(), arch: z.string(), version: z.string().nullable() })),
    verdict: z.string(),
    failure: z.string().nullable(),
    closedVulnerabilities: z.array(z.string()),
    restartedUnits: z.array(z.string()),
    rebooted: z.boolean(),
    startedAt: Instant.nullable(),
    finishedAt: Instant.nullable(),
  })
  .meta({ id: 'HostProof' });

export const hosts = {
  hostList: route({
    method: 'get',
    path: '/api/v1/hosts',
    access: 'host.read',
    summary: 'List hosts; `query` is a group query such as `os = debian-12 and env = prod`',
    query: PageQuery.extend({ query: z.string().max(2000).optional(), state: HostState.optional(), group: z.string().max(80).optional() }),
    answer: pageOf(HostSummary),
  }),
  hostExport: route({
    method: 'get',
    path: '/api/v1/hosts.csv',
    access: 'host.read',
    summary: 'The same list as CSV',
    query: z.object({ query: z.string().max(2000).optional() }),
    produces: 'text/csv',
    answer: HostSummary,
  }),
  hostGet: route({
    method: 'get',
    path: '/api/v1/hosts/{id}',
    access: 'host.read',
    summary: 'One host: facts with their age',
    params: IdParams,
    answer: HostDetail,
  }),
  hostPackages: route({
    method: 'get',
    path: '/api/v1/hosts/{id}/packages',
    access: 'host.read',
    summary: 'Packages of a host, with candidates',
    params: IdParams,
    query: PageQuery.extend({ only: z.enum(['all', 'pending', 'held', 'vulnerable']).default('all') }),
    answer: pageOf(HostPackage),
  }),
  hostProof: route({
    method: 'get',
    path: '/api/v1/hosts/{id}/proof',
    access: 'host.read',
    summary: 'What was asked, found, changed and observed on this host, and by whom approved',
    params: IdParams,
    answer: z.object({ items: z.array(HostProof) }),
  }),
  hostHistory: route({
    method: 'get',
    path: '/api/v1/hosts/{id}/history',
    access: 'host.read',
    summary: 'Package changes, observed and back-filled from the host’s own logs',
    params: IdParams,
    query: PageQuery,
    answer: pageOf(
      z.object({
        at: Instant,
        action: z.string(),
        name: z.string(),
        arch: z.string(),
        fromVersion: z.string().nullable(),
        toVersion: z.string().nullable(),
        origin: z.enum(['log', 'observed', 'job']),
        requestedBy: z.string().nullable(),
      }),
    ),
  }),
  hostUpdate: route({
    method: 'patch',
    path: '/api/v1/hosts/{id}',
    access: 'host.write',
    summary: 'Set labels, criticality, exposure',
    params: IdParams,
    body: z.object({
      labels: z.record(z.string().regex(/^[a-z][a-z0-9_.-]{0,39}$/), z.string().max(100)).optional(),
      criticality: Criticality.optional(),
      exposure: Exposure.optional(),
    }),
    answer: HostSummary,
  }),
  hostDelete: route({
    method: 'delete',
    path: '/api/v1/hosts/{id}',
    access: 'host.enrol',
    summary: 'Remove a host: its agent is refused from now on; its proof is kept',
    params: IdParams,
    answer: Empty,
  }),
  hostRefresh: route({
    method: 'post',
    path: '/api/v1/hosts/{id}/refresh',
    access: 'host.write',
    summary: 'Ask for a fresh inventory now',
    params: IdParams,
    answer: z.object({ requestedAt: Instant }),
  }),
};
