import { compareVersions, isInvalid, type VersionScheme } from '../versions/scheme.ts';
import type { KernelState } from './finding.ts';

/** A kernel on disk: `release` is what `uname -r` prints when it runs. */
export interface KernelPackage {
  readonly packageName: string;
  readonly release: string;
  readonly version: string;
}

/** Debian and Ubuntu name an image after its release; metapackages (linux-image-amd64, linux-image-generic) hold no kernel. */
const DEB_IMAGE = /^linux-image-(?:unsigned-)?(\d[^\s]*)$/;
/** rpm kernels carry their release in their version; only these packages hold the image or its modules. */
const RPM_KERNELS: ReadonlySet<string> = new Set([
  'kernel',
  'kernel-core',
  'kernel-modules',
  'kernel-modules-core',
  'kernel-rt',
  'kernel-rt-core',
  'kernel-uek',
  'kernel-uek-core',
  'kernel-default',
]);

/** The kernel release that a package holds, null for everything that is not a kernel. */
export function kernelReleaseOf(packageName: string, version: string, arch: string): string | null {
  const image = DEB_IMAGE.exec(packageName);
  if (image) return /-dbg(sym)?$/.test(packageName) ? null : image[1]!;
  if (RPM_KERNELS.has(packageName)) return `${version.replace(/^\d+:/, '')}${arch === '' ? '' : `.${arch}`}`;
  return null;
}

/** rpm keeps several versions under one package name, so name and version together name a kernel. */
export function kernelKey(packageName: string, version: string): string {
  return `${packageName} ${version}`;
}

/**
 * Which kernel a kernel finding speaks of: only the running one is exposed; an older one on disk can be removed; a newer one takes effect at the next boot.
 * null when the running release is not known (an upload, a container): nothing is guessed. Keys: `kernelKey`.
 */
export function kernelStates(
  kernels: readonly KernelPackage[],
  runningRelease: string | null,
  order: VersionScheme,
): Map<string, KernelState> {
  const states = new Map<string, KernelState>();
  if (runningRelease === null) return states;
  const running = kernels.filter(kernel => kernel.release === runningRelease);
  for (const kernel of kernels) {
    if (kernel.release === runningRelease) states.set(kernelKey(kernel.packageName, kernel.version), 'running');
    else
      states.set(
        kernelKey(kernel.packageName, kernel.version),
        running.length > 0 && running.every(other => isNewer(kernel.version, other.version, order))
          ? 'newer-not-booted'
          : 'installed-not-running',
      );
  }
  return states;
}

function isNewer(a: string, b: string, order: VersionScheme): boolean {
  const answer = compareVersions(order, a, b);
  return !isInvalid(answer) && answer > 0;
}
