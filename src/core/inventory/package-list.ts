import { counted } from '../kernel/words.ts';
import { readStatusFile } from './package-list-status.ts';
import { isDistributionName } from './package-origin.ts';
import type { PackageRecord, PackageState } from './snapshot.ts';

/**
 * What people paste: `dpkg-query -W` in its default form or with `-f` (package, version, source and its version in this order, or any fields under a
 * header line of their names), our own eight-column form, `dpkg -l`, `apt list`, or /var/lib/dpkg/status. The form is known by its content.
 */
export interface PackageList {
  readonly form: 'status-file' | 'dpkg-l' | 'apt-list' | 'table' | 'columns' | 'name-version';
  readonly packages: readonly PackageRecord[];
  /** True when the list does not say which source packages these are: the binary name stands in for it. */
  readonly sourceUnknown: boolean;
  /** One sentence per kind of trouble, with a line number where there is one. */
  readonly warnings: readonly string[];
}

type PackageListReading = { readonly ok: true; readonly list: PackageList } | { readonly ok: false; readonly problem: string };

const STATES: ReadonlySet<string> = new Set<PackageState>([
  'installed',
  'half-installed',
  'unpacked',
  'half-configured',
  'triggers-awaited',
  'triggers-pending',
  'config-files',
]);
/** dpkg -l, second letter. */
const STATE_LETTERS: Readonly<Record<string, PackageState | 'not-installed'>> = {
  i: 'installed',
  c: 'config-files',
  u: 'unpacked',
  U: 'unpacked',
  F: 'half-configured',
  H: 'half-installed',
  W: 'triggers-awaited',
  t: 'triggers-pending',
  n: 'not-installed',
};
const NAME = /^[a-z0-9][a-z0-9+.-]+$/;
/** Debian policy wants a digit first; a digit somewhere is what every version has and prose seldom. */
const VERSION = /^(?=.*\d)(?:\d+:)?[0-9A-Za-z][A-Za-z0-9.+~:-]*$/;

export function readPackageList(text: string): PackageListReading {
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (clean.trim() === '') return { ok: false, problem: 'the list is empty; paste the output of: dpkg-query -W' };
  const lines = clean.split('\n');
  const list = /^Package: /m.test(clean) && /^Status: /m.test(clean) ? readStatusFile(clean) : readLines(lines);
  if (list.packages.length > 0) return { ok: true, list: withoutRepeats(list) };
  return {
    ok: false,
    problem: `no line is a package and its version (${list.warnings[0] ?? 'nothing was read'}); paste the output of dpkg-query -W, of dpkg -l, or /var/lib/dpkg/status`,
  };
}

type Row = PackageRecord | 'absent' | null;
type LineForm = { readonly form: PackageList['form']; readonly hasSource: boolean; read(line: string): Row };

function readLines(lines: readonly string[]): PackageList {
  const first = lines.findIndex(line => line.trim() !== '');
  const header = headerForm(lines[first]!);
  const form = header ?? lineForm(lines);
  const packages: PackageRecord[] = [];
  const unread: number[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || (header && index === first)) continue;
    const row = form.read(line);
    if (row === null) unread.push(index + 1);
    else if (row !== 'absent') packages.push(row);
  }
  return {
    form: form.form,
    packages,
    sourceUnknown: !form.hasSource,
    warnings: unread.length === 0 ? [] : [unreadWarning(unread, form.form)],
  };
}

/** The five lines over the table of `dpkg -l` are unread by design and not worth a warning. */
function unreadWarning(unread: readonly number[], form: PackageList['form']): string {
  const what =
    unread.length === 1 ? `line ${unread[0]} was not read` : `${unread.length} lines were not read, the first is line ${unread[0]}`;
  return `${what}: it is no package and version${form === 'dpkg-l' ? ' in the form of dpkg -l' : ''}`;
}

function lineForm(lines: readonly string[]): LineForm {
  if (lines.some(line => /^\+\+\+-=+/.test(line) || /^[uirph][ncHUFWti][ R] {1,2}\S+ +\S+ +\S+ /.test(line))) return DPKG_L;
  if (lines.some(line => APT_LINE.test(line))) return APT_LIST;
  if (lines.some(line => line.split('\t').length === 8)) return COLUMNS;
  const rows = lines.filter(line => line.trim() !== '');
  return rows.filter(line => sourcedFields(line) !== null).length * 2 > rows.length ? SOURCED : NAME_VERSION;
}

/**
 * dpkg's architectures (dpkg-architecture -L) as a field of their own, where a source package might stand. Systems other than Linux are named: of anything
 * with a hyphen, linux-signed-amd64 would be one, and that is the source package of every Debian kernel.
 */
const ARCH =
  /^(?:(?:kfreebsd|knetbsd|hurd|freebsd|netbsd|openbsd|dragonflybsd|darwin|solaris|(?:musl|uclibc)-linux|uclinux)-)?(?:all|any|alpha|amd64|arm(?:64|el|hf)?|hppa|i386|ia64|loong64|m68k|mips\w*|powerpc\w*|ppc64(?:el)?|riscv64|s390x?|sh4|sparc(?:64)?|x32)$/;

/** Package, version, source package and its version without a header: the four fields that matching wants, in the order in which people name them. The architecture may stand before or after the last two. */
function sourcedFields(line: string): readonly (string | undefined)[] | null {
  const [name, version = '', ...rest] = line.trim().split(/[\t ]+/);
  const arch = ARCH.test(rest[0] ?? '') && rest.length > 2 ? rest.shift() : rest[2];
  const [sourceName = '', sourceVersion = ''] = rest;
  const isSourced = VERSION.test(version) && NAME.test(sourceName) && !ARCH.test(sourceName) && VERSION.test(sourceVersion);
  return isSourced ? [name, version, sourceName, sourceVersion, arch !== undefined && ARCH.test(arch) ? arch : undefined] : null;
}

const SOURCED: LineForm = {
  form: 'columns',
  hasSource: true,
  read(line) {
    const fields = sourcedFields(line);
    if (fields === null) return NAME_VERSION.read(line);
    const [name, version, sourceName, sourceVersion, arch] = fields;
    return record({ name, version, sourceName, sourceVersion, arch });
  },
};

const NAME_VERSION: LineForm = {
  form: 'name-version',
  hasSource: false,
  read(line) {
    const [name, version, arch, ...rest] = line.trim().split(/[\t ]+/);
    // The default form lists removed packages too, with an empty version.
    if (version === undefined) return name !== undefined && line.endsWith('\t') ? 'absent' : null;
    return rest.length > 4 ? null : record({ name, version, arch });
  },
};

const COLUMNS: LineForm = {
  form: 'columns',
  hasSource: true,
  read(line) {
    const [name, version, arch, want, , state, sourceName, sourceVersion] = line.split('\t');
    return record({ name, version, arch, state, sourceName, sourceVersion, held: want === 'hold' });
  },
};

const DPKG_L: LineForm = {
  form: 'dpkg-l',
  hasSource: false,
  read(line) {
    if (/^(?:Desired=|\| |\|\/ |\|{1,2}|\+\+\+-)/.test(line)) return 'absent';
    const match = /^([uirph])([ncHUFWti])[ R]? +(\S+) +(\S+) +(\S+)/.exec(line);
    if (!match) return null;
    const [, want, letter, name, version, arch] = match;
    const state = STATE_LETTERS[letter!]!;
    return state === 'not-installed' ? 'absent' : record({ name, version, arch, state, held: want === 'h' });
  },
};

/** `openssl/stable,now 3.0.9-1 amd64 [installed,automatic]`, `... 3.0.22-1 amd64 [upgradable from: 3.0.9-1]`; without brackets it is not installed. */
const APT_LINE = /^([a-z0-9][a-z0-9+.-]+)\/\S+ (\S+) (\S+)(?: \[(.*)\])?$/;

const APT_LIST: LineForm = {
  form: 'apt-list',
  hasSource: false,
  read(line) {
    if (/^(?:Listing\.\.\.|WARNING: apt )/.test(line)) return 'absent';
    const [, name, version, arch, told = ''] = APT_LINE.exec(line) ?? [];
    if (name === undefined) return null;
    const older = /upgradable from: (\S+)$/.exec(told)?.[1];
    return older === undefined && !/\binstalled\b/.test(told) ? 'absent' : record({ name, version: older ?? version, arch });
  },
};

/** Field names of dpkg-query(1), and what people call them. */
const FIELDS: Readonly<Record<string, keyof Fields>> = {
  package: 'name',
  name: 'name',
  'binary:package': 'name',
  version: 'version',
  architecture: 'arch',
  arch: 'arch',
  'source:package': 'sourceName',
  source: 'sourceName',
  'source:version': 'sourceVersion',
  source_version: 'sourceVersion',
  sourceversion: 'sourceVersion',
  'db:status-status': 'state',
  status: 'state',
  state: 'state',
  'db:status-want': 'want',
  want: 'want',
  origin: 'origin',
};

function headerForm(line: string): LineForm | null {
  const columns = line.split('\t').map(columnOf);
  if (!columns.includes('name') || !columns.includes('version')) return null;
  return {
    form: 'table',
    hasSource: columns.includes('sourceName'),
    read(row) {
      const fields: Fields = {};
      for (const [index, cell] of row.split('\t').entries()) {
        const column = columns[index];
        if (column) fields[column] = cell.trim();
      }
      if (fields.version === '') return 'absent';
      return record({ ...fields, held: fields.want === 'hold' });
    },
  };
}

function columnOf(title: string): keyof Fields | undefined {
  const name = title.trim().toLowerCase().replace(/[${}]/g, '');
  return Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
}

interface Fields {
  name?: string | undefined;
  version?: string | undefined;
  arch?: string | undefined;
  state?: string | undefined;
  want?: string | undefined;
  sourceName?: string | undefined;
  sourceVersion?: string | undefined;
  origin?: string | undefined;
}

function record(fields: Fields & { held?: boolean }): Row {
  const [name, suffix] = (fields.name ?? '').split(':');
  const version = fields.version ?? '';
  const state = fields.state?.split(' ').at(-1) || 'installed';
  if (state === 'not-installed') return 'absent';
  if (!name || !NAME.test(name) || !VERSION.test(version) || !STATES.has(state)) return null;
  // The source field of the status file is `name (version)`.
  const source = /^(\S+)(?: \((\S+)\))?$/.exec(fields.sourceName ?? '');
  const origin = fields.origin && !isDistributionName(fields.origin) ? fields.origin.slice(0, 60) : '';
  return {
    name,
    arch: fields.arch || suffix || 'unknown',
    version,
    sourceName: source?.[1] ?? name,
    sourceVersion: fields.sourceVersion || source?.[2] || version,
    state: state as PackageState,
    held: fields.held ?? false,
    ...(origin === '' ? {} : { origin }),
  };
}

function withoutRepeats(list: PackageList): PackageList {
  const byKey = new Map(list.packages.map(row => [`${row.name}\t${row.arch}`, row]));
  if (byKey.size === list.packages.length) return list;
  const repeated = list.packages.length - byKey.size;
  return {
    ...list,
    packages: [...byKey.values()],
    warnings: [...list.warnings, `${counted(repeated, 'package is', 'packages are')} listed more than once; the last line of each counts`],
  };
}
