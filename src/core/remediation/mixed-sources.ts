import type { FleetSource, Unit } from '../findings/fleet-units.ts';
import type { KernelImage } from './kernel-images.ts';
import type { Offer } from './offers.ts';
import type { Standings } from './standing.ts';
import { type Residual, type SourceOnHost, sinceMsOf, type WalkedHost } from './walked-host.ts';

/** Sources of which a host has more than one version: upgraded in part, replaced on the disk and still in memory, or kernels. */
export class MixedSources {
  readonly #standings: Standings;

  constructor(standings: Standings) {
    this.#standings = standings;
  }

  /** `disk` are the source's units on the host, `sinceMs` the moment of the first of them that somebody calls vulnerable, Infinity without one. */
  several(host: WalkedHost, source: FleetSource, disk: readonly Unit[], sinceMs: number, offer: Offer | null): SourceOnHost {
    const residuals = residualsOf(host, source);
    const memory = memoryOf(residuals);
    const memorySinceMs = Math.min(sinceMs, ...residuals.map(residual => residual.sinceMs));
    return {
      standing: this.#standings.of({ source, disk, memory, target: offer?.target ?? null }),
      offer,
      sinceMs: memory.length > 0 ? memorySinceMs : sinceMs,
      memorySinceMs,
      kernelState: null,
    };
  }

  /** A package that was removed, or whose new version nobody calls vulnerable, while a process still runs the old one. */
  memoryOnly(host: WalkedHost, source: FleetSource, disk: readonly Unit[]): SourceOnHost {
    const residuals = residualsOf(host, source);
    const sinceMs = Math.min(...residuals.map(residual => residual.sinceMs));
    const standing = this.#standings.of({ source, disk, memory: memoryOf(residuals), target: null });
    return { standing, offer: null, sinceMs, memorySinceMs: sinceMs, kernelState: null };
  }

  /**
   * Only the running image is in use; the newest one on the disk is what the next boot starts. A running release that no package of the host holds is
   * a container's, whose kernel is somebody else's to patch: null. An unread one is taken to be the newest: an upload has no other evidence. `rising` are
   * the host's images by version.
   */
  kernel(host: WalkedHost, source: FleetSource, rising: readonly KernelImage[], offer: Offer | null): SourceOnHost | null {
    const newest = rising.at(-1);
    const running = host.runningKernel === null ? newest : rising.find(image => image.release === host.runningKernel);
    if (newest === undefined || running === undefined) return null;
    const replaced = residualsOf(host, source).filter(residual => residual.until === 'reboot');
    const memory = replaced.length > 0 ? replaced.map(residual => residual.unit) : running.unit === newest.unit ? [] : [running.unit];
    const sinceMs = Math.min(sinceMsOf(host, running.unit.index), ...replaced.map(residual => residual.sinceMs));
    const standing = this.#standings.of({ source, disk: [newest.unit], memory, target: offer?.target ?? null });
    const kernelState = host.runningKernel === null ? null : memory.length > 0 ? 'newer-not-booted' : 'running';
    return { standing, offer, sinceMs, memorySinceMs: sinceMs, kernelState };
  }
}

function residualsOf({ residuals }: WalkedHost, source: FleetSource): Residual[] {
  return residuals.filter(residual => residual.unit.source === source);
}

function memoryOf(residuals: readonly Residual[]): Unit[] {
  return [...new Set(residuals.map(residual => residual.unit))];
}
