import type { IdDelta } from '../../core/inventory/delta.ts';
import { type PartDigests, snapshotDigests } from '../../core/inventory/digest.ts';
import type { CandidateRecord, HostFacts, PackageChange, PackageRecord, Snapshot } from '../../core/inventory/snapshot.ts';
import type { Instant } from '../../core/kernel/instants.ts';
import type { Collected } from '../ports.ts';

export const PARTS = ['facts', 'packages', 'candidates'] as const;
export type Part = (typeof PARTS)[number];

/** A report as the server uses it. Its parts are read only when they are new: most reports say what is stored already. */
export interface Report {
  readonly observedAt: Instant;
  readonly digests: PartDigests;
  /** The parts that came with it; the reporter leaves out what it believes to be stored. */
  readonly sent: ReadonlySet<Part>;
  /** Each throws RequestFault 400 for what no host can say. Only for parts that were sent. */
  facts(): HostFacts;
  packages(): readonly PackageRecord[];
  candidates(): readonly CandidateRecord[] | null;
  readonly history: readonly PackageChange[];
  readonly changelogs: Collected['changelogs'];
}

export type ReportAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'stored'; readonly first: boolean; readonly delta: IdDelta }
  /** Nothing was stored: these parts are not known here and must be sent. */
  | { readonly kind: 'missing'; readonly missing: readonly Part[] }
  /** The host is unknown or was removed. */
  | { readonly kind: 'no-host' };

export function newParts(report: Pick<Report, 'digests'>, stored: PartDigests | null): Part[] {
  return PARTS.filter(part => stored?.[part] !== report.digests[part]);
}

/** A whole snapshot that is at hand, as a report. */
export function snapshotReport(
  snapshot: Pick<Snapshot, 'observedAt' | 'facts' | 'packages' | 'candidates'>,
  more: Partial<Pick<Collected, 'history' | 'changelogs'>> = {},
): Report {
  return {
    observedAt: snapshot.observedAt,
    digests: snapshotDigests(snapshot),
    sent: new Set(PARTS),
    facts: () => snapshot.facts,
    packages: () => snapshot.packages,
    candidates: () => snapshot.candidates,
    history: more.history ?? [],
    changelogs: more.changelogs ?? [],
  };
}
