import type { Claim } from '../advisories/claim.ts';
import { type ClaimIndex, indexClaims } from '../advisories/claim-index.ts';
import { isThirdParty } from '../inventory/package-origin.ts';
import type { FleetUnits, Unit } from './fleet-units.ts';
import { type JudgedPackage, judgedPackage, verdictOn } from './judged-package.ts';
import { hiddenBecause, type Judgement } from './rules.ts';

/** What is wrong with a unit. Judgements are shared by all units of a package, so the difference of two units is a difference of sets of objects. */
export interface UnitMatches {
  readonly vulnerable: readonly Judgement[];
  /** Nobody can decide these for this version; never read as safe. */
  readonly undecided: ReadonlyMap<Judgement, string>;
}

export interface PackageKey {
  readonly release: string;
  readonly kind: 'source' | 'binary';
  readonly name: string;
}

const NOTHING: UnitMatches = { vulnerable: [], undecided: new Map() };

/**
 * Matches of the fleet's units. Each unit is matched once; a change in one package's claims touches only that package's units. Units whose
 * package nobody speaks of cost one lookup.
 */
export class FleetMatcher {
  readonly #units: FleetUnits;
  #index: ClaimIndex;
  /** Packages whose claims changed after `#index` was built: the index is rebuilt with the next full load, not for one advisory. */
  readonly #changed = new Map<string, ClaimIndex>();
  #matches: (UnitMatches | undefined)[] = [];

  constructor(units: FleetUnits, index: ClaimIndex = indexClaims([])) {
    this.#units = units;
    this.#index = index;
  }

  /** New claims for everything: forgets all matches. */
  load(index: ClaimIndex): void {
    this.#index = index;
    this.#changed.clear();
    this.#matches = [];
  }

  /** All claims in force about one package; answers with the units whose matches may have changed. */
  setClaims(key: PackageKey, claims: readonly Claim[]): Unit[] {
    this.#changed.set(keyText(key), indexClaims(claims));
    const touched = this.unitsOf(key);
    for (const unit of touched) this.#matches[unit.index] = undefined;
    return touched;
  }

  hasDataFor(release: string): boolean {
    return (
      (this.#index.countByRelease.get(release) ?? 0) > 0 ||
      [...this.#changed.values()].some(index => (index.countByRelease.get(release) ?? 0) > 0)
    );
  }

  of(unit: Unit): UnitMatches {
    return (this.#matches[unit.index] ??= this.#match(unit));
  }

  /** Matches every unit now; the number of (unit, vulnerability) pairs. */
  matchAll(): number {
    let pairs = 0;
    for (const unit of this.#units.units) pairs += this.of(unit).vulnerable.length;
    return pairs;
  }

  /** Everything that publishers say of a source package, whatever the version. */
  judged({ release, name }: { readonly release: string; readonly name: string }): JudgedPackage | null {
    const key: PackageKey = { release, kind: 'source', name };
    return judgedPackage(this.#changed.get(keyText(key)) ?? this.#index, release, 'source', name);
  }

  #match(unit: Unit): UnitMatches {
    if (isThirdParty(unit.origin)) return NOTHING;
    const { release, name } = unit.source;
    const ofSource = this.#ask({ release, kind: 'source', name }, unit.version);
    if (unit.binary === null) return ofSource;
    const ofBinary = this.#ask({ release, kind: 'binary', name: unit.binary.name }, unit.binary.version);
    if (ofSource === NOTHING) return ofBinary;
    if (ofBinary === NOTHING) return ofSource;
    const known = new Set([...ofSource.vulnerable, ...ofSource.undecided.keys()].map(judgement => judgement.subject.vulnerabilityId));
    const isNew = (judgement: Judgement) => !known.has(judgement.subject.vulnerabilityId);
    return {
      vulnerable: [...ofSource.vulnerable, ...ofBinary.vulnerable.filter(isNew)],
      undecided: new Map([...ofSource.undecided, ...[...ofBinary.undecided].filter(([judgement]) => isNew(judgement))]),
    };
  }

  #ask(key: PackageKey, version: string): UnitMatches {
    const judged = judgedPackage(this.#changed.get(keyText(key)) ?? this.#index, key.release, key.kind, key.name);
    if (judged === null) return NOTHING;
    const { vulnerable, undecided } = verdictOn(judged, version);
    if (vulnerable.length === 0 && undecided.length === 0) return NOTHING;
    return { vulnerable, undecided: new Map(undecided.map(({ judgement, reason }) => [judgement, reason])) };
  }

  /** The versions of a package that the fleet has, or is offered. */
  unitsOf({ release, kind, name }: PackageKey): Unit[] {
    if (kind === 'source') return [...(this.#units.findSource(release, name)?.units ?? [])];
    return this.#units.units.filter(unit => unit.source.release === release && unit.binary?.name === name);
  }
}

function keyText({ release, kind, name }: PackageKey): string {
  return `${release}\n${kind}\n${name}`;
}

/** A judgement that is counted but neither shown nor due unless asked for. */
export function isHidden(judgement: Judgement): boolean {
  return (
    hiddenBecause(
      judgement.state,
      judgement.ranked.map(claim => claim.severity),
    ) !== null
  );
}
