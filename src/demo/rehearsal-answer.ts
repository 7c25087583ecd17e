import { addMs, type Instant, SECOND_MS } from '../core/kernel/instants.ts';
import type { Machine } from './machine.ts';

/** What a made-up host answers to a rehearsal in a copy of itself: it always goes well. */
export function rehearsalOf({ part, units: all }: Machine, startedAt: Instant) {
  const units = all.slice(8, 10);
  return {
    verdict: 'passed' as const,
    failure: null,
    applySeconds: 6 + (part.number % 9),
    writtenBytes: 4_000_000 + part.number * 10_000,
    rollback: { outcome: 'restored' as const, seconds: 5, reason: null },
    checks: units.map(unit => ({
      kind: 'configuration' as const,
      subject: unit,
      passed: true,
      detail: 'its own test of its configuration passed',
    })),
    withheld: units.map(unit => `restart ${unit}`),
    untouched: { packages: true, etc: [], services: [] },
    output: 'Setting up the packages of the transaction ...\nProcessing triggers for libc-bin ...\n',
    startedAt,
    finishedAt: addMs(startedAt, 20 * SECOND_MS),
  };
}
