import { describe, expect, it } from 'vitest';
import { axe, overflow, sideways } from '../axe.ts';
import { picture, visit } from '../chromium.ts';
import type { World } from '../world.ts';

const PLACES = [
  '/',
  '/hosts',
  '/hosts?add=agent',
  '/hosts?add=ssh',
  '/hosts?add=upload',
  '/patches',
  '/findings',
  '/exceptions',
  '/exceptions?show=all',
  '/exceptions/new',
  '/rollouts',
  '/rollouts/new',
  '/rollouts/policies',
  '/rollouts/policies/new',
  '/rollouts/safety',
  '/audit',
  '/settings/feeds',
  '/settings/groups',
  '/settings/people',
  '/settings/account',
  '/settings/about',
  '/no-such-page',
];
const HOST_TABS = ['', 'findings', 'patches', 'packages', 'services', 'history', 'proof'];

/** The first of each kind, as the API of this server names them. */
async function details(world: World): Promise<string[]> {
  const first = async (path: string) => {
    const answer = (await (await world.admin.context.request.get(`${world.url}/api/v1/${path}`)).json()) as { items: { id: string }[] };
    return answer.items[0]?.id;
  };
  const [host, patch, rollout, policy, exception] = await Promise.all([
    first('hosts?sort=-packages'),
    first('patches'),
    first('rollouts'),
    first('policies'),
    first('exceptions?show=all'),
  ]);
  return [
    ...(host ? HOST_TABS.map(tab => `/hosts/${host}?tab=${tab}`) : []),
    ...(patch ? ['closes', 'hosts', 'due'].map(tab => `/patches/${encodeURIComponent(patch)}?tab=${tab}`) : []),
    ...(policy ? [`/rollouts/policies/${policy}`, `/rollouts/policies/${policy}/edit`] : []),
    ...(exception ? [`/exceptions/${exception}`] : []),
    ...(rollout ? ['plan', 'log', 'hosts', 'spec', 'proof'].map(tab => `/rollouts/${rollout}?tab=${tab}`) : []),
  ];
}

/** Colours depend on the scheme and the layout on the width, so a narrow dark view would say nothing new. */
const VIEWS = [
  { name: 'light, 1440 wide', scheme: 'light', width: 1440 },
  { name: 'dark, 1440 wide', scheme: 'dark', width: 1440 },
  { name: 'light, 390 wide', scheme: 'light', width: 390 },
] as const;

export function accessibility(world: World): void {
  describe.each(VIEWS)('every page, $name', ({ name, scheme, width }) => {
    it('has no accessibility problem (WCAG 2.2 A and AA) and does not scroll sideways', { timeout: 300_000 }, async () => {
      const { page, context } = await world.visitor({ scheme, width, like: world.admin });
      world.watch.expect(404);
      const problems: string[] = [];
      const places = [...PLACES, ...(await details(world))];
      for (const place of places) {
        await visit(page, place);
        // Colours move for a moment when something opens.
        await page.waitForTimeout(250);
        problems.push(...(await axe(page)).map(problem => `${place}: ${problem}`));
        if ((await overflow(page)) > 0) problems.push(`${place}: ${await overflow(page)} px wider than the window`);
        for (const table of await sideways(page)) problems.push(`${place}: the table ${table} scrolls sideways`);
        if (process.env.FETTLE_SHOTS === '1') await picture(page, `${name} ${place}`.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 90));
      }
      expect(problems).toEqual([]);
      await context.close();
    });
  });

  it('the pages outside of the sign-in are accessible too', async () => {
    const { page, context } = await world.visitor();
    for (const place of ['/sign-in', '/setup', '/invitation#token=abc']) {
      await visit(page, place);
      expect(await axe(page), place).toEqual([]);
    }
    await context.close();
  });
}
