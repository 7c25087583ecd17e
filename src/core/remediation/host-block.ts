import { EXPOSURES, type HostExposure } from './deadline.ts';
import { CRITICALITIES, type Criticality } from './patch.ts';
import type { WalkedHost } from './walked-host.ts';

/** A multiple of 32. What is kept of so many hosts fits a processor's cache; 196 blocks are 100,000 hosts. */
export const BLOCK_HOSTS = 512;
export const BLOCK_WORDS = BLOCK_HOSTS / 32;
/** Four exposures, offers known or not: what numbers differ by on hosts with the same version and offer. */
export const PLACES = EXPOSURES.length * 2;

export interface BlockHost extends WalkedHost {
  readonly host: { readonly exposure: HostExposure; readonly criticality: Criticality };
}

/** Hosts with neighbouring slots, each as a bit of BLOCK_WORDS words: what many of them have alike is then one operation for 32. */
export class HostBlock {
  /** The slot of the first bit. */
  first = 0;
  /** By bit; undefined where no host is asked about. */
  readonly hosts: (BlockHost | undefined)[] = Array.from({ length: BLOCK_HOSTS }, () => undefined);
  readonly wanted = new Uint32Array(BLOCK_WORDS);
  readonly places = new Uint8Array(BLOCK_HOSTS);
  /** Indexes into EXPOSURES and CRITICALITIES. */
  readonly exposures = new Uint8Array(BLOCK_HOSTS);
  readonly criticalities = new Uint8Array(BLOCK_HOSTS);
  readonly enrolledMs = new Float64Array(BLOCK_HOSTS);

  /** `first` is a multiple of BLOCK_HOSTS; `hostOf` answers undefined for hosts that nobody asks about. */
  fill(first: number, hostOf: (slot: number) => BlockHost | undefined): void {
    this.first = first;
    this.wanted.fill(0);
    for (let at = 0; at < BLOCK_HOSTS; at++) {
      const entry = hostOf(first + at);
      this.hosts[at] = entry;
      if (entry === undefined) continue;
      const exposure = EXPOSURES.indexOf(entry.host.exposure);
      this.exposures[at] = exposure;
      this.places[at] = exposure * 2 + Number(entry.offers !== null);
      this.criticalities[at] = CRITICALITIES.indexOf(entry.host.criticality);
      this.enrolledMs[at] = entry.enrolledMs;
      this.wanted[at >>> 5]! |= 1 << (at & 31);
    }
  }
}

/** The number of the lowest bit that is set. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
