import type { PackageOrigin } from './package-origin.ts';
import type { PackageRecord, PackageState } from './snapshot.ts';

/**
 * A package as it travels in a report and is hashed: name, arch, version, source name, source version, state, held, and its origin where that is not the
 * distribution. Arrays keep 600 packages near 60 kB.
 */
export type PackageRow = readonly [
  name: string,
  arch: string,
  version: string,
  sourceName: string,
  sourceVersion: string,
  state: string,
  held: 0 | 1,
  origin?: PackageOrigin,
];

export const PACKAGE_STATES: readonly PackageState[] = [
  'installed',
  'half-installed',
  'unpacked',
  'half-configured',
  'triggers-awaited',
  'triggers-pending',
  'config-files',
];
const KNOWN_STATES: ReadonlySet<string> = new Set(PACKAGE_STATES);

export function toPackageRow(record: PackageRecord): PackageRow {
  const { name, arch, version, sourceName, sourceVersion, state, origin } = record;
  const held = record.held ? 1 : 0;
  return origin
    ? [name, arch, version, sourceName, sourceVersion, state, held, origin]
    : [name, arch, version, sourceName, sourceVersion, state, held];
}

/** null for a row whose state is no dpkg state: such a row is reported as a warning, never guessed. */
export function fromPackageRow(row: PackageRow): PackageRecord | null {
  const [name, arch, version, sourceName, sourceVersion, state, held, origin] = row;
  if (!KNOWN_STATES.has(state)) return null;
  const record = { name, arch, version, sourceName, sourceVersion, state: state as PackageState, held: held === 1 };
  return origin ? { ...record, origin } : record;
}
