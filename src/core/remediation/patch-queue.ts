import { NumberLists } from '../findings/number-lists.ts';
import { SECOND_MS } from '../kernel/instants.ts';
import { EXPOSURES } from './deadline.ts';
import { CRITICALITIES, WEIGHT } from './patch.ts';
import { CODE_BITS, CRITICALITY_AT, EXPOSURE_AT, FIELDS, PatchParts } from './patch-parts.ts';
import { AVAILABILITIES, type Cohort, type MemberAvailability, NOT_OFFERED, type QueuedPatch } from './queued-patch.ts';
import type { Standing, Standings } from './standing.ts';

export interface PatchMember {
  readonly standing: Standing;
  readonly availability: MemberAvailability;
  readonly security: boolean;
  readonly dueMs: number | null;
}

const PHASED = AVAILABILITIES.indexOf('phased');
/** By index into CRITICALITIES. */
export const WEIGHTS = CRITICALITIES.map(criticality => WEIGHT[criticality]);
/**
 * All patches with their hosts, kept true host by host. What a host adds is packed into three numbers a patch, so that it can be taken back when the
 * host changes.
 */
export class PatchQueue {
  readonly #standings: Standings;
  readonly parts = new PatchParts();
  /** What each host added, FIELDS numbers a patch. */
  readonly #added = new NumberLists();
  /** By cohort key: a standing belongs to one patch that is offered and one that only advisories name, so a key has one cohort. */
  readonly #cohorts: (Cohort | undefined)[] = [];
  /** Rises with every change, for caches of the ranking. */
  generation = 0;

  constructor(standings: Standings) {
    this.#standings = standings;
  }

  /** Patches that some host needs now. */
  *patches(): Iterable<QueuedPatch> {
    for (const patch of this.parts.all) if (patch.hosts.size > 0) yield patch;
  }

  /** Those of one source package. */
  patchesOf(release: string, sourceName: string): QueuedPatch[] {
    return this.parts.ofSource(release, sourceName).filter(patch => patch.hosts.size > 0);
  }

  /** What the host adds from now on, `length` numbers of `parts` from `start` on, as `PatchParts` packs them; what it had added before is taken back. */
  setHost(slot: number, fleetSize: number, parts: Uint32Array, start: number, length: number): void {
    if (!this.#isSame(slot, parts, start, length)) this.#replace(slot, fleetSize, parts, start, length);
  }

  #replace(slot: number, fleetSize: number, parts: Uint32Array, start: number, length: number): void {
    const first = this.#added.start(slot);
    const end = first + this.#added.length(slot);
    const before = this.#added.numbers(slot);
    for (let at = first; at < end; at += FIELDS) this.#take(slot, before, at);
    for (let at = start; at < start + length; at += FIELDS) {
      this.count(parts, at, 1, weightOf(parts[at + 1]!));
      this.parts.all[parts[at]!]!.hosts.add(slot, fleetSize);
    }
    this.#added.set(slot, parts, length, start);
    this.generation += 1;
  }

  removeHost(slot: number): void {
    this.#replace(slot, 0, NOTHING, 0, 0);
  }

  /** A host's part in a patch; null when it has none. */
  memberOf(slot: number, patch: QueuedPatch): PatchMember | null {
    const numbers = this.#added.numbers(slot);
    const start = this.#added.start(slot);
    const end = start + this.#added.length(slot);
    for (let at = start; at < end; at += FIELDS) if (numbers[at] === patch.index) return this.#member(numbers[at + 1]!, numbers[at + 2]!);
    return null;
  }

  *membersOf(slot: number): Iterable<readonly [QueuedPatch, PatchMember]> {
    // A copy: whoever reads may cause an assessment meanwhile.
    const parts = this.#added.of(slot);
    for (let at = 0; at < parts.length; at += FIELDS) {
      yield [this.parts.all[parts[at]!]!, this.#member(parts[at + 1]!, parts[at + 2]!)];
    }
  }

  #member(code: number, due: number): PatchMember {
    return {
      standing: this.#standings.at(code >>> CODE_BITS),
      availability: AVAILABILITIES[code & 7]!,
      security: ((code >> 3) & 1) === 1,
      dueMs: due === 0 ? null : due * SECOND_MS,
    };
  }

  /** How many patches a host lacks. What is only named by advisories cannot be installed, and phased updates are not meant for it yet: neither counts. */
  pendingOf(slot: number): { readonly patches: number; readonly security: number } {
    const parts = this.#added.numbers(slot);
    const start = this.#added.start(slot);
    const end = start + this.#added.length(slot);
    let patches = 0;
    let security = 0;
    for (let at = start; at < end; at += FIELDS) {
      if ((parts[at + 1]! & 7) >= PHASED) continue;
      patches += 1;
      security += (parts[at + 1]! >> 3) & 1;
    }
    return { patches, security };
  }

  firstDueMs(patch: QueuedPatch): number | null {
    if (patch.dueIsStale) {
      const { index } = patch;
      let first = 0;
      patch.hosts.forEach(slot => {
        const parts = this.#added.numbers(slot);
        const start = this.#added.start(slot);
        const end = start + this.#added.length(slot);
        for (let at = start; at < end; at += FIELDS)
          if (parts[at] === index && parts[at + 2] !== 0 && (first === 0 || parts[at + 2]! < first)) first = parts[at + 2]!;
      });
      patch.firstDue = first;
      patch.dueIsStale = false;
    }
    return patch.firstDue === 0 ? null : patch.firstDue * SECOND_MS;
  }

  /** The first host on which the patch is due at `firstDueMs`; null when nothing of it is due. */
  firstDueSlot(patch: QueuedPatch): number | null {
    if (this.firstDueMs(patch) === null) return null;
    for (const slot of patch.hosts.toArray()) {
      const parts = this.#added.numbers(slot);
      const start = this.#added.start(slot);
      const end = start + this.#added.length(slot);
      for (let at = start; at < end; at += FIELDS) if (parts[at] === patch.index && parts[at + 2] === patch.firstDue) return slot;
    }
    return null;
  }

  #isSame(slot: number, parts: Uint32Array, start: number, length: number): boolean {
    if (this.#added.length(slot) !== length) return false;
    const numbers = this.#added.numbers(slot);
    const first = this.#added.start(slot);
    for (let at = 0; at < length; at++) if (numbers[first + at] !== parts[start + at]) return false;
    return true;
  }

  /** Whether the host adds nothing yet. */
  isNew(slot: number): boolean {
    return this.#added.length(slot) === 0;
  }

  /** As `setHost` for a host that `isNew`, when its parts are counted and its slot is among the patches' hosts already. */
  keep(slot: number, parts: Uint32Array, start: number, length: number): void {
    this.#added.set(slot, parts, length, start);
  }

  /** Counts the part at `at` of `parts` for so many hosts, which weigh as much together. Their slots are the caller's to add. */
  count(parts: Uint32Array, at: number, hosts: number, weight: number): void {
    const patch = this.parts.all[parts[at]!]!;
    const code = parts[at + 1]!;
    const due = parts[at + 2]!;
    patch.counts[code & 7]! += hosts;
    patch.securityHosts += ((code >> 3) & 1) * hosts;
    if (due !== 0 && (patch.firstDue === 0 || due < patch.firstDue)) patch.firstDue = due;
    const cohort = this.#cohorts[cohortKey(code)] ?? this.#newCohort(patch, code);
    cohort.hosts += hosts;
    cohort.weight += weight;
  }

  #newCohort(patch: QueuedPatch, code: number): Cohort {
    const key = cohortKey(code);
    const standing = this.#standings.at(code >>> CODE_BITS);
    const closes = (code & 7) === NOT_OFFERED ? standing.unreached : standing.closable;
    const cohort: Cohort = { standing, exposure: EXPOSURES[(code >> EXPOSURE_AT) & 3]!, closes, hosts: 0, weight: 0 };
    // Filled without holes: an array with large ones becomes a hash table.
    while (this.#cohorts.length <= key) this.#cohorts.push(undefined);
    this.#cohorts[key] = cohort;
    patch.cohorts.set(key, cohort);
    patch.generation += 1;
    return cohort;
  }

  #take(slot: number, parts: Uint32Array, at: number): void {
    const patch = this.parts.all[parts[at]!]!;
    const code = parts[at + 1]!;
    patch.hosts.delete(slot);
    patch.counts[code & 7]! -= 1;
    patch.securityHosts -= (code >> 3) & 1;
    if (parts[at + 2] === patch.firstDue && patch.firstDue !== 0) patch.dueIsStale = true;
    const key = cohortKey(code);
    const cohort = this.#cohorts[key]!;
    cohort.hosts -= 1;
    cohort.weight -= weightOf(code);
    if (cohort.hosts > 0) return;
    patch.cohorts.delete(key);
    this.#cohorts[key] = undefined;
    patch.generation += 1;
  }
}

/** Standing and exposure; not-offered hosts are a cohort of their own, because the patch closes there what advisories name, not what an offer brings. */
function cohortKey(code: number): number {
  return (code >>> CODE_BITS) * 8 + ((code >> EXPOSURE_AT) & 3) * 2 + Number((code & 7) === NOT_OFFERED);
}

/** Of a host's part. */
export function weightOf(code: number): number {
  return WEIGHTS[(code >> CRITICALITY_AT) & 7]!;
}

const NOTHING = new Uint32Array(0);
