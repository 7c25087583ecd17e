import type { PatchView } from '../../api/findings.ts';
import { toInstant } from '../../core/kernel/instants.ts';
import { movesOf, type PackageMove } from '../../core/remediation/changes.ts';
import type { Offer } from '../../core/remediation/offers.ts';
import type { PatchMember } from '../../core/remediation/patch-queue.ts';
import { AVAILABILITIES, type QueuedPatch } from '../../core/remediation/queued-patch.ts';
import type { RankedEntry } from '../../core/remediation/ranked-patches.ts';
import { daemonUnits, type Restart, restartOf } from '../../core/remediation/restart.ts';
import type { GroupedFinding, Standing } from '../../core/remediation/standing.ts';
import { reversibilityOf } from '../../core/rollouts/reversibility.ts';
import { decisionView } from './finding-views.ts';
import type { FleetModel } from './model.ts';

const TOP_VULNERABILITIES = 5;
/** Versions, binaries and origins of a patch are read from this many of its hosts: hosts that stand alike say the same. */
const SAMPLE_HOSTS = 200;
const HELD = AVAILABILITIES.indexOf('held');
const NOT_OFFERED = AVAILABILITIES.indexOf('not-offered');
const PHASED = AVAILABILITIES.indexOf('phased');

/** `busy`: patch id -> hosts on which a rollout moves it now. */
export function patchViews(model: FleetModel, busy: ReadonlyMap<string, number>, nowMs: number): (entry: RankedEntry) => PatchView {
  return entry => patchView(model, entry, busy.get(entry.id) ?? 0, nowMs);
}

function patchView(model: FleetModel, entry: RankedEntry, hostsInRollout: number, nowMs: number): PatchView {
  const sample = sampleOf(model, entry);
  const { need, reason: restartReason } = restartOfPatch(entry, sample);
  const { reversible, reason: reversibleReason } = reversibilityOf(sample.moves.map(move => ({ ...move, action: 'upgrade' as const })));
  return {
    id: entry.id,
    platform: entry.platform,
    sourceName: entry.sourceName,
    targetVersion: entry.targetVersion,
    fromVersions: sample.fromVersions,
    packages: sample.packages,
    security: entry.security,
    origins: sample.origins,
    hosts: entry.hosts,
    hostsHeld: entry.counts[HELD]!,
    hostsNotOffered: entry.counts[NOT_OFFERED]! + entry.counts[PHASED]!,
    hostsInRollout,
    closes: entry.closed.findings.length,
    knownExploited: [...entry.closed.knownExploited],
    topVulnerabilities: entry.closed.findings.slice(0, TOP_VULNERABILITIES).map(({ risk }) => risk.id),
    rank: entry.rank,
    riskRemoved: Math.round(entry.riskRemoved * 1_000) / 1_000,
    decision: decisionOf(model, entry, nowMs),
    reason: entry.reason,
    restart: need,
    restartReason,
    reversible,
    reversibleReason: sample.moves.length === 0 ? 'no host is offered it, so nothing is known of the way back' : reversibleReason,
    evidenceBasis: entry.closed.basis,
  };
}

interface PatchSample {
  readonly fromVersions: string[];
  /** Binaries that it moves. */
  readonly packages: string[];
  readonly origins: string[];
  readonly moves: readonly PackageMove[];
}

function sampleOf(model: FleetModel, entry: RankedEntry): PatchSample {
  const from = new Set<string>();
  const origins = new Set<string>();
  const moves = new Map<string, PackageMove>();
  const packages = new Set<string>();
  const read = new Map<Standing, Set<Offer>>();
  for (const part of entry.parts)
    for (const { standing } of part.cohorts.values())
      for (const unit of standing.disk) if (unit.version !== entry.targetVersion) from.add(unit.version);
  for (const { slot, standing } of membersOf(model, entry, SAMPLE_HOSTS)) {
    const offer = offerOf(model, slot, entry);
    if (offer === null) {
      for (const id of model.fleet.versionIdsOf(slot, { standing })) packages.add(model.fleet.units.version(id).name);
      continue;
    }
    // The same candidates over the same source version move the same binaries: most of the sample is read once.
    const offers = read.getOrInsertComputed(standing, () => new Set());
    if (offers.has(offer)) continue;
    offers.add(offer);
    for (const candidate of offer.candidates) for (const origin of candidate.origins) origins.add(origin);
    for (const move of movesOf(offer, model.installed(slot, offer))) moves.set(`${move.name}\t${move.arch}\t${move.fromVersion}`, move);
  }
  for (const { name } of moves.values()) packages.add(name);
  return {
    fromVersions: [...from].sort(),
    packages: [...packages].sort(),
    origins: [...origins].sort(),
    moves: [...moves.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function restartOfPatch(entry: RankedEntry, { packages }: PatchSample): Restart {
  return restartOf(packages.length > 0 ? packages : [entry.sourceName], daemonUnits(packages));
}

/** The offer that is this patch on a host; null when the host is not offered it. */
export function offerOf(model: FleetModel, slot: number, entry: RankedEntry): Offer | null {
  return (
    model.fleet.offersOn(slot)?.find(offer => offer.source.name === entry.sourceName && offer.target.version === entry.targetVersion) ??
    null
  );
}

export interface EntryMember extends PatchMember {
  readonly slot: number;
  readonly part: QueuedPatch;
}

/** The hosts of a patch with their part in it, in no order. `most`: no more than these. */
export function* membersOf(model: FleetModel, entry: RankedEntry, most = Number.POSITIVE_INFINITY): Generator<EntryMember> {
  let count = 0;
  for (const part of entry.parts) {
    for (const slot of part.hosts.toArray()) {
      if (count >= most) return;
      const member = model.fleet.queue.memberOf(slot, part);
      if (!member) continue;
      count += 1;
      yield { ...member, slot, part };
    }
  }
}

/** The decision of the finding that is due first; of the first one named where none has a date. */
function decisionOf(model: FleetModel, entry: RankedEntry, nowMs: number): PatchView['decision'] {
  if (entry.closed.findings.length === 0) return null;
  let first: { readonly finding: GroupedFinding; readonly dueMs: number | null; readonly sinceMs: number; readonly slot: number } | null =
    null;
  for (const candidate of dated(model, entry)) {
    if (first === null || (candidate.dueMs ?? Number.POSITIVE_INFINITY) < (first.dueMs ?? Number.POSITIVE_INFINITY)) first = candidate;
    // No date on any host: nothing is earlier than the first one named.
    if (entry.dueMs === null || (first.dueMs !== null && first.dueMs <= entry.dueMs)) break;
  }
  if (first === null) return null;
  const { finding, dueMs, sinceMs, slot } = first;
  return decisionView(model, finding.risk.deadline(model.records[slot]!.exposure), { dueMs, knownMs: finding.knownMs, sinceMs }, nowMs);
}

function* dated(model: FleetModel, entry: RankedEntry) {
  for (const { slot, standing, dueMs, availability } of entry.dueMs === null ? membersOf(model, entry) : dueAtOnce(model, entry)) {
    const group = availability === 'not-offered' ? standing.unreached : standing.closable;
    // The queue keeps due dates in whole seconds, rounded up.
    if (group.size === 0 || (entry.dueMs !== null && dueMs !== entry.dueMs)) continue;
    const sinceMs = model.sinceOfSource(slot, entry.sourceName);
    for (const finding of group.findings) yield { finding, dueMs: model.dueMs(slot, finding, sinceMs), sinceMs, slot };
  }
}

/** One host of each part on which it is due when the entry is. */
function* dueAtOnce(model: FleetModel, entry: RankedEntry): Generator<EntryMember> {
  const { queue } = model.fleet;
  for (const part of entry.parts) {
    if (queue.firstDueMs(part) !== entry.dueMs) continue;
    const slot = queue.firstDueSlot(part);
    if (slot !== null) yield { ...queue.memberOf(slot, part)!, slot, part };
  }
}

export function instantOf(ms: number | null): string | null {
  return ms === null ? null : toInstant(ms);
}
