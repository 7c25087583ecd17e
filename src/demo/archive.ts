import { addMs, DAY_MS, epochMs, type Instant } from '../core/kernel/instants.ts';
import { Random } from '../sim/random.ts';
import { ARCHIVE_TABLE, QUIET_TABLE } from './archive-table.ts';
import { type Flaw, FlawNumbers, flawsOf } from './flaws.ts';

export const RELEASES = ['11', '12', '13'] as const;
export type Release = (typeof RELEASES)[number];
export const CODENAMES: Readonly<Record<Release, string>> = { '11': 'bullseye', '12': 'bookworm', '13': 'trixie' };

export interface Binary {
  readonly name: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
}

/** One published version of a source package in one release. */
export interface Publication {
  /** Position in the line of versions; 0 is what the release began with. */
  readonly level: number;
  readonly at: Instant;
  readonly security: boolean;
  readonly advisoryId: string | null;
  readonly sourceVersion: string;
  readonly binaries: readonly Binary[];
  readonly flaws: readonly Flaw[];
}

export interface SourceLine {
  readonly source: string;
  readonly roles: readonly string[];
  readonly units: readonly string[];
  /** Oldest first. */
  readonly publications: readonly Publication[];
}

/** A kernel comes as a package of its own beside the metapackage; old ones stay until they are removed. */
export interface Kernel {
  readonly release: string;
  readonly packageName: string;
}

const MONTHS = 20;
const PATCH_HOUR_MS = 15 * 3_600_000;

/** What the made-up archive of each release published in the months before `now`; the same seed and day give the same archive. */
export function makeArchive(now: Instant, seed: number): ReadonlyMap<Release, readonly SourceLine[]> {
  const random = new Random(seed);
  const rows = ARCHIVE_TABLE.trim().split('\n');
  const lines = new Map<Release, SourceLine[]>(RELEASES.map(release => [release, []]));
  const numbers = new FlawNumbers();
  let advisory = 0;
  for (const [rowAt, row] of rows.entries()) {
    const [source = '', roles = '', perYear = '1', v11 = '', v12 = '', v13 = '', binaries = '', units = ''] = row.split('|');
    const days = publicationDays(Number(perYear), random.fork(rowAt));
    const flaws = days.map((day, at) => flawsOf(source, dayOf(now, day), random.fork(rowAt * 100 + at), numbers));
    const ids = days.map(() => (Number(perYear) === 0 ? null : `DSA-${6000 + advisory++}-1`));
    for (const [index, release] of RELEASES.entries()) {
      const version = [v11, v12, v13][index]!;
      const publication = (level: number): Publication => {
        const sourceVersion = filled(version, level);
        const day = level === 0 ? MONTHS * 31 : days[level - 1]!;
        return {
          level,
          at: dayOf(now, day),
          security: level > 0 && Number(perYear) > 0,
          advisoryId: level === 0 ? null : ids[level - 1]!,
          sourceVersion: advisoryVersion(source, sourceVersion),
          binaries: namesOf(binaries, index).map(name => ({
            name,
            version: binaryVersion(source, sourceVersion),
            sourceName: source,
            sourceVersion,
          })),
          flaws: level === 0 ? [] : flaws[level - 1]!,
        };
      };
      lines.get(release)!.push({
        source,
        roles: roles.split(' '),
        units: namesOf(units, index).map(
          unit => `${unit === 'postgresql' ? `postgresql@${['13', '15', '17'][index]}-main` : unit}.service`,
        ),
        publications: [0, ...days.map((_, at) => at + 1)].map(publication),
      });
    }
  }
  return lines;
}

/** What does not change: one version in each release. */
export function quietPackages(release: Release): Binary[] {
  const index = RELEASES.indexOf(release);
  return QUIET_TABLE.trim()
    .split('\n')
    .map(row => {
      const [name = '', ...versions] = row.split(' ');
      const version = versions[index]!;
      return { name, version, sourceName: name, sourceVersion: version };
    });
}

/** `6.1.0-41-amd64` for the kernel of a publication. */
export function kernelOf(release: Release, level: number): Kernel {
  const name = { '11': `5.10.0-${28 + level}`, '12': `6.1.0-${32 + level}`, '13': `6.12.${40 + 2 * level}+deb13` }[release];
  return { release: `${name}-amd64`, packageName: `linux-image-${name}-amd64` };
}

export function newestAt(line: SourceLine, at: Instant): Publication {
  return line.publications.findLast(one => one.at <= at) ?? line.publications[0]!;
}

/** Days before now, oldest first; what is fixed every few months by chance, never twice in a week. */
function publicationDays(perYear: number, random: Random): number[] {
  const count = Math.max(1, Math.round((perYear * MONTHS) / 12));
  const span = MONTHS * 30;
  return Array.from({ length: count }, (_, at) => Math.max(2, Math.round(span - (span / count) * (at + 0.15 + random.next() * 0.8))));
}

function dayOf(now: Instant, daysAgo: number): Instant {
  const midnight = Math.floor(epochMs(now) / DAY_MS) * DAY_MS;
  return addMs(now, midnight - epochMs(now) - daysAgo * DAY_MS + PATCH_HOUR_MS);
}

function filled(template: string, level: number): string {
  return template
    .replace(/\{(\d+)\+(\d*)#\}/, (_, from: string, step: string) => String(Number(from) + (Number(step) || 1) * level))
    .replaceAll('{#}', String(level))
    .replaceAll('#', String(level + 1));
}

/** The kernel's advisories name `linux` 6.1.140-1, its signed packages come from 6.1.140+1 (core/advisories/kernel-names.ts). */
function advisoryVersion(source: string, version: string): string {
  return source === 'linux-signed-amd64' ? version.replace('+1', '-1') : version;
}
const binaryVersion = advisoryVersion;

/** `libssl{1.1,3,3t64}`: the name in the release at `index`. */
function namesOf(text: string, index: number): string[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map(name => name.replaceAll(/\{([^}]*)\}/g, (_, choices: string) => choices.split(',')[index] ?? ''));
}
