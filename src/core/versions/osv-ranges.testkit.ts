import { compareForMatching, type RangeVerdict, unknown, verdict } from './ranges.ts';
import { compareVersions, isInvalid, type Ordering, type VersionScheme } from './scheme.ts';

/** The parts of an OSV record that decide about a version (ossf.github.io/osv-schema, "affected"). */
export interface OsvAffected {
  readonly versions?: readonly string[];
  readonly ranges?: readonly OsvRange[];
}

export interface OsvRange {
  readonly type: string;
  readonly events: readonly OsvEvent[];
}

export interface OsvEvent {
  readonly introduced?: string;
  readonly fixed?: string;
  readonly last_affected?: string;
  readonly limit?: string;
}

/**
 * OSV's own evaluation, as the schema words it, which the importer's intervals are held against: a listed version, or any range. A withdrawn record affects nothing. `GIT` ranges speak of commits and are passed over. Where the version
 * cannot be ordered, only the list can say yes.
 */
export function affectedByOsv(scheme: VersionScheme, version: string, affected: OsvAffected, withdrawn: string | null): RangeVerdict {
  if (withdrawn !== null) return verdict(false, `the record was withdrawn on ${withdrawn}`);
  if (affected.versions?.includes(version)) return verdict(true, `${version} is listed`);
  const ranges = (affected.ranges ?? []).filter(range => range.type !== 'GIT');
  const verdicts = ranges.map(range => inOsvEvents(scheme, version, range.events));
  return (
    verdicts.find(({ inside }) => inside === 'yes') ??
    verdicts.find(({ inside }) => inside === 'unknown') ??
    verdicts[0] ??
    verdict(false, affected.versions ? `${version} is not listed` : 'the record names no versions')
  );
}

type EventKind = 'introduced' | 'fixed' | 'last_affected' | 'limit';
const KINDS: readonly EventKind[] = ['introduced', 'fixed', 'last_affected', 'limit'];

/** Introduced counts from its version on, fixed ends before its version, last_affected after it; `0` is before every version. */
export function inOsvEvents(scheme: VersionScheme, version: string, events: readonly OsvEvent[]): RangeVerdict {
  const placed: { kind: EventKind; at: string; order: Ordering }[] = [];
  // The schema wants an event each; older records hold an introduction and its end in one.
  const single = events.flatMap(event => KINDS.flatMap(kind => (event[kind] === undefined ? [] : [{ kind, at: event[kind] }])));
  for (const { kind, at } of single) {
    const compared =
      at === '0' || (kind === 'limit' && at.includes('*')) ? { ordering: 1 as const } : compareForMatching(scheme, version, at);
    if ('invalid' in compared) return unknown(compared.invalid);
    placed.push({ kind, at, order: compared.ordering });
  }
  const limits = placed.filter(({ kind }) => kind === 'limit');
  if (limits.length > 0 && limits.every(({ at, order }) => !at.includes('*') && order >= 0))
    return verdict(false, `${version} is beyond the record's limit`);
  // Events are taken in the order of their versions. Those that lie after the version cannot change anything, so only the last one at or before it decides.
  const reached = placed.filter(({ kind, order }) => (kind === 'last_affected' ? order > 0 : kind !== 'limit' && order >= 0));
  const last = reached.toSorted((a, b) => orderOfEvents(scheme, a.at, b.at) || endsLater(a.kind) - endsLater(b.kind)).at(-1);
  if (!last) return verdict(false, `${version} is before every affected version`);
  const inside = last.kind === 'introduced';
  return verdict(inside, `${version} is ${last.kind === 'last_affected' ? 'after' : 'not before'} ${last.at} (${wordOf(last.kind)})`);
}

/** A version that is both introduced and last affected is affected itself: the end comes second. */
function endsLater(kind: EventKind): number {
  return kind === 'last_affected' ? 1 : 0;
}

function wordOf(kind: EventKind): string {
  return kind === 'last_affected' ? 'last affected' : kind;
}

function orderOfEvents(scheme: VersionScheme, a: string, b: string): Ordering {
  if (a === b) return 0;
  if (a === '0' || b === '0') return a === '0' ? -1 : 1;
  const order = compareVersions(scheme, a, b);
  return isInvalid(order) ? 0 : order;
}
