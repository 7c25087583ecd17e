import { sha256Hex } from '../kernel/canonical-json.ts';

export const CRITICALITIES = ['vital', 'high', 'normal', 'low', 'unset'] as const;
export type Criticality = (typeof CRITICALITIES)[number];

/** How much a host counts in the risk that a patch removes. Judgement; one step is a factor of two. Unset counts as high, the same default as in the decision tables. */
export const WEIGHT: Readonly<Record<Criticality, number>> = { vital: 4, high: 2, normal: 1, low: 0.5, unset: 2 };

/** `debian-12` for the release `debian:12`: platforms are what people read and group queries match. */
export function platformOfRelease(release: string): string {
  return release.replace(':', '-');
}

/** The same patch has the same id on every server and after every restart, so links and rollouts keep their meaning. */
export function patchId(platform: string, sourceName: string, targetVersion: string): string {
  return `patch_${sha256Hex(`${platform}\n${sourceName}\n${targetVersion}`).slice(0, 20)}`;
}
