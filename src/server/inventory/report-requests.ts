import { epochMs } from '../../core/kernel/instants.ts';
import { REPORT_ASKED_AGAIN_SECONDS } from '../../core/kernel/limits.ts';
import type { Context } from '../context.ts';
import type { WakePort } from '../ports.ts';

/** Who shall report now. In memory: a restart forgets a request, and the next changed digest brings the report all the same. */
export interface ReportRequests {
  request(hostId: string, options: { readonly refresh: boolean }): void;
  /** The host's digests are not the stored ones: it shall report, but nobody need be woken. */
  expect(hostId: string): void;
  /** What to tell the host now; null when nothing is wanted, or when it was told moments ago and is at it. */
  take(hostId: string): { readonly refresh: boolean } | null;
  /** A report has come. */
  done(hostId: string): void;
}

export function createReportRequests(context: Pick<Context, 'clock'>, wake: WakePort): ReportRequests {
  const wanted = new Map<string, { refresh: boolean; toldMs: number }>();
  return {
    request(hostId, { refresh }) {
      const before = wanted.get(hostId);
      wanted.set(hostId, { refresh: refresh || (before?.refresh ?? false), toldMs: 0 });
      wake.wake(hostId);
    },
    expect(hostId) {
      if (!wanted.has(hostId)) wanted.set(hostId, { refresh: false, toldMs: 0 });
    },
    take(hostId) {
      const entry = wanted.get(hostId);
      const nowMs = epochMs(context.clock.now());
      if (!entry || nowMs - entry.toldMs < REPORT_ASKED_AGAIN_SECONDS * 1_000) return null;
      entry.toldMs = nowMs;
      return { refresh: entry.refresh };
    },
    done(hostId) {
      // A request that the host was not told yet stands: this report was on its way before.
      if ((wanted.get(hostId)?.toldMs ?? 0) > 0) wanted.delete(hostId);
    },
  };
}
