import { kernelReleaseOf } from '../findings/kernels.ts';
import type { PackageOrigin } from '../inventory/package-origin.ts';
import type { StaleProcess } from '../inventory/snapshot.ts';

/** A version that is gone from the disk and still runs. Its findings stay open: a finding closes when the exposed process runs the fixed code. */
export interface ResidualVersion {
  readonly packageName: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** core/inventory/package-origin.ts; absent: the distribution's own. */
  readonly origin?: PackageOrigin;
  /** `reboot` for the image of the running kernel, replaced in place. */
  readonly until: 'restart' | 'reboot';
  /** When the version had come onto the host, epoch ms. */
  readonly sinceMs: number;
  /** When it was seen to be gone from the disk, epoch ms. */
  readonly replacedMs: number;
}

export interface ReplacedPackage {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly origin?: PackageOrigin;
  readonly sinceMs: number;
}

export interface ResidualFacts {
  /** Packages whose deleted files a process still maps; null when it could not be read. */
  readonly stalePackages: ReadonlySet<string> | null;
  readonly runningKernel: string | null;
  readonly bootedAtMs: number | null;
}

/**
 * The versions that only live on in memory after a report. One that was there stays until a report says that no process maps its files, or until a boot
 * after it was replaced; "could not be read" ends nothing. A package that left the disk in this report joins when its files are still mapped.
 */
export function nextResiduals(
  before: readonly ResidualVersion[],
  replaced: readonly ReplacedPackage[],
  facts: ResidualFacts,
  observedMs: number,
): ResidualVersion[] {
  const kept = before.filter(residual => isStillThere(residual, facts));
  const joined = replaced.flatMap(old => {
    const until = residenceOf(old, facts);
    return until === null
      ? []
      : [
          {
            packageName: old.name,
            sourceName: old.sourceName,
            sourceVersion: old.sourceVersion,
            until,
            sinceMs: old.sinceMs,
            replacedMs: observedMs,
            ...(old.origin ? { origin: old.origin } : {}),
          },
        ];
  });
  return withoutRepeats([...kept, ...joined.filter(residual => isStillThere(residual, facts))]);
}

/** Packages whose old files are mapped although no residual explains it: the host was enrolled, or the report before was lost, after the upgrade. */
export function unexplained(residuals: readonly ResidualVersion[], facts: ResidualFacts): string[] {
  const known = new Set(residuals.map(residual => residual.packageName));
  return [...(facts.stalePackages ?? [])].filter(name => !known.has(name)).sort();
}

export function stalePackagesOf(staleProcesses: readonly StaleProcess[] | null): ReadonlySet<string> | null {
  if (staleProcesses === null) return null;
  return new Set(staleProcesses.flatMap(({ files }) => files.flatMap(({ packageName }) => (packageName === null ? [] : [packageName]))));
}

function isStillThere({ packageName, until, replacedMs }: ResidualVersion, { stalePackages, bootedAtMs }: ResidualFacts): boolean {
  if (bootedAtMs !== null && bootedAtMs > replacedMs) return false;
  return until === 'reboot' || stalePackages === null || stalePackages.has(packageName);
}

function residenceOf(
  { name, version, arch }: ReplacedPackage,
  { stalePackages, runningKernel }: ResidualFacts,
): ResidualVersion['until'] | null {
  const release = kernelReleaseOf(name, version, arch);
  if (release !== null) return release === runningKernel ? 'reboot' : null;
  return stalePackages?.has(name) ? 'restart' : null;
}

/** The same version of a package counts once, from its first day. */
function withoutRepeats(residuals: readonly ResidualVersion[]): ResidualVersion[] {
  const byVersion = new Map<string, ResidualVersion>();
  for (const residual of residuals) {
    const key = `${residual.packageName}\n${residual.sourceName}\n${residual.sourceVersion}`;
    const known = byVersion.get(key);
    if (known === undefined || residual.sinceMs < known.sinceMs) byVersion.set(key, residual);
  }
  return [...byVersion.values()].sort((a, b) =>
    a.packageName < b.packageName ? -1 : a.packageName > b.packageName ? 1 : a.sinceMs - b.sinceMs,
  );
}
