import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import compress from '@fastify/compress';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ACCESS, type Access, type Route } from '../../api/contract.ts';
import { api, type RouteName } from '../../api/index.ts';
import { invariant } from '../../core/kernel/faults.ts';
import { REQUEST_BYTES_MAX } from '../../core/kernel/limits.ts';
import type { Caller, Context, FileAnswer, Handlers, RequestInfo } from '../context.ts';
import { type Authenticators, authorise, cookiesOf, identify, refuseForeignSite } from './callers.ts';
import { type ConsoleFiles, serveConsole } from './console-files.ts';
import { refuseTooManyStreams, writeEventStream } from './event-stream.ts';
import { notFound, RequestFault, toProblem } from './problems.ts';
import { rateLimits } from './rate-limits.ts';
import { acceptBodies } from './request-bodies.ts';
import { requestChecks } from './request-schemas.ts';
import { SECURITY_HEADERS, STRICT_TRANSPORT } from './security-headers.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not, when not. */
  readonly reason?: string;
}

interface HttpOptions {
  readonly authenticators: Authenticators;
  readonly readiness: () => Promise<Readiness>;
  readonly console?: ConsoleFiles;
  /** Files below /agent/ that are no route: the agent itself. `null`: there is no such file. */
  readonly agentFile?: (
    name: string,
  ) => Promise<{ readonly content: Buffer | Readable; readonly type: string; readonly bytes?: number } | null>;
  /** Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed; by default none. */
  readonly trustedProxies?: readonly string[];
  /** A server that listens already (main/server.ts answers "starting" on it until this one takes over). */
  readonly adopt?: (listener: (request: IncomingMessage, response: ServerResponse) => void) => Server;
}

type AnyHandler = (input: object, caller: Caller, request: RequestInfo) => Promise<unknown>;

const SLOW_MS = 1_000;

/** The HTTP server of the whole contract. A route without a handler answers 501; main/server.ts makes a missing one a compile error. */
export function buildServer(context: Context, handlers: Partial<Handlers>, options: HttpOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: REQUEST_BYTES_MAX,
    // The longest parameters are ids; 500 leaves room for a host name that was typed into the address.
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: false },
    trustProxy: options.trustedProxies === undefined || options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    forceCloseConnections: true,
    // A sender has five minutes for a whole request (an uploaded feed bundle over a slow line), and 60 s for the headers by Node's default.
    requestTimeout: 300_000,
    ...(options.adopt === undefined ? {} : { serverFactory: options.adopt }),
  });
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.register(compress, { global: true, globalDecompression: false, threshold: 1_024, encodings: ['br', 'gzip'] });
  acceptBodies(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (request.protocol === 'https') reply.header('strict-transport-security', STRICT_TRANSPORT);
  });
  app.setErrorHandler((error, request, reply) => sendProblem(context, error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(context, notFound('endpoint', `${request.method} ${request.url.split('?')[0]?.slice(0, 200)}`), request, reply),
  );
  const kernel: Kernel = { context, options, closing: closing.signal, checks: requestChecks(), limits: rateLimits() };
  app.addHook('onRoute', route => {
    const policy = (route.config as { access?: string; open?: true } | undefined) ?? {};
    invariant(policy.open === true || ACCESS.includes(policy.access as Access), `route ${route.method} ${route.url} has no access policy`);
  });
  app.register(async scope => {
    for (const [name, route] of Object.entries(api) as [RouteName, Route][])
      addRoute(scope, kernel, name, route, handlers[name] as AnyHandler | undefined);
    addHealth(scope, options.readiness);
    if (options.agentFile !== undefined) addAgentFiles(scope, options.agentFile);
    if (options.console !== undefined) serveConsole(scope, options.console);
  });
  return app;
}

interface Kernel {
  readonly context: Context;
  readonly options: HttpOptions;
  readonly closing: AbortSignal;
  readonly checks: ReturnType<typeof requestChecks>;
  readonly limits: ReturnType<typeof rateLimits>;
}

const callers = new WeakMap<FastifyRequest, Caller>();

function addRoute(app: FastifyInstance, kernel: Kernel, name: RouteName, route: Route, handler: AnyHandler | undefined): void {
  app.route({
    method: route.method.toUpperCase() as 'GET',
    url: route.path.replace(/\{(\w+)\}/g, ':$1'),
    bodyLimit: route.bodyBytesMax ?? REQUEST_BYTES_MAX,
    config: { access: route.access } as object,
    // Packed already, and a length that the reader can check is worth more.
    ...(route.produces === 'application/octet-stream' ? { compress: false as const } : {}),
    // Known and allowed before a byte of the body is read.
    onRequest: async request => {
      refuseForeignSite(request);
      const caller = await identify(request, route.access, kernel.context.installation.id, kernel.options.authenticators);
      authorise(route.access, caller);
      callers.set(request, caller);
    },
    handler: (request, reply) => answer(kernel, name, route, handler, request, reply),
  });
}

async function answer(
  kernel: Kernel,
  name: RouteName,
  route: Route,
  handler: AnyHandler | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const started = performance.now();
  const caller = callers.get(request);
  invariant(caller !== undefined, `route ${name} was reached without a caller`);
  if (handler === undefined) throw new RequestFault(501, 'not-built', `${name} is not built yet.`, 'Use a newer version of Fettle.');
  const input = { params: request.params, query: withLastEventId(route, request), body: request.body };
  const isStream = request.body instanceof Readable;
  if (isStream !== (route.consumes === 'application/octet-stream'))
    throw new RequestFault(415, 'wrong-content-type', `This takes ${route.consumes ?? 'application/json'}.`, 'Send that content type.');
  kernel.limits.spend(name, request.ip, isStream ? undefined : request.body, kernel.context.clock.now());
  kernel.checks(route).check(input);
  const { info, abort } = requestInfo(kernel, request, reply);
  const result = await handler(input, caller, info);
  const ms = Math.round(performance.now() - started);
  if (ms > SLOW_MS && caller.kind !== 'agent') kernel.context.log.warn({ route: name, ms }, 'slow request');
  if (route.produces === 'text/event-stream')
    return stream(kernel, route, request, reply, result as AsyncIterable<{ id: number; data: unknown }>, info, abort);
  if (route.produces === 'text/csv' || route.produces === 'text/plain')
    return sendText(route, reply, result as AsyncIterable<string> | string);
  if (route.produces === 'application/octet-stream') return sendFile(reply, result as FileAnswer);
  return reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(JSON.stringify(result));
}

/** A browser that reconnects names the last event it saw in a header; the contract's name for that is the query parameter `after`. */
function withLastEventId(route: Route, request: FastifyRequest): unknown {
  const last = request.headers['last-event-id'];
  return route.produces === 'text/event-stream' && typeof last === 'string' && /^\d{1,15}$/.test(last)
    ? { ...(request.query as object), after: last }
    : request.query;
}

function requestInfo(kernel: Kernel, request: FastifyRequest, reply: FastifyReply): { info: RequestInfo; abort: () => void } {
  const left = new AbortController();
  // `close` comes after a finished answer too; then nobody listens any more.
  reply.raw.on('close', () => left.abort());
  const info: RequestInfo = {
    signal: AbortSignal.any([left.signal, kernel.closing]),
    remoteAddress: request.ip,
    secure: request.protocol === 'https',
    setCookie: value => void reply.header('set-cookie', value),
    cookies: cookiesOf(request.headers.cookie),
  };
  return { info, abort: () => left.abort() };
}

function sendText(route: Route, reply: FastifyReply, content: AsyncIterable<string> | string): FastifyReply {
  reply.header('cache-control', 'no-store').type(`${route.produces}; charset=utf-8`);
  if (route.produces === 'text/csv')
    reply.header('content-disposition', `attachment; filename="${(route.path.split('/').at(-1) ?? 'export.csv').replace(/[^\w.-]/g, '')}"`);
  return reply.send(typeof content === 'string' ? content : Readable.from(content));
}

function sendFile(reply: FastifyReply, { fileName, bytes, content }: FileAnswer): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('content-length', bytes)
    .header('content-disposition', `attachment; filename="${fileName.replace(/[^\w.-]/g, '')}"`)
    .type('application/octet-stream')
    .send(Readable.from(content, { objectMode: false }));
}

async function stream(
  kernel: Kernel,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  events: AsyncIterable<{ id: number; data: unknown }>,
  info: RequestInfo,
  abort: () => void,
): Promise<void> {
  refuseTooManyStreams();
  reply.hijack();
  const stillAllowed = async (): Promise<boolean> => {
    try {
      authorise(route.access, await identify(request, route.access, kernel.context.installation.id, kernel.options.authenticators));
      return true;
    } catch (error) {
      if (error instanceof RequestFault) return false;
      throw error;
    }
  };
  try {
    await writeEventStream(reply.raw, SECURITY_HEADERS, events, { signal: info.signal, abort, stillAllowed });
  } catch (error) {
    kernel.context.log.error({ error: String((error as Error).stack ?? error), path: route.path }, 'an event stream broke off');
    reply.raw.destroy();
  }
}

function sendProblem(context: Context, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const incident = randomBytes(5).toString('hex');
  const { problem, retryAfterSeconds, defect } = toProblem(error, incident);
  if (defect)
    context.log.error(
      {
        incident,
        method: request.method,
        path: request.url.split('?')[0],
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      },
      'a request failed',
    );
  if (retryAfterSeconds !== null) reply.header('retry-after', String(retryAfterSeconds));
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

function addHealth(app: FastifyInstance, readiness: () => Promise<Readiness>): void {
  app.get('/healthz', { config: { open: true } as object }, async (_request, reply) => {
    const state = await readiness().catch((error: Error): Readiness => ({ ready: false, reason: error.message }));
    return reply
      .code(state.ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(state);
  });
}

function addAgentFiles(app: FastifyInstance, agentFile: NonNullable<HttpOptions['agentFile']>): void {
  app.get<{ Params: { '*': string } }>('/agent/*', { config: { open: true } as object }, async (request, reply) => {
    const file = await agentFile(request.params['*']);
    if (file === null) throw notFound('file', `/agent/${request.params['*'].slice(0, 100)}`);
    if (file.bytes !== undefined) reply.header('content-length', file.bytes);
    return reply.header('cache-control', 'no-cache').type(file.type).send(file.content);
  });
}
