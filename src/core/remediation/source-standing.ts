import { orderOf } from '../advisories/orders.ts';
import type { KernelState } from '../findings/finding.ts';
import type { FleetMatcher } from '../findings/fleet-matcher.ts';
import type { FleetUnits, Unit } from '../findings/fleet-units.ts';
import { kernelReleaseOf } from '../findings/kernels.ts';
import type { HostExposure } from './deadline.ts';
import { compareUnits, type Offer } from './offers.ts';
import type { Standing, Standings } from './standing.ts';

/** A version that is gone from the disk and still runs: mapped by a process until that restarts, or the kernel until the next boot. */
export interface Residual {
  readonly unit: Unit;
  readonly packageName: string;
  readonly until: 'restart' | 'reboot';
  /** When the version had come onto the host. */
  readonly sinceMs: number;
}

/** What findings need to know of a host. */
export interface AssessedHost {
  readonly release: string;
  readonly exposure: HostExposure;
  /** Rising package_version ids of everything whose files are on the disk. */
  readonly ids: Uint32Array;
  /** When a version came onto the host, epoch ms. */
  sinceMs(versionId: number): number;
  /** null: the host's candidates could not be read. */
  readonly offers: readonly Offer[] | null;
  readonly residuals: readonly Residual[];
  /** `uname -r`; null when it could not be read. */
  readonly runningKernel: string | null;
}

/** One source package on one host: the shared standing and what is the host's own. */
export interface SourceOnHost {
  readonly standing: Standing;
  /** Ids of its binaries on the disk that count; for a kernel only the image that runs or will run. */
  readonly versionIds: readonly number[];
  readonly sinceMs: number;
  /** Since when the version that only lives in memory had been there; equals `sinceMs` without one. */
  readonly memorySinceMs: number;
  /** The offer that `standing.target` comes from. */
  readonly offer: Offer | null;
  readonly kernelState: KernelState;
}

/** Sources of kernel images: only the image that runs is exposed, and their other binaries (headers, libc-dev, tools) are not the kernel. */
const KERNEL_SOURCE =
  /^(?:linux|kernel)(?:-(?:hwe|aws|azure|gcp|gke|gkeop|ibm|kvm|lowlatency|nvidia|oem|oracle|raspi|realtime|riscv|fips|rt|uek|default)(?:-.*)?)?$/;

/**
 * Which sources of a host matter: those that somebody calls vulnerable and those that an offer would move. The walk over all packages is two
 * table look-ups each, because a fleet of 100,000 hosts makes it 75 million times.
 */
export class SourceWalk {
  readonly #units: FleetUnits;
  readonly #matcher: FleetMatcher;
  readonly #standings: Standings;
  /** Unit index -> QUIET or VULNERABLE; 0 not asked yet. */
  #kinds = new Uint8Array(1024);
  /** Source index -> serial of the host that has an offer for it. */
  #offered = new Uint32Array(1024);
  #serial = 0;

  constructor(units: FleetUnits, matcher: FleetMatcher, standings: Standings) {
    this.#units = units;
    this.#matcher = matcher;
    this.#standings = standings;
  }

  sourcesOf(host: AssessedHost): SourceOnHost[] {
    const found = this.#collect(host);
    for (const { unit } of host.residuals) if (!found.has(unit.source.index)) found.set(unit.source.index, []);
    const offers = new Map<number, Offer>();
    // The newest version of a source comes first and decides the state.
    for (const offer of host.offers ?? []) if (!offers.has(offer.source.index)) offers.set(offer.source.index, offer);
    const sources: SourceOnHost[] = [];
    for (const [sourceIndex, ids] of found) {
      const source = this.#units.sources[sourceIndex]!;
      const residuals = host.residuals.length === 0 ? host.residuals : host.residuals.filter(residual => residual.unit.source === source);
      const onHost = KERNEL_SOURCE.test(source.name)
        ? this.#kernelOn(host, ids, residuals, offers.get(sourceIndex) ?? null)
        : this.#sourceOn(host, ids, residuals, offers.get(sourceIndex) ?? null);
      if (onHost !== null) sources.push(onHost);
    }
    return sources;
  }

  /** Their matches changed. */
  forget(units: readonly Unit[]): void {
    for (const unit of units) if (unit.index < this.#kinds.length) this.#kinds[unit.index] = 0;
  }

  /** Source index -> ids of its binaries, for the sources that matter. */
  #collect(host: AssessedHost): Map<number, number[]> {
    const { ids } = host;
    const table = this.#units.tableFor(host.release, ids);
    this.#grow();
    const serial = ++this.#serial;
    for (const offer of host.offers ?? []) this.#offered[offer.source.index] = serial;
    const { units } = this.#units;
    const found = new Map<number, number[]>();
    for (let at = 0; at < ids.length; at++) {
      const unit = units[table[ids[at]!]! - 1]!;
      const kind = this.#kinds[unit.index]! || this.#askKind(unit);
      if (kind === QUIET && this.#offered[unit.source.index] !== serial) continue;
      const members = found.get(unit.source.index);
      if (members) members.push(ids[at]!);
      else found.set(unit.source.index, [ids[at]!]);
    }
    return found;
  }

  #askKind(unit: Unit): number {
    const { vulnerable, undecided } = this.#matcher.of(unit);
    const kind = vulnerable.length + undecided.size > 0 ? VULNERABLE : QUIET;
    this.#kinds[unit.index] = kind;
    return kind;
  }

  #sourceOn(host: AssessedHost, ids: readonly number[], residuals: readonly Residual[], offer: Offer | null): SourceOnHost | null {
    if (ids.length === 0 && residuals.length === 0) return null;
    let sinceMs = Number.POSITIVE_INFINITY;
    const disk: Unit[] = [];
    for (const id of ids) {
      const unit = this.#units.unitOf(host.release, id);
      if (!disk.includes(unit)) disk.push(unit);
      sinceMs = Math.min(sinceMs, host.sinceMs(id));
    }
    const target = offer !== null && disk.length > 0 ? offer.target : null;
    if (residuals.length === 0) {
      const standing =
        disk.length === 1
          ? this.#standings.ofOne(disk[0]!, target)
          : this.#standings.of({ source: disk[0]!.source, disk, memory: NONE, target });
      return { standing, versionIds: ids, sinceMs, memorySinceMs: sinceMs, offer, kernelState: null };
    }
    const memory = [...new Set(residuals.map(residual => residual.unit))];
    const memorySinceMs = Math.min(...residuals.map(residual => residual.sinceMs));
    const standing = this.#standings.of({ source: memory[0]!.source, disk, memory, target });
    return { standing, versionIds: ids, sinceMs: Math.min(sinceMs, memorySinceMs), memorySinceMs, offer, kernelState: null };
  }

  /**
   * Only the running image is in use; the newest one on the disk is what the next boot starts. A running release that no package of the host holds is
   * a container's, whose kernel is somebody else's to patch. An unread one is taken to be the newest: an upload has no other evidence.
   */
  #kernelOn(host: AssessedHost, ids: readonly number[], residuals: readonly Residual[], offer: Offer | null): SourceOnHost | null {
    const images = ids.flatMap(id => {
      const { name, version, arch } = this.#units.version(id);
      const release = kernelReleaseOf(name, version, arch);
      return release === null ? [] : [{ id, release, unit: this.#units.unitOf(host.release, id) }];
    });
    if (images.length === 0) return null;
    const order = orderOf(host.release);
    const newest = images.reduce((best, image) => (compareUnits(image.unit, best.unit, order) > 0 ? image : best));
    const running = host.runningKernel === null ? newest : images.find(image => image.release === host.runningKernel);
    if (!running) return null;
    const replaced = residuals.filter(residual => residual.until === 'reboot');
    const memory = replaced.length > 0 ? replaced.map(residual => residual.unit) : running.unit === newest.unit ? NONE : [running.unit];
    const memorySinceMs = Math.min(host.sinceMs(running.id), ...replaced.map(residual => residual.sinceMs));
    const standing = this.#standings.of({ source: newest.unit.source, disk: [newest.unit], memory, target: offer?.target ?? null });
    const versionIds = running.id === newest.id ? [running.id] : [running.id, newest.id];
    return {
      standing,
      versionIds,
      sinceMs: memorySinceMs,
      memorySinceMs,
      offer,
      kernelState: host.runningKernel === null ? null : memory.length > 0 ? 'newer-not-booted' : 'running',
    };
  }

  #grow(): void {
    if (this.#kinds.length < this.#units.units.length) this.#kinds = grown(this.#kinds, new Uint8Array(this.#units.units.length * 2));
    if (this.#offered.length < this.#units.sources.length)
      this.#offered = grown(this.#offered, new Uint32Array(this.#units.sources.length * 2));
  }
}

const QUIET = 1;
const VULNERABLE = 2;
const NONE: readonly Unit[] = [];

function grown<Column extends Uint8Array | Uint32Array>(before: Column, after: Column): Column {
  after.set(before);
  return after;
}
