import path from 'node:path';
import { DAY_MS } from '../../core/kernel/instants.ts';
import type { FeedFile } from './feed-files.ts';

/** How a source's feed is kept. What stands in the source itself (title, licence, URL) is not repeated here. */
export interface FeedRule {
  /** Whether it is fetched without anybody having said so. */
  readonly enabledAtFirst: boolean;
  /** From this age of its data on the feed is stale: a red banner, never "0 vulnerabilities". */
  readonly staleAfterMs: number;
  /** Which part of the feed a file is: a file replaces its own part only. `location`: its URL, where it has one. */
  readonly partOf: (file: FeedFile, location: string) => string;
  /** True for a file that has only what changed of late: it replaces what it speaks of, and what it does not name any more stays. */
  readonly isWindow?: (file: FeedFile) => boolean;
}

const WHOLE = () => '';
const BY_RELEASE = (file: FeedFile) => file.source.releases?.(file.head)?.join(' ') ?? '';
/** `debian12-fixed.jsonl.gz` -> `debian12-fixed`; the date in a name is no part of it, so that next month's file replaces this month's. */
const BY_NAME = (file: FeedFile) =>
  path
    .basename(file.head.fileName)
    .replace(/(?:\.(?:jsonl?|tsv|csv|xml|gz|zst|bz2|zlib|tar|zip|txt))+$/i, '')
    .replace(/[-_.]?\d{4}-\d{2}(?:-\d{2})?$/, '');

/**
 * `8f3ae2...-updateinfo.xml.gz` of a repository: the hash changes with every edition, and what stays says nothing, so the release of the first build stands
 * beside it, and the repository's URL where there is one. Files that somebody hands over are told apart by the names that they are given.
 */
const BY_REPOSITORY = (file: FeedFile, location: string) => {
  const repository = /^https?:\/\/[^/]+\/(.+?)\/(?:repodata\/repomd\.xml|mirror\.list)$/.exec(location)?.[1];
  const name =
    repository ??
    BY_NAME(file)
      .replace(/^[0-9a-f]{32,128}-/, '')
      .replace(/\.xml$/i, '');
  const release = /\.(?:module\+)?((?:el|fc|amzn)\d+)/.exec(file.head.text)?.[1] ?? '';
  return [release, name].filter(Boolean).join(' ');
};

const BY_OSV_NAME = (file: FeedFile) => (/^all(?:\.zip)?$/i.test(file.head.fileName) ? '' : BY_NAME(file));

/** DSA and DLA stand in two files that are both called `list`. */
const BY_NOTICE_AND_NAME = (file: FeedFile) => [/D[SLT]A(?=-\d)/.exec(file.head.text)?.[0] ?? '', BY_NAME(file)].filter(Boolean).join(' ');

/** Publishers that name each release's file alike (`main.json`). */
const BY_RELEASE_AND_NAME = (file: FeedFile) => [BY_RELEASE(file), BY_NAME(file)].filter(Boolean).join(' ');

const FEED_RULES: Readonly<Record<string, FeedRule>> = {
  'debian-tracker': { enabledAtFirst: true, staleAfterMs: 3 * DAY_MS, partOf: WHOLE },
  // The same statements as debian-tracker, release by release: for sites that already mirror it.
  debsecan: { enabledAtFirst: false, staleAfterMs: 3 * DAY_MS, partOf: BY_RELEASE },
  'debian-changelogs': { enabledAtFirst: false, staleAfterMs: 30 * DAY_MS, partOf: BY_NAME },
  'debian-open': { enabledAtFirst: false, staleAfterMs: 30 * DAY_MS, partOf: BY_NAME },
  'debian-notices': { enabledAtFirst: false, staleAfterMs: 30 * DAY_MS, partOf: BY_NOTICE_AND_NAME },
  kev: { enabledAtFirst: true, staleAfterMs: 7 * DAY_MS, partOf: WHOLE },
  epss: { enabledAtFirst: true, staleAfterMs: 7 * DAY_MS, partOf: WHOLE },
  // Half a gigabyte of small files: worth it only where somebody decides so.
  vulnrichment: { enabledAtFirst: false, staleAfterMs: 30 * DAY_MS, partOf: WHOLE },
  // Fetched only where somebody decides so: a fleet of Debian hosts has no use for them.
  ubuntu: { enabledAtFirst: false, staleAfterMs: 3 * DAY_MS, partOf: file => BY_OSV_NAME(file) },
  'almalinux-errata': { enabledAtFirst: false, staleAfterMs: 14 * DAY_MS, partOf: WHOLE },
  'redhat-csaf': { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: BY_NAME },
  'suse-csaf': { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: BY_NAME },
  'alpine-secdb': { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: BY_RELEASE_AND_NAME },
  'redhat-oval': { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: BY_NAME },
  'amazon-updateinfo': { enabledAtFirst: false, staleAfterMs: 14 * DAY_MS, partOf: BY_REPOSITORY },
  'rocky-updateinfo': { enabledAtFirst: false, staleAfterMs: 14 * DAY_MS, partOf: BY_REPOSITORY },
  updateinfo: { enabledAtFirst: false, staleAfterMs: 14 * DAY_MS, partOf: BY_REPOSITORY },
  arch: { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: WHOLE },
  osv: { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: BY_NAME },
  // A page of the API.
  github: { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: WHOLE, isWindow: () => true },
  // Beside its yearly files the NVD has those of the last eight days.
  nvd: { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: BY_NAME, isWindow: file => /recent|modified/.test(BY_NAME(file)) },
  // Documents about single products: each stands until its own successor comes.
  csaf: { enabledAtFirst: false, staleAfterMs: 365 * DAY_MS, partOf: BY_NAME },
  openvex: { enabledAtFirst: false, staleAfterMs: 365 * DAY_MS, partOf: BY_NAME },
  'cyclonedx-vex': { enabledAtFirst: false, staleAfterMs: 365 * DAY_MS, partOf: BY_NAME },
  endoflife: { enabledAtFirst: false, staleAfterMs: 180 * DAY_MS, partOf: WHOLE },
};

/** A source without a rule is a new member: kept whole, fetched only when a person says so. */
const OTHER: FeedRule = { enabledAtFirst: false, staleAfterMs: 30 * DAY_MS, partOf: BY_NAME };

/** An archive of one ecosystem: its name (`all.zip`) says nothing, and there is only one. */
const OSV_ARCHIVE: FeedRule = { enabledAtFirst: false, staleAfterMs: 7 * DAY_MS, partOf: BY_OSV_NAME };

export function feedRule(sourceId: string): FeedRule {
  return FEED_RULES[sourceId] ?? (sourceId.startsWith('osv-') ? OSV_ARCHIVE : OTHER);
}
