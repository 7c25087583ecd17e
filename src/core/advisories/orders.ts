import { SCHEMES } from '../versions/catalog.ts';
import type { VersionScheme } from '../versions/scheme.ts';
import { schemeOfRelease } from './releases.ts';

/** The version order that a release's packages follow; null when no scheme orders them. */
export function orderOf(release: string): VersionScheme | null {
  const scheme = schemeOfRelease(release);
  return scheme === null ? null : SCHEMES[scheme];
}
