import { type KernelPackage, kernelReleaseOf } from '../../core/findings/kernels.ts';
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
