import { NumberLists } from '../findings/number-lists.ts';
import { SECOND_MS } from '../kernel/instants.ts';
import { EXPOSURES, type HostExposure } from './deadline.ts';
import type { Offer } from './offers.ts';
import { CRITICALITIES, type Criticality, WEIGHT } from './patch.ts';
import { AVAILABILITIES, type Cohort, type MemberAvailability, NOT_OFFERED, QueuedPatch } from './queued-patch.ts';
import { PARTS, type SharedNumbers } from './shared-numbers.ts';
import type { SourceWalk } from './source-walk.ts';
import type { FindingGroup, Standing, Standings } from './standing.ts';
import type { SourceOnHost } from './walked-host.ts';

export interface PatchMember {
  readonly standing: Standing;
  readonly availability: MemberAvailability;
  readonly security: boolean;
  readonly dueMs: number | null;
}

const PHASED = AVAILABILITIES.indexOf('phased');
const WEIGHTS = CRITICALITIES.map(criticality => WEIGHT[criticality]);
/** Numbers that a host keeps for a patch: the patch, code | standing << CODE_BITS, due date in epoch seconds (0 = none). */
const FIELDS = 3;
/** Availability 3, security 1, exposure 2, criticality 3. */
const CODE_BITS = 9;
const EXPOSURE_AT = 4;
const CRITICALITY_AT = 6;

/** What `SourceWalk` found on a host. */
type FoundSources = Pick<SourceWalk, 'found' | 'count' | 'rows' | 'rowCount'>;

/**
 * All patches with their hosts, kept true host by host. What a host adds is packed into three numbers a patch, so that it can be taken back when the
 * host changes.
 */
export class PatchQueue {
  readonly #standings: Standings;
  readonly #patches: QueuedPatch[] = [];
  readonly #indexByKey = new Map<string, number>();
  readonly #bySource = new Map<string, QueuedPatch[]>();
  readonly #parts = new NumberLists();
  /** By cohort key: a standing belongs to one patch that is offered and one that only advisories name, so a key has one cohort. */
  readonly #cohorts: (Cohort | undefined)[] = [];
  #scratch = new Uint32Array(3 * 1024);
  /** Rises with every change, for caches of the ranking. */
  generation = 0;

  constructor(standings: Standings) {
    this.#standings = standings;
  }

  /** Patches that some host needs now. */
  *patches(): Iterable<QueuedPatch> {
    for (const patch of this.#patches) if (patch.hosts.size > 0) yield patch;
  }

  /** Those of one source package. */
  patchesOf(release: string, sourceName: string): QueuedPatch[] {
    return (this.#bySource.get(`${release}\n${sourceName}`) ?? []).filter(patch => patch.hosts.size > 0);
  }

  /** `found` are the host's sources; what it had added before is taken back. */
  setHost(
    slot: number,
    fleetSize: number,
    host: { readonly exposure: HostExposure; readonly criticality: Criticality },
    found: FoundSources,
    shared: SharedNumbers,
  ): void {
    const exposure = EXPOSURES.indexOf(host.exposure);
    const criticality = CRITICALITIES.indexOf(host.criticality) << CRITICALITY_AT;
    const room = (found.count + found.rowCount) * PARTS;
    if (this.#scratch.length < room) this.#scratch = new Uint32Array(room * 2);
    let length = 0;
    for (let at = 0; at < found.rowCount; at++) length = this.#packShared(shared, found.rows[at]!, criticality, length);
    for (let at = 0; at < found.count; at++)
      length = this.#pack(found.found[at]!, exposure, (exposure << EXPOSURE_AT) | criticality, length);
    if (!this.#isSame(slot, length)) this.#replace(slot, fleetSize, length);
  }

  /** What the host had added before is taken back; the first `length` of `#scratch` are given. */
  #replace(slot: number, fleetSize: number, length: number): void {
    const start = this.#parts.start(slot);
    const end = start + this.#parts.length(slot);
    const before = this.#parts.numbers(slot);
    for (let at = start; at < end; at += FIELDS) this.#take(slot, before, at);
    for (let at = 0; at < length; at += FIELDS) this.#give(slot, fleetSize, this.#scratch, at);
    this.#parts.set(slot, this.#scratch, length);
    this.generation += 1;
  }

  removeHost(slot: number): void {
    this.#replace(slot, 0, 0);
  }

  /** A host's part in a patch; null when it has none. */
  memberOf(slot: number, patch: QueuedPatch): PatchMember | null {
    const numbers = this.#parts.numbers(slot);
    const start = this.#parts.start(slot);
    const end = start + this.#parts.length(slot);
    for (let at = start; at < end; at += FIELDS) if (numbers[at] === patch.index) return this.#member(numbers[at + 1]!, numbers[at + 2]!);
    return null;
  }

  *membersOf(slot: number): Iterable<readonly [QueuedPatch, PatchMember]> {
    // A copy: whoever reads may cause an assessment meanwhile.
    const parts = this.#parts.of(slot);
    for (let at = 0; at < parts.length; at += FIELDS) {
      yield [this.#patches[parts[at]!]!, this.#member(parts[at + 1]!, parts[at + 2]!)];
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
    const parts = this.#parts.numbers(slot);
    const start = this.#parts.start(slot);
    const end = start + this.#parts.length(slot);
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
        const parts = this.#parts.numbers(slot);
        const start = this.#parts.start(slot);
        const end = start + this.#parts.length(slot);
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
      const parts = this.#parts.numbers(slot);
      const start = this.#parts.start(slot);
      const end = start + this.#parts.length(slot);
      for (let at = start; at < end; at += FIELDS) if (parts[at] === patch.index && parts[at + 2] === patch.firstDue) return slot;
    }
    return null;
  }

  #isSame(slot: number, length: number): boolean {
    if (this.#parts.length(slot) !== length) return false;
    const numbers = this.#parts.numbers(slot);
    const start = this.#parts.start(slot);
    for (let at = 0; at < length; at++) if (numbers[start + at] !== this.#scratch[at]) return false;
    return true;
  }

  /** What a source adds, for hosts whose criticality comes later. `exposure` is an index into EXPOSURES. */
  partsOf(standing: Standing, offer: Offer | null, exposure: number, sinceMs: number): Uint32Array {
    return this.#scratch.slice(0, this.#pack({ standing, offer, sinceMs }, exposure, exposure << EXPOSURE_AT, 0));
  }

  #packShared({ parts, partLengths }: SharedNumbers, row: number, criticality: number, length: number): number {
    const start = row * PARTS;
    const scratch = this.#scratch;
    for (let at = 0; at < partLengths[row]!; at += FIELDS) {
      scratch[length] = parts[start + at]!;
      scratch[length + 1] = parts[start + at + 1]! | criticality;
      scratch[length + 2] = parts[start + at + 2]!;
      length += FIELDS;
    }
    return length;
  }

  /** Writes what a source adds to `#scratch` and returns the new length. */
  #pack(
    { standing, offer, sinceMs }: Pick<SourceOnHost, 'standing' | 'offer' | 'sinceMs'>,
    exposure: number,
    hostCode: number,
    length: number,
  ): number {
    if (offer !== null && standing.disk.length > 0) {
      if (standing.offeredPatch < 0) standing.offeredPatch = this.#indexOf(standing, offer.target.version);
      const code = offer.code | (Number(offer.security) << 3) | hostCode;
      this.#write(length, standing.offeredPatch, standing, code, firstDue(standing.closable, exposure, sinceMs));
      length += FIELDS;
    }
    if (standing.neededVersion === null || standing.neededVersion === offer?.target.version) return length;
    if (standing.neededPatch < 0) standing.neededPatch = this.#indexOf(standing, standing.neededVersion);
    this.#write(length, standing.neededPatch, standing, NOT_OFFERED | (1 << 3) | hostCode, firstDue(standing.unreached, exposure, sinceMs));
    return length + FIELDS;
  }

  #write(at: number, patchIndex: number, standing: Standing, code: number, due: number): void {
    this.#scratch[at] = patchIndex;
    this.#scratch[at + 1] = ((standing.index << CODE_BITS) | code) >>> 0;
    this.#scratch[at + 2] = due;
  }

  #indexOf(standing: Standing, targetVersion: string): number {
    const { release, name } = standing.source;
    const key = `${release}\n${name}\n${targetVersion}`;
    let index = this.#indexByKey.get(key);
    if (index === undefined) {
      index = this.#patches.length;
      const patch = new QueuedPatch(index, release, name, targetVersion);
      this.#patches.push(patch);
      this.#bySource.getOrInsertComputed(`${release}\n${name}`, () => []).push(patch);
      this.#indexByKey.set(key, index);
    }
    return index;
  }

  #give(slot: number, fleetSize: number, parts: Uint32Array, at: number): void {
    const patch = this.#patches[parts[at]!]!;
    const code = parts[at + 1]!;
    const due = parts[at + 2]!;
    patch.hosts.add(slot, fleetSize);
    patch.counts[code & 7]! += 1;
    patch.securityHosts += (code >> 3) & 1;
    if (due !== 0 && (patch.firstDue === 0 || due < patch.firstDue)) patch.firstDue = due;
    const cohort = this.#cohorts[cohortKey(code)] ?? this.#newCohort(patch, code);
    cohort.hosts += 1;
    cohort.weight += weightOf(code);
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
    const patch = this.#patches[parts[at]!]!;
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

function weightOf(code: number): number {
  return WEIGHTS[(code >> CRITICALITY_AT) & 7]!;
}

function firstDue(group: FindingGroup, exposure: number, sinceMs: number): number {
  if (group.size === 0) return 0;
  const ms = group.due(exposure).earliestMs(sinceMs);
  return Number.isFinite(ms) ? Math.max(1, Math.ceil(ms / SECOND_MS)) : 0;
}
