import type { KernelState } from '../../core/findings/finding.ts';
import type { FindingBlock, ScannedPackage } from './spec.ts';

/**
 * What is made of a package's findings is the same for every host that has the package, so it is made once. Keys are objects: importers and the
 * matcher hand out one object for one package version.
 */
export class BlockCache<Made> {
  readonly #byPackage = new Map<ScannedPackage, Map<KernelState, Made>>();
  readonly #make: (block: FindingBlock) => Made;

  constructor(make: (block: FindingBlock) => Made) {
    this.#make = make;
  }

  of(block: FindingBlock): Made {
    let byState = this.#byPackage.get(block.package);
    if (byState === undefined) this.#byPackage.set(block.package, (byState = new Map()));
    let made = byState.get(block.kernelState);
    if (made === undefined) byState.set(block.kernelState, (made = this.#make(block)));
    return made;
  }
}
