import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { NEVER_BY_TOKEN } from '../../api/access.ts';
import type { Access } from '../../api/contract.ts';
import type { Caller } from '../context.ts';
import type { AgentAuthenticator } from '../ports.ts';
import { forbidden, RequestFault, unauthenticated } from './problems.ts';

export type Person = Extract<Caller, { kind: 'person' }>;

/** Implemented by server/access. `null`: unknown, expired, ended or disabled. */
export interface PersonAuthenticator {
  bySession(secret: string): Promise<Person | null>;
  byToken(secret: string): Promise<Person | null>;
}

export interface Authenticators {
  readonly people: PersonAuthenticator;
  readonly agents: AgentAuthenticator;
}

/** Cookies are shared by all ports of a host name, so the name carries the installation; `__Host-` needs https. */
export function sessionCookieName(installationId: string, secure: boolean): string {
  return `${secure ? '__Host-' : ''}fettle_${createHash('sha256').update(installationId).digest('hex').slice(0, 8)}`;
}

export function cookiesOf(header: string | undefined): Record<string, string> {
  const pairs = (header ?? '').split(';').flatMap(part => {
    const equals = part.indexOf('=');
    return equals < 1 ? [] : [[part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const];
  });
  return Object.fromEntries(pairs);
}

const TOKEN = /^Bearer (fet_[\w-]{20,200})$/;
const AGENT = /^FettleAgent (host_[0-9a-f]{16,64})\.([\w-]{20,200})$/;

/** Who asks, from headers alone; a credential that is present but wrong is refused rather than taken for nobody. */
export async function identify(
  request: FastifyRequest,
  access: Access,
  installationId: string,
  authenticators: Authenticators,
): Promise<Caller> {
  const nobody: Caller = { kind: 'public', remoteAddress: request.ip };
  if (access === 'public') return nobody;
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    const token = TOKEN.exec(authorization)?.[1];
    if (token !== undefined)
      return (
        (await authenticators.people.byToken(token)) ?? Promise.reject(unauthenticated('The API token is unknown, expired or revoked.'))
      );
    const agent = AGENT.exec(authorization);
    if (agent !== null) return await identifyAgent(agent[1] as string, agent[2] as string, authenticators.agents);
    throw unauthenticated('The authorization header is not one that this server knows.');
  }
  const secret = cookiesOf(request.headers.cookie)[sessionCookieName(installationId, request.protocol === 'https')];
  if (secret === undefined) return nobody;
  return (await authenticators.people.bySession(secret)) ?? nobody;
}

async function identifyAgent(hostId: string, secret: string, agents: AgentAuthenticator): Promise<Caller> {
  if (!(await agents.authenticate(hostId, secret)))
    throw new RequestFault(401, 'agent-unknown', 'This host is not enrolled here, or its credential was revoked.', 'Enrol the host again.');
  return { kind: 'agent', hostId };
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a browser's request that another site caused. Agents and API tokens are no browsers: nothing sends those headers by itself.
 * A request with neither header comes from no browser of the last ten years.
 */
export function refuseForeignSite(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method) || request.headers.authorization !== undefined) return;
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  if (site === 'same-origin' || site === 'none') return;
  if (site === undefined && (origin === undefined || hostOf(origin) === request.headers.host)) return;
  throw forbidden('foreign-site', 'The request was caused by a page of another site.', 'Use the console that this server serves.');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** The one place that says yes or no; handlers add only what depends on the thing itself. */
export function authorise(access: Access, caller: Caller): void {
  if (access === 'public') return;
  if (access === 'agent') {
    if (caller.kind !== 'agent') throw new RequestFault(401, 'agent-only', 'Only an enrolled agent may ask this.', 'Enrol the host.');
    return;
  }
  if (caller.kind !== 'person') throw unauthenticated();
  if (access === 'session' || caller.permissions.has(access)) return;
  const why =
    caller.viaToken && NEVER_BY_TOKEN.includes(access)
      ? 'API tokens can never approve.'
      : `Your roles (${caller.roles.join(', ') || 'none'}) do not include it.`;
  throw forbidden(
    'not-permitted',
    `This needs the permission ${access}. ${why}`,
    'Ask an administrator for the role; docs/reference/roles.md lists what each may do.',
  );
}
