import { counted } from '../../kernel/words.ts';
import { itemKey, itemText, type RolloutPlan } from '../plan.ts';
import type { LintFacts } from './facts.ts';
import { everyHost, nameOf } from './hosts.ts';

/** What other rollouts that are approved or running do on the same hosts. */
/** Two rollouts that move one package of one host to different versions: whichever comes second undoes the first or fails. */
export function conflictingVersions(plan: RolloutPlan, { others }: LintFacts): string[] {
  if (others === undefined || others.length === 0 || plan.kind === 'rollback') return [];
  const own = new Map(everyHost(plan).map(host => [host.hostId, plan.transactions[host.transaction] ?? []]));
  return others.flatMap(other => {
    const planned = new Map((own.get(other.hostId) ?? []).map(item => [itemKey(item), item]));
    return other.transaction.flatMap(item => {
      const mine = planned.get(itemKey(item));
      return mine === undefined || mine.toVersion === item.toVersion
        ? []
        : [
            `${nameOf(plan, other.hostId)}: ${itemText(mine)}, but rollout ${other.rolloutName} (${other.rolloutId}) makes it ${item.toVersion}`,
          ];
    });
  });
}

/** S5 lets one wait for the other; merged, they would cost one disruption and one reboot. */
export function otherRollouts(plan: RolloutPlan, { others }: LintFacts): string[] {
  const hosts = new Set(everyHost(plan).map(host => host.hostId));
  const byRollout = Map.groupBy(
    (others ?? []).filter(other => hosts.has(other.hostId)),
    other => other.rolloutId,
  );
  return [...byRollout].map(([id, jobs]) => {
    const reboots = plan.reboot === 'never' ? '' : ', and each may reboot';
    return `${counted(jobs.length, 'host is', 'hosts are')} in rollout ${jobs[0]!.rolloutName} (${id}) as well: one waits for the other${reboots}; one rollout for both would disturb once`;
  });
}
