import type { FleetSource, Unit } from '../../core/findings/fleet-units.ts';
import type { Judgement } from '../../core/findings/rules.ts';
import { DUE_BANDS, type DueBand, dueBand, FINDING_STATES, type StatedGroup, statedGroups } from '../../core/remediation/assessment.ts';
import { dueAtMs } from '../../core/remediation/deadline.ts';
import type { FindingGroup, GroupedFinding } from '../../core/remediation/standing.ts';
import type { SourceOnHost } from '../../core/remediation/walked-host.ts';
import { openFindings } from './host-summaries.ts';
import type { FleetModel } from './model.ts';

/** One finding before it is put into words: references only, because a page shows fifty of a million. */
export interface FindingRow {
  readonly slot: number;
  readonly source: SourceOnHost;
  readonly group: StatedGroup;
  readonly finding: GroupedFinding;
  readonly dueMs: number | null;
}

export interface FindingFilter {
  /** Id or name of a host. */
  readonly host?: string | undefined;
  readonly vulnerability?: string | undefined;
  readonly source?: string | undefined;
  readonly state?: string | undefined;
  readonly due?: DueBand | undefined;
  readonly search?: string | undefined;
  /** Only those that an exception speaks of. */
  readonly marked?:
    | {
        readonly hostIds: ReadonlySet<string>;
        /** What nobody will fix is not counted as open, but leave to keep it is shown where it is asked for. */
        readonly withWontFix: boolean;
        has(hostId: string, vulnerabilityId: string, sourceName: string): boolean;
      }
    | undefined;
}

/** Which findings of a source pass a filter by name. */
type Choice = 'all' | 'none' | ReadonlySet<string>;

/**
 * The findings that pass a filter, host by host: none of them exists before it is asked for. Counts without a filter by name come from the hosts'
 * numbers.
 */
export class FindingQuery {
  readonly #model: FleetModel;
  readonly #filter: FindingFilter;
  readonly #nowMs: number;
  readonly slots: readonly number[];
  readonly #words: readonly string[];
  /** Source -> what of it passes the search by source and vulnerability; hosts that pass by their own name take all. */
  readonly #choices = new Map<FleetSource, Choice>();
  readonly #named = new Map<FindingGroup, readonly GroupedFinding[]>();
  /** Sources that can have such a finding; null: all. */
  #sources: ReadonlySet<FleetSource> | null = null;

  constructor(model: FleetModel, filter: FindingFilter, nowMs: number) {
    this.#model = model;
    this.#filter = filter;
    this.#nowMs = nowMs;
    this.#words =
      filter.search
        ?.toLowerCase()
        .split(/\s+/)
        .filter(word => word !== '') ?? [];
    this.slots = this.#slots();
  }

  countOf(slot: number): { readonly count: number; readonly firstDueMs: number | null } {
    const { state, due, vulnerability, source } = this.#filter;
    const isByName = vulnerability !== undefined || source !== undefined || this.#words.length > 0 || this.#filter.marked !== undefined;
    if (isByName || (state !== undefined && due !== undefined)) {
      const rows = this.rows(slot);
      let firstDueMs: number | null = null;
      for (const { dueMs } of rows) if (dueMs !== null && (firstDueMs === null || dueMs < firstDueMs)) firstDueMs = dueMs;
      return { count: rows.length, firstDueMs };
    }
    const assessment = this.#model.fleet.assessment(slot, this.#nowMs);
    const { earliestDueMs: firstDueMs } = assessment;
    if (state !== undefined) return { count: assessment.byState[FINDING_STATES.indexOf(state as never)] ?? 0, firstDueMs };
    return { count: due !== undefined ? assessment.byDue[DUE_BANDS.indexOf(due)]! : openFindings(assessment), firstDueMs };
  }

  rows(slot: number): FindingRow[] {
    const { fleet, records } = this.#model;
    const { exposure, candidatesRead, name, id } = records[slot]!;
    const { state, due, marked } = this.#filter;
    const isNamedHost = this.#words.every(word => name.toLowerCase().includes(word));
    const rows: FindingRow[] = [];
    for (const source of fleet.sourcesOf(slot, this.#sources ?? undefined)) {
      const choice = this.#choiceOf(source.standing.source, isNamedHost);
      if (choice === 'none') continue;
      for (const group of statedGroups(source, candidatesRead)) {
        if (state === undefined ? group.state === 'wont-fix' && marked?.withWontFix !== true : group.state !== state) continue;
        for (const finding of this.#namedIn(group.group)) {
          if (choice !== 'all' && !choice.has(finding.risk.id)) continue;
          if (marked?.has(id, finding.risk.id, source.standing.source.name) === false) continue;
          const dueMs = group.hasFix ? dueAtMs(finding.risk.deadline(exposure), Math.max(finding.knownMs, group.sinceMs)) : null;
          if (due !== undefined && dueBand(dueMs, this.#nowMs) !== due) continue;
          rows.push({ slot, source, group, finding, dueMs });
        }
      }
    }
    return rows;
  }

  /** Those of a group that the filter names. Hosts that stand alike share a group, and a kernel's has thousands. */
  #namedIn(group: FindingGroup): readonly GroupedFinding[] {
    const { vulnerability } = this.#filter;
    if (vulnerability === undefined) return group.findings;
    return this.#named.getOrInsertComputed(group, ({ findings }) => findings.filter(finding => isCalled(finding, vulnerability)));
  }

  #choiceOf(source: FleetSource, isNamedHost: boolean): Choice {
    if (this.#filter.source !== undefined && source.name !== this.#filter.source) return 'none';
    if (this.#words.length === 0 || isNamedHost) return 'all';
    return this.#choices.getOrInsertComputed(source, () => this.#choose(source));
  }

  #choose(source: FleetSource): Choice {
    if (this.#words.every(word => source.name.includes(word))) return 'all';
    const named = new Set<string>();
    for (const unit of source.units) {
      const { vulnerable, undecided } = this.#model.fleet.matcher.of(unit);
      for (const { subject } of [...vulnerable, ...undecided.keys()]) {
        const text = `${subject.vulnerabilityId} ${subject.aliases.join(' ')} ${source.name}`.toLowerCase();
        if (this.#words.every(word => text.includes(word))) named.add(subject.vulnerabilityId);
      }
    }
    return named.size === 0 ? 'none' : named;
  }

  /** Hosts that can have such a finding at all. */
  #slots(): number[] {
    const { fleet, records } = this.#model;
    const { host, vulnerability, source, marked } = this.#filter;
    let slots = [...fleet.slots()];
    if (marked !== undefined) slots = slots.filter(slot => marked.hostIds.has(records[slot]!.id));
    if (host !== undefined) slots = slots.filter(slot => records[slot]!.id === host || records[slot]!.name === host);
    if (vulnerability === undefined && source === undefined) return slots;
    const units = fleet.units.units.filter(
      unit => (source === undefined || unit.source.name === source) && (vulnerability === undefined || this.#names(unit, vulnerability)),
    );
    this.#sources = new Set(units.map(unit => unit.source));
    const having = new Uint8Array(fleet.inventory.slots);
    for (const slot of fleet.inventory.hostsOfAny(units.flatMap(unit => unit.versionIds))) having[slot] = 1;
    // What only lives on in memory is on no disk.
    return slots.filter(slot => having[slot] === 1 || fleet.host(slot).residuals.length > 0);
  }

  #names(unit: Unit, vulnerability: string): boolean {
    const { vulnerable, undecided } = this.#model.fleet.matcher.of(unit);
    const isNamed = ({ subject }: Judgement) => subject.vulnerabilityId === vulnerability || subject.aliases.includes(vulnerability);
    return vulnerable.some(isNamed) || undecided.keys().some(isNamed);
  }
}

function isCalled({ judgement: { subject } }: GroupedFinding, vulnerability: string): boolean {
  return subject.vulnerabilityId === vulnerability || subject.aliases.includes(vulnerability);
}
