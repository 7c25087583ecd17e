import { DAY_MS, epochMs, type Instant } from '../kernel/instants.ts';

interface ExploitationFacts {
  /** In KEV, or exploitation known from another source. */
  readonly knownExploited: boolean;
  /** SSVC exploitation, null when nobody has assessed it. */
  readonly exploitation: 'none' | 'poc' | 'active' | null;
  /** EPSS probability, 0 to 1, null when there is none. */
  readonly epss: number | null;
}

/** Stands in for EPSS where there is none. Judgement, rounded from EPSS's own spread: a public exploit puts a CVE in its top tenth, the mean of all scores is near 0.03, the median below 0.002. */
export const PRIOR = { poc: 0.1, none: 0.002, unknown: 0.03 } as const;

interface RankedPatch {
  readonly id: string;
  /** 1 is first. */
  readonly rank: number;
  readonly band: 'overdue' | 'due' | 'undated';
  readonly dueAt: Instant | null;
  /** Negative when overdue, null without a date. */
  readonly daysLeft: number | null;
  readonly riskRemoved: number;
  readonly hosts: number;
  /** Distinct vulnerabilities. */
  readonly closes: number;
  readonly knownExploited: readonly string[];
  /** The finding that sets the band. */
  readonly strictest: { readonly vulnerabilityId: string; readonly outcome: string } | null;
  readonly reason: string;
}

export function exploitationProbability({ knownExploited, exploitation, epss }: ExploitationFacts): number {
  if (knownExploited || exploitation === 'active') return 1;
  return epss ?? PRIOR[exploitation ?? 'unknown'];
}

/** What the order and the reason are made from. A fleet keeps these up to date host by host. */
export interface PatchSummary {
  readonly id: string;
  readonly dueAt: Instant | null;
  readonly riskRemoved: number;
  readonly hosts: number;
  /** Distinct vulnerabilities. */
  readonly closes: number;
  readonly knownExploited: readonly string[];
  /** The finding that sets the band. */
  readonly strictest: RankedPatch['strictest'];
}

/**
 * The queue of patches. Deadlines order it, a number orders only inside a band:
 *
 *   band  = that of the strictest finding which the patch closes: overdue, then whole days left, then no date
 *   risk removed = sum over hosts of weight * (1 - product over the vulnerabilities closed there of (1 - p))
 *
 * A host counts once however many vulnerabilities it has, so the number is bounded by the sum of weights, grows with every input, and never
 * adds one vulnerability over hosts as if each host were a new chance. `p` is the probability of exploitation within 30 days: 1 when it
 * is known to be exploited, else EPSS, else `PRIOR` by what is known. Independence between vulnerabilities is assumed.
 *
 * Ties fall to more known-exploited vulnerabilities, then more vulnerabilities, then more hosts, then the id, so that the order is stable.
 */
export function rankSummaries(summaries: readonly PatchSummary[], now: Instant): RankedPatch[] {
  const ranked = summaries.map(summary => inBand(summary, epochMs(now)));
  ranked.sort(
    (a, b) =>
      bandNumber(a) - bandNumber(b) ||
      b.riskRemoved - a.riskRemoved ||
      b.knownExploited.length - a.knownExploited.length ||
      b.closes - a.closes ||
      b.hosts - a.hosts ||
      (a.id < b.id ? -1 : 1),
  );
  return ranked.map((patch, at) => ({ ...patch, rank: at + 1 }));
}

function bandNumber(patch: RankedPatch): number {
  if (patch.band === 'overdue') return -1;
  return patch.daysLeft ?? Number.MAX_SAFE_INTEGER;
}

function inBand(summary: PatchSummary, nowMs: number): RankedPatch {
  const msLeft = summary.dueAt === null ? null : epochMs(summary.dueAt) - nowMs;
  const facts = {
    ...summary,
    rank: 0,
    band: msLeft === null ? 'undated' : msLeft <= 0 ? 'overdue' : 'due',
    daysLeft: msLeft === null ? null : Math.ceil(msLeft / DAY_MS) || 0,
  } as const;
  return { ...facts, reason: reasonInWords(facts) };
}

/** "closes 12 vulnerabilities on 5 hosts, 1 known exploited (CVE-2024-3094), due in 3 days" */
function reasonInWords(patch: Omit<RankedPatch, 'reason'>): string {
  const hosts = count(patch.hosts, 'host', 'hosts');
  if (patch.closes === 0) return `closes no known vulnerability on ${hosts}`;
  const parts = [`closes ${count(patch.closes, 'vulnerability', 'vulnerabilities')} on ${hosts}`];
  if (patch.knownExploited.length > 0) parts.push(`${patch.knownExploited.length} known exploited (${named(patch.knownExploited)})`);
  parts.push(dueInWords(patch));
  return parts.join(', ');
}

function dueInWords({ band, daysLeft, strictest }: Pick<RankedPatch, 'band' | 'daysLeft' | 'strictest'>): string {
  if (daysLeft === null) return strictest?.outcome ?? 'no date';
  if (band === 'overdue') return daysLeft === 0 ? 'overdue since today' : `overdue by ${count(-daysLeft, 'day', 'days')}`;
  return daysLeft === 1 ? 'due within a day' : `due in ${daysLeft} days`;
}

const NAMED_MAX = 3;

function named(ids: readonly string[]): string {
  const shown = ids.slice(0, NAMED_MAX).join(', ');
  return ids.length > NAMED_MAX ? `${shown} and ${ids.length - NAMED_MAX} more` : shown;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
