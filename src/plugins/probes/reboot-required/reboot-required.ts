import type { KernelFacts, RebootFact } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue } from '../../../core/kernel/commands.ts';
import { debKey } from '../../../core/versions/deb.ts';
import { compareKeys } from '../../../core/versions/scheme.ts';

const FLAG = '/run/reboot-required';

/**
 * Two signs, because Debian writes the flag only where unattended-upgrades or update-notifier-common is installed (lab.md section 3):
 * the flag with its packages, and a kernel newer than the running one.
 */
export function* readRebootRequired(kernel: KernelFacts | null): Dialogue<RebootFact> {
  const flag = yield command(['find', FLAG, `${FLAG}.pkgs`, '-maxdepth', '0']);
  const reasons: string[] = [];
  if (flag.stdout.split('\n').includes(FLAG)) {
    const packages = yield command(['sort', '-u', '--', `${FLAG}.pkgs`]);
    const names = packages.code === 0 ? packages.stdout.split('\n').filter(Boolean) : [];
    reasons.push(names.length === 0 ? 'reboot-required' : `reboot-required: ${names.join(', ')}`);
  }
  const newer = kernel === null ? null : (newerKernel(kernel) ?? rebuiltKernel(kernel, (yield command(['uname', '-v'])).stdout));
  if (newer !== null) reasons.push(`running kernel ${kernel!.runningRelease} is older than installed ${newer}`);
  return { required: reasons.length > 0, reasons };
}

/** `6.1.0-50-amd64` -> `amd64`: only kernels of one flavour follow each other. A container's kernel is its host's and has no fellow here. */
function flavour(release: string): string {
  return /^[\d.]+(?:[-+~][\d.~a-z]+?)*?-([a-z][a-z0-9-]*)$/.exec(release)?.[1] ?? '';
}

/** The newest installed release that is newer than the running one, of the same flavour; null when there is none or it cannot be said. */
export function newerKernel(kernel: KernelFacts): string | null {
  const running = kernel.runningRelease;
  const same = kernel.installed.filter(k => flavour(k.release) !== '' && flavour(k.release) === flavour(running));
  const ordered = same.map(k => k.release).sort(byVersion);
  const newest = ordered.at(-1);
  return newest !== undefined && byVersion(newest, running) > 0 ? newest : null;
}

/** A kernel that was replaced under the same release name: `uname -v` names the running build, `#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-01)`. */
export function rebuiltKernel(kernel: KernelFacts, build: string): string | null {
  const running = /\bDebian (\S+)/.exec(build)?.[1];
  const same = kernel.installed.find(k => k.release === kernel.runningRelease);
  return running !== undefined && same !== undefined && byVersion(same.version, running) > 0 ? `${same.release} (${same.version})` : null;
}

/** Release names order like Debian versions: 6.1.0-9 before 6.1.0-50. */
function byVersion(a: string, b: string): number {
  const [keyA, keyB] = [debKey(a), debKey(b)];
  return keyA.ok && keyB.ok ? compareKeys(keyA.key, keyB.key) : 0;
}
