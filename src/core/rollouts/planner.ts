import type { HookOffer } from '../inventory/snapshot.ts';
import { type DurationHistory, mayReboot, predictMinutes } from './duration.ts';
import { hookMinutes, missingHooks } from './hooks.ts';
import type { HookSpec, RebootPolicy, RestartPolicy, SmokeTest, TransactionItem } from './host-plan.ts';
import { itemKey, itemText, type PlannedHost, type PlannedRing, type PlannedWindow, planHash, planText, type RolloutPlan } from './plan.ts';
import { type Reversible, reversibilityOf } from './reversibility.ts';
import { drawRings, type RingRequest } from './rings.ts';

/** What was asked, already resolved to hosts. */
export interface PlanRequest {
  readonly rolloutId: string;
  readonly kind: 'patch' | 'rollback';
  readonly revertsId: string | null;
  readonly patchIds: readonly string[];
  readonly rings: readonly RingRequest[];
  readonly window: PlannedWindow;
  readonly restart: RestartPolicy;
  readonly reboot: RebootPolicy;
  readonly smokeTests: readonly SmokeTest[];
  readonly hooks?: readonly HookSpec[];
  readonly profile?: 'normal' | 'emergency';
  readonly concurrencyMax?: number | null;
  readonly catchUpDays?: number;
  /** null or absent: nothing has been rolled out yet. */
  readonly history?: DurationHistory | null;
}

/** One host as it was found when the plan was made. */
export interface HostCase {
  readonly hostId: string;
  readonly hostName: string;
  /** The changes that were asked for, as predicted from the inventory. */
  readonly asked: readonly TransactionItem[];
  /** Known before any rehearsal: held, not offered, already there, no way to act. */
  readonly excluded: string | null;
  /** The host's own simulation; null when it did not answer in time. */
  readonly rehearsal: {
    readonly ok: boolean;
    readonly transaction: readonly TransactionItem[];
    readonly problem: string | null;
    readonly downloadBytes: number | null;
  } | null;
  readonly restartUnits: readonly string[];
  readonly rebootExpected: boolean;
  /** Why the host asks for a reboot already: one reboot at the end of its job serves both. */
  readonly rebootPending?: readonly string[];
  /** Vulnerabilities that it closes there and whose decision asks for evidence first; absent where nobody knows. */
  readonly forensic?: readonly string[];
  /** When the first finding that it closes there is due. */
  readonly dueAt?: string | null;
  /** Read only where the request names hooks; null: the host has not told. */
  readonly hooks?: readonly HookOffer[] | null;
  /** The host that Fettle itself runs on goes last (domain.md 2.8). */
  readonly runsFettle: boolean;
}

export interface PlanReport {
  readonly rings: readonly { readonly name: string; readonly hosts: readonly HostReport[] }[];
  readonly excluded: readonly { readonly hostId: string; readonly hostName: string; readonly reason: string }[];
}

interface HostReport {
  readonly hostId: string;
  readonly hostName: string;
  readonly transaction: readonly TransactionItem[];
  readonly rehearsed: 'on-host' | 'predicted';
  readonly restartUnits: readonly string[];
  readonly rebootExpected: boolean;
  readonly rebootPending: readonly string[];
  readonly reversible: Reversible;
  readonly reversibleReason: string;
  readonly downloadBytes: number | null;
  readonly forensic: readonly string[];
  /** Predicted disruption, nine of ten times; from so many jobs alike, 0: from the size of the transaction alone. */
  readonly estimatedMinutes: number;
  readonly basedOnJobs: number;
  readonly dueAt: string | null;
  readonly problem: string | null;
}

export interface PlanMade {
  readonly plan: RolloutPlan;
  readonly text: string;
  readonly hash: string;
  readonly report: PlanReport;
}

interface Included {
  readonly host: HostCase;
  readonly transaction: readonly TransactionItem[];
  readonly rehearsed: 'on-host' | 'predicted';
}

/** Pure: the same request and hosts give the same plan, text and hash, whatever the order of `hosts`. */
export function makePlan(request: PlanRequest, hosts: readonly HostCase[]): PlanMade {
  const ordered = [...hosts].sort((a, b) => (a.hostId < b.hostId ? -1 : 1));
  const included: Included[] = [];
  const excluded: { hostId: string; hostName: string; reason: string }[] = [];
  for (const host of ordered) {
    const verdict = include(host, request.hooks ?? []);
    if (typeof verdict === 'string') excluded.push({ hostId: host.hostId, hostName: host.hostName, reason: verdict });
    else included.push(verdict);
  }
  const transactions = distinctTransactions(included);
  const reversibility = transactions.list.map(reversibilityOf);
  const rings = drawRings(
    request.rings,
    included.map(one => ({ hostId: one.host.hostId, likeness: transactions.keyOf(one), last: one.host.runsFettle })),
    request.kind,
  );
  const byId = new Map(included.map(one => [one.host.hostId, one]));
  const plan: RolloutPlan = {
    version: 1,
    rolloutId: request.rolloutId,
    kind: request.kind,
    revertsId: request.revertsId,
    patchIds: [...request.patchIds].sort(),
    transactions: transactions.list,
    rings: rings.map(ring => plannedRing(ring, byId, transactions.indexOf, request)),
    window: plannedWindow(request.window),
    restart: request.restart,
    reboot: request.reboot,
    smokeTests: request.smokeTests,
    ...((request.hooks ?? []).length > 0 ? { hooks: request.hooks! } : {}),
    ...(request.profile === 'emergency' ? { profile: 'emergency' as const } : {}),
    ...(request.concurrencyMax == null ? {} : { concurrencyMax: request.concurrencyMax }),
    ...((request.catchUpDays ?? 0) > 0 ? { catchUpDays: request.catchUpDays! } : {}),
  };
  const text = planText(plan);
  const reportOf = (hostId: string): HostReport => {
    const one = byId.get(hostId)!;
    return hostReport(one, reversibility[transactions.indexOf(one)]!, request);
  };
  const report = { rings: rings.map(ring => ({ name: ring.name, hosts: ring.hostIds.map(reportOf) })), excluded };
  return { plan, text, hash: planHash(text), report };
}

/** What the host will do, or why it is left out. A host is left out rather than patched halfway or with removals. */
function include(host: HostCase, hooks: readonly HookSpec[]): Included | string {
  if (host.excluded !== null) return host.excluded;
  const missing = missingHooks(hooks, host.hooks ?? null);
  if (missing.length > 0)
    return `it does not offer ${missing.length === 1 ? 'the hook' : 'the hooks'} ${missing.join(', ')}, which the rollout names`;
  if (host.rehearsal === null)
    return host.asked.length === 0 ? 'nothing to change' : { host, transaction: sorted(host.asked), rehearsed: 'predicted' };
  const { ok, transaction, problem } = host.rehearsal;
  if (!ok) return `the rehearsal on the host failed: ${problem ?? 'no reason given'}`;
  const removed = transaction.filter(item => item.action === 'remove');
  if (removed.length > 0) return `the rehearsal would remove ${removed.map(item => item.name).join(', ')}`;
  if (transaction.length === 0) return 'already compliant: the rehearsal found nothing to change';
  const reached = new Map(transaction.map(item => [itemKey(item), item.toVersion]));
  const missed = host.asked.filter(item => reached.get(itemKey(item)) !== item.toVersion);
  if (missed.length > 0) return `the rehearsal would not make ${missed.map(itemText).join(', ')}`;
  return { host, transaction: sorted(transaction), rehearsed: 'on-host' };
}

/** What is absent and what is nothing have one spelling, so that they have one hash. */
function plannedWindow({ startsAt, endsAt, timeZone, repeat, cutoffMinutes, length, gap, overlap }: PlannedWindow): PlannedWindow {
  return {
    ...{ startsAt, endsAt, timeZone, repeat },
    ...((cutoffMinutes ?? 0) > 0 ? { cutoffMinutes } : {}),
    ...(repeat !== null && length === 'wall-clock' ? { length } : {}),
    ...(repeat !== null && gap === 'skip' ? { gap } : {}),
    ...(repeat !== null && overlap === 'second' ? { overlap } : {}),
  };
}

/** Numbers the distinct transactions in an order that does not depend on the hosts. */
function distinctTransactions(included: readonly Included[]) {
  const keys = new Map(included.map(one => [one, transactionKey(one.transaction)]));
  const distinct = new Map<string, readonly TransactionItem[]>();
  for (const [one, key] of keys) if (!distinct.has(key)) distinct.set(key, one.transaction);
  const sortedKeys = [...distinct.keys()].sort();
  const position = new Map(sortedKeys.map((key, index) => [key, index]));
  return {
    list: sortedKeys.map(key => distinct.get(key)!),
    keyOf: (one: Included): string => keys.get(one)!,
    indexOf: (one: Included): number => position.get(keys.get(one)!)!,
  };
}

function transactionKey(transaction: readonly TransactionItem[]): string {
  return transaction.map(item => `${item.action} ${item.name} ${item.arch} ${item.fromVersion ?? ''} ${item.toVersion ?? ''}`).join('\n');
}

function plannedRing(
  ring: ReturnType<typeof drawRings>[number],
  byId: ReadonlyMap<string, Included>,
  indexOf: (one: Included) => number,
  { reboot, history, hooks }: PlanRequest,
): PlannedRing {
  const hosts = ring.hostIds.map((id): PlannedHost => {
    const one = byId.get(id)!;
    return {
      hostId: id,
      hostName: one.host.hostName,
      transaction: indexOf(one),
      rehearsed: one.rehearsed,
      estimatedMinutes: predictMinutes(one.transaction, reboot, reboots(one.host), history ?? null).minutes + hookMinutes(hooks ?? []),
      ...((one.host.forensic ?? []).length > 0 ? { forensic: true as const } : {}),
    };
  });
  return { name: ring.name, soakMinutes: ring.soakMinutes, concurrency: ring.concurrency, gate: ring.gate, hosts };
}

function hostReport(
  one: Included,
  { reversible, reason }: ReturnType<typeof reversibilityOf>,
  { reboot, history, hooks }: PlanRequest,
): HostReport {
  const { minutes, basedOnJobs } = predictMinutes(one.transaction, reboot, reboots(one.host), history ?? null);
  const pending = one.host.rebootPending ?? [];
  return {
    hostId: one.host.hostId,
    hostName: one.host.hostName,
    transaction: one.transaction,
    rehearsed: one.rehearsed,
    restartUnits: one.host.restartUnits,
    rebootExpected: mayReboot(reboot, reboots(one.host)) || one.host.rebootExpected,
    rebootPending: pending,
    reversible,
    reversibleReason: reason,
    downloadBytes: one.host.rehearsal?.downloadBytes ?? null,
    forensic: one.host.forensic ?? [],
    estimatedMinutes: minutes + hookMinutes(hooks ?? []),
    basedOnJobs,
    dueAt: one.host.dueAt ?? null,
    problem:
      one.rehearsed === 'predicted'
        ? 'the host did not answer the rehearsal in time: predicted from its inventory; it will simulate again before it changes anything'
        : null,
  };
}

/** What is pending on the host is settled by the same reboot, so it takes that reboot's time even where the patches need none. */
function reboots(host: HostCase): boolean {
  return host.rebootExpected || (host.rebootPending ?? []).length > 0;
}

function sorted(transaction: readonly TransactionItem[]): TransactionItem[] {
  return transaction
    .map(({ action, name, arch, fromVersion, toVersion }) => ({ action, name, arch, fromVersion, toVersion }))
    .sort((a, b) => (itemKey(a) < itemKey(b) ? -1 : itemKey(a) > itemKey(b) ? 1 : 0));
}
