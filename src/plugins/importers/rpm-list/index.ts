import { counted } from '../../../core/kernel/words.ts';
import { moduleOf } from '../package-table/index.ts';
import { type ListedPackage, listedPackage, missingEpochs, type PackageListImporter, type PackageListing, unreadLines } from '../spec.ts';

/**
 * `rpm -qa`, best with epochs: rpm -qa --qf '%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{MODULARITYLABEL} %{SOURCERPM}\n'. Fields are parted by
 * blanks, tabs, commas, semicolons or `|`; the epoch may stand before the version, in it (`1:3.2.2`) or after it, and version and release in one field
 * or in two. Also read: `NAME-[EPOCH:]VERSION-RELEASE.ARCH`, yum's `EPOCH:NAME-VERSION-RELEASE.ARCH`, and `NAME.ARCH [EPOCH:]VERSION-RELEASE @repository` (dnf list).
 */
export const rpmList: PackageListImporter = {
  id: 'rpm-list',
  title: 'rpm -qa',
  madeBy: "rpm -qa --qf '%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{MODULARITYLABEL}\\n'",
  recognise: (text, scheme) => scheme === 'rpm' && /\S/.test(text) && !/^\s*[{[<]/.test(text),
  read,
};

const EPOCH = /^(?:\d+|\(none\))$/;
const ARCH =
  'noarch|x86_64(?:_v\\d)?|i[3-6]86|athlon|amd64|ia64|aarch64|arm\\w*|ppc(?:64)?(?:le)?|s390x?|riscv64|loongarch64|mips\\w*|sparc\\w*|src|nosrc|\\(none\\)';
const IS_ARCH = new RegExp(`^(?:${ARCH})$`);
const NAME_WITH_ARCH = new RegExp(`^(.+)\\.(${ARCH})$`);
const PLAIN = new RegExp(`^(?:(\\d+):)?(.+)-(?:(\\d+|\\(none\\)):)?([^-:\\s]+)-([^-:\\s]+?)(?:\\.(${ARCH}))?$`);
/** `[EPOCH:]VERSION-RELEASE`; neither part may hold a hyphen. */
const EVR = /^(?:(\d+|\(none\)):)?([^-:\s]+-[^-:\s]+)$/;
const EV = /^(?:(\d+|\(none\)):)?([^-:\s]+)$/;

/** What `dnf list` (4: `Available Packages`, 5: `Available packages`) and `yum list` write above each group. Extra and needless packages are installed; obsoleting ones are offered. */
const DNF_TITLE =
  /^\s*(?:(?:installed|extra|autoremove|available|upgradable|upgradeable|updated|upgraded|obsoleting|recently added) packages|available upgrades)\b[^\d]*$/i;
const NOT_INSTALLED = /^\s*(?!installed|extra|autoremove)/i;

function read(text: string): PackageListing {
  const packages: ListedPackage[] = [];
  const unread: number[] = [];
  const offered = new Map<string, number>();
  let title: string | null = null;
  const rows: { readonly at: number; readonly fields: readonly string[] }[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const fields = line.trim().split(/[\s|,;]+/);
    if (DNF_TITLE.test(line)) title = NOT_INSTALLED.test(line) ? line.trim() : null;
    else if (fields[0] === '' || fields[0]!.startsWith('#') || isHeader(fields)) continue;
    else if (title === null) rows.push({ at, fields });
    else offered.set(title, (offered.get(title) ?? 0) + 1);
  }
  const epochIsSecond = mostHaveEpochSecond(rows.map(row => row.fields));
  for (const { at, fields } of rows) {
    const one = fields.length === 1 ? plainPackage(fields[0]!) : packageOf(fields, epochIsSecond);
    // Every version has a digit, and prose seldom: what nobody can find must not pass for a package without findings.
    if (one === null || !/\d/.test(one.version.replace(/^\d+:/, ''))) unread.push(at + 1);
    else if (one.name !== 'gpg-pubkey') packages.push(one);
  }
  const leftOut = Array.from(offered, ([said, count]) => `${counted(count, 'line')} under "${said}" left out: not installed`);
  const warnings = [...leftOut, ...unreadLines(unread, 'it is not a line of rpm -qa'), ...missingEpochs(packages)];
  return { packages, release: null, warnings };
}

function isHeader([name, second]: readonly string[]): boolean {
  return /^(?:name|package)$/i.test(name!) && /^(?:epoch|epochnum|version|evr)$/i.test(second ?? '');
}

function plainPackage(text: string): ListedPackage | null {
  const plain = PLAIN.exec(text);
  if (!plain) return null;
  const [, before, name, epoch, version, release, arch] = plain;
  return rpmPackage(name!, epoch ?? before ?? null, `${version}-${release}`, arch ?? '', []);
}

/** Whether a number in the second field is an epoch or a version (`less 590 4.el9`) is told by the whole list: few versions are plain numbers, every epoch is. */
function mostHaveEpochSecond(rows: readonly (readonly string[])[]): boolean {
  const undecided = rows.filter(fields => fields.length > 2 && !EVR.test(fields[1]!));
  return undecided.filter(fields => EPOCH.test(fields[1]!)).length * 2 > undecided.length;
}

function packageOf([written = '', second = '', ...more]: readonly string[], epochIsSecond: boolean): ListedPackage | null {
  const [, name = written, arch] = (EVR.test(second) && NAME_WITH_ARCH.exec(written)) || [];
  const rest = arch === undefined ? more : [arch, ...more];
  const [third, fourth] = rest;
  if (epochIsSecond && EPOCH.test(second) && third !== undefined) {
    if (EVR.test(third)) return withEvr(name, EVR.exec(third)!, second, rest.slice(1));
    if (fourth !== undefined && !IS_ARCH.test(fourth)) return withEvr(name, EVR.exec(`${third}-${fourth}`), second, rest.slice(2));
  }
  const evr = EVR.exec(second);
  // dnf leaves an epoch out where it is 0, and only there.
  if (evr) return withEvr(name, evr, arch !== undefined && evr[1] === undefined ? '0' : null, rest);
  const parts = EV.exec(second);
  if (!parts || third === undefined || third.includes('-')) return null;
  return withEvr(name, EVR.exec(`${second}-${third}`), null, rest.slice(1));
}

/** `rest` follows version and release. A number there is the epoch only straight before an architecture: elsewhere it may be a size or a time. */
function withEvr(name: string, evr: RegExpExecArray | null, stated: string | null, rest: readonly string[]): ListedPackage | null {
  if (evr === null) return null;
  const epoch = stated ?? evr[1] ?? null;
  const [first = '', second = '', ...others] = rest;
  if (epoch === null && EPOCH.test(first) && IS_ARCH.test(second)) return rpmPackage(name, first, evr[2]!, second, others);
  return rpmPackage(name, epoch, evr[2]!, IS_ARCH.test(first) ? first : '', rest.slice(1));
}

function rpmPackage(name: string, stated: string | null, version: string, arch: string, more: readonly string[]): ListedPackage {
  const epoch = stated === '(none)' ? '0' : stated;
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
