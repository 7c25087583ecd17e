import { routes as table } from 'virtual:fettle-routes';
import { createClient, ProblemError, type RouteTable, urlOf } from '../../api/client.ts';
import type { Problem } from '../../api/contract.ts';
import type { RouteName } from '../../api/index.ts';

const routes = table as RouteTable;
export const client = createClient(routes, { baseUrl: '' });

/** The address of a route that the browser follows itself: a download or an event stream. */
export function addressOf(name: RouteName, input: Parameters<typeof urlOf>[1] = {}): string {
  return urlOf(routes[name].path, input);
}

/** Whatever went wrong, as a problem with advice: no answer at all is one too. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  // Browsers differ in the words; a TypeError of the page itself is none of these.
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message))
    return {
      type: 'about:blank',
      title: 'The server does not answer',
      status: 0,
      code: 'unreachable',
      advice: 'Check that Fettle runs and that this computer reaches it. This page tries again by itself.',
    };
  return {
    type: 'about:blank',
    title: 'The console made a mistake',
    status: 0,
    code: 'defect',
    detail: String(error),
    advice: 'Reload the page. If it happens again, please report it with these words.',
  };
}
