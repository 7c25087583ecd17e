import type { RehearsalRow } from '../../api/plans.ts';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import type { Screen } from '../command.ts';
import { showExcluded } from './plan-screen.ts';

/** In a command that is shown to be copied. */
const HOSTS_NAMED = 5;

export function showDetail({ rollout, rings, waitingOn, verbs, plan }: RolloutDetailView, screen: Screen): void {
  screen.pairs([
    ['rollout', `${rollout.name} (${rollout.kind})`],
    ['id', rollout.id],
    ['state', !rollout.stateReason ? rollout.state : `${rollout.state}: ${rollout.stateReason}`],
    ['plan', rollout.planHash],
    ['requested by', rollout.requestedBy],
    [
      'approved by',
      rollout.approvedBy === null
        ? '-'
        : `${rollout.approvedBy}${rollout.selfApproved ? ' (self-approved: single-person installation)' : ''}`,
    ],
    [
      'hosts',
      `${rollout.hosts}: ${rollout.succeeded} succeeded, ${rollout.failed} failed, ${rollout.active} active, ${rollout.waiting} waiting`,
    ],
  ]);
  screen.line();
  screen.table(
    [
      { title: 'ring' },
      { title: 'state' },
      { title: 'hosts', align: 'right' },
      { title: 'ok', align: 'right' },
      { title: 'failed', align: 'right' },
      { title: 'active', align: 'right' },
      { title: 'gate', widthMax: 80 },
    ],
    rings.map(r => [r.name, r.state, r.hosts, r.succeeded, r.failed, r.active, r.gates.at(-1)?.statement ?? r.stateReason]),
  );
  for (const finding of plan?.lint ?? []) screen.line(`${finding.level}: ${finding.message}`);
  for (const { hosts, offers } of plan?.late ?? [])
    if (offers.includes('exception')) {
      const named = hosts.slice(0, HOSTS_NAMED).map(host => `--host ${host}`);
      screen.line(`  leave until then: fettle exception request TITLE --patch ID ${named.join(' ')} --owner LOGIN --days N --reason WHY`);
    }
  if (plan !== null) showExcluded(plan, screen);
  for (const reason of waitingOn) screen.line(`waiting: ${reason.text}${reason.changesAt === null ? '' : ` (until ${reason.changesAt})`}`);
  screen.line(
    `next: ${
      verbs
        .filter(v => v.enabled)
        .map(v => v.verb)
        .join(', ') || 'nothing to do'
    }`,
  );
}

/** One host's rehearsal: what it shows, and what it could not. */
export function showRehearsal({ hostName, verdict, report, expiresAt, acceptedBy }: RehearsalRow, screen: Screen): void {
  if (report === null) {
    screen.line(
      `${hostName}: not answered yet (asked until ${expiresAt})${acceptedBy === null ? '' : `; ${acceptedBy} goes on without it`}`,
    );
    return;
  }
  screen.line(
    `${hostName}: ${verdict}${report.failure === null ? '' : `: ${report.failure.message}`}${acceptedBy === null ? '' : `; accepted by ${acceptedBy}`}`,
  );
  const { rollback, untouched, checks } = report;
  const figures = [
    ...(report.applySeconds === null ? [] : [`installed in ${report.applySeconds} s`]),
    ...(report.writtenBytes === null ? [] : [`${Math.ceil(report.writtenBytes / 1e6)} MB written`]),
    ...(rollback === null
      ? []
      : [rollback.outcome === 'restored' ? `undone in ${rollback.seconds} s` : `the way back: ${rollback.outcome}: ${rollback.reason}`]),
    ...(checks.length === 0 ? [] : [`${checks.filter(check => check.passed).length} of ${checks.length} checks passed`]),
  ];
  if (figures.length > 0) screen.line(`  ${figures.join('; ')}`);
  for (const check of checks) if (!check.passed) screen.line(`  FAILED ${check.kind} ${check.subject}: ${check.detail}`);
  if (report.withheld.length > 0) screen.line(`  withheld from the copy: ${report.withheld.join(', ')}`);
  if (untouched !== null) screen.line(`  the host itself: ${untouchedWords(untouched)}`);
}

function untouchedWords({ packages, etc, services }: NonNullable<NonNullable<RehearsalRow['report']>['untouched']>): string {
  const lists = [
    packages === null ? 'package database not compared' : packages ? 'package database unchanged' : 'PACKAGE DATABASE CHANGED',
    etc === null ? '/etc not compared' : etc.length === 0 ? '/etc unchanged' : `changed meanwhile: ${etc.join(', ')}`,
    services === null
      ? 'services not compared'
      : services.length === 0
        ? 'services unchanged'
        : `services that changed meanwhile: ${services.join(', ')}`,
  ];
  return lists.join('; ');
}
