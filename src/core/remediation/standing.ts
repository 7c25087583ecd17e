import type { FindingState } from '../findings/finding.ts';
import type { FleetMatcher, UnitMatches } from '../findings/fleet-matcher.ts';
import { isHidden } from '../findings/fleet-matcher.ts';
import type { FleetSource, Unit } from '../findings/fleet-units.ts';
import type { Judgement } from '../findings/rules.ts';
import { compareKeys } from '../versions/scheme.ts';
import type { HostExposure } from './deadline.ts';
import { DueProfile } from './due-profile.ts';
import { fixKnownMs, type VulnerabilityRisk, type VulnerabilityRisks } from './vulnerability-risk.ts';

/** How one source package stands on a host. Hosts that stand alike share one standing, so nothing here is per host. */
export interface StandingKey {
  readonly source: FleetSource;
  /** Versions whose files are on the disk, more than one when a source is upgraded in part. */
  readonly disk: readonly Unit[];
  /** Versions that only live on in memory: mapped by a process, or the running kernel. */
  readonly memory: readonly Unit[];
  /** What the host's package manager would move it to; null when it offers nothing. */
  readonly target: Unit | null;
}

/** Findings that share their state and move together. */
export class FindingGroup {
  readonly judgements: readonly Judgement[];
  readonly risks: readonly VulnerabilityRisk[];
  readonly knownExploited: number;
  readonly #profiles = new Map<HostExposure, DueProfile>();
  #risk: number | undefined;

  /** `risks` is parallel to `judgements`. */
  constructor(judgements: readonly Judgement[], risks: readonly VulnerabilityRisk[]) {
    this.judgements = judgements;
    this.risks = risks;
    this.knownExploited = this.risks.reduce((count, risk) => count + Number(risk.knownExploited), 0);
  }

  get size(): number {
    return this.judgements.length;
  }

  due(exposure: HostExposure): DueProfile {
    let profile = this.#profiles.get(exposure);
    if (profile === undefined) {
      profile = new DueProfile(
        this.judgements.map((judgement, at) => ({ deadline: this.risks[at]!.deadline(exposure), knownMs: fixKnownMs(judgement) })),
      );
      this.#profiles.set(exposure, profile);
    }
    return profile;
  }

  /** The chance that at least one of them is exploited within 30 days, by the formula of core/priorities/ranking.ts. */
  get risk(): number {
    return (this.#risk ??= 1 - this.risks.reduce((survives, risk) => survives * (1 - risk.probability), 1));
  }
}

export const WATCHED = [
  'waiting-for-vendor',
  'deferred',
  'wont-fix',
  'end-of-life',
  'undetermined',
] as const satisfies readonly FindingState[];
export type WatchedState = (typeof WATCHED)[number];

export interface Standing extends StandingKey {
  readonly index: number;
  /** On the disk, gone with the target. */
  readonly closable: FindingGroup;
  /** On the disk, fixed by the publisher in a version that the host is not offered. */
  readonly unreached: FindingGroup;
  /** Fixed on the disk, still in memory. */
  readonly pending: FindingGroup;
  /** No fix to install: never due. `wont-fix` also holds what publishers call unimportant. */
  readonly watched: Readonly<Record<WatchedState, FindingGroup>>;
  /** The version that closes everything in `unreached`, the highest that publishers name; null when there is none. */
  readonly neededVersion: string | null;
  readonly isClean: boolean;
}

export class Standings {
  readonly #matcher: FleetMatcher;
  readonly #risks: VulnerabilityRisks;
  readonly #simple = new Map<number, Standing>();
  readonly #others = new Map<string, Standing>();
  readonly #all: Standing[] = [];

  constructor(matcher: FleetMatcher, risks: VulnerabilityRisks) {
    this.#matcher = matcher;
    this.#risks = risks;
  }

  at(index: number): Standing {
    return this.#all[index]!;
  }

  /** The claims about these sources changed. Standings that were handed out stay readable by their index. */
  forget(sources: ReadonlySet<FleetSource>): void {
    for (const [key, standing] of this.#simple) if (sources.has(standing.source)) this.#simple.delete(key);
    for (const [key, standing] of this.#others) if (sources.has(standing.source)) this.#others.delete(key);
  }

  /** The common case: one version on the disk and nothing else in memory. */
  ofOne(disk: Unit, target: Unit | null): Standing {
    const key = disk.index * 2 ** 26 + (target === null ? 0 : target.index + 1);
    let standing = this.#simple.get(key);
    if (standing === undefined) this.#simple.set(key, (standing = this.#make({ source: disk.source, disk: [disk], memory: [], target })));
    return standing;
  }

  of(key: StandingKey): Standing {
    if (key.disk.length === 1 && key.memory.length === 0) return this.ofOne(key.disk[0]!, key.target);
    const text = `${indexes(key.disk)}|${indexes(key.memory)}|${key.target?.index ?? ''}`;
    let standing = this.#others.get(text);
    if (standing === undefined) this.#others.set(text, (standing = this.#make(key)));
    return standing;
  }

  #make(key: StandingKey): Standing {
    const target = key.target === null ? null : vulnerableOf([this.#matcher.of(key.target)]);
    const disk = vulnerableOf(key.disk.map(unit => this.#matcher.of(unit)));
    const memory = vulnerableOf(key.memory.map(unit => this.#matcher.of(unit)));
    const closable: Judgement[] = [];
    const unreached: Judgement[] = [];
    const watched: Record<WatchedState, Judgement[]> = {
      'waiting-for-vendor': [],
      deferred: [],
      'wont-fix': [],
      'end-of-life': [],
      undetermined: [],
    };
    for (const [judgement, isDecided] of disk) {
      if (!isDecided) watched.undetermined.push(judgement);
      else if (isHidden(judgement)) watched['wont-fix'].push(judgement);
      else if (target !== null && !target.has(judgement)) closable.push(judgement);
      else if (judgement.state === 'fixed') unreached.push(judgement);
      else watched[watchedState(judgement.state)].push(judgement);
    }
    const pending = [...memory]
      .filter(([judgement, isDecided]) => isDecided && !disk.has(judgement) && !isHidden(judgement))
      .map(([judgement]) => judgement);
    return this.#finish(key, { closable, unreached, pending, watched });
  }

  #finish(
    key: StandingKey,
    found: { closable: Judgement[]; unreached: Judgement[]; pending: Judgement[]; watched: Record<WatchedState, Judgement[]> },
  ): Standing {
    const group = (judgements: readonly Judgement[]) =>
      judgements.length === 0
        ? NO_FINDINGS
        : new FindingGroup(
            judgements,
            judgements.map(judgement => this.#risks.of(judgement.subject)),
          );
    const watched = Object.fromEntries(WATCHED.map(state => [state, group(found.watched[state])])) as Record<WatchedState, FindingGroup>;
    const standing: Standing = {
      ...key,
      index: this.#all.length,
      closable: group(found.closable),
      unreached: group(found.unreached),
      pending: group(found.pending),
      watched,
      neededVersion: highestBoundary(found.unreached),
      isClean:
        found.closable.length + found.unreached.length + found.pending.length === 0 && WATCHED.every(state => watched[state].size === 0),
    };
    this.#all.push(standing);
    return standing;
  }
}

const NO_FINDINGS = new FindingGroup([], []);

/** Judgement -> whether it is decided for at least one of the versions. */
function vulnerableOf(matches: readonly UnitMatches[]): ReadonlyMap<Judgement, boolean> {
  const found = new Map<Judgement, boolean>();
  for (const { undecided } of matches) for (const judgement of undecided.keys()) found.set(judgement, false);
  for (const { vulnerable } of matches) for (const judgement of vulnerable) found.set(judgement, judgement.state !== 'undetermined');
  return found;
}

function watchedState(state: Judgement['state']): WatchedState {
  if (state === 'open') return 'waiting-for-vendor';
  // `fixed` and `not-affected` never come here: the one is closable or unreached, the other is left out when a package is judged.
  return state === 'fixed' || state === 'not-affected' ? 'undetermined' : state;
}

function highestBoundary(judgements: readonly Judgement[]): string | null {
  let highest: Judgement | null = null;
  for (const judgement of judgements)
    if (judgement.boundary !== null && (highest === null || compareKeys(judgement.boundary, highest.boundary!) > 0)) highest = judgement;
  return highest?.fixedVersion ?? judgements.find(judgement => judgement.fixedVersion !== null)?.fixedVersion ?? null;
}

function indexes(units: readonly Unit[]): string {
  return units
    .map(unit => unit.index)
    .sort((a, b) => a - b)
    .join(',');
}
