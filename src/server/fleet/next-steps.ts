import type { z } from 'zod';
import type { Feed } from '../../api/feeds.ts';
import type { Overview } from '../../api/findings.ts';
import { DAY_MS } from '../../core/kernel/instants.ts';
import { inEffect, rebootUrgency } from '../../core/remediation/live-patch.ts';
import type { RankedEntry } from '../../core/remediation/ranked-patches.ts';
import { duration } from './host-state.ts';
import type { HostSummaries } from './host-summaries.ts';
import type { FleetModel } from './model.ts';
import type { OverviewHosts } from './overview-hosts.ts';

export type NextStep = z.output<typeof Overview>['next'][number];
export type FeedView = z.output<typeof Feed>;

export interface OverviewFacts {
  readonly model: FleetModel;
  readonly hosts: OverviewHosts;
  readonly summaries: HostSummaries;
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

function restartSteps({ hosts: { restart, reboot: pending }, model }: OverviewFacts): NextStep[] {
  const steps: NextStep[] = [];
  // A host whose live patch covers all that its reboot would close is asked for it last, and never not.
  const calm = new Set(pending.filter(slot => model.records[slot]!.livePatches.length > 0 && rebootOf(model, slot).urgency === 'later'));
  const reboot = pending.filter(slot => !calm.has(slot));
  const reason = 'Patched on disk, old code still in memory: its findings stay open until the processes have gone.';
  const alone = restart[0];
  if (restart.length === 1 && alone !== undefined) {
    const { id, name, staleUnits } = model.records[alone]!;
    const units = staleUnits ?? [];
    const what =
      units.length === 0
        ? 'what still maps replaced files'
        : units
            .map(unit => unit.replace(/\.service$/, ''))
            .slice(0, 4)
            .join(', ');
    steps.push({ kind: 'restart', title: `Restart ${what} on ${name}`, reason, href: `/hosts/${id}`, urgency: 'soon' });
  } else if (restart.length > 1)
    steps.push({
      kind: 'restart',
      title: `Restart services on ${named(model, restart)}`,
      reason,
      href: '/hosts?query=restart+%3D+true',
      urgency: 'soon',
    });
  const one = reboot[0];
  if (reboot.length === 1 && one !== undefined) {
    const { id, name, rebootReasons } = model.records[one]!;
    steps.push({
      kind: 'reboot',
      title: `Reboot ${name}`,
      reason: `${rebootReasons.join('; ') || 'A fixed kernel is installed and not running.'}${liveText(model, one)}`,
      href: `/hosts/${id}`,
      urgency: 'soon',
    });
  } else if (reboot.length > 1)
    steps.push({
      kind: 'reboot',
      title: `Reboot ${named(model, reboot)}`,
      reason: 'A fix takes effect only at the next boot.',
      href: '/hosts?query=reboot+%3D+true',
      urgency: 'soon',
    });
  const [first] = calm;
  if (first !== undefined)
    steps.push({
      kind: 'reboot',
      title: `Reboot ${named(model, [...calm])} in its next window`,
      reason: 'What the reboot closes is mitigated in memory by a live patch; its findings stay open, and the reboot stays due.',
      href: calm.size === 1 ? `/hosts/${model.records[first]!.id}` : '/hosts?query=reboot+%3D+true',
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

function brokenSteps({ hosts: { broken }, model }: OverviewFacts): NextStep[] {
  return broken.slice(0, HOSTS_NAMED).map(slot => {
    const { id, name, brokenPackages } = model.records[slot]!;
    return {
      kind: 'broken-packages',
      title: `Repair the package database of ${name}`,
      reason: brokenPackages.slice(0, 3).join('; '),
      href: `/hosts/${id}`,
      urgency: 'soon',
    };
  });
}

function silentSteps({ hosts: { unreachable, silentSinceMs, states }, model, summaries, nowMs }: OverviewFacts): NextStep[] {
  const steps: NextStep[] = [];
  const reason = 'Nothing is known of them since; they stay in every denominator.';
  const only = unreachable[0];
  if (unreachable.length === 1 && only !== undefined) {
    const { id, name } = model.records[only]!;
    steps.push({
      kind: 'unreachable',
      title: `${name} is not reachable`,
      reason: summaries.state(only, nowMs).reason ?? reason,
      href: `/hosts/${id}`,
      urgency: 'soon',
    });
  } else if (unreachable.length > 1)
    // The shortest silence is true of all of them.
    steps.push({
      kind: 'unreachable',
      title: `${unreachable.length} hosts not seen for ${duration(nowMs - silentSinceMs)}`,
      reason,
      href: '/hosts?state=unreachable',
      urgency: 'soon',
    });
  if (states.stale > 0)
    steps.push({
      kind: 'stale',
      title: `${states.stale} ${states.stale === 1 ? 'host has' : 'hosts have'} an old inventory`,
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

export function hasAdvisories({ feeds }: OverviewFacts): boolean {
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

function enrolSteps({ hosts: { total } }: OverviewFacts): NextStep[] {
  if (total > 1) return [];
  const reason =
    total === 0
      ? 'Nothing can be said before a host has reported its packages.'
      : 'Only one host is known so far: add others by agent, by SSH or from a package list.';
  return [
    {
      kind: 'enrol',
      title: total === 0 ? 'Add a host' : 'Enrol more hosts',
      reason,
      href: '/hosts?add=agent',
      urgency: total === 0 ? 'now' : 'later',
    },
  ];
}

function named({ records }: FleetModel, slots: readonly number[]): string {
  // Three names out of two hundred tell nobody anything.
  if (slots.length > HOSTS_NAMED) return `${slots.length} hosts`;
  return slots.map(slot => records[slot]!.name).join(', ');
}
