import type { z } from 'zod';
import type { HostState } from '../../api/hosts.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, toInstant } from '../../core/kernel/instants.ts';
import { STALE_AFTER_DAYS, UNREACHABLE_AFTER_MINUTES } from '../../core/kernel/limits.ts';
import type { InventoryPort } from '../ports.ts';
import type { HostRecord } from './host-record.ts';

export interface SeenState {
  readonly state: z.output<typeof HostState>;
  /** In words, why it is not current. */
  readonly reason: string | null;
  readonly lastSeenAt: string | null;
  readonly inventoryAt: string | null;
}

/** Silence beats age: a host that cannot be reached is not asked why its inventory is old. */
export function seenStateOf(record: HostRecord, seen: ReturnType<InventoryPort['seenOf']>, nowMs: number): SeenState {
  const lastSeenMs = later(record.lastSeenMs, seen?.lastSeenAt ?? null);
  const inventoryMs = later(record.inventoryMs, seen?.inventoryAt ?? null);
  const times = {
    lastSeenAt: lastSeenMs === null ? null : toInstant(lastSeenMs),
    inventoryAt: inventoryMs === null ? null : toInstant(inventoryMs),
  };
  const problem = seen === null ? record.problem : seen.problem;
  const silentMs = nowMs - (lastSeenMs ?? record.enrolledMs);
  const allowed = UNREACHABLE_AFTER_MINUTES[record.reach];
  if (allowed !== null && (silentMs > allowed * MINUTE_MS || (problem !== null && record.reach === 'ssh')))
    return {
      ...times,
      state: 'unreachable',
      reason:
        lastSeenMs === null
          ? (problem ?? 'it was never heard of')
          : `not seen for ${duration(silentMs)}${problem === null ? '' : `: ${problem}`}`,
    };
  if (!record.hasInventory || inventoryMs === null)
    return { ...times, state: 'waiting-for-inventory', reason: 'no inventory was received yet' };
  if (nowMs - inventoryMs > STALE_AFTER_DAYS * DAY_MS)
    return { ...times, state: 'stale', reason: `its inventory is ${duration(nowMs - inventoryMs)} old` };
  return { ...times, state: 'current', reason: null };
}

function later(storedMs: number | null, heardAt: string | null): number | null {
  const heardMs = heardAt === null ? null : Date.parse(heardAt);
  return storedMs === null ? heardMs : heardMs === null ? storedMs : Math.max(storedMs, heardMs);
}

export function duration(ms: number): string {
  if (ms >= 2 * DAY_MS) return `${Math.floor(ms / DAY_MS)} days`;
  if (ms >= 2 * HOUR_MS) return `${Math.floor(ms / HOUR_MS)} hours`;
  return `${Math.max(1, Math.floor(ms / MINUTE_MS))} minutes`;
}
