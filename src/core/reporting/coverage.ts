/** What coverage asks of a host. */
export interface CoveredHost {
  /** False for stale, unreachable and waiting hosts: what they report is not known to be true. */
  readonly isCurrent: boolean;
  /** False when the host's package manager could not be asked, as for an uploaded list. */
  readonly candidatesKnown: boolean;
  readonly securityPatches: number;
  readonly restartPending: boolean;
  readonly rebootPending: boolean;
}

export interface Coverage {
  readonly patchedHosts: number;
  readonly ofHosts: number;
  /** Why the others do not count, in words. */
  readonly note: string;
}

/** The first reason that holds is the one that is told. */
const REASONS: readonly (readonly [(host: CoveredHost) => boolean, string])[] = [
  [host => !host.isCurrent, 'without a current inventory'],
  [host => !host.candidatesKnown, 'whose package manager could not be asked'],
  [host => host.securityPatches > 0, 'with security updates missing'],
  [host => host.restartPending || host.rebootPending, 'with a restart or reboot pending'],
];

/** Fully patched is: asked lately, no security update missing, nothing old left in memory. Everything else stays in the denominator. */
export function coverageOf(hosts: readonly CoveredHost[]): Coverage {
  const counts = REASONS.map(() => 0);
  let patchedHosts = 0;
  for (const host of hosts) {
    const reason = REASONS.findIndex(([holds]) => holds(host));
    if (reason < 0) patchedHosts += 1;
    else counts[reason]! += 1;
  }
  const parts = REASONS.flatMap(([, words], at) => (counts[at] === 0 ? [] : [`${counts[at]} ${words}`]));
  return { patchedHosts, ofHosts: hosts.length, note: parts.length === 0 ? '' : `Not counted as patched: ${parts.join(', ')}.` };
}
