import { difference } from '../../core/findings/fleet-inventory.ts';
import type { PackageVersion } from '../../core/findings/fleet-units.ts';
import { unpackIdArray } from '../../core/findings/packed-ids.ts';
import type { Fleet } from '../../core/remediation/fleet.ts';
import { type ResidualFacts, type ResidualVersion, stalePackagesOf, unexplained } from '../../core/remediation/residuals.ts';
import type { HostRow } from './host-rows.ts';
import type { ReplacedVersion, UnexplainedHost } from './residual-rows.ts';

/** What left the disks of hosts, and may still run there. */
export class ReplacedVersions {
  readonly #fleet: Fleet;
  readonly #versionsByName: ReadonlyMap<string, readonly number[]>;

  constructor(fleet: Fleet, versionsByName: ReadonlyMap<string, readonly number[]>) {
    this.#fleet = fleet;
    this.#versionsByName = versionsByName;
  }

  /** Versions that leave the disk of a host with its new package set, whose package stays or goes. */
  replacedBy(slot: number, packed: Uint8Array) {
    const { inventory, units } = this.#fleet;
    const { added, removed } = difference(inventory.idsOf(slot), unpackIdArray(packed));
    const keyOf = ({ name, arch, version }: PackageVersion) => `${name}\t${arch}\t${version}`;
    // A version whose origin was learned is another row of the same version: nothing left the disk.
    const staying = new Set(Array.from(added, id => keyOf(units.version(id))));
    return removed
      .map(id => ({ ...units.version(id), sinceMs: this.#fleet.sinceMs(slot, id) }))
      .filter(version => !staying.has(keyOf(version)));
  }

  /** What was replaced and is not installed again. */
  residualsOf(slot: number, replaced: readonly ReplacedVersion[]): ResidualVersion[] {
    const { enrolledMs } = this.#fleet.host(slot);
    const installed = Array.from(this.#fleet.inventory.idsOf(slot), id => this.#fleet.units.version(id));
    return replaced.flatMap(({ name, arch, version, replacedMs }) => {
      const known = (this.#versionsByName.get(name) ?? [])
        .map(id => this.#fleet.units.version(id))
        .find(one => one.version === version && one.arch === arch);
      const now = installed.find(one => one.name === name);
      // A rebuild for one architecture (binNMU) adds +b1 to the binary's version only (vulnerability-data.md 2.1).
      const sourceVersion = known?.sourceVersion ?? version.replace(/\+b\d+$/, '');
      if (installed.some(one => one.name === name && one.sourceVersion === sourceVersion)) return [];
      return [
        {
          packageName: name,
          sourceName: known?.sourceName ?? now?.sourceName ?? name,
          sourceVersion,
          ...(known?.origin ? { origin: known.origin } : {}),
          until: 'restart' as const,
          sinceMs: Math.min(enrolledMs, replacedMs),
          replacedMs,
        },
      ];
    });
  }
}

export function unexplainedOf(hostId: string, residuals: readonly ResidualVersion[], facts: ResidualFacts): UnexplainedHost[] {
  const names = unexplained(residuals, facts);
  return names.length === 0 ? [] : [{ hostId, names, bootedMs: facts.bootedAtMs }];
}

export function residualFactsOf({ inventory }: HostRow): ResidualFacts {
  const { staleProcesses, kernel, bootedAt } = inventory!.facts;
  return {
    stalePackages: stalePackagesOf(staleProcesses),
    runningKernel: kernel?.runningRelease || null,
    bootedAtMs: bootedAt === null ? null : Date.parse(bootedAt),
  };
}
