import { z } from 'zod';
import { IdParams, Instant, PageQuery, pageOf, route } from './contract.ts';
import { ExceptionMark } from './exceptions.ts';

export const FindingState = z
  .enum([
    'fixable',
    'held',
    'phased',
    'not-offered',
    'restart-pending',
    'reboot-pending',
    'waiting-for-vendor',
    'deferred',
    'wont-fix',
    'end-of-life',
    'unknown',
  ])
  .meta({ id: 'FindingState' });

export const Evidence = z
  .object({
    source: z.string(),
    statedOn: z.string().nullable(),
    release: z.string(),
    packageName: z.string(),
    claimState: z.string(),
    installedVersion: z.string(),
    fixedVersion: z.string().nullable(),
    comparison: z.string(),
    rule: z.string(),
    disagreement: z.string().nullable(),
  })
  .meta({ id: 'Evidence' });

export const Decision = z
  .object({
    dueAt: Instant.nullable(),
    outcome: z.string(),
    table: z.string(),
    row: z.int(),
    overdue: z.boolean(),
    forensic: z.boolean(),
    inputs: z.array(z.object({ name: z.string(), value: z.string(), assumed: z.boolean(), source: z.string() })),
    clockStartedAt: Instant.nullable(),
    clockReason: z.string(),
  })
  .meta({ id: 'Decision' });

export const Finding = z
  .object({
    hostId: z.string(),
    hostName: z.string(),
    vulnerabilityId: z.string(),
    title: z.string().nullable(),
    aliases: z.array(z.string()),
    sourceName: z.string(),
    packages: z.array(z.string()),
    installedVersion: z.string(),
    fixedVersion: z.string().nullable(),
    state: FindingState,
    kernelState: z.string().nullable(),
    knownExploited: z.boolean(),
    cvssScore: z.number().nullable(),
    cvssVector: z.string().nullable(),
    epss: z.number().nullable(),
    since: Instant,
    decision: Decision,
    evidence: z.array(Evidence),
    /** What lowers the risk and leaves the flaw, in words: a live patch of the running kernel. State and due date stay as they are. */
    mitigation: z.string().nullable(),
    patchId: z.string().nullable(),
    /** Leave to keep it, in force now. It counts all the same; net numbers leave it out where the exception excuses. */
    exception: ExceptionMark.nullable(),
  })
  .meta({ id: 'Finding' });
export type FindingView = z.output<typeof Finding>;

/** A patch: one source package moved to one target version on one platform. The unit of work. */
export const Patch = z
  .object({
    id: z.string(),
    platform: z.string(),
    sourceName: z.string(),
    targetVersion: z.string(),
    fromVersions: z.array(z.string()),
    packages: z.array(z.string()),
    security: z.boolean(),
    origins: z.array(z.string()),
    hosts: z.int(),
    hostsHeld: z.int(),
    hostsNotOffered: z.int(),
    hostsInRollout: z.int(),
    closes: z.int(),
    knownExploited: z.array(z.string()),
    topVulnerabilities: z.array(z.string()),
    rank: z.int(),
    riskRemoved: z.number(),
    decision: Decision.nullable(),
    reason: z.string(),
    restart: z.enum(['none', 'services', 'reboot']),
    restartReason: z.string(),
    reversible: z.enum(['reversible', 'conditional', 'one-way']),
    reversibleReason: z.string(),
    evidenceBasis: z.enum(['advisory', 'changelog', 'origin']),
  })
  .meta({ id: 'Patch' });
export type PatchView = z.output<typeof Patch>;

export const PatchHost = z
  .object({
    hostId: z.string(),
    hostName: z.string(),
    availability: z.enum(['offered', 'held', 'kept-back', 'phased', 'not-offered']),
    packages: z.array(z.object({ name: z.string(), arch: z.string(), fromVersion: z.string(), toVersion: z.string() })),
    dueAt: Instant.nullable(),
    restartUnits: z.array(z.string()),
  })
  .meta({ id: 'PatchHost' });

const Distribution = z.object({ label: z.string(), count: z.int() });
/** A number we show is a number we can prove: every figure names its denominator and the list behind it. */
export const Overview = z
  .object({
    generatedAt: Instant,
    hosts: z.object({ total: z.int(), current: z.int(), stale: z.int(), unreachable: z.int(), waiting: z.int() }),
    /** What to do next, most urgent first: a sentence, why, and where to go in the console. */
    next: z.array(
      z.object({ kind: z.string(), title: z.string(), reason: z.string(), href: z.string(), urgency: z.enum(['now', 'soon', 'later']) }),
    ),
    patches: z.array(Patch),
    findingsByDue: z.array(Distribution),
    findingsByState: z.array(Distribution),
    /** Kaplan-Meier over back-filled and observed history: null when fewer than 20 events. */
    timeToPatch: z
      .object({
        events: z.int(),
        open: z.int(),
        medianDays: z.number().nullable(),
        ninetiethDays: z.number().nullable(),
        naiveMeanDays: z.number().nullable(),
        /** Excused fixes are watched until their exception began; null when nothing is excused. */
        net: z.object({ censored: z.int(), medianDays: z.number().nullable(), ninetiethDays: z.number().nullable() }).nullable(),
        curve: z.array(z.object({ days: z.number(), openShare: z.number() })),
        basis: z.string(),
      })
      .nullable(),
    coverage: z.object({ patchedHosts: z.int(), ofHosts: z.int(), note: z.string() }),
    /** Findings above are gross. Net is without those that an exception in force excuses. */
    exceptions: z.object({
      inForce: z.int(),
      expiring: z.int(),
      waiting: z.int(),
      excused: z.int(),
      excusedByDue: z.array(Distribution),
      excusedByState: z.array(Distribution),
    }),
    banners: z.array(
      z.object({ level: z.enum(['info', 'warning', 'danger']), title: z.string(), text: z.string(), href: z.string().nullable() }),
    ),
  })
  .meta({ id: 'Overview' });

/** Of the list and of its export: a file of what is on the screen holds what is on the screen. */
const FINDING_FILTER = {
  host: z.string().max(80).optional(),
  vulnerability: z.string().max(60).optional(),
  source: z.string().max(100).optional(),
  state: FindingState.optional(),
  due: z.enum(['overdue', 'week', 'month', 'later', 'none']).optional(),
  /** The id of an exception in force, `any`, or `excused`: what the net numbers leave out. */
  exception: z.string().max(80).optional(),
};

const PATCH_FILTER = {
  platform: z.string().max(60).optional(),
  security: z.enum(['true', 'false']).optional(),
  host: z.string().max(80).optional(),
  query: z.string().max(2000).optional(),
};

export const findings = {
  overview: route({
    method: 'get',
    path: '/api/v1/overview',
    access: 'finding.read',
    summary: 'What first, coverage, findings by due state, time to patch',
    answer: Overview,
  }),
  patchList: route({
    method: 'get',
    path: '/api/v1/patches',
    access: 'finding.read',
    summary: 'The queue of patches, ranked by the risk that each removes',
    query: PageQuery.extend(PATCH_FILTER),
    answer: pageOf(Patch),
  }),
  patchExport: route({
    method: 'get',
    path: '/api/v1/patches.csv',
    access: 'finding.read',
    summary: 'The same patches as CSV, in their rank',
    query: PageQuery.pick({ search: true }).extend(PATCH_FILTER),
    produces: 'text/csv',
    answer: Patch,
  }),
  patchGet: route({
    method: 'get',
    path: '/api/v1/patches/{id}',
    access: 'finding.read',
    summary: 'One patch with the vulnerabilities it closes',
    params: IdParams,
    answer: z.object({
      patch: Patch,
      vulnerabilities: z.array(
        z.object({
          id: z.string(),
          title: z.string().nullable(),
          knownExploited: z.boolean(),
          cvssScore: z.number().nullable(),
          epss: z.number().nullable(),
          hosts: z.int(),
          decision: Decision,
          evidence: z.array(Evidence),
        }),
      ),
    }),
  }),
  patchHosts: route({
    method: 'get',
    path: '/api/v1/patches/{id}/hosts',
    access: 'finding.read',
    summary: 'Hosts that need a patch',
    params: IdParams,
    query: PageQuery,
    answer: pageOf(PatchHost),
  }),
  findingList: route({
    method: 'get',
    path: '/api/v1/findings',
    access: 'finding.read',
    summary: 'Findings with evidence',
    query: PageQuery.extend(FINDING_FILTER),
    answer: pageOf(Finding),
  }),
  findingExport: route({
    method: 'get',
    path: '/api/v1/findings.csv',
    access: 'finding.read',
    summary: 'The same findings as CSV',
    query: PageQuery.pick({ search: true }).extend(FINDING_FILTER),
    produces: 'text/csv',
    answer: Finding,
  }),
  findingVex: route({
    method: 'get',
    path: '/api/v1/findings.vex',
    access: 'finding.read',
    summary: 'Our own verdicts as an OpenVEX or CSAF VEX document, by package version',
    query: z.object({
      format: z.enum(['openvex', 'csaf']).default('openvex'),
      host: z.string().max(80).optional(),
      vulnerability: z.string().max(60).optional(),
      source: z.string().max(100).optional(),
    }),
    produces: 'text/plain',
    answer: z.string(),
  }),
};
