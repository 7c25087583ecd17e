import { MINUTE_MS, toInstant } from '../core/kernel/instants.ts';
import type { HealthMetric } from '../core/rollouts/health.ts';
import type { HookSpec, RebootPolicy, TransactionItem } from '../core/rollouts/host-plan.ts';
import type { PlannedWindow, RolloutPlan } from '../core/rollouts/plan.ts';
import type { HostCase, PlanRequest } from '../core/rollouts/planner.ts';
import type { SimHost } from './host.ts';
import { HOOK_SECONDS, OFFERED_HOOKS } from './host-hooks.ts';
import type { Random } from './random.ts';

export type Terms = Pick<PlanRequest, 'rings' | 'window' | 'reboot' | 'profile' | 'concurrencyMax' | 'catchUpDays' | 'hooks'>;

/** What somebody asks for besides hosts and patches. */
export function drawTerms(random: Random, nowMs: number): Terms {
  const window = drawWindow(random, nowMs);
  const concurrency = random.between(1, 5);
  // People who expect hosts that are off ask for less of them.
  const gate = random.chance(0.5) ? { minCoveragePercent: random.pick([30, 60]), minSample: 1 } : undefined;
  return {
    window,
    reboot: random.pick(['never', 'never', 'if-needed', 'always'] as const),
    rings: [
      { name: 'canary', hosts: random.between(1, 2), soakMinutes: random.between(0, 30), concurrency: 1, health: drawHealth(random) },
      { name: 'early', percent: 20, soakMinutes: random.between(0, 10), concurrency, gate, health: drawHealth(random) },
      { name: 'rest', percent: 100, soakMinutes: 0, concurrency: concurrency * 2, gate },
    ],
    profile: window.startsAt === null && random.chance(0.25) ? 'emergency' : 'normal',
    concurrencyMax: random.chance(0.3) ? random.between(1, 3) : null,
    catchUpDays: random.chance(0.5) ? 1 : 0,
    hooks: random.chance(0.45) ? drawHooks(random) : [],
  };
}

function drawHooks(random: Random): readonly HookSpec[] {
  const seconds = (): number => random.between(20, HOOK_SECONDS);
  const backup = { phase: 'pre', name: 'backup', timeoutSeconds: seconds() } as const;
  return [
    { phase: 'pre', name: 'drain', timeoutSeconds: seconds() },
    ...(random.chance(0.9) ? [backup] : []),
    { phase: 'post', name: 'undrain', timeoutSeconds: seconds() },
  ];
}

/** Two of three gates ask for results only. */
function drawHealth(random: Random): readonly HealthMetric[] {
  if (!random.chance(0.35)) return [];
  const dryRun = random.chance(0.2);
  if (random.chance(0.5)) return [{ kind: 'hosts', signal: random.pick(['failed-units', 'unexpected-boots', 'silent'] as const), dryRun }];
  const query = 'errors_percent({{hosts}})';
  return [{ kind: 'prometheus', name: 'errors', query, operator: '<=', threshold: 20, controlFactor: random.pick([null, 2]), dryRun }];
}

function drawWindow(random: Random, nowMs: number): PlannedWindow {
  if (!random.chance(0.4)) return { startsAt: null, endsAt: null, timeZone: 'UTC', repeat: null };
  // Whole minutes, as people type them.
  const startsAtMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS + random.between(1, 90) * MINUTE_MS;
  return {
    startsAt: toInstant(startsAtMs),
    endsAt: toInstant(startsAtMs + random.pick([12, 25, 60, 240]) * MINUTE_MS),
    timeZone: random.pick(['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe']),
    repeat: random.chance(0.4) ? 'FREQ=DAILY' : null,
    cutoffMinutes: random.pick([0, 0, 5, 15]),
  };
}

/** A host that is up has computed its transaction itself; the others are predicted. Evidence is asked of a few. */
export function caseOf(host: SimHost, asked: readonly TransactionItem[], reboot: RebootPolicy, forensic: boolean): HostCase {
  const answered = { ok: !host.broken, transaction: asked, problem: host.broken ? 'dpkg was interrupted' : null, downloadBytes: null };
  return {
    hostId: host.id,
    hostName: host.name,
    asked,
    excluded: asked.length === 0 ? 'nothing to change' : null,
    rehearsal: host.up && host.agentUp ? answered : null,
    restartUnits: [],
    rebootExpected: reboot !== 'never',
    runsFettle: false,
    hooks: OFFERED_HOOKS.map(name => ({ name, problem: null })),
    ...(forensic ? { forensic: ['CVE-2026-0001'] } : {}),
  };
}

/** For the mutant: what a lint reads that does not know epochs. */
export function planWithoutEpochs(plan: RolloutPlan): RolloutPlan {
  return { ...plan, transactions: plan.transactions.map(items => items.map(withoutEpochs)) };
}

export function withoutEpochs(item: TransactionItem): TransactionItem {
  const bare = (version: string | null): string | null => version?.replace(/^\d+:/, '') ?? null;
  return { ...item, fromVersion: bare(item.fromVersion), toVersion: bare(item.toVersion) };
}
