import type { FindingState } from '../findings/finding.ts';
import type { FleetMatcher } from '../findings/fleet-matcher.ts';
import { isHidden } from '../findings/fleet-matcher.ts';
import type { FleetSource, Unit } from '../findings/fleet-units.ts';
import type { Judgement } from '../findings/rules.ts';
import { isThirdParty } from '../inventory/package-origin.ts';
import { compareKeys } from '../versions/scheme.ts';
import { EXPOSURES, type HostExposure } from './deadline.ts';
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

/** One vulnerability in one package, with what does not depend on version or host. */
export interface GroupedFinding {
  readonly judgement: Judgement;
  readonly risk: VulnerabilityRisk;
  /** When its fix could first be known, epoch ms. */
  readonly knownMs: number;
  readonly isHidden: boolean;
  /** Serial of the standing that was made last with this vulnerability in its target, and on its disk: marks are cheaper than sets by the thousand. */
  inTarget: number;
  onDisk: number;
}

/** Findings that share their state and move together. */
export class FindingGroup {
  readonly findings: readonly GroupedFinding[];
  readonly size: number;
  readonly knownExploited: number;
  readonly #profiles: (DueProfile | undefined)[] = [];
  #byKnown: { readonly findings: readonly GroupedFinding[]; readonly known: Float64Array } | null = null;
  #risk: number | undefined;

  constructor(findings: readonly GroupedFinding[]) {
    this.findings = findings;
    this.size = findings.length;
    this.knownExploited = findings.reduce((count, { risk }) => count + Number(risk.knownExploited), 0);
  }

  /** `exposure` is an index into EXPOSURES: 100,000 hosts ask 30 times each. */
  due(exposure: number): DueProfile {
    return (this.#profiles[exposure] ??= this.#profile(EXPOSURES[exposure]!));
  }

  #profile(exposure: HostExposure): DueProfile {
    const { findings, known } = (this.#byKnown ??= byKnown(this.findings));
    return new DueProfile(known, at => findings[at]!.risk.deadline(exposure));
  }

  /** The chance that at least one of them is exploited within 30 days, by the formula of core/priorities/ranking.ts. */
  get risk(): number {
    return (this.#risk ??= 1 - this.findings.reduce((survives, { risk }) => survives * (1 - risk.probability), 1));
  }
}

/** Sorted once for all exposures. Findings come by fixed version, which is nearly, and often quite, the order in which fixes were known. */
function byKnown(findings: readonly GroupedFinding[]): { readonly findings: readonly GroupedFinding[]; readonly known: Float64Array } {
  const known = new Float64Array(findings.length);
  let rises = true;
  for (let at = 0; at < known.length; at++) {
    known[at] = findings[at]!.knownMs;
    if (at > 0 && known[at]! < known[at - 1]!) rises = false;
  }
  return rises ? { findings, known } : sortedByKnown(findings, known);
}

/** A kernel has thousands, and numbers sort many times faster than objects: each moment carries its place in the bits below it. */
function sortedByKnown(findings: readonly GroupedFinding[], known: Float64Array) {
  const places = () => Array.from(known.map((ms, place) => ms * PLACES_MAX + place).sort(), key => key % PLACES_MAX);
  const sorted =
    findings.length > PLACES_MAX ? findings.toSorted((a, b) => a.knownMs - b.knownMs) : places().map(place => findings[place]!);
  for (let at = 0; at < known.length; at++) known[at] = sorted[at]!.knownMs;
  return { findings: sorted, known };
}

/** Moments of this century times this stay below 2^53, where numbers are exact. */
const PLACES_MAX = 2_048;

export const WATCHED = ['waiting-for-vendor', 'deferred', 'wont-fix', 'end-of-life', 'unknown'] as const satisfies readonly FindingState[];
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
  /** The groups of `watched` in the order of WATCHED. */
  readonly undated: readonly FindingGroup[];
  /** The version that closes everything in `unreached`, the highest that publishers name; null when there is none. */
  readonly neededVersion: string | null;
  /** Nothing in `watched`. */
  readonly isUnwatched: boolean;
  /** Where the patch queue keeps the patches that come of this standing; -1 before it asked. */
  offeredPatch: number;
  neededPatch: number;
}

export class Standings {
  readonly #matcher: FleetMatcher;
  readonly #risks: VulnerabilityRisks;
  /** By unit on the disk; a unit meets few targets. */
  readonly #simple: (Standing[] | undefined)[] = [];
  readonly #others = new Map<string, Standing>();
  readonly #all: Standing[] = [];
  #serial = 0;
  readonly #findings = new WeakMap<Judgement, GroupedFinding>();

  constructor(matcher: FleetMatcher, risks: VulnerabilityRisks) {
    this.#matcher = matcher;
    this.#risks = risks;
  }

  at(index: number): Standing {
    return this.#all[index]!;
  }

  /** The claims about these sources changed. Standings that were handed out stay readable by their index. */
  forget(sources: ReadonlySet<FleetSource>): void {
    for (const source of sources) for (const unit of source.units) this.#simple[unit.index] = undefined;
    for (const [key, standing] of this.#others) if (sources.has(standing.source)) this.#others.delete(key);
  }

  /** The common case: one version on the disk and nothing else in memory. */
  ofOne(disk: Unit, target: Unit | null): Standing {
    const known = (this.#simple[disk.index] ??= []);
    for (const standing of known) if (standing.target === target) return standing;
    const standing = this.#make({ source: disk.source, disk: [disk], memory: [], target });
    known.push(standing);
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
    const serial = ++this.#serial;
    const found: Found = {
      closable: [],
      unreached: [],
      pending: [],
      watched: { 'waiting-for-vendor': [], deferred: [], 'wont-fix': [], 'end-of-life': [], unknown: [] },
    };
    // Nobody says of a third party's build what it fixes: it would close findings by leaving what the distribution speaks of.
    const target = key.target === null || isThirdParty(key.target.origin) ? null : key.target;
    if (target !== null) {
      const { vulnerable, undecided } = this.#matcher.of(target);
      for (const judgement of vulnerable) this.#findingOf(judgement).inTarget = serial;
      for (const judgement of undecided.keys()) this.#findingOf(judgement).inTarget = serial;
    }
    const disk = key.disk.map(unit => this.#matcher.of(unit));
    for (const { vulnerable } of disk)
      for (const judgement of vulnerable) this.#sort(this.#findingOf(judgement), target !== null, serial, found);
    for (const { undecided } of disk)
      for (const judgement of undecided.keys()) {
        const finding = this.#findingOf(judgement);
        if (finding.onDisk !== serial) found.watched[finding.isHidden ? 'wont-fix' : 'unknown'].push(finding);
        finding.onDisk = serial;
      }
    for (const unit of key.memory)
      for (const judgement of this.#matcher.of(unit).vulnerable) {
        const finding = this.#findingOf(judgement);
        if (finding.onDisk !== serial && !finding.isHidden) found.pending.push(finding);
        finding.onDisk = serial;
      }
    return this.#finish(key, found);
  }

  #sort(finding: GroupedFinding, hasTarget: boolean, serial: number, found: Found): void {
    if (finding.onDisk === serial) return;
    finding.onDisk = serial;
    const { state } = finding.judgement;
    if (finding.isHidden) found.watched['wont-fix'].push(finding);
    else if (hasTarget && finding.inTarget !== serial && state !== 'unknown') found.closable.push(finding);
    else if (state === 'fixed') found.unreached.push(finding);
    else found.watched[watchedState(state)].push(finding);
  }

  #finish(key: StandingKey, found: Found): Standing {
    const group = (findings: readonly GroupedFinding[]) => (findings.length === 0 ? NO_FINDINGS : new FindingGroup(findings));
    const watched = Object.fromEntries(WATCHED.map(state => [state, group(found.watched[state])])) as Record<WatchedState, FindingGroup>;
    const standing: Standing = {
      ...key,
      index: this.#all.length,
      closable: group(found.closable),
      unreached: group(found.unreached),
      pending: group(found.pending),
      watched,
      undated: WATCHED.map(state => watched[state]),
      neededVersion: highestBoundary(found.unreached),
      isUnwatched: WATCHED.every(state => watched[state].size === 0),
      offeredPatch: -1,
      neededPatch: -1,
    };
    this.#all.push(standing);
    return standing;
  }

  #findingOf(judgement: Judgement): GroupedFinding {
    let finding = this.#findings.get(judgement);
    if (finding === undefined) {
      finding = {
        judgement,
        risk: this.#risks.of(judgement.subject),
        knownMs: fixKnownMs(judgement),
        isHidden: isHidden(judgement),
        inTarget: 0,
        onDisk: 0,
      };
      this.#findings.set(judgement, finding);
    }
    return finding;
  }
}

interface Found {
  readonly closable: GroupedFinding[];
  readonly unreached: GroupedFinding[];
  readonly pending: GroupedFinding[];
  readonly watched: Record<WatchedState, GroupedFinding[]>;
}

const NO_FINDINGS = new FindingGroup([]);

function watchedState(state: Judgement['state']): WatchedState {
  if (state === 'open') return 'waiting-for-vendor';
  // `fixed` and `not-affected` never come here: the one is closable or unreached, the other is left out when a package is judged.
  return state === 'fixed' || state === 'not-affected' ? 'unknown' : state;
}

function highestBoundary(findings: readonly GroupedFinding[]): string | null {
  let highest: Judgement | null = null;
  for (const { judgement } of findings)
    if (judgement.boundary !== null && (highest === null || compareKeys(judgement.boundary, highest.boundary!) > 0)) highest = judgement;
  return highest?.fixedVersion ?? findings.find(({ judgement }) => judgement.fixedVersion !== null)?.judgement.fixedVersion ?? null;
}

function indexes(units: readonly Unit[]): string {
  return units
    .map(unit => unit.index)
    .sort((a, b) => a - b)
    .join(',');
}
