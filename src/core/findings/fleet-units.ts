import { advisorySource } from '../advisories/kernel-names.ts';
import { packageKindOfRelease } from '../advisories/releases.ts';
import { DISTRIBUTION_ORIGIN, type PackageOrigin } from '../inventory/package-origin.ts';

/** A row of package_version: one distinct binary package version of the fleet. */
export interface PackageVersion {
  readonly id: number;
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** core/inventory/package-origin.ts; absent: the distribution's own. */
  readonly origin?: PackageOrigin;
}

/** A source package of a release, by the name that advisories use (`linux`, not `linux-signed-amd64`). */
export interface FleetSource {
  readonly index: number;
  readonly release: string;
  readonly name: string;
  readonly units: Unit[];
}

/**
 * What is matched once: a source package in one version on one release, whatever the number of its binaries and hosts. Where publishers speak of
 * binary packages (rpm, debsecan's B rows) the unit is a binary package in one version.
 */
export interface Unit {
  readonly index: number;
  readonly source: FleetSource;
  /** As advisories count it: 6.1.55-1 for linux-signed-amd64 6.1.55+1. */
  readonly version: string;
  /** Set where publishers speak of this binary package by name. */
  readonly binary: { readonly name: string; readonly version: string } | null;
  /** A third party's build is a unit of its own, and the distribution's statements are not about it. */
  readonly origin: PackageOrigin;
  readonly versionIds: number[];
}

/** The units of a fleet, made when the first host of a release shows a package version. */
export class FleetUnits {
  readonly versions: (PackageVersion | undefined)[] = [];
  sources: FleetSource[] = [];
  units: Unit[] = [];
  readonly #sourceByKey = new Map<string, FleetSource>();
  readonly #unitByKey = new Map<string, Unit>();
  /** Release -> package_version id -> unit index + 1; 0 where not asked yet. */
  readonly #unitOfVersion = new Map<string, Uint32Array>();
  /** Unit index -> serial of the last `unitsOf` that met it; 100,000 hosts ask for 75 million versions. */
  #metIn = new Uint32Array(1024);
  #scratch = new Uint32Array(1024);
  #serial = 0;
  readonly #isNamedBinary: (release: string, name: string) => boolean;

  /** `isNamedBinary`: does a publisher speak of this binary package of the release by name? */
  constructor(isNamedBinary: (release: string, name: string) => boolean = () => false) {
    this.#isNamedBinary = isNamedBinary;
  }

  /** Binaries that publishers name may have changed: units are made anew when they are next asked for. Versions stay. */
  forgetUnits(): void {
    this.sources = [];
    this.units = [];
    this.#sourceByKey.clear();
    this.#unitByKey.clear();
    this.#unitOfVersion.clear();
  }

  addVersion(version: PackageVersion): void {
    this.versions[version.id] = version;
  }

  version(id: number): PackageVersion {
    const version = this.versions[id];
    if (version === undefined) throw new Error(`package version ${id} was never loaded`);
    return version;
  }

  /** Makes the units of these versions, where they were not asked for before. The answer: package_version id -> unit index + 1. */
  meet(release: string, ids: Uint32Array): Uint32Array {
    const table = this.#tableOf(release, (ids.at(-1) ?? 0) + 1);
    for (let at = 0; at < ids.length; at++) if (table[ids[at]!] === 0) this.unitOf(release, ids[at]!);
    return table;
  }

  /** As the answer of `meet`, for versions that were met before. */
  unitTable(release: string, ids: Uint32Array): Uint32Array {
    return this.#tableOf(release, (ids.at(-1) ?? 0) + 1);
  }

  /** Distinct unit indexes of these versions, rising. */
  unitsOf(release: string, ids: Uint32Array): Uint32Array {
    const table = this.#tableOf(release, (ids.at(-1) ?? 0) + 1);
    const serial = ++this.#serial;
    let size = 0;
    for (let at = 0; at < ids.length; at++) {
      const index = table[ids[at]!]! - 1;
      const unit = index < 0 ? this.unitOf(release, ids[at]!).index : index;
      if (this.#metIn[unit] === serial) continue;
      this.#metIn[unit] = serial;
      this.#scratch[size++] = unit;
    }
    return this.#scratch.slice(0, size).sort();
  }

  indexOf(release: string, versionId: number): number {
    const known = this.#tableOf(release, versionId + 1)[versionId]!;
    return known > 0 ? known - 1 : this.unitOf(release, versionId).index;
  }

  unitOf(release: string, versionId: number): Unit {
    const table = this.#tableOf(release, versionId + 1);
    const known = table[versionId]!;
    if (known > 0) return this.units[known - 1]!;
    const version = this.version(versionId);
    const unit = this.unitNamed(release, version, this.#binaryOf(release, version));
    unit.versionIds.push(versionId);
    table[versionId] = unit.index + 1;
    return unit;
  }

  /** The unit of a version that need not be installed anywhere: a candidate's, or one that only lives in the memory of a process. */
  unitNamed(release: string, of: Pick<PackageVersion, 'sourceName' | 'sourceVersion' | 'origin'>, binary: Unit['binary'] = null): Unit {
    const { name, version } = advisorySource(release.split(':', 1)[0]!, of.sourceName, of.sourceVersion);
    const { origin = DISTRIBUTION_ORIGIN } = of;
    const ofBinary = binary === null ? '' : `\n${binary.name}\n${binary.version}`;
    const key = `${release}\n${name}\n${version}${ofBinary}${origin === DISTRIBUTION_ORIGIN ? '' : `\n\n${origin}`}`;
    let unit = this.#unitByKey.get(key);
    if (unit === undefined) {
      const source = this.source(release, name);
      unit = { index: this.units.length, source, version, binary, origin, versionIds: [] };
      this.units.push(unit);
      if (this.units.length > this.#metIn.length) this.#grow();
      source.units.push(unit);
      this.#unitByKey.set(key, unit);
    }
    return unit;
  }

  unitOfPackage(release: string, version: PackageVersion): Unit {
    return this.unitNamed(release, version, this.#binaryOf(release, version));
  }

  source(release: string, name: string): FleetSource {
    const key = `${release}\n${name}`;
    let source = this.#sourceByKey.get(key);
    if (source === undefined) {
      source = { index: this.sources.length, release, name, units: [] };
      this.sources.push(source);
      this.#sourceByKey.set(key, source);
    }
    return source;
  }

  findSource(release: string, name: string): FleetSource | undefined {
    return this.#sourceByKey.get(`${release}\n${name}`);
  }

  #grow(): void {
    const metIn = new Uint32Array(this.units.length * 2);
    const scratch = new Uint32Array(this.units.length * 2);
    metIn.set(this.#metIn);
    scratch.set(this.#scratch);
    this.#metIn = metIn;
    this.#scratch = scratch;
  }

  #binaryOf(release: string, version: PackageVersion): Unit['binary'] {
    const named = packageKindOfRelease(release) === 'binary' || this.#isNamedBinary(release, version.name);
    return named ? { name: version.name, version: version.version } : null;
  }

  #tableOf(release: string, length: number): Uint32Array {
    const table = this.#unitOfVersion.get(release);
    if (table && table.length >= length) return table;
    const larger = new Uint32Array(Math.max(length, 1024, Math.ceil((table?.length ?? 0) * 1.5)));
    if (table) larger.set(table);
    this.#unitOfVersion.set(release, larger);
    return larger;
  }
}
