import type { LintFacts, LintFinding } from './lint/facts.ts';
import { duplicates, everyHost, hostNames, nameOf, perTransaction } from './lint/hosts.ts';
import { canaryFirst, canarySerial, canarySmall, capOverAll, fettleHostLast, gateCanFail } from './lint/order.ts';
import { conflictingVersions, otherRollouts } from './lint/other-rollouts.ts';
import { groupCanSpare, hooksOffered, nobodyVanishes, onlyChosen, rebootSettles, rebootWithoutNeed } from './lint/population.ts';
import { askedIsPlanned, directionFaults, predicted, rebootNeeded, undeclared, versionFaults } from './lint/transactions.ts';
import { approvalHorizon, dueDates, freezeLeavesTime, isTimeZone, windowFitsAll, windowFitsHost, windowOrder } from './lint/windows.ts';
import { itemKey, itemText, type RolloutPlan } from './plan.ts';
import { repeatProblem } from './schedule/planned-window.ts';

export type { LintFacts, LintFinding, OtherJob } from './lint/facts.ts';

/**
 * Checks a plan against what was asked, knowing nothing of how it was made: neither this file nor lint/ may import the planner (a test holds that), so that one
 * mistake cannot hide in both. An error keeps the rollout in draft; a warning is shown to the approver.
 */
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
  { rule: 'nobody-vanishes', level: 'error', check: nobodyVanishes },
  { rule: 'only-chosen', level: 'error', check: onlyChosen },
  { rule: 'hooks-offered', level: 'error', check: hooksOffered },
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
  { rule: 'reboot-settles', level: 'warning', check: rebootSettles },
  { rule: 'reboot-without-need', level: 'warning', check: rebootWithoutNeed },
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
