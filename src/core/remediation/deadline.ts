import type { Enrichment } from '../advisories/claim.ts';
import { DAY_MS } from '../kernel/instants.ts';
import { bod2604 } from '../priorities/decision-tables/bod-26-04.ts';
import { type DecisionTable, decide } from '../priorities/decision-tables/decision-table.ts';
import { timelineOf } from '../priorities/due-date.ts';

export const EXPOSURES = ['public', 'controlled', 'local', 'unknown'] as const;
export type HostExposure = (typeof EXPOSURES)[number];

export interface DecisionInput {
  readonly name: string;
  readonly value: string;
  /** True where nobody stated the value: `source` says why this one stands in. */
  readonly assumed: boolean;
  readonly source: string;
}

/** What the table decides for one vulnerability on hosts of one exposure; the same for every host, so it is made once. */
export interface Deadline {
  readonly table: string;
  readonly row: number;
  readonly outcome: string;
  /** Days from the start of the clock; null where the outcome has no date. */
  readonly days: number | null;
  readonly forensic: boolean;
  readonly inputs: readonly DecisionInput[];
  /** Present when KEV made it more urgent than it was before: the shorter time runs from that day, never beyond the older date (domain.md 4.2). */
  readonly escalated: { readonly atMs: number; readonly daysBefore: number | null } | null;
}

const EXPOSED: Readonly<Record<HostExposure, string | null>> = { public: 'yes', controlled: 'no', local: 'no', unknown: null };

/** By the BOD 26-04 table. `enrichment` null: no publisher says anything of the vulnerability but that it exists. */
export function deadlineFor(enrichment: Enrichment | null, exposure: HostExposure): Deadline {
  const known = inputsOf(enrichment, exposure, enrichment?.kev ? 'yes' : 'no');
  const deadline = fromTable(bod2604, known);
  const kev = enrichment?.kev;
  if (!kev) return deadline;
  const before = fromTable(bod2604, inputsOf(enrichment, exposure, 'no'));
  if ((before.days ?? Number.POSITIVE_INFINITY) <= (deadline.days ?? Number.POSITIVE_INFINITY)) return deadline;
  return { ...deadline, escalated: { atMs: Date.parse(`${kev.addedOn}T00:00:00Z`), daysBefore: before.days } };
}

/** When it is due on a host: the clock starts when the fix could be known and the version was on the host, whichever is later. */
export function dueAtMs(deadline: Deadline, clockMs: number): number | null {
  const plain = deadline.days === null ? null : clockMs + deadline.days * DAY_MS;
  if (deadline.escalated === null || deadline.days === null) return plain;
  const { atMs, daysBefore } = deadline.escalated;
  const afterChange = Math.max(clockMs, atMs) + deadline.days * DAY_MS;
  return daysBefore === null ? afterChange : Math.min(clockMs + daysBefore * DAY_MS, afterChange);
}

type Inputs = Readonly<Record<string, { readonly value: string | null; readonly source: string }>>;

function inputsOf(enrichment: Enrichment | null, exposure: HostExposure, inKev: 'yes' | 'no'): Inputs {
  const kev = enrichment?.kev;
  return {
    'in-kev': { value: inKev, source: kev ? `CISA KEV, added ${kev.addedOn}` : 'CISA KEV does not list it' },
    'publicly-exposed': { value: EXPOSED[exposure], source: exposure === 'unknown' ? '' : `the host is set to ${exposure}` },
    ...assessment(enrichment, exposure, inKev),
  };
}

/** Vulnrichment's own assessment, else what the CVSS vector says of the same two questions. */
function assessment(enrichment: Enrichment | null, exposure: HostExposure, inKev: 'yes' | 'no'): Inputs {
  const ssvc = enrichment?.ssvc ?? null;
  const cvss = enrichment?.cvss[0] ?? null;
  const stated = ssvc ? `CISA Vulnrichment, ${ssvc.statedOn}` : '';
  const derived = cvss ? `from ${cvss.vector} (${cvss.source})` : '';
  const automatable = ssvc?.automatable ?? (cvss && isAutomatable(cvss.vector));
  const impact = ssvc?.technicalImpact ?? (cvss && technicalImpact(cvss.vector));
  if (automatable === null && impact === null && inKev === 'no') return unassessed(exposure);
  return {
    automatable: { value: automatable, source: ssvc?.automatable ? stated : derived },
    'technical-impact': { value: impact, source: ssvc?.technicalImpact ? stated : derived },
  };
}

const UNASSESSED = 'assumed: nobody has assessed it yet, and BOD 26-04 gives such vulnerabilities 60 days';

/**
 * BOD 26-04 gives 60 days to what CISA has not assessed (vulnerability-data.md 0.10). The table has no row for "not assessed" and its defaults, all
 * the worst case, would call 84 of 100 findings due in 3 days, which ranks nothing. So the inputs that lead to its 60-day rows stand in, marked as
 * assumed. A vulnerability in KEV is assessed by being there and keeps the worst case.
 */
function unassessed(exposure: HostExposure): Inputs {
  const isExposed = EXPOSED[exposure] !== 'no';
  return {
    automatable: { value: isExposed ? 'no' : 'yes', source: UNASSESSED },
    'technical-impact': { value: 'partial', source: UNASSESSED },
  };
}

function fromTable(table: DecisionTable, inputs: Inputs): Deadline {
  const decided = decide(table, Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value])));
  // Every word above is one of the table's own, which its test proves complete: anything else is a defect.
  if (!decided.ok) throw new Error(decided.reason);
  const { outcome, row } = decided.decision;
  const timeline = timelineOf(table.id, outcome);
  if (!timeline) throw new Error(`${table.id} has no timeline for "${outcome}"`);
  return {
    table: table.id,
    row,
    outcome,
    days: timeline.days,
    forensic: timeline.forensic,
    inputs: table.columns.map(column => described(column, inputs[column.name], decided.decision.inputs[column.name]!)),
    escalated: null,
  };
}

function described(
  column: DecisionTable['columns'][number],
  given: Inputs[string] | undefined,
  decided: { readonly value: string; readonly assumed: boolean },
): DecisionInput {
  if (decided.assumed) return { name: column.name, value: decided.value, assumed: true, source: `assumed: ${column.whenUnknown.reason}` };
  return { name: column.name, value: decided.value, assumed: given?.source === UNASSESSED, source: given?.source ?? '' };
}

/** CVSS metric -> value: `AV:N/AC:L/...` with or without the version in front. */
function metricsOf(vector: string): ReadonlyMap<string, string> {
  return new Map(vector.split('/').map(part => part.split(':', 2) as [string, string]));
}

/** Reachable from the network, without skill, account or victim (SSVC "automatable", CVSS v3 AV:N/AC:L/PR:N/UI:N; v2 has no UI). */
function isAutomatable(vector: string): 'yes' | 'no' | null {
  const metric = metricsOf(vector);
  if (!metric.has('AV')) return null;
  const free = (name: string, value: string) => (metric.get(name) ?? value) === value;
  return free('AV', 'N') && free('AC', 'L') && free('AT', 'N') && free('PR', 'N') && free('Au', 'N') && free('UI', 'N') ? 'yes' : 'no';
}

/** Total control: confidentiality, integrity and availability all lost. v4 writes VC VI VA, v2 writes C for complete. */
function technicalImpact(vector: string): 'partial' | 'total' | null {
  const metric = metricsOf(vector);
  const lost = ['C', 'I', 'A'].map(name => metric.get(`V${name}`) ?? metric.get(name));
  if (lost.includes(undefined)) return null;
  return lost.every(value => value === 'H' || (value === 'C' && metric.has('Au'))) ? 'total' : 'partial';
}
