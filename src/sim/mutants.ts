/**
 * Planted bugs (security.md 4.5): each breaks one rule on purpose, and a test demands that the simulator finds it. Only tests can set them; the command
 * cannot. Those of the list that live in what is not simulated (signatures, audience proofs, tenant filters, audit leaves) are planted where they live.
 */
export const MUTANTS = [
  'no-fsync-of-intent',
  'fsync-after-start',
  'result-deleted-when-sent',
  'replayed-plan-accepted',
  'window-checked-only-at-offer',
  'host-clock-used-for-window',
  'availability-without-lock',
  'gate-counts-unknown-as-ok',
  'halt-ignored-by-permits',
  'duplicate-result-counts-twice',
  'sequence-not-persisted',
  'lease-never-expires',
  'gate-integer-division',
  'reboot-without-permit',
  'stale-attempt-gets-permit',
  'kill-switch-ignored',
  'success-believed',
  'retry-after-touch',
  'lost-host-releases-slot',
  'two-active-jobs-per-host',
] as const;
export type Mutant = (typeof MUTANTS)[number];
export type Mutants = ReadonlySet<Mutant>;
export const NO_MUTANTS: Mutants = new Set();
