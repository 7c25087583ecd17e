import type { EnabledSuite } from '../../../core/inventory/snapshot.ts';
import { toInstant } from '../../../core/kernel/instants.ts';

/** One record of `apt-get indextargets` for a Packages file: an archive, suite and component that apt reads. */
export interface IndexTarget {
  readonly site: string;
  /** The word of sources.list, as `apt-cache policy` prints it: `bookworm-security`. */
  readonly release: string;
  readonly suite: string;
  readonly codename: string;
  readonly label: string;
  readonly origin: string;
  readonly version: string;
  readonly component: string;
  readonly architecture: string;
  /** The list file, from which the name of the InRelease file follows. */
  readonly file: string;
}

export function indexTargetsArgv(options: readonly string[] = []): string[] {
  return ['apt-get', 'indextargets', ...options, 'Created-By: Packages'];
}

export function parseIndexTargets(text: string): IndexTarget[] {
  return text.split(/\n{2,}/).flatMap(record => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
    if (field('Created-By') !== 'Packages') return [];
    return [
      {
        site: field('Site'),
        release: field('Release'),
        suite: field('Suite'),
        codename: field('Codename'),
        label: field('Label'),
        origin: field('Origin'),
        version: field('Version'),
        component: field('Component'),
        architecture: field('Architecture'),
        file: field('Filename'),
      },
    ];
  });
}

/**
 * Security archives by label (`Debian-Security`) or codename (`bookworm-security`), or by the suite where an archive keeps one codename and
 * label for all its pockets (Ubuntu's `jammy-security`). Debian's own suite name is no help by itself: it is renamed at every release.
 */
export function isSecurityArchive(target: Pick<IndexTarget, 'label' | 'codename' | 'suite'>): boolean {
  return /security/i.test(target.label) || /-security$/.test(target.codename) || /-security$/.test(target.suite);
}

/** As `apt-get -s` prints it: `Debian-Security:12/oldstable-security`, or without a version `FleetLab:lab`. */
export function originText(target: Pick<IndexTarget, 'label' | 'version' | 'suite'>): string {
  return `${target.label}:${target.version === '' ? '' : `${target.version}/`}${target.suite}`;
}

/** `.../HOST_dists_bookworm_main_binary-amd64_Packages` -> `.../HOST_dists_bookworm_InRelease`; flat archives and absent files give null. */
export function inReleaseFile(target: IndexTarget): string | null {
  const end = target.file.indexOf(`_${target.component.replaceAll('/', '_')}_binary-`);
  return end < 0 ? null : `${target.file.slice(0, end)}_InRelease`;
}

/** `grep -H '^Date:' FILES` -> file name -> instant. */
export function parseReleaseDates(text: string): Map<string, string> {
  const dates = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(.*?_(?:In)?Release):Date: (.*)$/.exec(line);
    const at = match ? Date.parse(match[2]!) : Number.NaN;
    if (match && !Number.isNaN(at)) dates.set(match[1]!, toInstant(at));
  }
  return dates;
}

/** One row for each suite and component, whatever the number of architectures. */
export function enabledSuites(targets: readonly IndexTarget[], dates: ReadonlyMap<string, string>): EnabledSuite[] {
  const suites = new Map<string, EnabledSuite>();
  for (const target of targets) {
    const file = inReleaseFile(target);
    const publishedAt = (file && (dates.get(file) ?? dates.get(file.replace(/_InRelease$/, '_Release')))) ?? null;
    suites.set(`${target.site} ${target.release} ${target.component}`, {
      site: target.site,
      suite: target.suite,
      codename: target.codename,
      label: target.label,
      origin: target.origin,
      component: target.component,
      publishedAt,
    });
  }
  return [...suites.values()];
}
