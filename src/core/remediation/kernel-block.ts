import type { FleetInventory } from '../findings/fleet-inventory.ts';
import type { FleetSource, Unit } from '../findings/fleet-units.ts';
import { BLOCK_HOSTS, BLOCK_WORDS, type HostBlock, lowestBit } from './host-block.ts';
import type { KernelImage } from './kernel-images.ts';
import { UnitHosts } from './unit-hosts.ts';

/** The images of one kernel source in a block of hosts: which one is the newest on each, and whether that one runs. */
export class KernelBlock {
  /** Rising by version. */
  readonly #images: readonly KernelImage[];
  readonly #hosts: UnitHosts;
  /** Where in the words of the block the versions of the images are. */
  readonly #starts: Uint32Array;
  readonly #sourceStart: number;
  readonly #words = new Uint32Array(BLOCK_WORDS);
  /** By host: number of its newest image and of the one that runs, + 1. */
  readonly #newest = new Uint16Array(BLOCK_HOSTS);
  readonly #running = new Uint16Array(BLOCK_HOSTS);

  /** `rising` are the source's images; `mattering` and `sourceNumber`: the units and sources by the numbers that the block's words go by. */
  constructor(
    inventory: FleetInventory,
    rising: readonly KernelImage[],
    mattering: readonly Unit[],
    source: FleetSource,
    sourceNumber: number,
  ) {
    this.#images = rising;
    this.#hosts = new UnitHosts(
      inventory,
      this.#images.map(({ id }) => ({ versionIds: [id], release: source.release })),
    );
    this.#starts = Uint32Array.from(this.#images, ({ unit }) => mattering.indexOf(unit) * BLOCK_WORDS);
    this.#sourceStart = sourceNumber * BLOCK_WORDS;
  }

  /** Gives each host to the version of its newest image; where another one runs the source is `mixed`, where none of them does it is not there. */
  meet(block: HostBlock, words: Uint32Array, met: Uint32Array, mixed: Uint32Array): void {
    this.#newest.fill(0);
    this.#running.fill(0);
    for (let image = 0; image < this.#images.length; image++)
      if (this.#hosts.blockInto(image, block.first, this.#words, 0)) this.#note(image, block);
    for (let host = 0; host < BLOCK_HOSTS; host++) {
      const newest = this.#newest[host]! - 1;
      if (newest < 0) continue;
      const running = block.hosts[host]!.runningKernel === null ? newest : this.#running[host]! - 1;
      if (running < 0) continue;
      const word = host >>> 5;
      const bit = 1 << (host & 31);
      met[this.#sourceStart + word]! |= bit;
      words[this.#starts[newest]! + word]! |= bit;
      if (this.#images[running]!.unit !== this.#images[newest]!.unit) mixed[this.#sourceStart + word]! |= bit;
    }
  }

  /** Of a host of the block that was met last: the image that runs and the newest one, by version; one image where that is both, or where none of them runs. */
  imagesOn(host: number): KernelImage[] {
    const newest = this.#newest[host]!;
    const chosen = [this.#running[host]!, newest].filter((image, at) => image !== 0 && (at === 1 || image !== newest));
    return chosen.map(image => this.#images[image - 1]!);
  }

  rewind(): void {
    this.#hosts.rewind();
  }

  #note(image: number, { hosts, wanted }: HostBlock): void {
    const { release } = this.#images[image]!;
    for (let word = 0; word < BLOCK_WORDS; word++) {
      for (let rest = this.#words[word]! & wanted[word]!; rest !== 0; rest &= rest - 1) {
        const host = (word << 5) + lowestBit(rest);
        this.#newest[host] = image + 1;
        if (this.#running[host] === 0 && hosts[host]!.runningKernel === release) this.#running[host] = image + 1;
      }
      this.#words[word] = 0;
    }
  }
}
