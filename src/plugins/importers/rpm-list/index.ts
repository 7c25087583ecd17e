import { moduleOf } from '../package-table/index.ts';
import { type ListedPackage, listedPackage, type PackageListImporter, type PackageListing, unreadLines } from '../spec.ts';

/**
 * `rpm -qa`, best with epochs: rpm -qa --qf '%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{MODULARITYLABEL} %{SOURCERPM}\n'. Fields are parted by
 * blanks, tabs or `|`. Also read: `NAME EPOCH:VERSION-RELEASE ARCH`, and the plain form `name-version-release.arch`, which has no epoch.
 */
export const rpmList: PackageListImporter = {
  id: 'rpm-list',
  title: 'rpm -qa',
  madeBy: "rpm -qa --qf '%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{MODULARITYLABEL}\\n'",
  recognise: (text, scheme) => scheme === 'rpm' && /\S/.test(text) && !/^\s*[{[<]/.test(text),
  read,
};

const PLAIN = /^(.+)-(?:(\d+):)?([^-:\s]+)-([^-\s]+)\.([a-z0-9_]+)$/;

function read(text: string): PackageListing {
  const packages: ListedPackage[] = [];
  const unread: number[] = [];
  let withoutEpoch = 0;
  for (const [at, rawLine] of text.split('\n').entries()) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith('#')) continue;
    const one = packageOf(line.split(/[\s|]+/));
    if (one === null) unread.push(at + 1);
    else if (one.name !== 'gpg-pubkey') {
      packages.push(one);
      if (!one.epochKnown) withoutEpoch++;
    }
  }
  const warnings = [...unreadLines(unread, 'it is not a line of rpm -qa')];
  if (withoutEpoch > 0)
    warnings.push(
      `${withoutEpoch} packages are listed without an epoch, so it is taken from each advisory; list with %{EPOCHNUM} to be exact`,
    );
  return { packages, release: null, warnings };
}

function packageOf(fields: readonly string[]): ListedPackage | null {
  const [name = '', second, third, fourth, fifth, ...more] = fields;
  if (second === undefined) {
    const plain = PLAIN.exec(name);
    if (!plain) return null;
    const version = `${plain[3]}-${plain[4]}`;
    return rpmPackage(plain[1]!, plain[2] ?? null, version, plain[5]!, []);
  }
  if (third !== undefined && fourth !== undefined && /^(\d+|\(none\))$/.test(second))
    return rpmPackage(name, second === '(none)' ? '0' : second, `${third}-${fourth}`, fifth ?? '', more);
  const evr = /^(?:(\d+|\(none\)):)?([^-:\s]+-[^-:\s]+)$/.exec(second);
  if (!evr) return null;
  return rpmPackage(name, evr[1] === '(none)' ? '0' : (evr[1] ?? null), evr[2]!, third ?? '', fields.slice(3));
}

function rpmPackage(name: string, epoch: string | null, version: string, arch: string, more: readonly string[]): ListedPackage {
  const sourceRpm = more.find(field => field.endsWith('.src.rpm'));
  const source = sourceRpm === undefined ? null : /^(.+)-([^-]+-[^-]+)\.src\.rpm$/.exec(sourceRpm);
  const label = more.find(field => !field.endsWith('.src.rpm') && (field === '(none)' || /^[^:]+:[^:]+:\d+:[^:]+$/.test(field)));
  return listedPackage(name, epoch === null ? version : `${epoch}:${version}`, {
    arch,
    sourceName: source?.[1] ?? name,
    sourceVersion: source?.[2] ?? version,
    sourceKnown: source !== null,
    epochKnown: epoch !== null,
    module: label === undefined ? null : moduleOf(label),
  });
}
