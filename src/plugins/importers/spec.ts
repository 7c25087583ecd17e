import { counted } from '../../core/kernel/words.ts';
import type { Cpe } from '../../core/versions/cpe.ts';
import type { SchemeId } from '../../core/versions/scheme.ts';

/** What somebody else's list says is installed: text in, packages out. `fettle scan` and uploads read the same forms through these. */
export interface PackageListImporter {
  readonly id: string;
  readonly title: string;
  /** How to make such a list, as a command or a sentence. */
  readonly madeBy: string;
  /** By content. `scheme` is the package manager of the release that was named, null when none was: plain "name version" lines mean nothing without it. */
  recognise(text: string, scheme: SchemeId | null): boolean;
  read(text: string, scheme: SchemeId | null): PackageListing;
}

export interface PackageListing {
  readonly packages: readonly ListedPackage[];
  /** `debian:12` when the list itself says what it was taken from. */
  readonly release: string | null;
  /** One sentence for each kind of trouble, with a line number where there is one. */
  readonly warnings: readonly string[];
}

export interface ListedPackage {
  readonly name: string;
  /** '' when the list does not say. */
  readonly arch: string;
  /** With epoch where the list has one: `1:2.39.5-0+deb12u2`. */
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** False when name and version of the binary stand in for those of the source. */
  readonly sourceKnown: boolean;
  /** False when an rpm list has no epoch: it is then taken from the advisory. */
  readonly epochKnown: boolean;
  /** The release or ecosystem of this one package where it differs from the list's (`PyPI` in an SBOM); null otherwise. */
  readonly release: string | null;
  /** False when the list says that the package comes from somebody else's repository. */
  readonly originTrusted: boolean;
  /** rpm module stream `nodejs:20`; '' when the list says that it is in none; null when the list does not say. */
  readonly module: string | null;
  /** CPE names that the list states for it, for where nobody speaks of it by its own name; none for a distribution's package, whose versions are not the vendor's. */
  readonly cpes: readonly Cpe[];
}

const NO_CPES: readonly Cpe[] = [];

export function listedPackage(name: string, version: string, more: Partial<Omit<ListedPackage, 'name' | 'version'>> = {}): ListedPackage {
  return {
    name,
    arch: more.arch ?? '',
    version,
    sourceName: more.sourceName ?? name,
    sourceVersion: more.sourceVersion ?? version,
    sourceKnown: more.sourceKnown ?? false,
    epochKnown: more.epochKnown ?? true,
    release: more.release ?? null,
    originTrusted: more.originTrusted ?? true,
    module: more.module ?? null,
    cpes: more.cpes ?? NO_CPES,
  };
}

/** An rpm list that leaves epochs out: read as 0 they gave 28 to 39 false findings per host. */
export function missingEpochs(packages: Iterable<ListedPackage>): readonly string[] {
  let count = 0;
  for (const one of packages) if (!one.epochKnown) count++;
  return count === 0
    ? []
    : [
        `${counted(count, 'package is', 'packages are')} listed without an epoch, so it is taken from each advisory; list with %{EPOCHNUM} to be exact`,
      ];
}

/** `line 3 was not read` / `12 lines were not read, the first is line 3`. */
export function unreadLines(lines: readonly number[], what: string): readonly string[] {
  if (lines.length === 0) return [];
  const subject =
    lines.length === 1 ? `line ${lines[0]} was not read` : `${lines.length} lines were not read, the first is line ${lines[0]}`;
  return [`${subject}: ${what}`];
}
