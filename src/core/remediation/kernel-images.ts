import { orderOf } from '../advisories/orders.ts';
import type { PackageSet } from '../findings/fleet-inventory.ts';
import type { FleetUnits, Unit } from '../findings/fleet-units.ts';
import { kernelReleaseOf } from '../findings/kernels.ts';
import { idsAmong } from '../findings/packed-ids.ts';
import { compareUnits } from './offers.ts';
import type { Standing } from './standing.ts';

/** Sources of kernel images: only the image that runs is exposed, and their other binaries (headers, libc-dev, tools) are not the kernel. */
export const KERNEL_SOURCE =
  /^(?:linux|kernel)(?:\d+\.\d+|-\d+\.\d+|-(?:hwe|aws|azure|gcp|gke|gkeop|ibm|kvm|lowlatency|nvidia|oem|oracle|raspi|realtime|riscv|fips|rt|uek|default|lts|virt|zen|hardened)(?:-.*)?)?$/;

export function isKernelSource(name: string): boolean {
  return KERNEL_SOURCE.test(name);
}

export interface KernelImage {
  readonly id: number;
  /** As `uname -r` prints it. */
  readonly release: string;
  readonly unit: Unit;
}

/** Which package versions are kernel images. */
export class KernelImages {
  readonly #units: FleetUnits;
  readonly #known = new Map<Unit, { readonly versions: number; readonly images: readonly KernelImage[] }>();

  constructor(units: FleetUnits) {
    this.#units = units;
  }

  /** The images of a source that the host has, by version; `kernelUnits` are indexes of its units of kernel sources. */
  on({ packed, release }: PackageSet, kernelUnits: readonly number[], sourceIndex: number): KernelImage[] {
    const known = kernelUnits.flatMap(index => {
      const unit = this.#units.units[index]!;
      return unit.source.index === sourceIndex ? this.of(unit) : [];
    });
    if (known.length === 0) return known;
    const found = idsAmong(packed, Uint32Array.from(known, image => image.id).sort());
    return risingImages(
      known.filter(image => found.includes(image.id)),
      release,
    );
  }

  /** Whether a package version is an image of what the host stands with. */
  isOf(release: string, id: number, { disk, memory }: Standing): boolean {
    const { name, version, arch } = this.#units.version(id);
    const unit = this.#units.unitOf(release, id);
    return kernelReleaseOf(name, version, arch) !== null && (disk.includes(unit) || memory.includes(unit));
  }

  /** The images among a unit's binaries on any host. */
  of(unit: Unit): readonly KernelImage[] {
    let known = this.#known.get(unit);
    if (known === undefined || known.versions !== unit.versionIds.length) {
      const images = unit.versionIds.flatMap(id => {
        const { name, version, arch } = this.#units.version(id);
        const release = kernelReleaseOf(name, version, arch);
        return release === null ? [] : [{ id, release, unit }];
      });
      this.#known.set(unit, (known = { versions: unit.versionIds.length, images }));
    }
    return known.images;
  }
}

/** By version, the oldest first. */
export function risingImages(images: readonly KernelImage[], release: string): KernelImage[] {
  const order = orderOf(release);
  return images.toSorted((a, b) => compareUnits(a.unit, b.unit, order) || a.id - b.id);
}
