import { deb } from '../../versions/deb.ts';
import { compareVersions, isInvalid } from '../../versions/scheme.ts';
import type { TransactionItem } from '../host-plan.ts';
import { itemKey, itemText, type PlannedHost, type RolloutPlan } from '../plan.ts';
import type { LintFacts } from './facts.ts';
import { everyHost, hostNames } from './hosts.ts';

/** Transactions: what each host would change, against what was asked. */
export function versionFaults(item: TransactionItem): string[] {
  const faults: string[] = [];
  if ((item.action === 'install') !== (item.fromVersion === null))
    faults.push(`says "${item.action}" of ${item.name} but its previous version is ${item.fromVersion ?? 'absent'}`);
  if ((item.action === 'remove') !== (item.toVersion === null))
    faults.push(`says "${item.action}" of ${item.name} but its next version is ${item.toVersion ?? 'absent'}`);
  for (const version of [item.fromVersion, item.toVersion]) {
    if (version === null) continue;
    const key = deb.key(version);
    if (!key.ok) faults.push(`names version "${version}" of ${item.name}: ${key.reason}`);
  }
  return faults;
}

export function directionFaults(item: TransactionItem): string[] {
  if (item.fromVersion === null || item.toVersion === null) return [];
  const order = compareVersions(deb, item.fromVersion, item.toVersion);
  if (isInvalid(order)) return [];
  const expected = item.action === 'downgrade' ? 1 : -1;
  return order === expected ? [] : [`calls ${itemText(item)} ${item.action === 'upgrade' ? 'an upgrade' : 'a downgrade'}`];
}

export function askedIsPlanned(plan: RolloutPlan, facts: LintFacts): string[] {
  return everyHost(plan).flatMap(host => {
    const planned = new Map((plan.transactions[host.transaction] ?? []).map(item => [itemKey(item), item.toVersion]));
    const missed = (facts.asked.get(host.hostId) ?? []).filter(item => planned.get(itemKey(item)) !== item.toVersion);
    return missed.length === 0 ? [] : [`${host.hostName}: asked for ${missed.map(itemText).join(', ')}, which its transaction does not do`];
  });
}

/** What the package manager pulls in beyond what was asked; one line per distinct extra package. */
export function undeclared(plan: RolloutPlan, facts: LintFacts, action: TransactionItem['action'], verb: string): string[] {
  const extra = new Map<string, PlannedHost[]>();
  for (const host of everyHost(plan)) {
    const asked = new Set((facts.asked.get(host.hostId) ?? []).map(itemKey));
    for (const item of plan.transactions[host.transaction] ?? []) {
      if (item.action !== action || asked.has(itemKey(item))) continue;
      const hosts = extra.get(itemText(item));
      if (hosts === undefined) extra.set(itemText(item), [host]);
      else hosts.push(host);
    }
  }
  return [...extra].map(([text, hosts]) => `${hostNames(hosts)}: ${verb} ${text}, which no chosen patch names`);
}

export function rebootNeeded(plan: RolloutPlan, facts: LintFacts): string[] {
  const hosts = everyHost(plan).filter(host => facts.rebootExpected.has(host.hostId));
  return plan.reboot === 'never' && hosts.length > 0
    ? [`${hostNames(hosts)}: the fix takes effect only after a reboot, and this rollout never reboots`]
    : [];
}

export function predicted(plan: RolloutPlan): string[] {
  const hosts = everyHost(plan).filter(host => host.rehearsed === 'predicted');
  return hosts.length === 0 ? [] : [`${hostNames(hosts)}: not rehearsed on the host, only predicted`];
}
