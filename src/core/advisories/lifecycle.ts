/**
 * How long a release of a product is supported, tier by tier. "End of life" is no yes or no: Debian 12 left regular security support on 2026-07-11
 * and has long-term support to 2028-06-30.
 */
export interface Lifecycle {
  /** endoflife.date's product id: `debian`, `ubuntu`, `almalinux`, `postgresql`. */
  readonly product: string;
  readonly title: string;
  /** `12`, `22.04`. */
  readonly cycle: string;
  readonly codename: string | null;
  readonly releasedOn: string | null;
  /** Last day of full maintenance, of security support, and of extended (long-term, paid) support. `ended` and `open` where the publisher gives no date. */
  readonly activeSupport: SupportEnd;
  readonly securitySupport: SupportEnd;
  readonly extendedSupport: SupportEnd;
  readonly latestVersion: string | null;
}

/** YYYY-MM-DD, `ended` or `open` (stated without a date), null when nothing is stated. */
export type SupportEnd = string | null;

export type SupportTier = 'active' | 'security' | 'extended' | 'ended' | 'unknown';

/** The best tier that still holds on `today` (YYYY-MM-DD). */
export function supportTier(lifecycle: Lifecycle, today: string): SupportTier {
  if (holds(lifecycle.activeSupport, today)) return 'active';
  if (holds(lifecycle.securitySupport, today)) return 'security';
  if (holds(lifecycle.extendedSupport, today)) return 'extended';
  const stated = [lifecycle.activeSupport, lifecycle.securitySupport, lifecycle.extendedSupport].some(end => end !== null);
  return stated ? 'ended' : 'unknown';
}

function holds(end: SupportEnd, today: string): boolean {
  return end === 'open' || (end !== null && end !== 'ended' && end >= today);
}
