import type { z } from 'zod';
import type { Feed } from '../../api/feeds.ts';
import type { Overview } from '../../api/findings.ts';
import type { HostSummaryView } from '../../api/hosts.ts';
import { DAY_MS } from '../../core/kernel/instants.ts';
import { inEffect, rebootUrgency } from '../../core/remediation/live-patch.ts';
import type { RankedEntry } from '../../core/remediation/ranked-patches.ts';
import { duration } from './host-state.ts';
import type { FleetModel } from './model.ts';

export type NextStep = z.output<typeof Overview>['next'][number];
export type Banner = z.output<typeof Overview>['banners'][number];
export type FeedView = z.output<typeof Feed>;

export interface OverviewFacts {
  readonly model: FleetModel;
  readonly hosts: readonly { readonly slot: number; readonly view: HostSummaryView }[];
  readonly patches: readonly RankedEntry[];
  readonly feeds: readonly FeedView[];
  readonly nowMs: number;
}

const ORDER: Readonly<Record<NextStep['urgency'], number>> = { now: 0, soon: 1, later: 2 };
const PATCHES_NAMED = 3;
const HOSTS_NAMED = 3;
const STEPS_MAX = 12;

/** What to do next, the most urgent first; `others` come from other nouns and stand first among equals. */
export function nextSteps(facts: OverviewFacts, others: readonly NextStep[]): NextStep[] {
  const steps = [
    ...others,
    ...patchSteps(facts),
    ...restartSteps(facts),
    ...brokenSteps(facts),
    ...silentSteps(facts),
    ...feedSteps(facts),
    ...enrolSteps(facts),
  ];
  return steps.sort((a, b) => ORDER[a.urgency] - ORDER[b.urgency]).slice(0, STEPS_MAX);
}

/** Dated patches by their deadline; where none is due within two weeks, the first of the queue. */
function patchSteps({ patches, nowMs }: OverviewFacts): NextStep[] {
  const urgent = patches.filter(patch => patch.isOffered && patch.dueMs !== null && patch.dueMs - nowMs <= 14 * DAY_MS);
  const first = patches.find(patch => patch.isOffered && (patch.security || patch.closed.findings.length > 0));
  const named = urgent.length > 0 ? urgent.slice(0, PATCHES_NAMED) : first === undefined ? [] : [first];
  const steps = named.map(patch => patchStep(patch, nowMs));
  const overdue = urgent.filter(patch => patch.dueMs! <= nowMs).length;
  const rest = urgent.length - named.length;
  if (rest > 0)
    steps.push({
      kind: 'patches',
      title: `${rest} more ${rest === 1 ? 'patch is' : 'patches are'} due within two weeks${overdue > PATCHES_NAMED ? `, ${overdue - PATCHES_NAMED} overdue` : ''}`,
      reason: 'One rollout may carry several patches.',
      href: '/patches',
      urgency: overdue > PATCHES_NAMED ? 'now' : 'soon',
    });
  return steps;
}

function patchStep(patch: RankedEntry, nowMs: number): NextStep {
  const hosts = `${patch.hosts} ${patch.hosts === 1 ? 'host' : 'hosts'}`;
  // "closes 12 vulnerabilities on 6 hosts, 1 known exploited (CVE-...), due in 3 days": the hosts stand in the title already.
  const what = patch.reason.replace(` on ${hosts}`, '');
  const left = patch.dueMs === null ? Number.POSITIVE_INFINITY : patch.dueMs - nowMs;
  const isUrgent = left <= 3 * DAY_MS || patch.closed.knownExploited.length > 0;
  const urgency = isUrgent ? 'now' : left <= 14 * DAY_MS ? 'soon' : 'later';
  return {
    kind: 'patch',
    title: `Patch ${patch.sourceName} on ${hosts}: ${what}`,
    reason: `${patch.platform}, to ${patch.targetVersion}`,
    href: `/patches/${patch.id}`,
    urgency,
  };
}

function restartSteps({ hosts, model }: OverviewFacts): NextStep[] {
  const steps: NextStep[] = [];
  const restart = hosts.filter(({ view }) => view.restartPending);
  const pending = hosts.filter(({ view }) => view.rebootPending);
  // A host whose live patch covers all that its reboot would close is asked for it last, and never not.
  const calm = pending.filter(({ slot }) => model.records[slot]!.livePatches.length > 0 && rebootOf(model, slot).urgency === 'later');
  const reboot = pending.filter(host => !calm.includes(host));
  const reason = 'Patched on disk, old code still in memory: its findings stay open until the processes have gone.';
  const alone = restart[0];
  if (restart.length === 1 && alone) {
    const units = model.records[alone.slot]!.staleUnits ?? [];
    const what =
      units.length === 0
        ? 'what still maps replaced files'
        : units
            .map(unit => unit.replace(/\.service$/, ''))
            .slice(0, 4)
            .join(', ');
    steps.push({
      kind: 'restart',
      title: `Restart ${what} on ${alone.view.name}`,
      reason,
      href: `/hosts/${alone.view.id}`,
      urgency: 'soon',
    });
  } else if (restart.length > 1)
    steps.push({
      kind: 'restart',
      title: `Restart services on ${named(restart)}`,
      reason,
      href: '/hosts?query=restart+%3D+true',
      urgency: 'soon',
    });
  const one = reboot[0];
  if (reboot.length === 1 && one)
    steps.push({
      kind: 'reboot',
      title: `Reboot ${one.view.name}`,
      reason: `${model.records[one.slot]!.rebootReasons.join('; ') || 'A fixed kernel is installed and not running.'}${liveText(model, one.slot)}`,
      href: `/hosts/${one.view.id}`,
      urgency: 'soon',
    });
  else if (reboot.length > 1)
    steps.push({
      kind: 'reboot',
      title: `Reboot ${named(reboot)}`,
      reason: 'A fix takes effect only at the next boot.',
      href: '/hosts?query=reboot+%3D+true',
      urgency: 'soon',
    });
  if (calm.length > 0)
    steps.push({
      kind: 'reboot',
      title: `Reboot ${named(calm)} in its next window`,
      reason: 'What the reboot closes is mitigated in memory by a live patch; its findings stay open, and the reboot stays due.',
      href: calm.length === 1 ? `/hosts/${calm[0]!.view.id}` : '/hosts?query=reboot+%3D+true',
      urgency: 'later',
    });
  return steps;
}

/** What the reboot of this host would close, and how much of it its live patches cover. */
function rebootOf(model: FleetModel, slot: number) {
  const pending = model.fleet
    .sourcesOf(slot)
    .filter(source => source.kernelState === 'newer-not-booted')
    .flatMap(source => source.standing.pending.findings.map(({ risk, judgement }) => [risk.id, ...judgement.subject.aliases]));
  return { ...rebootUrgency(model.records[slot]!.livePatches, pending), of: pending.length };
}

function liveText(model: FleetModel, slot: number): string {
  const loaded = inEffect(model.records[slot]!.livePatches);
  if (loaded.length === 0) return '';
  const { covered, of } = rebootOf(model, slot);
  return `. Live patch ${loaded[0]!.name} covers ${covered} of the ${of} vulnerabilities that it closes`;
}

function brokenSteps({ hosts, model }: OverviewFacts): NextStep[] {
  return hosts
    .filter(({ slot }) => model.records[slot]!.brokenPackages.length > 0)
    .slice(0, HOSTS_NAMED)
    .map(({ slot, view }) => ({
      kind: 'broken-packages',
      title: `Repair the package database of ${view.name}`,
      reason: model.records[slot]!.brokenPackages.slice(0, 3).join('; '),
      href: `/hosts/${view.id}`,
      urgency: 'soon',
    }));
}

function silentSteps({ hosts, nowMs }: OverviewFacts): NextStep[] {
  const steps: NextStep[] = [];
  const silent = hosts.filter(({ view }) => view.state === 'unreachable');
  const stale = hosts.filter(({ view }) => view.state === 'stale');
  const reason = 'Nothing is known of them since; they stay in every denominator.';
  const only = silent[0];
  if (silent.length === 1 && only)
    steps.push({
      kind: 'unreachable',
      title: `${only.view.name} is not reachable`,
      reason: only.view.stateReason ?? reason,
      href: `/hosts/${only.view.id}`,
      urgency: 'soon',
    });
  else if (silent.length > 1) {
    // The shortest silence is true of all of them.
    const shortest = Math.min(...silent.map(({ view }) => nowMs - Date.parse(view.lastSeenAt ?? new Date(nowMs).toISOString())));
    steps.push({
      kind: 'unreachable',
      title: `${silent.length} hosts not seen for ${duration(shortest)}`,
      reason,
      href: '/hosts?state=unreachable',
      urgency: 'soon',
    });
  }
  if (stale.length > 0)
    steps.push({
      kind: 'stale',
      title: `${stale.length} ${stale.length === 1 ? 'host has' : 'hosts have'} an old inventory`,
      reason,
      href: '/hosts?state=stale',
      urgency: 'later',
    });
  return steps;
}

/** Feeds that say something about packages; KEV and EPSS alone find nothing. */
function isAdvisory(feed: FeedView): boolean {
  return !['kev', 'epss', 'vulnrichment', 'endoflife'].includes(feed.kind);
}

function hasAdvisories({ feeds }: OverviewFacts): boolean {
  return feeds.some(feed => isAdvisory(feed) && feed.loadedAt !== null && feed.records > 0);
}

function feedSteps(facts: OverviewFacts): NextStep[] {
  if (hasAdvisories(facts)) return [];
  return [
    {
      kind: 'feed',
      title: 'Load an advisory feed',
      reason: 'Findings come from the distribution alone now: what it calls a security update, and what changelogs name.',
      href: '/settings/feeds',
      urgency: 'soon',
    },
  ];
}

function enrolSteps({ hosts }: OverviewFacts): NextStep[] {
  if (hosts.length > 1) return [];
  const reason =
    hosts.length === 0
      ? 'Nothing can be said before a host has reported its packages.'
      : 'Only one host is known so far: add others by agent, by SSH or from a package list.';
  return [
    {
      kind: 'enrol',
      title: hosts.length === 0 ? 'Add a host' : 'Enrol more hosts',
      reason,
      href: '/hosts?add=agent',
      urgency: hosts.length === 0 ? 'now' : 'later',
    },
  ];
}

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
  if (hasAdvisories(facts)) {
    for (const { slot } of hosts) {
      const { release, platform, hasInventory } = model.records[slot]!;
      if (hasInventory && !model.hasAdvisories(release))
        unspoken.set(platform || 'an unknown system', (unspoken.get(platform || 'an unknown system') ?? 0) + 1);
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

function named(hosts: OverviewFacts['hosts']): string {
  const names = hosts.slice(0, HOSTS_NAMED).map(({ view }) => view.name);
  // Three names out of two hundred tell nobody anything.
  return hosts.length <= HOSTS_NAMED ? names.join(', ') : `${hosts.length} hosts`;
}
