import type { PackageState } from '../../../core/inventory/snapshot.ts';
import type { InstalledPackage } from '../spec.ts';

const FIELDS = [
  'Package',
  'Version',
  'Architecture',
  'db:Status-Want',
  'db:Status-Eflag',
  'db:Status-Status',
  'source:Package',
  'source:Version',
];
/** Fields in dpkg-query's own notation, tab between them. */
export const DPKG_LIST_ARGV: readonly string[] = ['dpkg-query', '-W', '-f', `${FIELDS.map(field => `\${${field}}`).join('\\t')}\\n`];

const STATES: ReadonlySet<string> = new Set<PackageState>([
  'installed',
  'half-installed',
  'unpacked',
  'half-configured',
  'triggers-awaited',
  'triggers-pending',
  'config-files',
]);

/** Rows of `DPKG_LIST_ARGV`. Packages that are known but not there (`not-installed`) are left out, as are lines of another form. */
export function parseDpkgList(text: string): InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  for (const line of text.split('\n')) {
    const [name, version, arch, want, flag, status, sourceName, sourceVersion] = line.split('\t');
    if (sourceVersion === undefined || !name || !version || !arch || !STATES.has(status ?? '')) continue;
    packages.push({
      name,
      arch,
      version,
      sourceName: sourceName || name,
      sourceVersion: sourceVersion || version,
      state: status as PackageState,
      held: want === 'hold',
      reinstallRequired: flag === 'reinstreq',
    });
  }
  return packages;
}

/** States in which a package's files are in place and configured. Triggers still to run are another package's business. */
export function isInPlace(state: PackageState): boolean {
  return state === 'installed' || state === 'triggers-awaited' || state === 'triggers-pending';
}
