import { type ExceptionKind, KINDS } from '../../core/findings/exceptions/kinds.ts';
import type { Worst } from '../../core/findings/exceptions/life.ts';
import type { ScopeFacts } from '../../core/findings/exceptions/reopen.ts';
import { type ExceptionScope, keyOf, type ScopedFinding, type ScopedPatch, scopeOf } from '../../core/findings/exceptions/scope.ts';
import type { FleetSource } from '../../core/findings/fleet-units.ts';
import { type StatedGroup, statedGroups } from '../../core/remediation/assessment.ts';
import { WEIGHT } from '../../core/remediation/patch.ts';
import type { RankedEntry } from '../../core/remediation/ranked-patches.ts';
import type { GroupedFinding } from '../../core/remediation/standing.ts';
import type { SourceOnHost } from '../../core/remediation/walked-host.ts';
import type { Context } from '../context.ts';
import type { FleetPort, ScopeLook, ScopePort, ScopeSelection } from '../ports.ts';
import { vulnerabilityFacts } from './finding-views.ts';
import type { FleetModel } from './model.ts';

type Wanted = (source: SourceOnHost, finding: GroupedFinding) => boolean;

/** What exceptions ask of the fleet: which findings a person means, and what has become of them. */
export function scopePort(context: Context, model: FleetModel, port: Pick<FleetPort, 'resolve'>, settled: () => Promise<void>): ScopePort {
  return {
    async select(selection, kind) {
      await settled();
      const problem = selectionProblem(model, selection);
      if (problem !== null) return { scope: scopeOf([], []), problem };
      const { slots, problem: queryProblem } = await slotsOf(model, port, selection);
      if (queryProblem !== null) return { scope: scopeOf([], []), problem: { field: 'query', text: queryProblem } };
      const entry = selection.patchId === null ? null : model.ranked().byId.get(selection.patchId)!;
      const scope = scopeAmong(model, slots, selection, entry, kind);
      if (scope.hostIds.length > 0) return { scope, problem: null };
      return { scope, problem: { field: 'vulnerabilityIds', text: 'No host of the selection has such an open finding.' } };
    },

    async look(scope, isExcused) {
      await settled();
      const unknown = scope.hostIds.filter(id => model.record(id)?.hasInventory !== true);
      return lookAt(model, scope, unknown.length === 0 ? 0 : await stillThere(context, unknown), isExcused);
    },

    hostName: hostId => model.record(hostId)?.name ?? null,
  };
}

/** Hosts that are not removed and of which this server knows nothing (yet): nothing of theirs counts as closed. */
async function stillThere({ db }: Context, hostIds: readonly string[]): Promise<number> {
  const [row] = await db.query<{ count: number }>('select count(*)::int as count from host where id = any($1) and removed_at is null', [
    hostIds,
  ]);
  return row?.count ?? 0;
}

function selectionProblem(model: FleetModel, selection: ScopeSelection): { readonly field: string; readonly text: string } | null {
  const { vulnerabilityIds, sourceName, patchId, findings } = selection;
  if (patchId !== null && !model.ranked().byId.has(patchId))
    return { field: 'patchId', text: 'This patch is not in the queue any more; look for the one that took its place.' };
  if (vulnerabilityIds.length === 0 && sourceName === null && patchId === null && findings === undefined)
    return { field: 'vulnerabilityIds', text: 'Name vulnerabilities, a source package or a patch.' };
  return null;
}

async function slotsOf(
  { fleet }: FleetModel,
  port: Pick<FleetPort, 'resolve'>,
  { query, hostIds }: ScopeSelection,
): Promise<{ readonly slots: readonly number[]; readonly problem: string | null }> {
  if (query === null && hostIds === null) return { slots: [...fleet.slots()], problem: null };
  const { hostIds: found, problem } = await port.resolve({ query: query ?? undefined, hostIds: hostIds ?? undefined });
  return { slots: found.map(id => fleet.slotOf(id)).filter(slot => slot !== undefined), problem };
}

function scopeAmong(
  model: FleetModel,
  slots: readonly number[],
  selection: ScopeSelection,
  entry: RankedEntry | null,
  kind: ExceptionKind,
): ExceptionScope {
  const wanted = wantedBy(selection, entry);
  const sources = sourcesNamed(model, selection, entry);
  const hosts = new Set<string>();
  const findings: ScopedFinding[] = [];
  const isHold = !KINDS[kind].excuses;
  for (const slot of slots) {
    const { id } = model.records[slot]!;
    // A hold is about hosts that need the patch, whether or not it closes anything.
    if (isHold && entry?.parts.some(part => part.hosts.has(slot)) === true) hosts.add(id);
    for (const { source, finding } of findingsOn(model, slot, sources)) {
      if (!wanted(source, finding)) continue;
      if (!isHold) hosts.add(id);
      findings.push({ vulnerabilityId: finding.risk.id, sourceName: source.standing.source.name });
    }
  }
  const patch: ScopedPatch | null =
    isHold && entry !== null ? { patchId: entry.id, sourceName: entry.sourceName, targetVersion: entry.targetVersion } : null;
  return scopeOf(hosts, findings, patch);
}

function wantedBy({ vulnerabilityIds, sourceName, findings }: ScopeSelection, entry: RankedEntry | null): Wanted {
  const named = new Set(vulnerabilityIds);
  const exact = findings === undefined ? null : new Set(findings.map(one => keyOf(one.vulnerabilityId, one.sourceName)));
  const closed = entry === null ? null : new Set(entry.closed.findings.map(({ risk }) => risk.id));
  return ({ standing: { source } }, { risk, judgement: { subject } }) => {
    if (exact !== null && !exact.has(keyOf(risk.id, source.name))) return false;
    if (closed !== null && (source.name !== entry!.sourceName || source.release !== entry!.release || !closed.has(risk.id))) return false;
    if (sourceName !== null && source.name !== sourceName) return false;
    return named.size === 0 || named.has(subject.vulnerabilityId) || subject.aliases.some(alias => named.has(alias));
  };
}

/** Sources that can have such a finding; null: any. A walk over 75 million packages is spared. */
function sourcesNamed({ fleet }: FleetModel, selection: ScopeSelection, entry: RankedEntry | null): ReadonlySet<FleetSource> | undefined {
  const names =
    entry !== null
      ? new Set([entry.sourceName])
      : selection.findings !== undefined
        ? new Set(selection.findings.map(one => one.sourceName))
        : selection.sourceName === null
          ? null
          : new Set([selection.sourceName]);
  if (names !== null) return new Set(fleet.units.units.filter(unit => names.has(unit.source.name)).map(unit => unit.source));
  const ids = new Set(selection.vulnerabilityIds);
  const has = fleet.units.units.filter(unit => {
    const { vulnerable, undecided } = fleet.matcher.of(unit);
    const isNamed = ({ subject }: (typeof vulnerable)[number]) =>
      ids.has(subject.vulnerabilityId) || subject.aliases.some(alias => ids.has(alias));
    return vulnerable.some(isNamed) || undecided.keys().some(isNamed);
  });
  return new Set(has.map(unit => unit.source));
}

interface FoundFinding {
  readonly source: SourceOnHost;
  readonly group: StatedGroup;
  readonly finding: GroupedFinding;
}

/** Everything that is open on the host in these sources, what publishers will not fix among it. */
export function* findingsOn(
  { fleet, records }: FleetModel,
  slot: number,
  sources: ReadonlySet<FleetSource> | undefined,
): Iterable<FoundFinding> {
  const { candidatesRead } = records[slot]!;
  for (const source of fleet.sourcesOf(slot, sources))
    for (const group of statedGroups(source, candidatesRead)) for (const finding of group.group.findings) yield { source, group, finding };
}

/** `unknown`: hosts of the scope of which nothing is known now. */
function lookAt(
  model: FleetModel,
  scope: ExceptionScope,
  unknown: number,
  isExcused: (hostId: string, key: string) => boolean = () => false,
): ScopeLook {
  const { fleet, records } = model;
  const keys = new Set(scope.findings.map(one => keyOf(one.vulnerabilityId, one.sourceName)));
  const sources = sourcesNamed(
    model,
    { query: null, hostIds: null, vulnerabilityIds: [], sourceName: null, patchId: null, findings: scope.findings },
    null,
  );
  const seen = { knownExploited: new Set<string>(), epss: {} as Record<string, number>, withFix: new Set<string>() };
  const met = new Set<string>();
  const publicHosts: string[] = [];
  const criticality: Record<string, number> = {};
  const worst = { decisionDays: null as number | null, knownExploited: false, cvss: 0, isScored: true };
  let [open, waiting] = [0, 0];
  for (const hostId of scope.hostIds) {
    const slot = fleet.slotOf(hostId);
    if (slot === undefined) continue;
    const { exposure, criticality: weight } = records[slot]!;
    if (exposure === 'public' || exposure === 'unknown') publicHosts.push(hostId);
    criticality[hostId] = WEIGHT[weight];
    if (scope.patch !== null && needs(model, slot, scope.patch)) waiting += 1;
    for (const { source, group, finding } of findingsOn(model, slot, sources)) {
      const { risk } = finding;
      const key = keyOf(risk.id, source.standing.source.name);
      if (!keys.has(key) || isExcused(hostId, key)) continue;
      open += 1;
      if (group.hasFix) seen.withFix.add(risk.id);
      const { days } = risk.deadline(exposure);
      if (days !== null && (worst.decisionDays === null || days < worst.decisionDays)) worst.decisionDays = days;
      if (met.has(risk.id)) continue;
      met.add(risk.id);
      const { cvssScore, epss } = vulnerabilityFacts(risk);
      if (risk.knownExploited) seen.knownExploited.add(risk.id);
      if (epss !== null) seen.epss[risk.id] = epss;
      if (cvssScore === null) worst.isScored = false;
      else worst.cvss = Math.max(worst.cvss, cvssScore);
    }
  }
  const facts: ScopeFacts = {
    knownExploited: [...seen.knownExploited].sort(),
    epss: seen.epss,
    publicHosts,
    criticality,
    withFix: [...seen.withFix].sort(),
    open: (scope.patch === null ? open : waiting) + unknown,
  };
  return { facts, worst: worstOf(worst, facts, open > 0) };
}

/** Nobody has scored one of them, and none that is scored is worse: it counts as high (core/findings/exceptions/life.ts). */
function worstOf(
  { decisionDays, cvss, isScored }: { decisionDays: number | null; cvss: number; isScored: boolean },
  facts: ScopeFacts,
  isOpen: boolean,
): Worst {
  return { decisionDays, knownExploited: facts.knownExploited.length > 0, cvssScore: isScored || cvss >= 7 || !isOpen ? cvss : null };
}

/** The patch, or whatever newer version took its place in the queue. */
function needs({ fleet }: FleetModel, slot: number, { sourceName }: ScopedPatch): boolean {
  for (const [patch] of fleet.queue.membersOf(slot)) if (patch.sourceName === sourceName) return true;
  return false;
}
