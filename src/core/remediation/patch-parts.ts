import { SECOND_MS } from '../kernel/instants.ts';
import type { Offer } from './offers.ts';
import { NOT_OFFERED, QueuedPatch } from './queued-patch.ts';
import type { FindingGroup, Standing } from './standing.ts';
import type { SourceOnHost } from './walked-host.ts';

/** Numbers that a host keeps for a patch: the patch, code | standing << CODE_BITS, due date in epoch seconds (0 = none). */
export const FIELDS = 3;
/** An offered patch and one that only advisories name. */
export const PARTS = 2 * FIELDS;
/** Availability 3, security 1, exposure 2, criticality 3. */
export const CODE_BITS = 9;
export const EXPOSURE_AT = 4;
export const CRITICALITY_AT = 6;

/** All patches by number, and what a source package on a host adds to them, in numbers. */
export class PatchParts {
  readonly all: QueuedPatch[] = [];
  readonly #indexByKey = new Map<string, number>();
  readonly #bySource = new Map<string, QueuedPatch[]>();

  /** Those of one source package. */
  ofSource(release: string, sourceName: string): readonly QueuedPatch[] {
    return this.#bySource.get(`${release}\n${sourceName}`) ?? [];
  }

  /**
   * Writes what a source adds to the end of `into`, which has room for PARTS more, and returns the new length. `exposure` is an index into EXPOSURES,
   * `criticality` one into CRITICALITIES.
   */
  pack(
    { standing, offer, sinceMs }: Pick<SourceOnHost, 'standing' | 'offer' | 'sinceMs'>,
    exposure: number,
    criticality: number,
    into: Uint32Array,
    length: number,
  ): number {
    const hostCode = (exposure << EXPOSURE_AT) | (criticality << CRITICALITY_AT);
    let end = length;
    if (offer !== null && standing.disk.length > 0) {
      if (standing.offeredPatch < 0) standing.offeredPatch = this.#indexOf(standing, offer.target.version);
      end = write(into, end, standing.offeredPatch, standing, offerCode(offer) | hostCode, firstDue(standing.closable, exposure, sinceMs));
    }
    if (standing.neededVersion === null || standing.neededVersion === offer?.target.version) return end;
    if (standing.neededPatch < 0) standing.neededPatch = this.#indexOf(standing, standing.neededVersion);
    const code = NOT_OFFERED | SECURITY | hostCode;
    return write(into, end, standing.neededPatch, standing, code, firstDue(standing.unreached, exposure, sinceMs));
  }

  #indexOf(standing: Standing, targetVersion: string): number {
    const { release, name } = standing.source;
    const key = `${release}\n${name}\n${targetVersion}`;
    let index = this.#indexByKey.get(key);
    if (index === undefined) {
      index = this.all.length;
      const patch = new QueuedPatch(index, release, name, targetVersion);
      this.all.push(patch);
      this.#bySource.getOrInsertComputed(`${release}\n${name}`, () => []).push(patch);
      this.#indexByKey.set(key, index);
    }
    return index;
  }
}

const SECURITY = 1 << 3;

function offerCode({ code, security }: Offer): number {
  return code | (security ? SECURITY : 0);
}

function write(into: Uint32Array, at: number, patchIndex: number, standing: Standing, code: number, due: number): number {
  into[at] = patchIndex;
  into[at + 1] = ((standing.index << CODE_BITS) | code) >>> 0;
  into[at + 2] = due;
  return at + FIELDS;
}

function firstDue(group: FindingGroup, exposure: number, sinceMs: number): number {
  if (group.size === 0) return 0;
  const ms = group.due(exposure).earliestMs(sinceMs);
  return Number.isFinite(ms) ? Math.max(1, Math.ceil(ms / SECOND_MS)) : 0;
}
