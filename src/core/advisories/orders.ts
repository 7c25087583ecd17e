import { deb } from '../versions/deb.ts';
import type { SchemeId, VersionScheme } from '../versions/scheme.ts';
import { schemeOfRelease } from './releases.ts';

const ORDERS: Partial<Record<SchemeId, VersionScheme>> = { deb };

/** The version order that a release's packages follow; null when no scheme orders them. */
export function orderOf(release: string): VersionScheme | null {
  const scheme = schemeOfRelease(release);
  return scheme === null ? null : (ORDERS[scheme] ?? null);
}
