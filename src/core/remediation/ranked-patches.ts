import { orderOf } from '../advisories/orders.ts';
import { type Instant, toInstant } from '../kernel/instants.ts';
import { type PatchSummary, rankSummaries } from '../priorities/ranking.ts';
import { compareVersions, isInvalid } from '../versions/scheme.ts';
import { patchId, platformOfRelease } from './patch.ts';
import type { PatchQueue } from './patch-queue.ts';
import { AVAILABILITIES, type Cohort, type QueuedPatch } from './queued-patch.ts';
import type { GroupedFinding } from './standing.ts';

export type EvidenceBasis = 'advisory' | 'changelog' | 'origin';

/** What a patch closes on any of its hosts. */
export interface Closed {
  /** By vulnerability id, known exploited and likely ones first. */
  readonly findings: readonly GroupedFinding[];
  readonly knownExploited: readonly string[];
  readonly basis: EvidenceBasis;
}

/** A patch in its place in the queue. */
export interface RankedEntry {
  readonly id: string;
  readonly platform: string;
  readonly release: string;
  readonly sourceName: string;
  readonly targetVersion: string;
  /** The patch that hosts are offered and those that only advisories name and that it covers. */
  readonly parts: readonly QueuedPatch[];
  readonly security: boolean;
  readonly isOffered: boolean;
  readonly hosts: number;
  /** Hosts by availability, in the order of AVAILABILITIES. */
  readonly counts: readonly number[];
  readonly closed: Closed;
  /** 1 is first. */
  readonly rank: number;
  readonly riskRemoved: number;
  readonly dueMs: number | null;
  readonly reason: string;
}

type Unranked = Omit<RankedEntry, 'rank' | 'riskRemoved' | 'reason'> & { readonly summary: PatchSummary };

const NOT_OFFERED = AVAILABILITIES.indexOf('not-offered');

/** Keeps what patches close between rankings: the union of thousands of vulnerabilities changes only when a cohort comes or goes. */
export class PatchRanking {
  readonly #closed = new WeakMap<QueuedPatch, { readonly generations: string; readonly closed: Closed }>();

  /**
   * Patches that close vulnerabilities come first, by deadline and risk (core/priorities/ranking.ts); then security updates that name none, for which
   * the archive's word is the evidence; then other updates.
   */
  rank(queue: PatchQueue, now: Instant): RankedEntry[] {
    const entries = this.#entries(queue);
    const byId = new Map(entries.map(entry => [entry.id, entry]));
    const naming = entries.filter(entry => entry.closed.findings.length > 0);
    const ranked = rankSummaries(
      naming.map(entry => entry.summary),
      now,
    ).map(({ id, riskRemoved, reason }) => placed(byId.get(id)!, riskRemoved, reason));
    const rest = entries
      .filter(entry => entry.closed.findings.length === 0)
      .sort((a, b) => Number(b.security) - Number(a.security) || b.hosts - a.hosts || (a.id < b.id ? -1 : 1));
    ranked.push(...rest.map(entry => placed(entry, 0, reasonWithoutVulnerability(entry))));
    return ranked.map((entry, at) => ({ ...entry, rank: at + 1 }));
  }

  #entries(queue: PatchQueue): Unranked[] {
    const bySource = Map.groupBy(queue.patches(), patch => `${patch.release}\n${patch.sourceName}`);
    return [...bySource.values()].flatMap(patches => joined(patches).map(parts => this.#entryOf(queue, parts)));
  }

  #entryOf(queue: PatchQueue, parts: readonly QueuedPatch[]): Unranked {
    const { release, sourceName, targetVersion } = parts[0]!;
    const platform = platformOfRelease(release);
    const closed = this.#closedBy(parts);
    const dues = parts.map(part => queue.firstDueMs(part)).filter(due => due !== null);
    const dueMs = dues.length === 0 ? null : Math.min(...dues);
    const hosts = parts.reduce((sum, part) => sum + part.hosts.size, 0);
    const cohorts = parts.flatMap(part => [...part.cohorts.values()]);
    const id = patchId(platform, sourceName, targetVersion);
    const summary: PatchSummary = {
      id,
      dueAt: dueMs === null ? null : toInstant(dueMs),
      riskRemoved: cohorts.reduce((sum, { weight, closes }) => sum + weight * closes.risk, 0),
      hosts,
      closes: closed.findings.length,
      knownExploited: closed.knownExploited,
      strictest: strictestOf(cohorts),
    };
    return {
      id,
      platform,
      release,
      sourceName,
      targetVersion,
      parts,
      security: parts.some(part => part.securityHosts > 0),
      isOffered: parts.some(part => part.isOffered),
      hosts,
      counts: AVAILABILITIES.map((_, at) => parts.reduce((sum, part) => sum + part.counts[at]!, 0)),
      closed,
      dueMs,
      summary,
    };
  }

  #closedBy(parts: readonly QueuedPatch[]): Closed {
    const generations = parts.map(part => `${part.targetVersion} ${part.generation}`).join();
    const known = this.#closed.get(parts[0]!);
    if (known?.generations === generations) return known.closed;
    const byId = new Map<string, GroupedFinding>();
    for (const part of parts)
      for (const { closes } of part.cohorts.values()) for (const finding of closes.findings) byId.set(finding.risk.id, finding);
    const findings = [...byId.values()].sort(
      (a, b) =>
        Number(b.risk.knownExploited) - Number(a.risk.knownExploited) ||
        b.risk.probability - a.risk.probability ||
        (a.risk.id < b.risk.id ? 1 : -1),
    );
    const knownExploited = findings
      .filter(({ risk }) => risk.knownExploited)
      .map(({ risk }) => risk.id)
      .sort();
    const closed = { findings, knownExploited, basis: basisOf(findings) };
    this.#closed.set(parts[0]!, { generations, closed });
    return closed;
  }
}

function placed({ summary: _summary, ...entry }: Unranked, riskRemoved: number, reason: string): RankedEntry {
  const words = entry.isOffered ? reason : `${reason}; no enabled suite offers it to these hosts`;
  return { ...entry, rank: 0, riskRemoved, reason: words };
}

/**
 * The patches of one source. What advisories name is covered by the lowest version on offer that is not below it, and joins that patch; without one it
 * stands by itself.
 */
function joined(patches: readonly QueuedPatch[]): QueuedPatch[][] {
  const offered = patches.filter(patch => patch.isOffered).map(patch => [patch]);
  const alone: QueuedPatch[][] = [];
  for (const needed of patches.filter(patch => !patch.isOffered)) {
    const covering = offered.filter(([patch]) => !isBelow(patch!, needed)).sort(([a], [b]) => (isBelow(a!, b!) ? -1 : 1))[0];
    if (covering) covering.push(needed);
    else alone.push([needed]);
  }
  return [...offered, ...alone];
}

/**
 * The id under which `joined` puts the patch that closes a finding, without ranking the whole queue: `inPatch` as in StatedGroup. An offered patch stands
 * under its own version, a needed one under the lowest version on offer that covers it.
 */
export function patchIdFor(
  queue: PatchQueue,
  release: string,
  sourceName: string,
  targetVersion: string,
  inPatch: 'offered' | 'needed',
): string {
  const platform = platformOfRelease(release);
  if (inPatch === 'offered') return patchId(platform, sourceName, targetVersion);
  const needed = { release, targetVersion };
  const covering = queue
    .patchesOf(release, sourceName)
    .filter(patch => patch.isOffered && !isBelow(patch, needed))
    .sort((a, b) => (isBelow(a, b) ? -1 : 1))[0];
  return patchId(platform, sourceName, covering?.targetVersion ?? targetVersion);
}

function isBelow(a: Versioned, b: Versioned): boolean {
  const order = orderOf(a.release);
  const answer = order === null ? 0 : compareVersions(order, a.targetVersion, b.targetVersion);
  return isInvalid(answer) ? a.targetVersion < b.targetVersion : answer < 0;
}

type Versioned = Pick<QueuedPatch, 'release' | 'targetVersion'>;

/** For the words of undated patches only: dated ones are spoken of by their day. */
function strictestOf(cohorts: readonly Cohort[]): PatchSummary['strictest'] {
  const cohort = cohorts.find(({ closes }) => closes.size > 0);
  const first = cohort?.closes.findings[0];
  return cohort && first ? { vulnerabilityId: first.risk.id, outcome: first.risk.deadline(cohort.exposure).outcome } : null;
}

function basisOf(findings: readonly GroupedFinding[]): EvidenceBasis {
  if (findings.length === 0) return 'origin';
  return findings.some(({ judgement }) => judgement.decisive.source !== 'changelog') ? 'advisory' : 'changelog';
}

function reasonWithoutVulnerability({ security, hosts, counts }: Unranked): string {
  const on = `on ${hosts} ${hosts === 1 ? 'host' : 'hosts'}`;
  if (!security) return `regular update ${on}, closes no known vulnerability`;
  const offered = hosts - counts[NOT_OFFERED]!;
  return `security update ${on}${offered < hosts ? ` (offered to ${offered})` : ''}; its vulnerabilities are not known here`;
}
