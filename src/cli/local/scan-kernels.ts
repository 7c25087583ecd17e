import { orderOf } from '../../core/advisories/orders.ts';
import type { KernelState } from '../../core/findings/finding.ts';
import { type KernelPackage, kernelKey, kernelReleaseOf, kernelStates } from '../../core/findings/kernels.ts';
import type { ScannedHost } from './scan-hosts.ts';

/** `5.14.0-503.11.1.el9_5.x86_64`, `5.14.0-427.13.1.el9_4.x86_64+rt`: rpm kernels have their architecture in what `uname -r` prints. */
const ARCH_IN_RELEASE = /\.(x86_64|aarch64|ppc64le|s390x|i[3-6]86|riscv64)(?:\+|$)/;

/** The kernels on disk. A list without architectures is read with that of the running kernel. */
export function kernelsOf({ packages, kernelRelease }: ScannedHost): readonly KernelPackage[] {
  const runningArch = ARCH_IN_RELEASE.exec(kernelRelease ?? '')?.[1] ?? '';
  return packages.flatMap(one => {
    const release = kernelReleaseOf(one.name, one.version, one.arch || runningArch);
    return release === null ? [] : [{ packageName: one.name, release, version: one.version }];
  });
}

/** By `kernelKey`; null when it is not known what runs. Modules and headers carry their kernel's release in their names (linux-modules-extra-6.8.0-31-generic), and go with it. */
export function kernelStatesOf(host: ScannedHost): ReadonlyMap<string, KernelState> | null {
  const order = orderOf(host.release);
  if (host.kernelRelease === null || order === null) return null;
  const kernels = kernelsOf(host);
  if (kernels.length === 0) return null;
  const states = kernelStates(kernels, host.kernelRelease, order);
  const byRelease = new Map(kernels.map(kernel => [`-${kernel.release}`, states.get(kernelKey(kernel.packageName, kernel.version))!]));
  for (const { name, version } of host.packages) {
    if (!name.startsWith('linux-') || states.has(kernelKey(name, version))) continue;
    for (const [suffix, state] of byRelease) if (name.endsWith(suffix)) states.set(kernelKey(name, version), state);
  }
  return states;
}
