import type { TransactionItem } from '../host-plan.ts';
import type { PlannedHost, RolloutPlan } from '../plan.ts';

/** Hosts of a plan, in words, for what the lint says. */
export function everyHost(plan: RolloutPlan): readonly PlannedHost[] {
  return plan.rings.flatMap(ring => ring.hosts);
}

export function nameOf(plan: RolloutPlan, hostId: string): string {
  return everyHost(plan).find(host => host.hostId === hostId)?.hostName ?? hostId;
}

export function hostNames(hosts: readonly PlannedHost[]): string {
  const names = hosts.map(host => host.hostName);
  return names.length <= 3 ? names.join(', ') || 'no host' : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

export function duplicates(keys: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) twice.add(key);
    seen.add(key);
  }
  return [...twice];
}

/** Runs a check once per distinct transaction and names a host that has it, with how many more. */
export function perTransaction(plan: RolloutPlan, check: (items: readonly TransactionItem[]) => readonly string[]): string[] {
  const hosts = everyHost(plan);
  return plan.transactions.flatMap((items, index) => {
    const faults = check(items);
    if (faults.length === 0) return [];
    const who = hostNames(hosts.filter(host => host.transaction === index));
    return faults.map(fault => `${who}: the transaction ${fault}`);
  });
}
