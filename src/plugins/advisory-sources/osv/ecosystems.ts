import type { AdvisorySource, FeedHead } from '../spec.ts';
import { HEAD_BYTES } from '../text-reader.ts';
import { isOsv, modifiedIdsOf, osvConcerns, osvReader } from './index.ts';

/**
 * OSV.dev's archives, one for each ecosystem, so that a site fetches those that it runs. A record may speak of several ecosystems (one flaw in a
 * library that is packaged twice): each source hands out what is its own, and the same claim never comes twice.
 */
interface Ecosystem {
  readonly id: string;
  /** Name of the archive's folder, and what its records' `ecosystem` begins with. */
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  /** Ids of releases: `PyPI` itself, or `rocky` of `rocky:9`. */
  readonly releases: readonly string[];
}

const ECOSYSTEMS: readonly Ecosystem[] = [
  { id: 'osv-pypi', name: 'PyPI', title: 'Python packages (OSV)', licence: 'CC-BY-4.0', releases: ['PyPI'] },
  { id: 'osv-npm', name: 'npm', title: 'npm packages (OSV)', licence: 'CC-BY-4.0', releases: ['npm'] },
  { id: 'osv-go', name: 'Go', title: 'Go modules (OSV)', licence: 'CC-BY-4.0', releases: ['Go'] },
  { id: 'osv-maven', name: 'Maven', title: 'Maven packages (OSV)', licence: 'CC-BY-4.0', releases: ['Maven'] },
  { id: 'osv-nuget', name: 'NuGet', title: 'NuGet packages (OSV)', licence: 'CC-BY-4.0', releases: ['NuGet'] },
  { id: 'osv-rubygems', name: 'RubyGems', title: 'Ruby gems (OSV)', licence: 'CC-BY-4.0', releases: ['RubyGems'] },
  { id: 'osv-packagist', name: 'Packagist', title: 'PHP packages (OSV)', licence: 'CC-BY-4.0', releases: ['Packagist'] },
  { id: 'osv-crates', name: 'crates.io', title: 'Rust crates (OSV)', licence: 'CC0-1.0', releases: ['crates.io'] },
  { id: 'osv-rocky', name: 'Rocky Linux', title: 'Rocky Linux errata (OSV)', licence: 'BSD-3-Clause', releases: ['rocky'] },
  { id: 'osv-suse', name: 'SUSE', title: 'SUSE Linux Enterprise errata (OSV)', licence: 'CC-BY-4.0', releases: ['sles'] },
  {
    id: 'osv-opensuse',
    name: 'openSUSE',
    title: 'openSUSE errata (OSV)',
    licence: 'CC-BY-4.0',
    releases: ['opensuse-leap', 'opensuse-tumbleweed'],
  },
  { id: 'osv-redhat', name: 'Red Hat', title: 'Red Hat errata (OSV)', licence: 'CC-BY-4.0', releases: ['rhel'] },
];

export const osvEcosystems: readonly AdvisorySource[] = ECOSYSTEMS.map(ecosystem => {
  const { id, name, title, licence, releases } = ecosystem;
  const isOwn = (release: string): boolean => releases.includes(release.split(':', 1)[0]!);
  return {
    id,
    title,
    licence,
    homepage: 'https://osv.dev/',
    defaultUrl: `https://osv-vulnerabilities.storage.googleapis.com/${encodeURIComponent(name)}/all.zip`,
    changesUrl: modifiedIdsOf,
    isArchiveWeekly: true as const,
    format: `OSV records of the ecosystem ${name}: a file or a zip of one record each, JSON lines, or an array`,
    provides: 'claims' as const,
    recognise: head => isOsv(head.text) && isOf(name, head),
    // Details may be longer than the head, and what is affected stands behind them.
    mayHold: head => {
      const named = ecosystemsIn(head);
      return isOsv(head.text) && (named.includes(name) || (named.length === 0 && head.text.length >= HEAD_BYTES));
    },
    concerns: osvConcerns,
    reader: context => osvReader(id, context, isOwn),
  };
});

/**
 * A head shows one record of an archive, or the first ones of a file of many. One record may name several ecosystems, its own first; a file whose
 * records are of several is nobody's own and stays with the general source. Ecosystems are compared up to the first colon (`Ubuntu:22.04:LTS`).
 */
function isOf(name: string, head: FeedHead): boolean {
  const named = ecosystemsIn(head);
  const records = head.text.match(/"affected"\s*:/g)?.length ?? 0;
  return named[0] === name && (records <= 1 || named.every(one => one === name));
}

function ecosystemsIn(head: FeedHead): readonly (string | undefined)[] {
  return Array.from(head.text.matchAll(/"ecosystem"\s*:\s*"([^":]+)/g), found => found[1]);
}
