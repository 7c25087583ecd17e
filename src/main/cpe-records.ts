import type { Claim } from '../core/advisories/claim.ts';
import type { CpeRecord } from '../plugins/advisory-sources/spec.ts';

/**
 * The NVD's files overlap (a year, the last eight days). The latest record of a vulnerability stands for the others, whatever it names: one that was
 * rejected, or that names a product no longer, takes back what an earlier one says of it.
 */
export class CpeRecords {
  readonly #latest = new Map<string, CpeRecord>();

  add(record: CpeRecord): void {
    const known = this.#latest.get(record.vulnerabilityId);
    if (known === undefined || record.modifiedAtMs >= known.modifiedAtMs) this.#latest.set(record.vulnerabilityId, record);
  }

  *claims(): Iterable<Claim> {
    for (const { claims } of this.#latest.values()) yield* claims;
  }
}
