import type { z } from 'zod';
import type { Overview } from '../../api/findings.ts';
import { type FeedView, hasAdvisories, type OverviewFacts } from './next-steps.ts';

type Banner = z.output<typeof Overview>['banners'][number];

/** Empty, stale, failed and refused feeds, and releases that nobody speaks of: never to be read as "0 vulnerabilities". */
export function banners(facts: OverviewFacts): Banner[] {
  const { feeds, hosts, model } = facts;
  const list: Banner[] = [];
  if (!hasAdvisories(facts))
    list.push({
      level: 'warning',
      title: 'No advisory feed is loaded',
      text: 'What you see comes from the hosts’ own archives: security updates that they are offered, and vulnerabilities that their changelogs name. To match against advisories set the URL of a feed, or import a feed file or bundle where there is no internet: Settings, Feeds; or `fettle feed import FILE`.',
      href: '/settings/feeds',
    });
  list.push(...feedBanners(feeds));
  const unspoken = new Map<string, number>();
  if (hasAdvisories(facts))
    for (const [release, platforms] of hosts.releases) {
      if (model.hasAdvisories(release)) continue;
      for (const [platform, count] of platforms) {
        const name = platform || 'an unknown system';
        unspoken.set(name, (unspoken.get(name) ?? 0) + count);
      }
    }
  for (const [platform, count] of [...unspoken].sort())
    list.push({
      level: 'danger',
      title: `No feed speaks of ${platform}`,
      text: `${count} ${count === 1 ? 'host runs' : 'hosts run'} it. Its vulnerabilities are not known here, which is not the same as none.`,
      href: '/settings/feeds',
    });
  return list;
}

/** One banner a kind of trouble: a list of five red bars is read by nobody. */
function feedBanners(feeds: readonly FeedView[]): Banner[] {
  const shown = feeds.filter(feed => feed.loadedAt !== null || feed.state === 'refused' || (feed.state === 'failed' && feed.enabled));
  return (['refused', 'failed', 'stale'] as const).flatMap(state => {
    const same = shown.filter(feed => feed.state === state);
    const [first, ...others] = same;
    if (first === undefined) return [];
    const title = others.length === 0 ? `${first.title} is ${STATE_WORDS[state]}` : `${same.length} feeds are ${STATE_WORDS[state]}`;
    const text =
      others.length === 0
        ? (first.message ?? 'Newer vulnerabilities may be missing.')
        : `${oldestFirst(same)}. Newer vulnerabilities may be missing.`;
    return [{ level: 'danger' as const, title, text, href: '/settings/feeds' }];
  });
}

const FEEDS_NAMED = 2;
/** The oldest say how bad it is; the settings list them all. */
function oldestFirst(feeds: readonly FeedView[]): string {
  const sorted = feeds.toSorted((a, b) => (a.dataDate ?? '').localeCompare(b.dataDate ?? ''));
  const named = sorted.slice(0, FEEDS_NAMED).map(feed => (feed.dataDate === null ? feed.title : `${feed.title} (of ${feed.dataDate})`));
  return named.join(', ') + (feeds.length > FEEDS_NAMED ? ` and ${feeds.length - FEEDS_NAMED} more` : '');
}

const STATE_WORDS = { stale: 'out of date', failed: 'not loading', refused: 'refused' } as const;
