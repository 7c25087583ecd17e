import type { Answer, Input, Problem, Route } from './contract.ts';
import type { Api, RouteName } from './index.ts';

/**
 * The one client of the contract, for console, CLI and tests. It takes the routes as data, so that the console can pass the generated
 * table (method and path only) and need not ship the schemas; the CLI passes `api` itself.
 */
export type RouteTable = Readonly<Record<RouteName, Pick<Route, 'method' | 'path' | 'produces' | 'consumes'>>>;
type ClientAnswer<R extends Route> = R['produces'] extends 'text/csv' | 'text/plain'
  ? string
  : R['produces'] extends 'text/event-stream' | 'application/octet-stream'
    ? Response
    : Answer<R>;
/** Keys that the route lacks may be left out altogether. */
type ClientInput<R extends Route> = Input<R>;
export type Client = {
  readonly [N in RouteName]: (input: ClientInput<Api[N]>, options?: { signal?: AbortSignal }) => Promise<ClientAnswer<Api[N]>>;
};

/** The server's answer when it is not the one that was asked for. `problem.advice` is written for people. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

export interface ClientOptions {
  readonly baseUrl: string;
  readonly headers?: () => Record<string, string>;
  readonly fetch?: typeof fetch;
}

type AnyInput = { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };

export function urlOf(path: string, input: AnyInput): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input.params?.[name] ?? '')));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {}))
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  return query.size > 0 ? `${filled}?${query}` : filled;
}

export function createClient(routes: RouteTable, options: ClientOptions): Client {
  const send = options.fetch ?? fetch;
  const call = (route: RouteTable[RouteName]) => async (input: AnyInput, extra?: { signal?: AbortSignal }) => {
    const type = route.consumes ?? 'application/json';
    const response = await send(options.baseUrl + urlOf(route.path, input), {
      method: route.method.toUpperCase(),
      headers: {
        accept: route.produces ?? 'application/json',
        ...(input.body === undefined ? {} : { 'content-type': type }),
        ...options.headers?.(),
      },
      ...(input.body === undefined ? {} : { body: type === 'application/json' ? JSON.stringify(input.body) : (input.body as Blob) }),
      ...(extra?.signal === undefined ? {} : { signal: extra.signal }),
    });
    if (!response.ok) throw new ProblemError(await problemOf(response));
    if (route.produces === 'text/event-stream' || route.produces === 'application/octet-stream') return response;
    return route.produces === undefined || route.produces === 'application/json' ? await response.json() : await response.text();
  };
  return Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, call(route)])) as unknown as Client;
}

/** An answer that is no problem document (a proxy's page, say) still becomes one, with its status. */
async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const value = JSON.parse(text) as Partial<Problem>;
    if (typeof value.code === 'string' && typeof value.title === 'string')
      return { type: 'about:blank', status: response.status, ...value } as Problem;
  } catch {
    // Not JSON: fall through to the general problem.
  }
  return {
    type: 'about:blank',
    title: `The server answered ${response.status}`,
    status: response.status,
    code: 'unexpected-answer',
    detail: text.slice(0, 300),
    advice: 'Check the address, and the server log.',
  };
}
