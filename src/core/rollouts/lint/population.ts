import { counted } from '../../kernel/words.ts';
import { missingHooks } from '../hooks.ts';
import type { RolloutPlan } from '../plan.ts';
import type { LintFacts } from './facts.ts';
import { everyHost, hostNames } from './hosts.ts';

/** Who is in the plan, who is not, and what it takes for granted on them. */
/** domain.md 2.8: a singleton, or a pair of which both must stay, can never start. It is never relaxed silently. */
export function groupCanSpare(plan: RolloutPlan, facts: LintFacts): string[] {
  const hosts = everyHost(plan);
  return facts.groups.flatMap(group => {
    const members = hosts.filter(host => group.hostIds.has(host.hostId));
    return members.length === 0 || group.hostIds.size - 1 >= group.minAvailable
      ? []
      : [
          `${hostNames(members)}: availability group ${group.name} has ${counted(group.hostIds.size, 'host')} and needs ${counted(group.minAvailable, 'other')} to stay: no member could ever start`,
        ];
  });
}

/** S12: every host that was chosen is in a ring or left out with a reason. */
export function nobodyVanishes(plan: RolloutPlan, { asked, excluded }: LintFacts): string[] {
  if (excluded === undefined) return [];
  const planned = new Set(everyHost(plan).map(host => host.hostId));
  const gone = [...asked.keys()].filter(id => !planned.has(id) && !excluded.has(id));
  const both = [...excluded.keys()].filter(id => planned.has(id));
  return [
    ...(gone.length === 0 ? [] : [`chosen, and neither planned nor left out with a reason: ${gone.slice(0, 5).join(', ')}`]),
    ...(both.length === 0 ? [] : [`planned and left out at the same time: ${both.slice(0, 5).join(', ')}`]),
  ];
}

/** S13: what the selection named when it was resolved, and nobody else. */
export function onlyChosen(plan: RolloutPlan, { asked }: LintFacts): string[] {
  const strangers = everyHost(plan).filter(host => !asked.has(host.hostId));
  return strangers.length === 0 ? [] : [`${hostNames(strangers)}: in the plan, but nobody has chosen it`];
}

/** S14: `always` is a reason of its own, which the approver should have wanted. */
export function rebootWithoutNeed(plan: RolloutPlan, { rebootExpected, rebootPending }: LintFacts): string[] {
  const hosts = everyHost(plan).filter(host => !rebootExpected.has(host.hostId) && !rebootPending?.has(host.hostId));
  return plan.reboot === 'always' && hosts.length > 0
    ? [`${hostNames(hosts)}: reboots although nothing in the plan needs it, because the rollout always reboots`]
    : [];
}

/** A reboot that was pending before is settled by this rollout's: the approver learns it now, and by which reasons. */
export function rebootSettles(plan: RolloutPlan, { rebootExpected, rebootPending }: LintFacts): string[] {
  if (plan.reboot === 'never' || rebootPending === undefined) return [];
  const hosts = everyHost(plan).filter(host => rebootPending.has(host.hostId));
  const byReason = Map.groupBy(hosts, host => rebootPending.get(host.hostId)!.join('; '));
  return [...byReason].map(([reason, ones]) => {
    const own = ones.some(host => rebootExpected.has(host.hostId)) ? 'one reboot serves both' : 'this rollout reboots for it';
    return `${hostNames(ones)}: a reboot is pending already (${reason}); ${own}`;
  });
}

export function hooksOffered(plan: RolloutPlan, { hooksOf }: LintFacts): string[] {
  const { hooks } = plan;
  if (hooks === undefined || hooksOf === undefined) return [];
  const lacking = everyHost(plan).map(host => ({ host, missing: missingHooks(hooks, hooksOf.get(host.hostId) ?? null) }));
  return [...Map.groupBy(lacking, one => one.missing.join(', '))].flatMap(([missing, ones]) =>
    missing === '' ? [] : [`${hostNames(ones.map(one => one.host))}: does not offer ${missing}`],
  );
}
