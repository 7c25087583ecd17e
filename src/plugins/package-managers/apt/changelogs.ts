import { command, type Dialogue } from '../../../core/kernel/commands.ts';
import type { ChangelogText, ChangelogWanted, InstalledChangelogWanted } from '../spec.ts';
import { archiveFileName, FETCH_ONCE } from './archives.ts';

/** Archives larger than this are not fetched only to read their change log. */
const ARCHIVE_BYTES_MAX = 4_000_000;
/** For one collection; the rest is read by the next ones. */
const TOTAL_BYTES_MAX = 30_000_000;
const ARCHIVES_MAX = 80;
/** The newest entries stand first; 300 kB hold years of them. */
const TEXT_BYTES_MAX = 300_000;
/** A Debian 12 host has some 50 rebuilds among 800 packages; each is read once. */
const INSTALLED_MAX = 300;
const FOLDER = /^\/var\/tmp\/fettle-changelog-[A-Za-z0-9]{10}$/;

/** What is behind it in the host's queue waits so long at most; archives that were there by then are read, the others are fetched another time. */
const FETCH_SECONDS_MAX = 60;

interface Chosen {
  readonly wanted: ChangelogWanted;
  readonly name: string;
  readonly version: string;
}

/**
 * Debian's archives publish change logs on a site of their own that many hosts cannot reach, so they are read out of the offered package, which
 * every host with updates can fetch. As any user: nothing is installed, and the package database is not touched.
 */
export function* changelogs(wanted: readonly ChangelogWanted[], architectures: readonly string[]): Dialogue<ChangelogText[]> {
  const chosen = choose(wanted);
  if (chosen.length === 0) return [];
  const folder = (yield command(['mktemp', '-d', '/var/tmp/fettle-changelog-XXXXXXXXXX'])).stdout.trim();
  if (!FOLDER.test(folder)) return [];
  try {
    yield command(['env', '-C', folder, 'apt-get', '-q', ...FETCH_ONCE, 'download', ...chosen.map(c => `${c.name}=${c.version}`)], {
      timeoutSeconds: FETCH_SECONDS_MAX,
    });
    const texts: ChangelogText[] = [];
    for (const one of chosen) {
      const text = yield* readOne(folder, one, architectures);
      if (text !== null)
        texts.push({
          sourceName: one.wanted.sourceName,
          installedVersion: one.wanted.installedVersion,
          candidateVersion: one.wanted.candidateVersion,
          text,
        });
    }
    return texts;
  } finally {
    yield command(['rm', '-rf', '--', folder]);
  }
}

function choose(wanted: readonly ChangelogWanted[]): Chosen[] {
  const chosen: Chosen[] = [];
  let bytes = 0;
  for (const one of wanted) {
    const archive = one.archives[0];
    if (!archive || archive.sizeBytes > ARCHIVE_BYTES_MAX || bytes + archive.sizeBytes > TOTAL_BYTES_MAX || chosen.length >= ARCHIVES_MAX)
      continue;
    bytes += archive.sizeBytes;
    chosen.push({ wanted: one, name: archive.name, version: archive.version });
  }
  return chosen;
}

function* readOne(folder: string, one: Chosen, architectures: readonly string[]): Dialogue<string | null> {
  const out = `${folder}/x`;
  for (const arch of architectures) {
    const unpacked = yield command(['dpkg-deb', '-x', `${folder}/${archiveFileName(one.name, one.version, arch)}`, out], {
      timeoutSeconds: 120,
    });
    if (unpacked.code !== 0) continue;
    const found = (yield command(['find', `${out}/usr/share/doc`, '-maxdepth', '2', '-type', 'f', '-name', 'changelog*'])).stdout.split(
      '\n',
    );
    const text = yield* readText(changelogAmong(found));
    yield command(['rm', '-rf', '--', out]);
    return text;
  }
  return null;
}

const DOCUMENTS = '/usr/share/doc';

/** One look for all of them; a folder may be a link to another package's of the same source. */
export function* installedChangelogs(wanted: readonly InstalledChangelogWanted[]): Dialogue<ChangelogText[]> {
  const chosen = wanted.slice(0, INSTALLED_MAX);
  const folders = chosen.flatMap(one => one.packages.map(folderOf));
  if (folders.length === 0) return [];
  // A folder that is missing makes find end with 1; what it found of the others counts.
  const found = (yield command(['find', ...folders, '-maxdepth', '1', '-name', 'changelog*.gz'])).stdout.split('\n');
  const byFolder = Map.groupBy(found, path => path.slice(0, path.lastIndexOf('/') + 1));
  const texts: ChangelogText[] = [];
  for (const { sourceName, installedVersion, packages } of chosen) {
    const text = yield* readText(changelogAmong(packages.flatMap(name => byFolder.get(folderOf(name)) ?? [])));
    if (text !== null) texts.push({ sourceName, installedVersion, candidateVersion: null, text });
  }
  return texts;
}

function folderOf(packageName: string): string {
  return `${DOCUMENTS}/${packageName}/`;
}

/** Packages native to the distribution have one file; the others keep the upstream project's own log beside it. */
function changelogAmong(paths: readonly string[]): string | undefined {
  return paths.find(path => path.endsWith('/changelog.Debian.gz')) ?? paths.find(path => path.endsWith('/changelog.gz'));
}

function* readText(file: string | undefined): Dialogue<string | null> {
  if (file === undefined) return null;
  const read = yield command(['gzip', '-dc', '--', file], { outputBytesMax: TEXT_BYTES_MAX });
  return read.code === 0 || read.truncated ? read.stdout : null;
}
