import type { PackageList } from './package-list.ts';
import { PACKAGE_STATES } from './package-row.ts';
import type { PackageRecord, PackageState } from './snapshot.ts';

const STATES: ReadonlySet<string> = new Set(PACKAGE_STATES);

/** /var/lib/dpkg/status: paragraphs of `Field: value`, continued by lines that begin with a blank (deb-control(5)). */
export function readStatusFile(text: string): PackageList {
  const packages: PackageRecord[] = [];
  let unread = 0;
  for (const paragraph of text.split(/\n{2,}/)) {
    if (paragraph.trim() === '') continue;
    const row = packageOf(paragraph);
    if (row === null) unread++;
    else if (row !== 'absent') packages.push(row);
  }
  const warnings =
    unread === 0 ? [] : [`${unread} paragraphs of the status file have no package, version or known status; was the file cut off?`];
  return { form: 'status-file', packages, sourceUnknown: false, warnings };
}

function packageOf(paragraph: string): PackageRecord | 'absent' | null {
  const name = field(paragraph, 'Package');
  const [want, , state] = (field(paragraph, 'Status') ?? '').split(' ');
  if (name && state === 'not-installed') return 'absent';
  const version = field(paragraph, 'Version');
  if (!name || !version || !STATES.has(state ?? '')) return null;
  const source = /^(\S+)(?: \((\S+)\))?$/.exec(field(paragraph, 'Source') ?? '');
  return {
    name,
    arch: field(paragraph, 'Architecture') ?? 'unknown',
    version,
    sourceName: source?.[1] ?? name,
    sourceVersion: source?.[2] ?? version,
    state: state as PackageState,
    held: want === 'hold',
  };
}

function field(paragraph: string, name: string): string | undefined {
  const start = paragraph.startsWith(`${name}: `) ? 0 : paragraph.indexOf(`\n${name}: `) + 1;
  if (start === 0 && !paragraph.startsWith(`${name}: `)) return undefined;
  const end = paragraph.indexOf('\n', start);
  return paragraph.slice(start + name.length + 2, end < 0 ? undefined : end).trim();
}
