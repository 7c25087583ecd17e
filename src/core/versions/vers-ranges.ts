import { schemeFor } from './catalog.ts';
import { type RangeVerdict, unknown, verdict } from './ranges.ts';
import { compareVersions, type InvalidVersion, isInvalid, type Ordering, type VersionScheme } from './scheme.ts';

/** A VERS range (ECMA-427 draft, package-url/vers-spec): `vers:deb/>=1.0|<2.0|!=1.5`, or `vers:npm/*` for every version. */
export interface VersRange {
  readonly scheme: VersionScheme;
  /** Sorted by version; null: every version. */
  readonly constraints: readonly VersConstraint[] | null;
}

export interface VersConstraint {
  readonly comparator: VersComparator;
  readonly version: string;
}

const COMPARATORS = ['>=', '<=', '!=', '>', '<', '='] as const;
type VersComparator = (typeof COMPARATORS)[number];

export type VersParse = { readonly ok: true; readonly range: VersRange } | { readonly ok: false; readonly reason: string };

export function parseVers(raw: string): VersParse {
  const match = /^vers:([a-z][a-z0-9.-]*)\/(.+)$/i.exec(raw.replace(/\s/g, ''));
  if (!match) return no('not vers:SCHEME/CONSTRAINT|CONSTRAINT');
  const scheme = schemeFor(match[1]!);
  if (!scheme) return no(`there is no version scheme "${match[1]}"`);
  if (match[2] === '*') return { ok: true, range: { scheme, constraints: null } };
  const constraints: VersConstraint[] = [];
  for (const text of match[2]!.split('|').filter(Boolean)) {
    const comparator = COMPARATORS.find(candidate => text.startsWith(candidate)) ?? '=';
    const version = decoded(text.startsWith(comparator) ? text.slice(comparator.length) : text);
    if (!version || version === '*') return no(`"${text}" is not a constraint`);
    const fault = compareVersions(scheme, version, version);
    if (isInvalid(fault)) return no(`${version}: ${fault.invalid}`);
    if (constraints.some(other => compareVersions(scheme, other.version, version) === 0)) return no(`${version} stands in two constraints`);
    constraints.push({ comparator, version });
  }
  if (constraints.length === 0) return no('no constraint');
  constraints.sort((a, b) => compareVersions(scheme, a.version, b.version) as Ordering);
  return { ok: true, range: { scheme, constraints: simplified(constraints) } };
}

/** The specification's "ranges simplification": a bound that another one holds in itself says nothing (`<1|<2` is `<2`, `>1|>2` is `>1`). Exclusions stay. */
function simplified(constraints: readonly VersConstraint[]): readonly VersConstraint[] {
  const kept: VersConstraint[] = [];
  for (const constraint of constraints.filter(({ comparator }) => comparator !== '!=')) {
    const closes = constraint.comparator.startsWith('<');
    const isOpen = () => kept.at(-1)?.comparator.startsWith('>') ?? false;
    if (isOpen() && !closes) continue;
    if (closes) while (kept.length > 0 && !isOpen()) kept.pop();
    kept.push(constraint);
  }
  return constraints.filter(constraint => constraint.comparator === '!=' || kept.includes(constraint));
}

/** The specification's containment: exact constraints first, then whether the version lies below, between or above the bounds that are left. */
export function inVers({ scheme, constraints }: VersRange, version: string): RangeVerdict {
  if (constraints === null) return verdict(true, 'the range is every version');
  const orders: (Ordering | InvalidVersion)[] = constraints.map(constraint => compareVersions(scheme, version, constraint.version));
  const fault = orders.find(isInvalid);
  if (fault) return unknown(fault.invalid);
  const placed = constraints.map((constraint, at) => ({ ...constraint, order: orders[at] as Ordering }));
  const equal = placed.find(({ order }) => order === 0);
  if (equal) return verdict(['=', '<=', '>='].includes(equal.comparator), `${version} ${equal.comparator} ${equal.version}`);
  const bounds = placed.filter(({ comparator }) => comparator !== '=' && comparator !== '!=');
  const below = bounds.findLast(({ order }) => order > 0);
  const above = bounds.find(({ order }) => order < 0);
  const opensBelow = below === undefined || below.comparator.startsWith('>');
  const closesAbove = above === undefined || above.comparator.startsWith('<');
  const between = [below && `${version} > ${below.version}`, above && `${version} < ${above.version}`].filter(Boolean).join(' and ');
  // With exclusions only, everything else is meant.
  const isOpen = bounds.length > 0 || placed.every(({ comparator }) => comparator === '!=');
  return verdict(isOpen && opensBelow && closesAbove, between || `${version} is none of the versions named`);
}

/** The range as lists and intervals (`introduced` inclusive, null for the beginning; `fixed` exclusive or `lastAffected` inclusive, neither for no end). */
export interface VersIntervals {
  readonly versions: readonly string[];
  readonly ranges: readonly { readonly introduced: string | null; readonly fixed: string | null; readonly lastAffected: string | null }[];
  /** In an interval by their order and yet outside: `!=`, and what `>` leaves out. */
  readonly except: readonly string[];
}

export function intervalsOf({ constraints }: VersRange): VersIntervals {
  const everything = { introduced: null, fixed: null, lastAffected: null };
  if (constraints === null) return { versions: [], ranges: [everything], except: [] };
  const of = (...wanted: readonly VersComparator[]) => constraints.filter(({ comparator }) => wanted.includes(comparator));
  const bounds = of('>=', '>', '<=', '<');
  const ranges: VersIntervals['ranges'][number][] = [];
  let opened: string | null = null;
  for (const [at, { comparator, version }] of bounds.entries()) {
    if (comparator === '>' || comparator === '>=') {
      opened = version;
      if (at === bounds.length - 1) ranges.push({ ...everything, introduced: opened });
    } else {
      ranges.push({ introduced: opened, fixed: comparator === '<' ? version : null, lastAffected: comparator === '<=' ? version : null });
      opened = null;
    }
  }
  if (bounds.length === 0 && of('=').length === 0) ranges.push(everything);
  return { versions: of('=').map(({ version }) => version), ranges, except: of('!=', '>').map(({ version }) => version) };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function no(reason: string): VersParse {
  return { ok: false, reason };
}
