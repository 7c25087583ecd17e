import { z } from 'zod';
import { IdParams, Instant, PageQuery, pageOf, route } from './contract.ts';

/** Approved, reasoned, expiring leave to keep findings (core/findings/exceptions). What it covers stays open, due and counted. */
export const ExceptionState = z
  .enum([
    'draft',
    'requested',
    'under-review',
    'approved',
    'active',
    'expiring',
    'expired',
    'renewed',
    'revoked',
    'resolved',
    'rejected',
    'withdrawn',
  ])
  .meta({ id: 'ExceptionState' });
export type ExceptionStateView = z.output<typeof ExceptionState>;

export const ExceptionKind = z
  .enum(['risk-accepted', 'deferred', 'mitigated', 'false-positive', 'not-affected', 'no-fix-available', 'unsupported-eol', 'operational'])
  .meta({ id: 'ExceptionKind' });
export type ExceptionKindView = z.output<typeof ExceptionKind>;

export const ExceptionVerb = z
  .enum(['edit', 'submit', 'review', 'approve', 'reject', 'withdraw', 'renew', 'reopen', 'revoke'])
  .meta({ id: 'ExceptionVerb' });

/** OpenVEX status justifications. */
export const ExceptionJustification = z.enum([
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
]);

/** What stands beside a finding. */
export const ExceptionMark = z
  .object({
    id: z.string(),
    title: z.string(),
    kind: ExceptionKind,
    state: ExceptionState,
    endsAt: Instant,
    owner: z.string(),
    approvedBy: z.string().nullable(),
    reason: z.string(),
    /** Left out of net numbers; false for a hold. */
    excuses: z.boolean(),
    justification: ExceptionJustification.nullable(),
  })
  .meta({ id: 'ExceptionMark' });
export type ExceptionMarkView = z.output<typeof ExceptionMark>;

const Chosen = z.object({
  /** Hosts by a group query, or by id; neither: every host that has such a finding. */
  query: z.string().max(2000).nullable().default(null),
  hostIds: z.array(z.string().max(80)).max(10_000).nullable().default(null),
  /** Findings by vulnerability (or alias), in one source package or in any; or all that a patch closes. */
  vulnerabilityIds: z.array(z.string().min(3).max(128)).max(5_000).default([]),
  sourceName: z.string().max(200).nullable().default(null),
  patchId: z.string().max(80).nullable().default(null),
});

export const ExceptionSelection = Chosen.meta({ id: 'ExceptionSelection' });

const ScopedFinding = z.object({ vulnerabilityId: z.string(), sourceName: z.string() });
const ScopedPatch = z.object({ patchId: z.string(), sourceName: z.string(), targetVersion: z.string() });
const Life = z.object({ name: z.string(), days: z.int(), meaning: z.string() });

export const Exception = z
  .object({
    id: z.string(),
    title: z.string(),
    kind: ExceptionKind,
    state: ExceptionState,
    stateSince: Instant,
    stateReason: z.string().nullable(),
    reason: z.string(),
    owner: z.string(),
    requestedBy: z.string(),
    approvedBy: z.string().nullable(),
    selfApproved: z.boolean(),
    createdAt: Instant,
    startsAt: Instant,
    endsAt: Instant,
    /** Now: in a state that excuses, and between start and end. */
    inForce: z.boolean(),
    excuses: z.boolean(),
    hosts: z.int(),
    findings: z.int(),
    /** Of its scope, open now. */
    openFindings: z.int(),
    /** The only host of the scope, or its first vulnerability or patch, for a line in a list. */
    about: z.string(),
    renewals: z.int(),
  })
  .meta({ id: 'Exception' });
export type ExceptionView = z.output<typeof Exception>;

export const ExceptionDetail = Exception.extend({
  justification: ExceptionJustification.nullable(),
  controls: z.array(z.string()),
  controlsCheckedAt: Instant.nullable(),
  selection: ExceptionSelection,
  scope: z.object({
    hash: z.string(),
    /** null until the approval: then what matches is asked anew with each look. */
    frozenAt: Instant.nullable(),
    hosts: z.array(z.object({ id: z.string(), name: z.string() })),
    findings: z.array(ScopedFinding),
    patch: ScopedPatch.nullable(),
  }),
  life: Life,
  approvals: z.array(z.object({ by: z.string(), at: Instant, self: z.boolean() })),
  approvalsNeeded: z.int(),
  verbs: z.array(z.object({ verb: ExceptionVerb, enabled: z.boolean(), disabledReason: z.string().nullable() })),
  /** Others of its chain, the first one first. */
  chain: z.array(z.object({ id: z.string(), state: ExceptionState, startsAt: Instant, endsAt: Instant, renewals: z.int() })),
  events: z.array(
    z.object({
      at: Instant,
      actor: z.string(),
      event: z.string(),
      from: z.string(),
      to: z.string(),
      reason: z.string().nullable(),
    }),
  ),
}).meta({ id: 'ExceptionDetail' });
export type ExceptionDetailView = z.output<typeof ExceptionDetail>;

export const ExceptionFigures = z
  .object({
    inForce: z.int(),
    byKind: z.array(z.object({ kind: ExceptionKind, count: z.int() })),
    /** Since the first of each chain was in force; null when none is. */
    medianAgeDays: z.number().nullable(),
    /** Of those in force. */
    renewed: z.int(),
    renewedPercent: z.number().nullable(),
    /** Granted once, run out, and something of its scope is open with no leave in its place; of the last 200 that have run out. */
    expiredOpen: z.int(),
  })
  .meta({ id: 'ExceptionFigures' });

const What = Chosen.extend({
  title: z.string().min(1).max(200),
  kind: ExceptionKind,
  reason: z.string().min(1).max(4000),
  /** Login of the person who answers for the risk. */
  owner: z.string().min(1).max(100),
  startsAt: Instant.nullable().default(null),
  endsAt: Instant,
  justification: ExceptionJustification.nullable().default(null),
  controls: z.array(z.string().min(1).max(500)).max(50).default([]),
  controlsCheckedAt: Instant.nullable().default(null),
  /** Kept, and nobody is asked yet. */
  draft: z.boolean().default(false),
});

export const exceptions = {
  exceptionList: route({
    method: 'get',
    path: '/api/v1/exceptions',
    access: 'finding.read',
    summary: 'Exceptions: what waits for a decision first, then what ends first',
    query: PageQuery.extend({
      state: ExceptionState.optional(),
      kind: ExceptionKind.optional(),
      show: z.enum(['open', 'in-force', 'waiting', 'ended', 'all']).default('open'),
      host: z.string().max(80).optional(),
      vulnerability: z.string().max(128).optional(),
    }),
    answer: pageOf(Exception),
  }),
  exceptionFigures: route({
    method: 'get',
    path: '/api/v1/exceptions/figures',
    access: 'finding.read',
    summary: 'Exceptions in force by kind, their median age, the share that was renewed, and what has run out and is still open',
    answer: ExceptionFigures,
  }),
  exceptionGet: route({
    method: 'get',
    path: '/api/v1/exceptions/{id}',
    access: 'finding.read',
    summary: 'One exception: scope, who decided, what happened, and which verbs are allowed now',
    params: IdParams,
    answer: ExceptionDetail,
  }),
  exceptionPreview: route({
    method: 'post',
    path: '/api/v1/exceptions/preview',
    access: 'finding.read',
    summary: 'What a request would cover now, how long it may last, and what covers some of it already',
    body: Chosen.extend({ kind: ExceptionKind }),
    answer: z.object({
      problem: z.string().nullable(),
      hosts: z.int(),
      findings: z.int(),
      openFindings: z.int(),
      hostNames: z.array(z.string()),
      vulnerabilities: z.array(z.string()),
      life: Life,
      latestEnd: Instant,
      covered: z.string().nullable(),
    }),
  }),
  exceptionCreate: route({
    method: 'post',
    path: '/api/v1/exceptions',
    access: 'exception.request',
    summary: 'Ask for an exception: kind, scope, reason, owner and end; somebody else decides',
    body: What,
    answer: ExceptionDetail,
  }),
  exceptionUpdate: route({
    method: 'put',
    path: '/api/v1/exceptions/{id}',
    access: 'exception.request',
    summary: 'Write a draft anew; with draft: false it is asked for at once. Only whoever wrote it, and only before it was asked for',
    params: IdParams,
    body: What,
    answer: ExceptionDetail,
  }),
  exceptionAct: route({
    method: 'post',
    path: '/api/v1/exceptions/{id}/actions',
    access: 'finding.read',
    summary:
      'submit, review, approve, reject, withdraw, renew, reopen, revoke: the permission depends on the verb (core/findings/exceptions/verbs.ts). approve names the scope hash that was read; renew takes the new end and answers with the new exception',
    params: IdParams,
    body: z.object({
      verb: ExceptionVerb.exclude(['edit']),
      reason: z.string().max(4000).default(''),
      scopeHash: z.string().max(100).optional(),
      endsAt: Instant.optional(),
      controlsCheckedAt: Instant.optional(),
    }),
    answer: ExceptionDetail,
  }),
};
