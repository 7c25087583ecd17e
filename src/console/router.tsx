import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { queryClient } from './data/ask.ts';
import { problemOf } from './data/client.ts';
import { sessionQuery } from './data/session.ts';
import { parseSearch, stringifySearch, type UrlState } from './data/url-state.ts';
import { Crash, NotFound } from './shell/lost.tsx';
import { Shell } from './shell/shell.tsx';

/** The site map. Everything that a page shows beyond its path is in the query string as plain text. */
const root = createRootRoute({
  validateSearch: (search: Record<string, unknown>): UrlState => search as UrlState,
  notFoundComponent: NotFound,
  errorComponent: Crash,
});

const open = <const Path extends string>(path: Path, load: Parameters<typeof lazyRouteComponent>[0], name: string) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, name) });
const publicRoutes = [
  open('/sign-in', () => import('./access/sign-in.tsx'), 'SignIn'),
  open('/setup', () => import('./access/setup.tsx'), 'Setup'),
  open('/invitation', () => import('./access/invitation.tsx'), 'Invitation'),
] as const;

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  component: Shell,
  errorComponent: Crash,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery);
    } catch (error) {
      if (problemOf(error).status === 401) throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href } });
      throw error;
    }
  },
});

const page = <const Path extends string>(path: Path, load: Parameters<typeof lazyRouteComponent>[0], name: string) =>
  createRoute({ getParentRoute: () => signedIn, path, component: lazyRouteComponent(load, name) });
const pages = [
  page('/', () => import('./overview/overview.tsx'), 'OverviewPage'),
  page('/hosts', () => import('./hosts/hosts.tsx'), 'HostsPage'),
  page('/hosts/$id', () => import('./hosts/host.tsx'), 'HostPage'),
  page('/patches', () => import('./patches/patches.tsx'), 'PatchesPage'),
  page('/patches/$id', () => import('./patches/patch.tsx'), 'PatchPage'),
  page('/findings', () => import('./findings/findings.tsx'), 'FindingsPage'),
  page('/exceptions', () => import('./exceptions/exceptions.tsx'), 'ExceptionsPage'),
  page('/exceptions/new', () => import('./exceptions/new-exception.tsx'), 'NewExceptionPage'),
  page('/exceptions/$id/edit', () => import('./exceptions/new-exception.tsx'), 'EditExceptionPage'),
  page('/exceptions/$id', () => import('./exceptions/exception.tsx'), 'ExceptionPage'),
  page('/rollouts', () => import('./rollouts/rollouts.tsx'), 'RolloutsPage'),
  page('/rollouts/new', () => import('./rollouts/new-rollout.tsx'), 'NewRolloutPage'),
  page('/rollouts/policies', () => import('./policies/policies.tsx'), 'PoliciesPage'),
  page('/rollouts/policies/new', () => import('./policies/edit-policy.tsx'), 'NewPolicyPage'),
  page('/rollouts/policies/$id', () => import('./policies/policy.tsx'), 'PolicyPage'),
  page('/rollouts/policies/$id/edit', () => import('./policies/edit-policy.tsx'), 'EditPolicyPage'),
  page('/rollouts/safety', () => import('./safety/safety.tsx'), 'SafetyPage'),
  page('/rollouts/$id', () => import('./rollouts/rollout.tsx'), 'RolloutPage'),
  page('/rollouts/$id/edit', () => import('./rollouts/edit-rollout.tsx'), 'EditRolloutPage'),
  page('/audit', () => import('./audit/audit.tsx'), 'AuditPage'),
  page('/settings/feeds', () => import('./settings/feeds.tsx'), 'FeedsPage'),
  page('/settings/groups', () => import('./settings/groups.tsx'), 'GroupsPage'),
  page('/settings/people', () => import('./settings/people.tsx'), 'PeoplePage'),
  page('/settings/account', () => import('./settings/account.tsx'), 'AccountPage'),
  page('/settings/about', () => import('./settings/about.tsx'), 'AboutPage'),
] as const;
const settings = createRoute({
  getParentRoute: () => signedIn,
  path: '/settings',
  beforeLoad: () => {
    throw redirect({ to: '/settings/feeds' });
  },
});

export const router = createRouter({
  routeTree: root.addChildren([...publicRoutes, signedIn.addChildren([...pages, settings])]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
