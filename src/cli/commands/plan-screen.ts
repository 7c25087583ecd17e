import type { PlanReportView } from '../../api/plans.ts';
import type { Screen } from '../command.ts';
import { counted } from '../screen.ts';

type PlannedHost = PlanReportView['rings'][number]['hosts'][number];

/** Everything that the approver of a plan is to read: each host's transaction and what it means there, when, what is too late, and who is left out. */
export function showPlan(plan: PlanReportView, screen: Screen): void {
  for (const ring of plan.rings) {
    screen.line(`\nring ${ring.name}`);
    for (const host of ring.hosts) {
      screen.line(`  ${host.hostName}: ${factsOf(host).join(', ')}`);
      if (host.problem !== null) screen.line(`    PROBLEM: ${host.problem}`);
      for (const item of host.transaction)
        screen.line(`    ${item.action} ${item.name}:${item.arch} ${item.fromVersion ?? '-'} -> ${item.toVersion ?? '-'}`);
      if (host.reversible !== 'reversible') screen.line(`    the way back: ${host.reversibleReason}`);
      if (host.rebootPending.length > 0) screen.line(`    a reboot is pending already: ${host.rebootPending.join('; ')}`);
      if (host.forensic.length > 0) screen.line(`    evidence first: ${host.forensic.join(', ')}`);
    }
  }
  screen.line();
  for (const ring of plan.forecast)
    screen.line(`ring ${ring.name}: from ${ring.startsAt}, ${ring.endsAt === null ? 'fits no window' : `through by ${ring.endsAt}`}`);
  for (const late of plan.late)
    screen.line(
      `late: ring ${late.ring}, ${counted(late.hosts.length, 'host')} due on ${late.dueAt}${late.finishesAt === null ? '' : `, through by ${late.finishesAt}`}; what can be done: ${late.offers.join(', ')}`,
    );
  for (const finding of plan.lint) screen.line(`${finding.level} ${finding.rule}: ${finding.message}`);
  showExcluded(plan, screen);
}

function factsOf(host: PlannedHost): string[] {
  const basis = host.basedOnJobs === 0 ? 'by its size' : `nine of ten of ${counted(host.basedOnJobs, 'job')} alike`;
  return [
    host.rehearsed === 'on-host' ? 'rehearsed on the host' : 'predicted',
    host.reversible,
    `takes ${counted(host.estimatedMinutes, 'minute')} at most (${basis})`,
    ...(host.restartUnits.length > 0 ? [`restarts ${host.restartUnits.join(' ')}`] : []),
    ...(host.rebootExpected ? ['reboot expected'] : []),
    ...(host.downloadBytes === null ? [] : [`downloads ${(host.downloadBytes / 1e6).toFixed(1)} MB`]),
    ...(host.dueAt === null ? [] : [`due on ${host.dueAt.slice(0, 10)}`]),
  ];
}

const NAMED_MAX = 3;
/** One line for a reason, however many hosts it keeps out. */
export function showExcluded({ excluded }: Pick<PlanReportView, 'excluded'>, screen: Screen): void {
  const byReason = Map.groupBy(excluded, host => host.reason);
  for (const [reason, hosts] of [...byReason].toSorted((a, b) => b[1].length - a[1].length)) {
    const names = hosts.slice(0, NAMED_MAX).map(host => host.hostName);
    const more = hosts.length > NAMED_MAX ? ` and ${hosts.length - NAMED_MAX} more` : '';
    screen.line(`left out: ${counted(hosts.length, 'host')} (${names.join(', ')}${more}): ${reason}`);
  }
}
