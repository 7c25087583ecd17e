import { DAY_MS, epochMs, type Instant } from '../../core/kernel/instants.ts';
import { NEW_ROWS_PER_HOST_PER_DAY } from '../../core/kernel/limits.ts';
import { RequestFault } from '../runtime/problems.ts';

/**
 * What hosts may add to the fleet-wide tables, which never shrink: a host that somebody else controls could fill the disk with versions that
 * nobody has. A bucket per host that refills over a day; only hosts that bring something new have one.
 */
interface NewRowBudget {
  /** Throws RequestFault 429 when the host has used its share. */
  spend(hostId: string, rows: number, now: Instant): void;
}

export function createNewRowBudget(): NewRowBudget {
  const buckets = new Map<string, { left: number; atMs: number }>();
  return {
    spend(hostId, rows, now) {
      if (rows === 0) return;
      const nowMs = epochMs(now);
      const bucket = buckets.get(hostId) ?? { left: NEW_ROWS_PER_HOST_PER_DAY, atMs: nowMs };
      const left = Math.min(NEW_ROWS_PER_HOST_PER_DAY, bucket.left + ((nowMs - bucket.atMs) / DAY_MS) * NEW_ROWS_PER_HOST_PER_DAY);
      if (rows > left)
        throw new RequestFault(
          429,
          'too-many-new-versions',
          `This host reports ${rows} package versions that no host had before, too many in a day.`,
          'Look whether this host is what it claims to be; it may report again tomorrow.',
          { retryAfterSeconds: 3_600 },
        );
      buckets.set(hostId, { left: left - rows, atMs: nowMs });
    },
  };
}
