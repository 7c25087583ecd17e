import { addMs, DAY_MS, type Instant, MINUTE_MS } from '../kernel/instants.ts';
import { deb } from '../versions/deb.ts';
import { compareVersions, isInvalid } from '../versions/scheme.ts';
import { forecast, lateHosts } from './forecast.ts';
import type { TransactionItem } from './host-plan.ts';
import { itemKey, itemText, type PlannedHost, type RolloutPlan } from './plan.ts';
import { type Interval, subtract } from './schedule/intervals.ts';
import { currentOrNext, minutesOf, repeatProblem } from './schedule/planned-window.ts';

/**
 * Checks a plan against what was asked, knowing nothing of how it was made: this file must not import the planner (a test holds that), so that one
 * mistake cannot hide in both. An error keeps the rollout in draft; a warning is shown to the approver.
 */
export interface LintFacts {
  readonly now: Instant;
  /** Changes that the chosen patches ask for, per host. */
  readonly asked: ReadonlyMap<string, readonly TransactionItem[]>;
  readonly rebootExpected: ReadonlySet<string>;
  /** The host that Fettle itself runs on, when it is one of the fleet. */
  readonly fettleHostId: string | null;
  /** Hard freezes from now on, with the hosts that they cover; null covers all. */
  readonly freezes: readonly (Interval & { readonly name: string; readonly hostIds: ReadonlySet<string> | null })[];
  /** When the first finding that the plan closes on a host is due. */
  readonly dueOf?: ReadonlyMap<string, Instant>;
  /** What other open rollouts would do on the same hosts. */
  readonly others?: readonly OtherJob[];
  readonly globalConcurrencyMax?: number;
  /** `NAME VERSION` of binaries that have been retracted, with the reason. */
  readonly retracted?: ReadonlyMap<string, string>;
  readonly groups: readonly { readonly name: string; readonly hostIds: ReadonlySet<string>; readonly minAvailable: number }[];
}

/** A host's part of another rollout that is approved or running. */
export interface OtherJob {
  readonly rolloutId: string;
  readonly rolloutName: string;
  readonly hostId: string;
  readonly transaction: readonly TransactionItem[];
}

export interface LintFinding {
  readonly rule: string;
  readonly level: 'error' | 'warning';
  readonly message: string;
}

interface Rule {
  readonly rule: string;
  readonly level: LintFinding['level'];
  readonly check: (plan: RolloutPlan, facts: LintFacts) => readonly string[];
}

/** Debian policy 5.6.1; the host checks the same pattern before apt sees a name. */
const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const ARCH = /^[a-z0-9-]+$/;
/** A host plan must fit its envelope of 256 KiB; an item takes about 130 bytes of it. */
const TRANSACTION_ITEMS_MAX = 1_500;

const RULES: readonly Rule[] = [
  {
    rule: 'something-to-do',
    level: 'error',
    check: plan => (everyHost(plan).length === 0 ? ['no host is left: see the list of excluded hosts'] : []),
  },
  {
    rule: 'one-ring-per-host',
    level: 'error',
    check: plan => duplicates(everyHost(plan).map(host => host.hostId)).map(id => `${nameOf(plan, id)} is in more than one ring`),
  },
  { rule: 'canary-first', level: 'error', check: canaryFirst },
  { rule: 'canary-small', level: 'warning', check: canarySmall },
  { rule: 'canary-serial', level: 'warning', check: canarySerial },
  { rule: 'fettle-host-last', level: 'error', check: fettleHostLast },
  {
    rule: 'transaction-known',
    level: 'error',
    check: plan =>
      everyHost(plan)
        .filter(host => plan.transactions[host.transaction] === undefined)
        .map(host => `${host.hostName} refers to a transaction that the plan does not have`),
  },
  {
    rule: 'transaction-size',
    level: 'error',
    check: plan =>
      perTransaction(plan, items =>
        items.length === 0
          ? ['changes nothing']
          : items.length > TRANSACTION_ITEMS_MAX
            ? [`has ${items.length} packages; ${TRANSACTION_ITEMS_MAX} fit a signed host plan`]
            : [],
      ),
  },
  {
    rule: 'package-once',
    level: 'error',
    check: plan => perTransaction(plan, items => duplicates(items.map(itemKey)).map(key => `moves ${key} twice`)),
  },
  {
    rule: 'names-valid',
    level: 'error',
    check: plan =>
      perTransaction(plan, items =>
        items
          .filter(item => !PACKAGE_NAME.test(item.name) || !ARCH.test(item.arch))
          .map(item => `"${item.name}:${item.arch}" is not a package name`),
      ),
  },
  { rule: 'versions-valid', level: 'error', check: plan => perTransaction(plan, items => items.flatMap(versionFaults)) },
  { rule: 'direction', level: 'error', check: plan => perTransaction(plan, items => items.flatMap(directionFaults)) },
  {
    rule: 'no-removals',
    level: 'error',
    check: plan => perTransaction(plan, items => items.filter(item => item.action === 'remove').map(item => `removes ${item.name}`)),
  },
  {
    rule: 'downgrade-only-in-rollback',
    level: 'error',
    check: plan =>
      plan.kind === 'rollback'
        ? []
        : perTransaction(plan, items => items.filter(item => item.action === 'downgrade').map(item => `takes ${itemText(item)} back`)),
  },
  {
    rule: 'no-retracted',
    level: 'error',
    check: (plan, facts) =>
      perTransaction(plan, items =>
        items.flatMap(item => {
          const reason = facts.retracted?.get(`${item.name} ${item.toVersion}`);
          return reason === undefined ? [] : [`moves ${item.name} to ${item.toVersion}, which has been retracted: ${reason}`];
        }),
      ),
  },
  { rule: 'asked-is-planned', level: 'error', check: askedIsPlanned },
  { rule: 'undeclared-install', level: 'warning', check: (plan, facts) => undeclared(plan, facts, 'install', 'installs') },
  { rule: 'undeclared-upgrade', level: 'warning', check: (plan, facts) => undeclared(plan, facts, 'upgrade', 'also moves') },
  { rule: 'window-order', level: 'error', check: windowOrder },
  {
    rule: 'window-zone',
    level: 'error',
    check: plan => (isTimeZone(plan.window.timeZone) ? [] : [`"${plan.window.timeZone}" is not a time zone of the IANA database`]),
  },
  { rule: 'window-repeat', level: 'error', check: plan => [repeatProblem(plan.window)].flatMap(problem => problem ?? []) },
  { rule: 'freeze-leaves-time', level: 'error', check: freezeLeavesTime },
  { rule: 'group-can-spare', level: 'error', check: groupCanSpare },
  { rule: 'window-fits-host', level: 'error', check: windowFitsHost },
  { rule: 'window-fits-ring', level: 'warning', check: windowFitsAll },
  { rule: 'reboot-needed', level: 'warning', check: rebootNeeded },
  {
    rule: 'smoke-tests',
    level: 'warning',
    check: plan => (plan.smokeTests.length > 0 ? [] : ['no smoke test: a service that starts and serves wrongly would not be seen']),
  },
  { rule: 'predicted', level: 'warning', check: predicted },
  { rule: 'due-date', level: 'warning', check: dueDates },
  { rule: 'approval-horizon', level: 'warning', check: approvalHorizon },
  { rule: 'conflicting-versions', level: 'error', check: conflictingVersions },
  { rule: 'other-rollouts', level: 'warning', check: otherRollouts },
  { rule: 'gate-can-fail', level: 'warning', check: gateCanFail },
  { rule: 'cap-over-all', level: 'warning', check: capOverAll },
  {
    rule: 'evidence-first',
    level: 'warning',
    check: plan => {
      const hosts = everyHost(plan).filter(host => host.forensic === true);
      return hosts.length === 0
        ? []
        : [`${hostNames(hosts)}: evidence has to be collected there first; each waits until somebody records that it was`];
    },
  },
];

export const LINT_RULES: readonly string[] = RULES.map(rule => rule.rule);

export function lintPlan(plan: RolloutPlan, facts: LintFacts): LintFinding[] {
  return RULES.flatMap(({ rule, level, check }) => check(plan, facts).map(message => ({ rule, level, message })));
}

function everyHost(plan: RolloutPlan): readonly PlannedHost[] {
  return plan.rings.flatMap(ring => ring.hosts);
}

function nameOf(plan: RolloutPlan, hostId: string): string {
  return everyHost(plan).find(host => host.hostId === hostId)?.hostName ?? hostId;
}

function duplicates(keys: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) twice.add(key);
    seen.add(key);
  }
  return [...twice];
}

/** Runs a check once per distinct transaction and names a host that has it, with how many more. */
function perTransaction(plan: RolloutPlan, check: (items: readonly TransactionItem[]) => readonly string[]): string[] {
  const hosts = everyHost(plan);
  return plan.transactions.flatMap((items, index) => {
    const faults = check(items);
    if (faults.length === 0) return [];
    const who = hostNames(hosts.filter(host => host.transaction === index));
    return faults.map(fault => `${who}: the transaction ${fault}`);
  });
}

function hostNames(hosts: readonly PlannedHost[]): string {
  const names = hosts.map(host => host.hostName);
  return names.length <= 3 ? names.join(', ') || 'no host' : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

function canaryFirst(plan: RolloutPlan): string[] {
  const position = plan.rings.findIndex(ring => /^canar(y|ies)$/i.test(ring.name));
  if (plan.kind === 'patch' && position > 0) return [`ring "${plan.rings[position]!.name}" comes after ${position} other`];
  return plan.rings.filter(ring => ring.hosts.length === 0).map(ring => `ring "${ring.name}" has no host`);
}

function canarySmall(plan: RolloutPlan): string[] {
  const [first] = plan.rings;
  const total = everyHost(plan).length;
  if (plan.kind === 'rollback' || first === undefined || total < 3) return [];
  if (plan.rings.length === 1) return [`all ${total} hosts are in one ring: nothing is tried first`];
  return first.hosts.length * 2 > total ? [`the first ring holds ${first.hosts.length} of ${total} hosts`] : [];
}

/** The worst case of a ring is what is in flight when the first failure is seen (domain.md 2.3). */
function canarySerial(plan: RolloutPlan): string[] {
  const [first] = plan.rings;
  const atOnce = first === undefined ? 0 : Math.min(first.concurrency, first.hosts.length);
  return plan.kind === 'patch' && plan.rings.length > 1 && atOnce > 1
    ? [`${atOnce} canaries are patched at once: all of them may fail before the gate sees the first`]
    : [];
}

function fettleHostLast(plan: RolloutPlan, facts: LintFacts): string[] {
  const hosts = everyHost(plan);
  const at = hosts.findIndex(host => host.hostId === facts.fettleHostId);
  return at < 0 || at === hosts.length - 1 ? [] : [`${hosts[at]!.hostName} runs Fettle and must come last`];
}

function versionFaults(item: TransactionItem): string[] {
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

function directionFaults(item: TransactionItem): string[] {
  if (item.fromVersion === null || item.toVersion === null) return [];
  const order = compareVersions(deb, item.fromVersion, item.toVersion);
  if (isInvalid(order)) return [];
  const expected = item.action === 'downgrade' ? 1 : -1;
  return order === expected ? [] : [`calls ${itemText(item)} ${item.action === 'upgrade' ? 'an upgrade' : 'a downgrade'}`];
}

function askedIsPlanned(plan: RolloutPlan, facts: LintFacts): string[] {
  return everyHost(plan).flatMap(host => {
    const planned = new Map((plan.transactions[host.transaction] ?? []).map(item => [itemKey(item), item.toVersion]));
    const missed = (facts.asked.get(host.hostId) ?? []).filter(item => planned.get(itemKey(item)) !== item.toVersion);
    return missed.length === 0 ? [] : [`${host.hostName}: asked for ${missed.map(itemText).join(', ')}, which its transaction does not do`];
  });
}

/** What the package manager pulls in beyond what was asked; one line per distinct extra package. */
function undeclared(plan: RolloutPlan, facts: LintFacts, action: TransactionItem['action'], verb: string): string[] {
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

function windowOrder({ window }: RolloutPlan, { now }: LintFacts): string[] {
  if (window.startsAt !== null && window.endsAt !== null && window.startsAt >= window.endsAt) return ['the window ends before it starts'];
  if (repeatProblem(window) !== null) return [];
  return currentOrNext(window, now) === null ? ['the window is over'] : [];
}

/** The open stretch of time that comes first, cut at now; null without an end. */
function nextOpening({ window }: RolloutPlan, now: Instant): { readonly startsAt: Instant; readonly endsAt: Instant } | null {
  if (repeatProblem(window) !== null) return null;
  const next = currentOrNext(window, now);
  if (next?.endsAt == null) return null;
  if (window.startsAt !== null && window.startsAt >= next.endsAt) return null;
  const endsAt = addMs(next.endsAt, -(window.cutoffMinutes ?? 0) * MINUTE_MS);
  const startsAt = next.startsAt !== null && next.startsAt > now ? next.startsAt : now;
  return endsAt <= startsAt ? { startsAt, endsAt: startsAt } : { startsAt, endsAt };
}

function openMinutes(plan: RolloutPlan, now: Instant): number | null {
  const opening = nextOpening(plan, now);
  return opening === null ? null : minutesOf([opening]);
}

/** domain.md 3.5: a window that a freeze eats whole is named at plan time. */
function freezeLeavesTime(plan: RolloutPlan, facts: LintFacts): string[] {
  const opening = nextOpening(plan, facts.now);
  if (opening === null || plan.window.repeat !== null) return [];
  const stuck = everyHost(plan).filter(host => {
    const freezes = facts.freezes.filter(freeze => freeze.hostIds === null || freeze.hostIds.has(host.hostId));
    return freezes.length > 0 && subtract([opening], freezes).every(left => minutesOf([left]) < host.estimatedMinutes);
  });
  const names = facts.freezes.map(freeze => freeze.name).join(', ');
  return stuck.length === 0 ? [] : [`${hostNames(stuck)}: a freeze (${names}) leaves no time in the window`];
}

/** domain.md 2.8: a singleton, or a pair of which both must stay, can never start. It is never relaxed silently. */
function groupCanSpare(plan: RolloutPlan, facts: LintFacts): string[] {
  const hosts = everyHost(plan);
  return facts.groups.flatMap(group => {
    const members = hosts.filter(host => group.hostIds.has(host.hostId));
    return members.length === 0 || group.hostIds.size - 1 >= group.minAvailable
      ? []
      : [
          `${hostNames(members)}: availability group ${group.name} has ${group.hostIds.size} hosts and needs ${group.minAvailable} others to stay: no member could ever start`,
        ];
  });
}

/** L6: a host that can never start is named now, not on the night. */
function windowFitsHost(plan: RolloutPlan, facts: LintFacts): string[] {
  const open = openMinutes(plan, facts.now);
  if (open === null) return [];
  const tooLong = everyHost(plan).filter(host => host.estimatedMinutes > open);
  if (tooLong.length === 0) return [];
  const longest = Math.max(...tooLong.map(host => host.estimatedMinutes));
  return [`${hostNames(tooLong)} may need ${longest} minutes, the window has ${open}: no permit would ever be given`];
}

function windowFitsAll(plan: RolloutPlan, facts: LintFacts): string[] {
  const open = openMinutes(plan, facts.now);
  if (open === null || open <= 0) return [];
  const needed = plan.rings.reduce(
    (sum, ring) =>
      sum +
      ring.soakMinutes +
      Math.ceil(ring.hosts.length / ring.concurrency) * Math.max(0, ...ring.hosts.map(host => host.estimatedMinutes)),
    0,
  );
  return needed > open
    ? [`all rings one after another may take ${needed} minutes with their soak, the window has ${open}: the last hosts may not be reached`]
    : [];
}

function rebootNeeded(plan: RolloutPlan, facts: LintFacts): string[] {
  const hosts = everyHost(plan).filter(host => facts.rebootExpected.has(host.hostId));
  return plan.reboot === 'never' && hosts.length > 0
    ? [`${hostNames(hosts)}: the fix takes effect only after a reboot, and this rollout never reboots`]
    : [];
}

function predicted(plan: RolloutPlan): string[] {
  const hosts = everyHost(plan).filter(host => host.rehearsed === 'predicted');
  return hosts.length === 0 ? [] : [`${hostNames(hosts)}: not rehearsed on the host, only predicted`];
}

/** Intl is the platform's own table of zones; no clock is read. A fixed offset is refused: it is wrong for half of the year (domain.md 3.2). */
function isTimeZone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** domain.md 2.8 "SLA feasibility": never discovered on day two. */
function dueDates(plan: RolloutPlan, { now, dueOf }: LintFacts): string[] {
  if (dueOf === undefined || dueOf.size === 0) return [];
  return lateHosts(plan, dueOf, now).map(late => {
    const names = late.hosts.length <= 3 ? late.hosts.join(', ') : `${late.hosts.slice(0, 3).join(', ')} and ${late.hosts.length - 3} more`;
    const when = late.finishesAt === null ? 'never, as its windows are' : `by ${late.finishesAt}`;
    return `${names}: due on ${late.dueAt}, ring ${late.ring} is through ${when}. What can be done: ${late.offers.map(offer => offer.replace('-', ' ')).join(', ')}`;
  });
}

/** S7: an approval lasts thirty days from now at the most; what comes later is not reached by it. */
function approvalHorizon(plan: RolloutPlan, { now }: LintFacts): string[] {
  const end = forecast(plan, now).at(-1)?.endsAt;
  return end != null && end > addMs(now, APPROVAL_DAYS * DAY_MS)
    ? [`the last ring is through by ${end}: the approval runs out before`]
    : [];
}
const APPROVAL_DAYS = 30;

/** Two rollouts that move one package of one host to different versions: whichever comes second undoes the first or fails. */
function conflictingVersions(plan: RolloutPlan, { others }: LintFacts): string[] {
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
function otherRollouts(plan: RolloutPlan, { others }: LintFacts): string[] {
  const hosts = new Set(everyHost(plan).map(host => host.hostId));
  const byRollout = Map.groupBy(
    (others ?? []).filter(other => hosts.has(other.hostId)),
    other => other.rolloutId,
  );
  return [...byRollout].map(([id, jobs]) => {
    const reboots = plan.reboot === 'never' ? '' : ', and each may reboot';
    return `${jobs.length} ${jobs.length === 1 ? 'host is' : 'hosts are'} in rollout ${jobs[0]!.rolloutName} (${id}) as well: one waits for the other${reboots}; one rollout for both would disturb once`;
  });
}

/** A threshold that nothing can break is no gate (S3). */
function gateCanFail(plan: RolloutPlan): string[] {
  return plan.rings
    .slice(0, -1)
    .filter(ring => ring.gate.errorPercent >= 100 || ring.gate.minCoveragePercent === 0)
    .map(ring => `the gate of ring ${ring.name} lets everything pass`);
}

/** S1: what the ring wants at once and what all rollouts together may have. */
function capOverAll(plan: RolloutPlan, { globalConcurrencyMax }: LintFacts): string[] {
  if (globalConcurrencyMax === undefined) return [];
  return plan.rings
    .filter(ring => Math.min(ring.concurrency, ring.hosts.length) > globalConcurrencyMax)
    .map(ring => `ring ${ring.name} wants ${ring.concurrency} hosts at once, all rollouts together may have ${globalConcurrencyMax}`);
}
