import type { Instant } from '../kernel/instants.ts';

/**
 * What one host is asked to do: the payload of a signed envelope (security.md 2.2). A closed vocabulary: there is no field
 * that could carry a command, a path to write or a repository. The host verifies signature, audience, time and sequence itself.
 * Several signers, thresholds and an audience Merkle root come later; `version` and `policyRoot` leave room for them.
 */
export const HOST_PLAN_TYPE = 'application/vnd.fettle.host-plan+json;v=1';
export const PERMIT_TYPE = 'application/vnd.fettle.permit+json;v=1';

/** One binary package of the exact transaction. `fromVersion` null means newly installed (a dependency of the fix). */
export interface TransactionItem {
  readonly action: 'upgrade' | 'downgrade' | 'install' | 'remove';
  readonly name: string;
  readonly arch: string;
  readonly fromVersion: string | null;
  /** null only for `remove`. */
  readonly toVersion: string | null;
}

export type SmokeTest =
  | { readonly kind: 'unit-active'; readonly unit: string }
  | { readonly kind: 'tcp-port'; readonly host: string; readonly port: number }
  | { readonly kind: 'http'; readonly url: string; readonly expectStatus: number };

/** A program that the host's administrator offers under this name (hooks.ts). Run in the order of the list, without arguments. */
export interface HookSpec {
  readonly phase: 'pre' | 'post';
  readonly name: string;
  readonly timeoutSeconds: number;
}

export type RestartPolicy = 'never' | 'affected-services';
export type RebootPolicy = 'never' | 'if-needed' | 'always';

export interface HostPlan {
  readonly version: 1;
  readonly planId: string;
  readonly policyRoot: 1;
  readonly installationId: string;
  readonly hostId: string;
  /** Rises by one with every plan made for this host; the host refuses anything at or below the highest it has accepted. */
  readonly sequence: number;
  readonly jobId: string;
  readonly attempt: number;
  readonly rolloutId: string;
  /** SHA-256 of the approved rollout plan: what the approver saw is what the host was told. */
  readonly rolloutPlanHash: string;
  readonly kind: 'patch' | 'rollback';
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** The exact transaction. The host's own simulation must equal it, else nothing is touched. */
  readonly transaction: readonly TransactionItem[];
  readonly restart: RestartPolicy;
  readonly reboot: RebootPolicy;
  readonly smokeTests: readonly SmokeTest[];
  /** Absent where there are none, so that agents from before hooks still take such a plan. */
  readonly hooks?: readonly HookSpec[];
}

/** A short-lived, single-use right to disrupt: one for the transaction, one for the reboot (domain.md 2.9). */
export interface Permit {
  readonly permitId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly hostId: string;
  readonly phase: 'apply' | 'reboot';
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

/** Phases of a job on the host, in order. The point of no return lies between `awaiting-permit` and `apply`. */
export const JOB_PHASES = [
  'precheck',
  'simulate',
  'download',
  'awaiting-permit',
  'pre-hook',
  'apply',
  'restart',
  'reboot',
  'verify',
  'smoke-test',
  'post-hook',
] as const;
export type JobPhase = (typeof JOB_PHASES)[number];

/** One line of the live log. `sequence` rises per (job, attempt); the server keeps the first copy of each. */
export interface JobEvent {
  readonly sequence: number;
  readonly at: Instant;
  readonly phase: JobPhase;
  readonly kind: 'phase-started' | 'output' | 'note' | 'phase-done';
  readonly text: string;
}

/** Result classes of domain.md 2.11. `infrastructure` classes never blame the patch. */
export type FailureClass =
  | 'repository-unavailable'
  | 'package-manager-locked'
  | 'disk-space'
  | 'package-database-broken'
  | 'held'
  | 'precheck'
  | 'pre-hook-failed'
  | 'digest-mismatch'
  | 'transaction-differs'
  | 'dependency-conflict'
  | 'install-failed'
  | 'service-failed'
  | 'smoke-test-failed'
  | 'post-hook-failed'
  | 'verify-failed'
  | 'reboot-lost'
  | 'permit-refused'
  | 'plan-refused'
  | 'clock-differs'
  | 'interrupted'
  | 'needs-human'
  | 'timed-out'
  | 'lost';

/** One run of a hook. `output`: the end of what it printed. */
export interface HookRun {
  readonly phase: HookSpec['phase'];
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'timed-out' | 'refused';
  readonly code: number | null;
  readonly seconds: number;
  readonly output: string;
}

/** What the host observed, package by package; exit codes are recorded and decide nothing. */
export interface JobResult {
  readonly jobId: string;
  readonly attempt: number;
  readonly outcome: 'succeeded' | 'already-compliant' | 'failed' | 'cancelled';
  readonly failure: { readonly class: FailureClass; readonly message: string; readonly signature: string } | null;
  /** True once apt was started for this attempt: the host may have changed, whatever the outcome. */
  readonly touched: boolean;
  readonly before: readonly { readonly name: string; readonly arch: string; readonly version: string | null }[];
  readonly after: readonly { readonly name: string; readonly arch: string; readonly version: string | null; readonly state: string }[];
  readonly restartedUnits: readonly string[];
  readonly rebooted: boolean;
  readonly bootIdBefore: string | null;
  readonly bootIdAfter: string | null;
  readonly smokeTests: readonly { readonly test: SmokeTest; readonly passed: boolean; readonly detail: string }[];
  /** Absent from agents that know no hooks. Also where nothing was touched: a pre-hook that failed is the reason. */
  readonly hooks?: readonly HookRun[];
  /** Steps of the heal ladder that were needed (security.md 4.4), empty when none. */
  readonly healed: readonly string[];
  readonly startedAt: Instant;
  readonly finishedAt: Instant;
}
