import { readPackageList } from '../../../core/inventory/package-list.ts';
import type { PackageState } from '../../../core/inventory/snapshot.ts';
import { listedPackage, type PackageListImporter, type PackageListing } from '../spec.ts';

/** dpkg's own forms: `dpkg-query -W`, `dpkg -l`, /var/lib/dpkg/status. */
export const dpkgList: PackageListImporter = {
  id: 'dpkg-list',
  title: 'dpkg: dpkg-query -W, dpkg -l, apt list --installed, or the status file',
  madeBy: 'dpkg-query -W, dpkg -l, or /var/lib/dpkg/status',
  recognise: (text, scheme) =>
    (scheme === 'deb' && /\S/.test(text) && !/^\s*[{[]/.test(text)) || /^Package: [^\n]+\n(?:[^\n]+\n)*Status: /.test(text.slice(0, 4000)),
  read,
};

/** The files of a package in these states are in place, configured or not: the flaw is there. */
const IN_PLACE: ReadonlySet<PackageState> = new Set<PackageState>([
  'installed',
  'unpacked',
  'half-configured',
  'triggers-awaited',
  'triggers-pending',
]);

function read(text: string): PackageListing {
  const reading = readPackageList(text);
  if (!reading.ok) return { packages: [], release: null, warnings: [reading.problem] };
  const { list } = reading;
  const packages = list.packages
    .filter(one => IN_PLACE.has(one.state))
    .map(one =>
      listedPackage(one.name, one.version, {
        arch: one.arch === 'unknown' ? '' : one.arch,
        sourceName: one.sourceName,
        sourceVersion: one.sourceVersion,
        sourceKnown: !list.sourceUnknown,
      }),
    );
  return { packages, release: null, warnings: list.warnings };
}
