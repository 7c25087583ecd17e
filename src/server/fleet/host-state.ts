import type { z } from 'zod';
import type { HostState } from '../../api/hosts.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, toInstant } from '../../core/kernel/instants.ts';
import { STALE_AFTER_DAYS, UNREACHABLE_AFTER_MINUTES } from '../../core/kernel/limits.ts';
import type { InventoryPort } from '../ports.ts';
import type { HostRecord } from './host-record.ts';

interface SeenState {
  readonly state: z.output<typeof HostState>;
  /** In words, why it is not current. */
  readonly reason: string | null;
  readonly lastSeenAt: string | null;
  readonly inventoryAt: string | null;
}

/** What a host's state follows from: the tables' moments, and what the inventory has heard since. */
export interface SeenMoments {
  readonly state: z.output<typeof HostState>;
  readonly lastSeenMs: number | null;
  readonly inventoryMs: number | null;
  readonly problem: string | null;
}

/** Silence beats age: a host that cannot be reached is not asked why its inventory is old. */
export function seenMomentsOf(record: HostRecord, seen: ReturnType<InventoryPort['seenOf']>, nowMs: number): SeenMoments {
  const lastSeenMs = later(record.lastSeenMs, seen?.lastSeenAt ?? null);
  const inventoryMs = later(record.inventoryMs, seen?.inventoryAt ?? null);
  const problem = seen === null ? record.problem : seen.problem;
  const silentMs = nowMs - (lastSeenMs ?? record.enrolledMs);
  const allowed = UNREACHABLE_AFTER_MINUTES[record.reach];
  const isSilent = allowed !== null && (silentMs > allowed * MINUTE_MS || (problem !== null && record.reach === 'ssh'));
  const isWaiting = !record.hasInventory || inventoryMs === null;
  const isStale = !isWaiting && nowMs - inventoryMs > STALE_AFTER_DAYS * DAY_MS;
  return {
    state: isSilent ? 'unreachable' : isWaiting ? 'waiting-for-inventory' : isStale ? 'stale' : 'current',
    lastSeenMs,
    inventoryMs,
    problem,
  };
}

export function seenStateOf(record: HostRecord, seen: ReturnType<InventoryPort['seenOf']>, nowMs: number): SeenState {
  const moments = seenMomentsOf(record, seen, nowMs);
  const { state, lastSeenMs, inventoryMs } = moments;
  return {
    state,
    reason: REASON_OF[state](moments, nowMs),
    lastSeenAt: lastSeenMs === null ? null : toInstant(lastSeenMs),
    inventoryAt: inventoryMs === null ? null : toInstant(inventoryMs),
  };
}

const REASON_OF: Readonly<Record<SeenMoments['state'], (moments: SeenMoments, nowMs: number) => string | null>> = {
  current: () => null,
  stale: ({ inventoryMs }, nowMs) => `its inventory is ${duration(nowMs - inventoryMs!)} old`,
  'waiting-for-inventory': () => 'no inventory was received yet',
  unreachable: ({ lastSeenMs, problem }, nowMs) =>
    lastSeenMs === null
      ? (problem ?? 'it was never heard of')
      : `not seen for ${duration(nowMs - lastSeenMs)}${problem === null ? '' : `: ${problem}`}`,
};

function later(storedMs: number | null, heardAt: string | null): number | null {
  const heardMs = heardAt === null ? null : Date.parse(heardAt);
  return storedMs === null ? heardMs : heardMs === null ? storedMs : Math.max(storedMs, heardMs);
}

export function duration(ms: number): string {
  if (ms >= 2 * DAY_MS) return `${Math.floor(ms / DAY_MS)} days`;
  if (ms >= 2 * HOUR_MS) return `${Math.floor(ms / HOUR_MS)} hours`;
  return `${Math.max(1, Math.floor(ms / MINUTE_MS))} minutes`;
}
