import type { KernelState } from '../../core/findings/finding.ts';
import type { FindingBlock, ScannedPackage } from './spec.ts';

/**
 * What is made of a package's findings is the same for every host that has the package, so it is made once. Keys are objects: importers and the
 * matcher hand out one object for one package version.
 */
export class BlockCache<Made> {
  /** Nearly all are no kernel. */
  readonly #byPackage = new Map<ScannedPackage, Made>();
  readonly #byState = new Map<ScannedPackage, Map<KernelState, Made>>();
  readonly #make: (block: FindingBlock) => Made;

  constructor(make: (block: FindingBlock) => Made) {
    this.#make = make;
  }

  of(block: FindingBlock): Made {
    if (block.kernelState !== null) return this.#ofKernel(block);
    let made = this.#byPackage.get(block.package);
    if (made === undefined) this.#byPackage.set(block.package, (made = this.#make(block)));
    return made;
  }

  #ofKernel(block: FindingBlock): Made {
    return this.#byState
      .getOrInsertComputed(block.package, () => new Map())
      .getOrInsertComputed(block.kernelState, () => this.#make(block));
  }
}
