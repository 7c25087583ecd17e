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

/** By `kernelKey`; null when it is not known what runs. Modules and headers go with their kernel. */
export function kernelStatesOf(host: ScannedHost): ReadonlyMap<string, KernelState> | null {
  const order = orderOf(host.release);
  if (host.kernelRelease === null || order === null) return null;
  const kernels = kernelsOf(host);
  if (kernels.length === 0) return null;
  const states = kernelStates(kernels, host.kernelRelease, order);
  const companions = new Map<string, KernelState>();
  for (const { packageName, version, release } of kernels) {
    const state = states.get(kernelKey(packageName, version))!;
    for (const name of [release, `shared ${/^\d.*?(?=-[a-z])/.exec(release)?.[0]}`])
      companions.set(name, BY_EXPOSURE.find(one => one === state || one === companions.get(name))!);
  }
  for (const { name, version } of host.packages) {
    if (!name.startsWith('linux-') || states.has(kernelKey(name, version))) continue;
    const state = releasesIn(name).flatMap(release => companions.get(release) ?? [])[0];
    if (state !== undefined) states.set(kernelKey(name, version), state);
  }
  return states;
}

const BY_EXPOSURE: readonly KernelState[] = ['running', 'newer-not-booted', 'installed-not-running'];

/**
 * `linux-modules-extra-6.8.0-31-generic`, `linux-headers-6.8.0-31-generic`; and the headers that all flavours share, Ubuntu's `linux-headers-6.8.0-31` and
 * `linux-hwe-6.8-headers-6.8.0-31`, Debian's `linux-headers-6.12.48+deb13-common`. linux-tools-* are programs, and run under any kernel.
 */
function releasesIn(name: string): readonly string[] {
  const shared = /^linux-(?:\S+-)?headers-(\d\S*?)(?:-common(?:-rt)?)?$/.exec(name)?.[1];
  const own = /^linux-(?:modules|headers)-/.test(name) ? Array.from(name.matchAll(/-(?=\d)/g), ({ index }) => name.slice(index + 1)) : [];
  return shared === undefined ? own : [...own, `shared ${shared}`];
}
