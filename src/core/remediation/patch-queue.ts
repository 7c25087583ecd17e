import { HostSet } from '../findings/fleet-host-set.ts';
import { SECOND_MS } from '../kernel/instants.ts';
import type { MemberAvailability, Membership } from './assessment.ts';
import { EXPOSURES, type HostExposure } from './deadline.ts';
import { CRITICALITIES, type Criticality, WEIGHT } from './patch.ts';
import type { FindingGroup, Standing, Standings } from './standing.ts';

export const AVAILABILITIES = ['offered', 'kept-back', 'held', 'phased', 'not-offered'] as const satisfies readonly MemberAvailability[];

/** Hosts that stand alike towards a patch: it closes the same vulnerabilities on each. */
export interface Cohort {
  readonly standing: Standing;
  readonly exposure: HostExposure;
  /** What the patch closes on these hosts. */
  readonly closes: FindingGroup;
  hosts: number;
  weight: number;
}

/** One source package moved to one version on one release, with the hosts that need it. */
export class QueuedPatch {
  readonly release: string;
  readonly sourceName: string;
  readonly targetVersion: string;
  readonly hosts = new HostSet();
  /** Hosts by availability, in the order of AVAILABILITIES. */
  readonly counts: number[] = AVAILABILITIES.map(() => 0);
  readonly cohorts = new Map<number, Cohort>();
  securityHosts = 0;
  /** Rises when a cohort comes or goes: what the patch closes may have changed. */
  generation = 0;
  /** Epoch seconds of the first due date, 0 without one; meaningless while `dueIsStale`. */
  firstDue = 0;
  dueIsStale = false;

  constructor(release: string, sourceName: string, targetVersion: string) {
    this.release = release;
    this.sourceName = sourceName;
    this.targetVersion = targetVersion;
  }

  /** True when some host's package manager offers it; false when only advisories name the version. */
  get isOffered(): boolean {
    return this.hosts.size > this.counts[NOT_OFFERED]!;
  }
}

const NOT_OFFERED = AVAILABILITIES.indexOf('not-offered');
const FIELDS = 4;
const NO_PARTS = new Uint32Array(0);

/**
 * All patches with their hosts, kept true host by host. What a host adds is packed into four numbers a patch, so that it can be taken back when the
 * host changes: patch, standing, code (availability, security, exposure, criticality) and due date.
 */
export class PatchQueue {
  readonly #standings: Standings;
  readonly #patches: QueuedPatch[] = [];
  readonly #indexByKey = new Map<string, number>();
  readonly #parts: (Uint32Array | undefined)[] = [];
  /** Rises with every change, for caches of the ranking. */
  generation = 0;

  constructor(standings: Standings) {
    this.#standings = standings;
  }

  /** Patches that some host needs now. */
  *patches(): Iterable<QueuedPatch> {
    for (const patch of this.#patches) if (patch.hosts.size > 0) yield patch;
  }

  setHost(
    slot: number,
    fleetSize: number,
    host: { readonly exposure: HostExposure; readonly criticality: Criticality },
    memberships: readonly Membership[],
  ): void {
    const before = this.#parts[slot] ?? NO_PARTS;
    const after = new Uint32Array(memberships.length * FIELDS);
    for (const [at, membership] of memberships.entries()) {
      const { standing, availability, security, dueMs } = membership;
      const code =
        AVAILABILITIES.indexOf(availability) |
        (Number(security) << 3) |
        (EXPOSURES.indexOf(host.exposure) << 4) |
        (CRITICALITIES.indexOf(host.criticality) << 6);
      after.set(
        [
          this.#indexOf(standing, membership.targetVersion),
          standing.index,
          code,
          dueMs === null ? 0 : Math.max(1, Math.ceil(dueMs / SECOND_MS)),
        ],
        at * FIELDS,
      );
    }
    if (before.length === after.length && before.every((value, at) => value === after[at])) return;
    for (let at = 0; at < before.length; at += FIELDS) this.#take(slot, before, at);
    for (let at = 0; at < after.length; at += FIELDS) this.#give(slot, fleetSize, after, at);
    this.#parts[slot] = after.length === 0 ? undefined : after;
    this.generation += 1;
  }

  removeHost(slot: number): void {
    this.setHost(slot, 0, { exposure: 'unknown', criticality: 'unset' }, []);
  }

  /** A host's part in a patch; null when it has none. */
  memberOf(
    slot: number,
    patch: QueuedPatch,
  ): { readonly standing: Standing; readonly availability: MemberAvailability; readonly dueMs: number | null } | null {
    const parts = this.#parts[slot] ?? NO_PARTS;
    for (let at = 0; at < parts.length; at += FIELDS) {
      if (this.#patches[parts[at]!] !== patch) continue;
      return {
        standing: this.#standings.at(parts[at + 1]!),
        availability: AVAILABILITIES[parts[at + 2]! & 7]!,
        dueMs: parts[at + 3] === 0 ? null : parts[at + 3]! * SECOND_MS,
      };
    }
    return null;
  }

  /** How many patches a host lacks. What is only named by advisories cannot be installed and is not counted; phased updates are not meant for it yet. */
  pendingOf(slot: number): { readonly patches: number; readonly security: number } {
    const parts = this.#parts[slot] ?? NO_PARTS;
    let patches = 0;
    let security = 0;
    for (let at = 0; at < parts.length; at += FIELDS) {
      const availability = AVAILABILITIES[parts[at + 2]! & 7]!;
      if (availability === 'phased' || availability === 'not-offered') continue;
      patches += 1;
      if ((parts[at + 2]! >> 3) & 1) security += 1;
    }
    return { patches, security };
  }

  firstDueMs(patch: QueuedPatch): number | null {
    if (patch.dueIsStale) {
      let first = 0;
      patch.hosts.forEach(slot => {
        const due = this.memberOf(slot, patch)?.dueMs ?? null;
        if (due !== null && (first === 0 || due < first)) first = due;
      });
      patch.firstDue = first / SECOND_MS;
      patch.dueIsStale = false;
    }
    return patch.firstDue === 0 ? null : patch.firstDue * SECOND_MS;
  }

  #indexOf(standing: Standing, targetVersion: string): number {
    const { release, name } = standing.source;
    const key = `${release}\n${name}\n${targetVersion}`;
    let index = this.#indexByKey.get(key);
    if (index === undefined) {
      index = this.#patches.length;
      this.#patches.push(new QueuedPatch(release, name, targetVersion));
      this.#indexByKey.set(key, index);
    }
    return index;
  }

  #give(slot: number, fleetSize: number, parts: Uint32Array, at: number): void {
    const patch = this.#patches[parts[at]!]!;
    const code = parts[at + 2]!;
    const due = parts[at + 3]!;
    patch.hosts.add(slot, fleetSize);
    patch.counts[code & 7]! += 1;
    patch.securityHosts += (code >> 3) & 1;
    if (due !== 0 && (patch.firstDue === 0 || due < patch.firstDue)) patch.firstDue = due;
    const key = cohortKey(parts[at + 1]!, code);
    let cohort = patch.cohorts.get(key);
    if (cohort === undefined) {
      const standing = this.#standings.at(parts[at + 1]!);
      cohort = {
        standing,
        exposure: EXPOSURES[(code >> 4) & 3]!,
        closes: (code & 7) === NOT_OFFERED ? standing.unreached : standing.closable,
        hosts: 0,
        weight: 0,
      };
      patch.cohorts.set(key, cohort);
      patch.generation += 1;
    }
    cohort.hosts += 1;
    cohort.weight += weightOf(code);
  }

  #take(slot: number, parts: Uint32Array, at: number): void {
    const patch = this.#patches[parts[at]!]!;
    const code = parts[at + 2]!;
    patch.hosts.delete(slot);
    patch.counts[code & 7]! -= 1;
    patch.securityHosts -= (code >> 3) & 1;
    if (parts[at + 3] === patch.firstDue && patch.firstDue !== 0) patch.dueIsStale = true;
    const key = cohortKey(parts[at + 1]!, code);
    const cohort = patch.cohorts.get(key)!;
    cohort.hosts -= 1;
    cohort.weight -= weightOf(code);
    if (cohort.hosts > 0) return;
    patch.cohorts.delete(key);
    patch.generation += 1;
  }
}

/** Not-offered hosts are a cohort of their own: the patch closes what advisories name, not what an offer brings. */
function cohortKey(standingIndex: number, code: number): number {
  return (standingIndex * 4 + ((code >> 4) & 3)) * 2 + Number((code & 7) === NOT_OFFERED);
}

function weightOf(code: number): number {
  return WEIGHT[CRITICALITIES[(code >> 6) & 7]!];
}
