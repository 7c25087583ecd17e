import type { z } from 'zod';
import type { Decision, FindingView } from '../../api/findings.ts';
import { orderOf } from '../../core/advisories/orders.ts';
import type { Unit } from '../../core/findings/fleet-units.ts';
import { evidenceOf } from '../../core/findings/match.ts';
import { isThirdParty, UNKNOWN_ORIGIN } from '../../core/inventory/package-origin.ts';
import { toInstant } from '../../core/kernel/instants.ts';
import { scoreCvss } from '../../core/priorities/cvss/score.ts';
import type { Deadline } from '../../core/remediation/deadline.ts';
import { liveMitigation } from '../../core/remediation/live-patch.ts';
import { patchIdFor } from '../../core/remediation/ranked-patches.ts';
import type { GroupedFinding } from '../../core/remediation/standing.ts';
import type { KeptClaim, VulnerabilityRisk } from '../../core/remediation/vulnerability-risk.ts';
import type { SourceOnHost } from '../../core/remediation/walked-host.ts';
import type { ExceptionMarks } from '../ports.ts';
import { markOf } from './excused.ts';
import type { FindingRow } from './finding-rows.ts';
import type { FleetModel } from './model.ts';

type DecisionView = z.output<typeof Decision>;

export function findingView(model: FleetModel, row: FindingRow, nowMs: number, marks: ExceptionMarks): FindingView {
  const { slot, source, group, finding, dueMs } = row;
  const { judgement, risk } = finding;
  const record = model.records[slot]!;
  const { version, origin } = unitWith(model, row);
  const sinceMs = Math.max(group.sinceMs, firstStatedMs(finding));
  return {
    hostId: record.id,
    hostName: record.name,
    ...vulnerabilityFacts(risk),
    aliases: [...judgement.subject.aliases],
    sourceName: source.standing.source.name,
    packages: packagesOf(model, row),
    installedVersion: version,
    fixedVersion: judgement.fixedVersion,
    state: group.state,
    kernelState: source.kernelState,
    since: toInstant(sinceMs),
    decision: decisionView(
      model,
      risk.deadline(record.exposure),
      group.hasFix ? { dueMs, knownMs: finding.knownMs, sinceMs: group.sinceMs } : null,
      nowMs,
    ),
    evidence: evidenceViews(model, finding, source.standing.source.release, version, origin),
    mitigation: liveMitigation(record.livePatches, source.kernelState, [risk.id, ...judgement.subject.aliases])?.text ?? null,
    patchId: patchIdOf(model, row),
    exception: markOf(model, marks, row),
  };
}

/** A source has up to thousands of findings on a host and the same packages for all of them. */
const packagesBySource = new WeakMap<SourceOnHost, string[]>();

function packagesOf({ fleet }: FleetModel, { slot, source }: FindingRow): string[] {
  return packagesBySource.getOrInsertComputed(source, () =>
    [...new Set(fleet.versionIdsOf(slot, source).map(id => fleet.units.version(id).name))].sort(),
  );
}

export function vulnerabilityFacts({ id, enrichment, knownExploited }: VulnerabilityRisk) {
  const score = cvssOf(enrichment?.cvss ?? []);
  return {
    vulnerabilityId: id,
    title: enrichment?.title ?? null,
    knownExploited,
    cvssScore: score?.score ?? null,
    cvssVector: score?.vector ?? null,
    epss: enrichment?.epss?.probability ?? null,
  };
}

/** The first vector that can be scored, computed anew: a stated score is never trusted. */
function cvssOf(vectors: readonly { readonly vector: string }[]): { readonly score: number; readonly vector: string } | null {
  for (const { vector } of vectors) {
    const result = scoreCvss(vector);
    if (result.ok) return { score: result.scores.overall, vector };
  }
  return null;
}

const KEV_ASSUMED = { name: 'in-kev', value: 'no', assumed: true, source: 'assumed: the KEV catalog is not loaded' } as const;

/** `clock` null: there is nothing to install, so no clock runs. */
export function decisionView(
  { kevKnown }: Pick<FleetModel, 'kevKnown'>,
  deadline: Deadline,
  clock: { readonly dueMs: number | null; readonly knownMs: number; readonly sinceMs: number } | null,
  nowMs: number,
): DecisionView {
  const { outcome, table, row, forensic, escalated } = deadline;
  const decided = {
    outcome,
    table,
    row,
    forensic,
    inputs: deadline.inputs.map(input => (kevKnown || input.name !== 'in-kev' ? { ...input } : KEV_ASSUMED)),
  };
  if (clock === null)
    return {
      ...decided,
      dueAt: null,
      overdue: false,
      clockStartedAt: null,
      clockReason: 'no fix can be installed yet; the clock starts with the fix',
    };
  const startMs = Math.max(clock.knownMs, clock.sinceMs);
  const day = (ms: number) => toInstant(ms).slice(0, 10);
  const reason =
    clock.knownMs === 0
      ? `nobody dates the fix; the version is on the host since ${day(clock.sinceMs)}`
      : clock.knownMs >= clock.sinceMs
        ? `the fix is known since ${day(clock.knownMs)}`
        : `the version came onto the host on ${day(clock.sinceMs)}, after the fix was known (${day(clock.knownMs)})`;
  const urgent = escalated === null ? '' : `; in KEV since ${day(escalated.atMs)}, which shortened the time from that day`;
  return {
    ...decided,
    dueAt: clock.dueMs === null ? null : toInstant(clock.dueMs),
    overdue: clock.dueMs !== null && clock.dueMs <= nowMs,
    clockStartedAt: toInstant(startMs),
    clockReason: reason + urgent,
  };
}

/** `origin` of the version that has it: whose package nobody can tell is compared as the distribution's, and that is said. */
export function evidenceViews(model: FleetModel, { judgement }: GroupedFinding, release: string, version: string, origin = '') {
  const unit = model.fleet.units
    .findSource(release, judgement.decisive.packageName)
    ?.units.find(known => known.version === version && !isThirdParty(known.origin));
  const doubt = unit ? (model.fleet.matcher.of(unit).undecided.get(judgement) ?? null) : null;
  const views = evidenceOf(judgement, version, orderOf(release)?.id ?? null, doubt).map(evidence => ({ ...evidence }));
  if (origin === UNKNOWN_ORIGIN) for (const view of views) view.comparison += ORIGIN_NOT_KNOWN;
  return views;
}

const ORIGIN_NOT_KNOWN = "; no enabled archive has this version any more, so its origin is unknown: compared as the distribution's";

/** The version of the source that has the vulnerability: in memory when the fix waits for a restart, else the one on the disk that matches. */
function unitWith(model: FleetModel, { source: { standing }, group, finding }: FindingRow): Unit {
  const among: readonly Unit[] = group.group === standing.pending ? standing.memory : standing.disk;
  if (among.length === 1) return among[0]!;
  const has = (unit: Unit) => {
    const { vulnerable, undecided } = model.fleet.matcher.of(unit);
    return vulnerable.includes(finding.judgement) || undecided.has(finding.judgement);
  };
  return among.find(has) ?? among[0]!;
}

/** When any publisher first spoke of it, epoch ms. */
function firstStatedMs({ judgement }: GroupedFinding): number {
  const days = (judgement.ranked as readonly KeptClaim[])
    .map(claim => claim.statedOn ?? claim.firstSeenAt)
    .filter(day => day !== undefined);
  return days.length === 0 ? 0 : Math.min(...days.map(Date.parse));
}

function patchIdOf({ fleet }: FleetModel, { source: { standing, offer }, group: { inPatch } }: FindingRow): string | null {
  if (inPatch === null) return null;
  const target = inPatch === 'offered' ? offer!.target.version : standing.neededVersion;
  return target === null ? null : patchIdFor(fleet.queue, standing.source.release, standing.source.name, target, inPatch);
}
