import { counted } from '../../kernel/words.ts';
import type { RolloutPlan } from '../plan.ts';
import type { LintFacts } from './facts.ts';
import { everyHost } from './hosts.ts';

/** Rings: who goes first, who goes last, and whether a gate can fail at all. */
export function canaryFirst(plan: RolloutPlan): string[] {
  const position = plan.rings.findIndex(ring => /^canar(y|ies)$/i.test(ring.name));
  if (plan.kind === 'patch' && position > 0) return [`ring "${plan.rings[position]!.name}" comes after ${position} other`];
  return plan.rings.filter(ring => ring.hosts.length === 0).map(ring => `ring "${ring.name}" has no host`);
}

export function canarySmall(plan: RolloutPlan): string[] {
  const [first] = plan.rings;
  const total = everyHost(plan).length;
  if (plan.kind === 'rollback' || first === undefined || total < 3) return [];
  if (plan.rings.length === 1) return [`all ${total} hosts are in one ring: nothing is tried first`];
  return first.hosts.length * 2 > total ? [`the first ring holds ${first.hosts.length} of ${counted(total, 'host')}`] : [];
}

/** The worst case of a ring is what is in flight when the first failure is seen (domain.md 2.3). */
export function canarySerial(plan: RolloutPlan): string[] {
  const [first] = plan.rings;
  const atOnce = first === undefined ? 0 : Math.min(first.concurrency, first.hosts.length);
  return plan.kind === 'patch' && plan.rings.length > 1 && atOnce > 1
    ? [`${atOnce} canaries are patched at once: all of them may fail before the gate sees the first`]
    : [];
}

export function fettleHostLast(plan: RolloutPlan, facts: LintFacts): string[] {
  const hosts = everyHost(plan);
  const at = hosts.findIndex(host => host.hostId === facts.fettleHostId);
  return at < 0 || at === hosts.length - 1 ? [] : [`${hosts[at]!.hostName} runs Fettle and must come last`];
}

/** A threshold that nothing can break is no gate (S3). */
export function gateCanFail(plan: RolloutPlan): string[] {
  return plan.rings
    .slice(0, -1)
    .filter(ring => ring.gate.errorPercent >= 100 || ring.gate.minCoveragePercent === 0)
    .map(ring => `the gate of ring ${ring.name} lets everything pass`);
}

/** S1: what the ring wants at once and what all rollouts together may have. */
export function capOverAll(plan: RolloutPlan, { globalConcurrencyMax }: LintFacts): string[] {
  if (globalConcurrencyMax === undefined) return [];
  return plan.rings
    .filter(ring => Math.min(ring.concurrency, ring.hosts.length) > globalConcurrencyMax)
    .map(
      ring =>
        `ring ${ring.name} wants ${counted(ring.concurrency, 'host')} at once, all rollouts together may have ${globalConcurrencyMax}`,
    );
}
