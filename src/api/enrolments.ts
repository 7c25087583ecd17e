import { z } from 'zod';
import { IdParams, Instant, route } from './contract.ts';

export const Enrolment = z
  .object({
    id: z.string(),
    state: z.enum(['waiting', 'connected', 'received', 'expired']),
    expiresAt: Instant,
    hostId: z.string().nullable(),
    hostName: z.string().nullable(),
    packages: z.int().nullable(),
    labels: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Enrolment' });

const SshTarget = z
  .object({
    id: z.string(),
    address: z.string(),
    port: z.int(),
    state: z.enum(['scanning-key', 'awaiting-key-confirmation', 'connecting', 'received', 'failed']),
    fingerprint: z.string().nullable(),
    message: z.string().nullable(),
    hostId: z.string().nullable(),
  })
  .meta({ id: 'SshTarget' });

/** The ways in which a host becomes known: its package list, SSH, an agent. */
export const enrolments = {
  hostUpload: route({
    method: 'post',
    path: '/api/v1/hosts/upload',
    access: 'host.enrol',
    summary: 'Add or refresh a host from pasted or uploaded `dpkg-query` output or a dpkg status file',
    body: z.object({
      name: z.string().min(1).max(253),
      release: z.string().max(60).optional(),
      kernelRelease: z.string().max(100).optional(),
      text: z.string().min(1).max(8_000_000),
    }),
    bodyBytesMax: 9_000_000,
    answer: z.object({ hostId: z.string(), packages: z.int(), warnings: z.array(z.string()) }),
  }),
  hostSshImport: route({
    method: 'post',
    path: '/api/v1/hosts/ssh',
    access: 'host.enrol',
    summary:
      'Add hosts by SSH: addresses one a line (`[user@]host[:port]`), key or password, sudo. Host keys are shown for confirmation first',
    body: z.object({
      addresses: z.string().min(1).max(200_000),
      user: z.string().min(1).max(64),
      authentication: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('key'), privateKey: z.string().max(20_000) }),
        z.object({ kind: z.literal('password'), password: z.string().max(500) }),
      ]),
      sudo: z.enum(['none', 'passwordless', 'password']).default('passwordless'),
      /** For `sudo: password`; without it the sign-in password is used. */
      sudoPassword: z.string().min(1).max(500).optional(),
      labels: z.record(z.string(), z.string()).default({}),
      acceptKeys: z.boolean().default(false),
    }),
    answer: z.object({ targets: z.array(SshTarget) }),
  }),
  hostSshTargets: route({
    method: 'get',
    path: '/api/v1/hosts/ssh',
    access: 'host.enrol',
    summary: 'Progress of hosts being added by SSH',
    answer: z.object({ targets: z.array(SshTarget) }),
  }),
  hostSshConfirm: route({
    method: 'post',
    path: '/api/v1/hosts/ssh/confirm',
    access: 'host.enrol',
    summary: 'Pin the shown host keys and connect',
    body: z.object({ ids: z.array(z.string()).min(1).max(10_000) }),
    answer: z.object({ targets: z.array(SshTarget) }),
  }),
  enrolmentCreate: route({
    method: 'post',
    path: '/api/v1/enrolments',
    access: 'host.enrol',
    summary: 'Make a one-time enrolment token and the one-line command to run on the host',
    body: z.object({ labels: z.record(z.string(), z.string()).default({}), uses: z.int().min(1).max(1000).default(1) }),
    answer: z.object({ enrolment: Enrolment, token: z.string(), command: z.string() }),
  }),
  enrolmentGet: route({
    method: 'get',
    path: '/api/v1/enrolments/{id}',
    access: 'host.enrol',
    summary: 'waiting, connected, received',
    params: IdParams,
    answer: Enrolment,
  }),
};
