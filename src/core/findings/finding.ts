/**
 * The state of a finding on a host. A finding closes only when the exposed process runs the fixed code:
 * `restart-pending` and `reboot-pending` are patched on disk and still open in memory (DESIGN.md section 2, thesis 6).
 */
export type FindingState =
  | 'fixable' /* a fixed version is offered to this host */
  | 'held' /* a fixed version is offered, the package is on hold */
  | 'phased' /* a fixed version is in an enabled suite, and the archive does not offer it to this host yet */
  | 'not-offered' /* fixed by the distribution, but no enabled suite offers it to this host */
  | 'restart-pending'
  | 'reboot-pending'
  | 'waiting-for-vendor' /* open, no fix exists */
  | 'deferred'
  | 'wont-fix'
  | 'end-of-life'
  | 'unknown';

/** Which kernel a kernel finding speaks of (vulnerability-data.md 2.2). null for everything that is not a kernel. */
export type KernelState = 'running' | 'installed-not-running' | 'newer-not-booted' | null;

/** Why we say so: everything an auditor needs to repeat the comparison by hand. */
export interface Evidence {
  readonly source: string;
  readonly statedOn: string | null;
  readonly release: string;
  readonly packageName: string;
  readonly claimState: string;
  readonly installedVersion: string;
  readonly fixedVersion: string | null;
  /** The comparison as a sentence: `3.0.20-1~deb12u2 < 3.0.22-1~deb12u2 (dpkg order)`. */
  readonly comparison: string;
  /** Name of the rule that made the verdict, as documented in core/findings/rules.ts. */
  readonly rule: string;
  /** Why another source that disagrees was not followed; null when sources agree. */
  readonly disagreement: string | null;
  /** `low` where nothing but a CPE name tells that the statement is about this package (core/findings/cpe-match.ts). Absent: the publisher names the package itself. */
  readonly confidence?: 'low';
}

/** One vulnerability in one distinct package version: matched once, whatever the number of hosts. */
export interface Match {
  readonly vulnerabilityId: string;
  readonly aliases: readonly string[];
  readonly state: 'fixed' | 'open' | 'deferred' | 'wont-fix' | 'end-of-life' | 'unknown';
  readonly fixedVersion: string | null;
  /** The leading publisher's own word, as stated. */
  readonly severity: string | null;
  /** Why it is not shown, nor due, unless asked for (core/findings/rules.ts); it is counted all the same. */
  readonly hidden: 'unimportant' | 'wont-fix' | null;
  /** Leading claim first. */
  readonly evidence: readonly Evidence[];
}

export function isLowConfidence({ evidence: [leading] }: Match): boolean {
  return leading?.confidence === 'low';
}
