import { isDistributionName } from '../../../core/inventory/package-origin.ts';
import type { SchemeId } from '../../../core/versions/scheme.ts';
import { type ListedPackage, listedPackage, missingEpochs, type PackageListImporter, type PackageListing, unreadLines } from '../spec.ts';

/** Tab-separated columns under a header, in any order; columns that are not known are ignored. Works for every package manager. */
export const packageTable: PackageListImporter = {
  id: 'package-table',
  title: 'tab-separated table with a header',
  madeBy: 'columns package and version, and if known source, source_version, arch, epoch, release, origin, module',
  recognise: text => {
    const columns = columnsOf(firstLine(text));
    return columns.has('name') && columns.has('version');
  },
  read,
};

type Column = 'name' | 'version' | 'sourceName' | 'sourceVersion' | 'arch' | 'epoch' | 'release' | 'origin' | 'module' | 'status';

const COLUMN_NAMES: Readonly<Record<string, Column>> = {
  package: 'name',
  name: 'name',
  'binary:package': 'name',
  package_name: 'name',
  version: 'version',
  package_version: 'version',
  source: 'sourceName',
  source_name: 'sourceName',
  source_package: 'sourceName',
  'source:package': 'sourceName',
  sourcepackage: 'sourceName',
  source_version: 'sourceVersion',
  sourceversion: 'sourceVersion',
  'source:version': 'sourceVersion',
  arch: 'arch',
  architecture: 'arch',
  epoch: 'epoch',
  epochnum: 'epoch',
  release: 'release',
  origin: 'origin',
  vendor: 'origin',
  module: 'module',
  modularitylabel: 'module',
  modularity_label: 'module',
  status: 'status',
  state: 'status',
  'db:status-status': 'status',
};

function read(text: string, scheme: SchemeId | null): PackageListing {
  const header = firstLine(text);
  const columns = columnsOf(header);
  // The same line twice (a package of two architectures, listed without them) is the same object, and one package.
  const packages = new Set<ListedPackage>();
  const unread: number[] = [];
  let number = 0;
  let headerSeen = false;
  for (let start = 0; start < text.length; ) {
    const end = lineEnd(text, start);
    const line = text.slice(start, text.charCodeAt(end - 1) === 13 ? end - 1 : end);
    start = end + 1;
    number++;
    if (line === '' || line.startsWith('#')) continue;
    if (!headerSeen) {
      headerSeen = true;
      continue;
    }
    const row = rowOf(line, header, columns, scheme);
    if (row === null) unread.push(number);
    else if (row !== 'absent') packages.add(row);
  }
  return {
    packages: [...packages],
    release: null,
    warnings: [...unreadLines(unread, 'it has no package name or no version'), ...missingEpochs(packages)],
  };
}

type Row = ListedPackage | 'absent' | null;

/** Fleets repeat their lines: a package version of a thousand hosts is read once. Bounded, and void for another header or package manager. */
const remembered = { header: '', scheme: null as SchemeId | null, rows: new Map<string, Row>() };
const MAX_REMEMBERED_ROWS = 500_000;

function rowOf(line: string, header: string, columns: ReadonlyMap<Column, number>, scheme: SchemeId | null): Row {
  if (remembered.header !== header || remembered.scheme !== scheme || remembered.rows.size > MAX_REMEMBERED_ROWS) {
    remembered.rows.clear();
    remembered.header = header;
    remembered.scheme = scheme;
  }
  let row = remembered.rows.get(line);
  if (row === undefined) remembered.rows.set(line, (row = readRow(cellsOf(line), columns, scheme)));
  return row;
}

/** Spreadsheets and database clients put quotation marks around cells. */
function cellsOf(line: string): readonly string[] {
  const cells = line.split('\t');
  return line.includes('"') ? cells.map(cell => cell.trim().replace(/^"(.*)"$/, '$1')) : cells;
}

function readRow(fields: readonly string[], columns: ReadonlyMap<Column, number>, scheme: SchemeId | null): Row {
  const field = (column: Column): string => (columns.has(column) ? (fields[columns.get(column)!] ?? '').trim() : '');
  if (ABSENT.has(field('status')) || ABSENT_LETTERS.test(field('status'))) return 'absent';
  const [name = '', suffix = ''] = scheme === 'deb' ? field('name').split(/:(?=[a-z0-9-]+$)/) : [field('name')];
  const ownVersion = field('version');
  if (name === '' || /\s/.test(name) || ownVersion === '') return null;
  // rpm prints (none) for a package that has no epoch, which is 0; an empty field says nothing.
  const epoch = field('epoch') === '(none)' ? '0' : field('epoch');
  const release =
    scheme === 'rpm' && field('release') !== '' && !ownVersion.includes('-') ? `${ownVersion}-${field('release')}` : ownVersion;
  const version = epoch === '' || !/^\d+$/.test(epoch) || release.includes(':') ? release : `${epoch}:${release}`;
  // dpkg writes `Source: name (version)` when the two differ (deb-control(5)).
  // apk calls the source package `origin` (apk-package(5)).
  const origin = scheme === 'apk' ? '' : field('origin');
  const source = /^(\S+)(?: \((\S+)\))?$/.exec(field('sourceName') || (scheme === 'apk' ? field('origin') : ''));
  return listedPackage(name, version, {
    arch: field('arch') || suffix,
    sourceName: source?.[1] ?? name,
    sourceVersion: field('sourceVersion') || source?.[2] || version,
    sourceKnown: source !== null,
    epochKnown: scheme !== 'rpm' || version.includes(':'),
    originTrusted: origin === '' || isDistributionName(origin),
    module: columns.has('module') ? moduleOf(field('module')) : null,
  });
}

/** The letters of `dpkg -l` for the same: rc, un, pn. */
const ABSENT_LETTERS = /^[uirph][nc] ?$/;

/** Words of dpkg for a package that is known but not in place. */
const ABSENT: ReadonlySet<string> = new Set([
  'config-files',
  'not-installed',
  'half-installed',
  'deinstall ok config-files',
  'unknown ok not-installed',
  'purge ok not-installed',
]);

/** `nodejs:20:9020020240...:rhel9` -> `nodejs:20`; `(none)` -> ''. */
export function moduleOf(label: string): string {
  if (label === '' || label === '(none)') return '';
  return label.split(':').slice(0, 2).join(':');
}

function columnsOf(header: string): ReadonlyMap<Column, number> {
  const columns = new Map<Column, number>();
  if (!header.includes('\t')) return columns;
  for (const [at, title] of header.split('\t').entries()) {
    const word = title
      .trim()
      .toLowerCase()
      .replace(/[${}"]/g, '')
      .replace(/[\s-]+/g, '_');
    const column = Object.hasOwn(COLUMN_NAMES, word) ? COLUMN_NAMES[word] : undefined;
    if (column !== undefined && !columns.has(column)) columns.set(column, at);
  }
  return columns;
}

/** The first line that is neither empty nor a comment, without its line end. */
function firstLine(text: string): string {
  for (let start = 0; start < text.length; ) {
    const end = lineEnd(text, start);
    const line = text.slice(start, end).replace(/\r$/, '');
    if (line !== '' && !line.startsWith('#')) return line;
    start = end + 1;
  }
  return '';
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}
