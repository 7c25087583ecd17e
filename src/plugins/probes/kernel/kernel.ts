import type { InstalledKernel, KernelFacts, PackageRecord } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';

/** `linux-image-6.1.0-50-amd64`, `linux-image-unsigned-5.15.0-25-generic`; `linux-image-amd64` is only a name for the newest. */
const IMAGE = /^linux-image-(?:unsigned-)?(\d\S*?)(?:-dbg)?$/;

export function installedKernels(packages: readonly PackageRecord[]): InstalledKernel[] {
  return packages.flatMap(p => {
    const release = p.state === 'installed' && !p.name.endsWith('-dbg') ? IMAGE.exec(p.name)?.[1] : undefined;
    return release === undefined ? [] : [{ release, packageName: p.name, version: p.version }];
  });
}

export function* readKernel(packages: readonly PackageRecord[]): Dialogue<Result<KernelFacts, string>> {
  const running = yield command(['uname', '-r']);
  return running.code === 0
    ? ok({ runningRelease: running.stdout.trim(), installed: installedKernels(packages) })
    : no(failureText(running));
}
