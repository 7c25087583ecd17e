import { z } from 'zod';
import { type Access, Empty, IdParams, Instant, route } from './contract.ts';

/** Roles of domain.md 2.13. Never both planner and approver of one change; the server checks that per change, whatever the roles. */
export const ROLES = ['viewer', 'operator', 'planner', 'approver', 'risk-owner', 'administrator', 'auditor'] as const;
export const Role = z.enum(ROLES).meta({ id: 'Role' });
export type Role = z.output<typeof Role>;

const READ: readonly Access[] = ['host.read', 'finding.read', 'rollout.read', 'setting.read'];
/** The one table from role to permission; docs/reference/roles.md is generated from it. Pause and halt are `rollout.operate`: safety needs no approval. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, readonly Access[]>> = {
  viewer: READ,
  auditor: [...READ, 'audit.read', 'person.read'],
  operator: [...READ, 'rollout.operate', 'host.write', 'exception.request'],
  planner: [...READ, 'rollout.operate', 'rollout.plan', 'group.write', 'host.write', 'exception.request'],
  approver: [...READ, 'rollout.operate', 'rollout.approve', 'exception.request'],
  'risk-owner': [...READ, 'audit.read', 'exception.request', 'exception.approve'],
  administrator: [
    ...READ,
    'host.write',
    'host.enrol',
    'group.write',
    'feed.write',
    'exception.request',
    'rollout.operate',
    'person.read',
    'person.write',
    'audit.read',
    'setting.write',
  ],
};

/** What a person decides, signed in; no API token has it, whoever made it. */
export const NEVER_BY_TOKEN: readonly Access[] = ['rollout.approve', 'exception.approve'];

export const Person = z
  .object({
    id: z.string(),
    login: z.string(),
    name: z.string(),
    roles: z.array(Role),
    disabled: z.boolean(),
    createdAt: Instant,
    lastSignInAt: Instant.nullable(),
  })
  .meta({ id: 'Person' });
export type PersonView = z.output<typeof Person>;

export const Session = z
  .object({
    person: Person,
    permissions: z.array(z.string()),
    /** True while nobody else can approve: self-approval is then allowed and recorded as such. */
    singlePerson: z.boolean(),
    installation: z.string(),
    version: z.string(),
    /** Hosts, history and vulnerabilities are made up (`npm run demo`). */
    demonstration: z.boolean(),
  })
  .meta({ id: 'Session' });

const Login = z.string().min(1).max(100);
const Password = z.string().min(12).max(200);

export const access = {
  setupGet: route({
    method: 'get',
    path: '/api/v1/setup',
    access: 'public',
    summary: 'Is this installation waiting for its first administrator?',
    answer: z.object({ needsAdministrator: z.boolean(), version: z.string() }),
  }),
  setupAdministrator: route({
    method: 'post',
    path: '/api/v1/setup/administrator',
    access: 'public',
    summary: 'Make the first administrator with the one-time link that the server printed',
    body: z.object({ token: z.string().max(200), login: Login, name: z.string().min(1).max(200), password: Password }),
    answer: Session,
  }),
  sessionLink: route({
    method: 'post',
    path: '/api/v1/session/link',
    access: 'public',
    summary: 'Sign in with a one-time link',
    body: z.object({ token: z.string().max(200) }),
    answer: Session,
  }),
  sessionCreate: route({
    method: 'post',
    path: '/api/v1/session',
    access: 'public',
    summary: 'Sign in with login and password; sets the session cookie',
    body: z.object({ login: Login, password: z.string().max(200) }),
    answer: Session,
  }),
  sessionGet: route({ method: 'get', path: '/api/v1/session', access: 'session', summary: 'Who am I', answer: Session }),
  sessionDelete: route({ method: 'delete', path: '/api/v1/session', access: 'session', summary: 'Sign out', answer: Empty }),
  passwordChange: route({
    method: 'post',
    path: '/api/v1/session/password',
    access: 'session',
    summary: 'Change my password; ends my other sessions',
    body: z.object({ current: z.string().max(200), next: Password }),
    answer: Empty,
  }),
  tokenCreate: route({
    method: 'post',
    path: '/api/v1/tokens',
    access: 'session',
    summary: 'Make an API token for the CLI: its rights are at most mine, and it can never approve',
    body: z.object({ name: z.string().min(1).max(100), days: z.int().min(1).max(90).default(30) }),
    answer: z.object({ id: z.string(), token: z.string(), expiresAt: Instant }),
  }),
  tokenList: route({
    method: 'get',
    path: '/api/v1/tokens',
    access: 'session',
    summary: 'My API tokens',
    answer: z.object({
      items: z.array(
        z.object({ id: z.string(), name: z.string(), createdAt: Instant, expiresAt: Instant, lastUsedAt: Instant.nullable() }),
      ),
    }),
  }),
  tokenDelete: route({
    method: 'delete',
    path: '/api/v1/tokens/{id}',
    access: 'session',
    summary: 'Revoke one of my API tokens',
    params: IdParams,
    answer: Empty,
  }),
  peopleList: route({
    method: 'get',
    path: '/api/v1/people',
    access: 'person.read',
    summary: 'List people',
    answer: z.object({
      items: z.array(Person),
      invitations: z.array(
        z.object({ id: z.string(), login: z.string(), roles: z.array(Role), expiresAt: Instant, invitedBy: z.string() }),
      ),
    }),
  }),
  personUpdate: route({
    method: 'patch',
    path: '/api/v1/people/{id}',
    access: 'person.write',
    summary: 'Change roles or disable a person; takes effect on their next request',
    params: IdParams,
    body: z.object({ name: z.string().min(1).max(200).optional(), roles: z.array(Role).optional(), disabled: z.boolean().optional() }),
    answer: Person,
  }),
  invitationCreate: route({
    method: 'post',
    path: '/api/v1/invitations',
    access: 'person.write',
    summary: 'Invite a person; answers with a link that works once',
    body: z.object({ login: Login, roles: z.array(Role).min(1) }),
    answer: z.object({ id: z.string(), url: z.string(), expiresAt: Instant }),
  }),
  invitationDelete: route({
    method: 'delete',
    path: '/api/v1/invitations/{id}',
    access: 'person.write',
    summary: 'Withdraw an invitation',
    params: IdParams,
    answer: Empty,
  }),
  invitationAccept: route({
    method: 'post',
    path: '/api/v1/invitations/accept',
    access: 'public',
    summary: 'Accept an invitation: choose name and password',
    body: z.object({ token: z.string().max(200), name: z.string().min(1).max(200), password: Password }),
    answer: Session,
  }),
  auditList: route({
    method: 'get',
    path: '/api/v1/audit',
    access: 'audit.read',
    summary: 'The audit trail, newest first',
    query: z.object({
      page: z.coerce.number().int().min(1).default(1),
      pageSize: z.coerce.number().int().min(1).max(500).default(100),
      /** An id, or the name of a host, rollout or person. */
      subject: z.string().max(253).optional(),
    }),
    answer: z.object({
      items: z.array(
        z.object({
          sequence: z.int(),
          at: Instant,
          actor: z.string(),
          action: z.string(),
          subject: z.string(),
          detail: z.record(z.string(), z.unknown()),
          hash: z.string(),
        }),
      ),
      /** What people call the ids that these entries speak of; what was deleted is left out. */
      names: z.record(z.string(), z.string()),
      total: z.int(),
      page: z.int(),
      pageSize: z.int(),
    }),
  }),
  auditChain: route({
    method: 'get',
    path: '/api/v1/audit/chain',
    access: 'audit.read',
    summary: 'Reads the whole audit trail and computes it anew: was an entry changed, removed, inserted or moved?',
    answer: z.object({
      /** Entries that fit, from the first on. */
      entries: z.int(),
      /** Hash of the last of them, in hex: noted elsewhere, it tells a trail that was written anew as a whole. */
      hash: z.string(),
      /** Sequence of the first entry that does not fit, or null. */
      brokenAt: z.int().nullable(),
      reason: z.string().nullable(),
    }),
  }),
};
