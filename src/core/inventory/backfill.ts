import { DAY_MS, epochMs, HOUR_MS, type Instant } from '../kernel/instants.ts';
import { MAX_HISTORY_DAYS } from '../kernel/limits.ts';
import type { PackageChange } from './snapshot.ts';

/** The installer or debootstrap wrote at least this many packages in one go; the smallest Debian has 90, the largest ordinary apt run of installs seen has 60. */
const INITIAL_INSTALL_PACKAGES_MIN = 80;
/** A pause longer than this ends the initial run. Installers unpack without stopping; slow disks and questions take minutes. */
const INITIAL_INSTALL_GAP_MS = HOUR_MS;
/** A change may be dated this far ahead of the report before it is called impossible: hosts' clocks differ. */
const CLOCK_SKEW_MS = DAY_MS;

/**
 * The changes worth keeping of what a host's own logs tell. The packages of the first installation are no history: they would be
 * most of the table, say nothing about time to patch, and the host was not at work yet. Upgrades in that run are kept. A run that began after
 * `enrolledAt` is no first installation, however large: the host was known by then.
 */
export function backfilledChanges(changes: readonly PackageChange[], observedAt: Instant, enrolledAt: Instant): PackageChange[] {
  const until = epochMs(observedAt) + CLOCK_SKEW_MS;
  const from = epochMs(observedAt) - MAX_HISTORY_DAYS * DAY_MS;
  const dated = changes
    .map(change => ({ change, at: epochMs(change.at) }))
    .filter(({ at, change }) => at >= from && at <= until && change.fromVersion !== change.toVersion)
    .sort((a, b) => a.at - b.at);
  const initial = dated[0] !== undefined && dated[0].at < epochMs(enrolledAt) ? initialRun(dated) : 0;
  return dated.filter(({ change }, index) => index >= initial || change.action !== 'install').map(({ change }) => change);
}

/** How many of the first changes are the initial installation; 0 when the log begins later. */
function initialRun(dated: readonly { readonly change: PackageChange; readonly at: number }[]): number {
  let end = 0;
  let installs = 0;
  for (const { change, at } of dated) {
    const before = dated[end - 1];
    if (before && at - before.at > INITIAL_INSTALL_GAP_MS) break;
    if (change.action === 'install') installs++;
    end++;
  }
  return installs >= INITIAL_INSTALL_PACKAGES_MIN ? end : 0;
}
