import { compareVersions, isInvalid, type VersionScheme } from '../versions/scheme.ts';
import type { KernelState } from './finding.ts';

/** A kernel on disk: `release` is what `uname -r` prints when it runs. */
export interface KernelPackage {
  readonly packageName: string;
  readonly release: string;
  readonly version: string;
}

/** How a package that holds a kernel image names the release that `uname -r` prints. Metapackages (linux-image-amd64, linux-image-generic) hold none. */
interface KernelNaming {
  readonly name: RegExp;
  readonly version: RegExp;
  release(name: RegExpExecArray, version: RegExpExecArray, arch: string): string;
}

const dotted = (version: string, arch: string) => (arch === '' ? version : `${version}.${arch}`);

const KERNEL_NAMINGS: readonly KernelNaming[] = [
  /* Debian and Ubuntu name an image after its release; `-unsigned` is the same kernel before it was signed. */
  { name: /^linux-image-(?:unsigned-)?(\d[^\s]*?)(?:-unsigned)?$/, version: /^/, release: ([, release]) => release! },
  /* SUSE counts rebuilds of one kernel in the last number, which the release does not have: 5.14.21-150500.55.19.1 runs as 5.14.21-150500.55.19-default. */
  {
    name: /^kernel-(default|azure|rt|preempt|64kb|longterm)$/,
    version: /^((?:\d+\.)*\d+-\d{4,}(?:\.\d+)*?)(?:\.\d+)?$/,
    release: ([, flavour], [, version]) => `${version}-${flavour}`,
  },
  /* Since el9 the real-time kernel is a flavour of the same build; before, its version says `.rt`. */
  {
    name: /^kernel-(rt|64k)(?:-core|-modules|-modules-core)?$/,
    version: /^([^-]+-(?:(?!\.rt).)+)$/,
    release: ([, flavour], [, version], arch) => `${dotted(version!, arch)}+${flavour}`,
  },
  /* rpm kernels carry their release in their version; only these packages hold the image or its modules. */
  {
    name: /^kernel(?:\d+\.\d+)?(?:-rt|-uek|-64k|-lt|-ml)?(?:-core|-modules|-modules-core)?$/,
    version: /^([^-]+-[^-]+)$/,
    release: (_, [, version], arch) => dotted(version!, arch),
  },
  /* Alpine: linux-lts 6.6.14-r0 runs as 6.6.14-0-lts. */
  {
    name: /^linux-(lts|virt|edge|rpi|openpax|stable)$/,
    version: /^([\d.]+)(?:_rc\d+)?-r(\d+)$/,
    release: ([, flavour], [, upstream, revision]) => `${upstream}-${revision}-${flavour}`,
  },
  /* Arch: linux 6.8.1.arch1-1 runs as 6.8.1-arch1-1, linux-zen as 6.8.1-zen1-1-zen, linux-lts 6.6.21-1 as 6.6.21-1-lts. */
  { name: /^linux$/, version: /^([\d.]+)\.(arch\d+-\d+)$/, release: (_, [, upstream, rest]) => `${upstream}-${rest}` },
  {
    name: /^linux-(zen|hardened)$/,
    version: /^([\d.]+)\.([a-z]+\d+-\d+)$/,
    release: ([, flavour], [, upstream, rest]) => `${upstream}-${rest}-${flavour}`,
  },
  { name: /^linux-(lts)$/, version: /^([\d.]+-\d+)$/, release: ([, flavour], [, version]) => `${version}-${flavour}` },
];

/** The kernel release that a package holds, null for everything that is not a kernel. */
export function kernelReleaseOf(packageName: string, version: string, arch: string): string | null {
  if (!MAY_HOLD_KERNEL.test(packageName)) return null;
  const withoutEpoch = version.replace(/^\d+:/, '');
  for (const naming of KERNEL_NAMINGS) {
    const name = naming.name.exec(packageName);
    const parts = name && naming.version.exec(withoutEpoch);
    if (parts) return naming.release(name, parts, arch);
  }
  return null;
}

/** 100,000 hosts ask for every package version; debug symbols are named after their image. */
const MAY_HOLD_KERNEL = /^(?:linux|kernel)(?!.*-(?:dbg|dbgsym)$)/;

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
