import { addMs, DAY_MS, type Instant } from '../../kernel/instants.ts';
import { type ExceptionKind, KINDS } from './kinds.ts';
import { CONTROL_CHECK_DAYS } from './life.ts';

/** What the scope looks like now; kept at every approval, so that what changes afterwards is seen. */
export interface ScopeFacts {
  /** Vulnerabilities of the scope that CISA lists as exploited. */
  readonly knownExploited: readonly string[];
  /** Highest EPSS probability seen of each vulnerability; those that nobody scores are missing. */
  readonly epss: Readonly<Record<string, number>>;
  /** Hosts that anybody can reach, or of which nobody says who can. */
  readonly publicHosts: readonly string[];
  /** How much each host counts; 2 is twice 1. */
  readonly criticality: Readonly<Record<string, number>>;
  /** Vulnerabilities of the scope that have a fix, offered or not. */
  readonly withFix: readonly string[];
  /** Open findings of the scope, held and waiting for a restart included. */
  readonly open: number;
}

/** EPSS of one in ten in 30 days: far above what 97 % of all vulnerabilities ever reach; below it a factor of five is noise, above it the threshold has spoken. */
export const EPSS_THRESHOLD = 0.1;
export const EPSS_FACTOR = 5;
/** A factor of five on one in ten thousand says nothing. */
const EPSS_FLOOR = 0.005;

export type ReopenCode = 'known-exploited' | 'exposure' | 'epss' | 'fix' | 'control' | 'criticality' | 'owner';

export interface ReopenReason {
  readonly code: ReopenCode;
  readonly text: string;
}

interface Ground {
  readonly kind: ExceptionKind;
  readonly baseline: ScopeFacts;
  readonly controlsCheckedAt: Instant | null;
}

interface Present {
  readonly facts: ScopeFacts;
  readonly now: Instant;
  readonly ownerExists: boolean;
}

type Trigger = (ground: Ground, present: Present) => string | null;

/** domain.md 2.6, and the owner: what makes a granted exception a question again. Order: the most urgent first. */
const TRIGGERS: Readonly<Record<ReopenCode, Trigger>> = {
  'known-exploited': ({ baseline }, { facts }) =>
    said(added(facts.knownExploited, baseline.knownExploited), ids => `${ids} is known to be exploited now`),
  exposure: ({ baseline }, { facts }) =>
    said(added(facts.publicHosts, baseline.publicHosts), ids => `${ids} can be reached by anybody now`),
  epss: ({ baseline }, { facts }) =>
    said(
      Object.keys(facts.epss).filter(id => epssRose(baseline.epss[id] ?? 0, facts.epss[id]!)),
      ids => `the probability of exploitation has risen: ${ids}`,
    ),
  fix: ({ kind, baseline }, { facts }) =>
    KINDS[kind].endsWithFix ? said(added(facts.withFix, baseline.withFix), ids => `there is a fix now for ${ids}`) : null,
  control: ({ kind, controlsCheckedAt }, { now }) =>
    kind === 'mitigated' && (controlsCheckedAt === null || addMs(controlsCheckedAt, CONTROL_CHECK_DAYS * DAY_MS) <= now)
      ? `its controls were last checked on ${controlsCheckedAt?.slice(0, 10) ?? 'no day'}; ${CONTROL_CHECK_DAYS} days are the most`
      : null,
  criticality: ({ baseline }, { facts }) =>
    said(
      Object.keys(facts.criticality).filter(id => facts.criticality[id]! > (baseline.criticality[id] ?? Number.POSITIVE_INFINITY)),
      ids => `${ids} matters more than it did`,
    ),
  owner: (_ground, { ownerExists }) => (ownerExists ? null : 'its owner is not there any more'),
};

export const REOPEN_CODES = Object.keys(TRIGGERS) as ReopenCode[];

/** Why an exception that was granted on `baseline` has to be looked at again; empty while nothing has changed for the worse. */
export function reopenReasons(ground: Ground, present: Present): ReopenReason[] {
  return REOPEN_CODES.flatMap(code => {
    const text = TRIGGERS[code](ground, present);
    return text === null ? [] : [{ code, text }];
  });
}

export function epssRose(before: number, after: number): boolean {
  if (before < EPSS_THRESHOLD && after >= EPSS_THRESHOLD) return true;
  return after >= EPSS_FLOOR && before > 0 && after >= before * EPSS_FACTOR;
}

function added(now: readonly string[], before: readonly string[]): string[] {
  const known = new Set(before);
  return now.filter(id => !known.has(id));
}

const NAMED_MAX = 3;

function said(ids: readonly string[], text: (ids: string) => string): string | null {
  if (ids.length === 0) return null;
  const rest = ids.length - NAMED_MAX;
  return text(ids.slice(0, NAMED_MAX).join(', ') + (rest > 0 ? ` and ${rest} more` : ''));
}
