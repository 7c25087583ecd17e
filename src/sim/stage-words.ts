import { MINUTE_MS, SECOND_MS } from '../core/kernel/instants.ts';
import type { HealthMetric } from '../core/rollouts/health.ts';
import type { TransactionItem } from '../core/rollouts/host-plan.ts';
import type { HostCase } from '../core/rollouts/planner.ts';
import type { RingRequest } from '../core/rollouts/rings.ts';
import type { SimHost } from './host.ts';

const text = { type: 'string' } as const;
export const OPTIONS = {
  ...{ hosts: text, patch: text, rings: text, window: text, reboot: text, approval: text, exclude: text },
  ...{ as: text, health: text, 'catch-up': text, min: text, soak: text, of: text },
} as const;

export function caseOf(host: SimHost, asked: readonly TransactionItem[], excluded: string | null): HostCase {
  const rehearsal = host.up ? { ok: true, transaction: asked, problem: null, downloadBytes: null } : null;
  return { hostId: host.id, hostName: host.name, asked, excluded, rehearsal, restartUnits: [], rebootExpected: false, runsFettle: false };
}

/** Of a hundred requests, one may fail. */
const ERRORS: HealthMetric = {
  ...{ kind: 'prometheus', name: 'errors', query: 'errors_percent({{hosts}})', operator: '<=' },
  ...{ threshold: 1, controlFactor: null, dryRun: false },
};

/** `canary:1:30:1`: name, hosts or percent, soak in minutes, how many at a time. */
export function ringOf(words: string, health: boolean): RingRequest {
  const [name = '', share = '', soak = '0', concurrency = '1'] = words.split(':');
  const size = share.endsWith('%') ? { percent: Number.parseInt(share, 10) } : { hosts: Number(share) };
  return { name, ...size, soakMinutes: Number(soak), concurrency: Number(concurrency), health: health ? [ERRORS] : [] };
}

const UNITS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: 60 * MINUTE_MS };

/** `90s`, `10m`, `2h`, `-10m`. */
export function duration(words: string): number {
  const match = /^([+-]?\d+)([smh])$/.exec(words);
  if (match === null) throw new Error(`not a time: ${words}`);
  return Number(match[1]) * UNITS[match[2]!]!;
}
