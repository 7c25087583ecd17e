import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { FeedRequest, LoadedFeed, LoadedFeeds } from '../cli/local/scan-ports.ts';
import { ClaimIndexBuilder } from '../core/advisories/claim-index.ts';
import { type FeedFile, findFeedFiles, readFeedFile } from './feed-files.ts';

/** Where feeds are when nobody names them. Empty: none was found. */
export function defaultFeedLocations(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (env.FETTLE_FEEDS) return env.FETTLE_FEEDS.split(path.delimiter).filter(Boolean);
  const folders = [
    env.FETTLE_DATA ? path.join(env.FETTLE_DATA, 'feeds') : null,
    path.join(env.XDG_DATA_HOME ?? path.join(homedir(), '.local/share'), 'fettle/feeds'),
    '/var/lib/fettle/feeds',
  ];
  const found = folders.find(folder => folder !== null && existsSync(folder));
  return found == null ? [] : [found];
}

const QUARANTINE_SAMPLE = 5;

/** Reads what a scan needs and no more: files of other releases and enrichment other than KEV stay closed. Throws Fault `feed-not-found` for a path that is not there. */
export async function loadFeeds(request: FeedRequest): Promise<LoadedFeeds> {
  const builder = new ClaimIndexBuilder();
  const covered = new Set<string>();
  const knownExploited = new Set<string>();
  const feeds: LoadedFeed[] = [];
  const quarantineSample: string[] = [];
  const problems: string[] = [];
  let hasKnownExploited = false;
  for (const location of request.locations) {
    const found = findFeedFiles(location);
    // A file that was named and is no feed is a mistake; in a folder it is company.
    for (const { path: damagedPath, reason } of found.skipped.filter(one => one.damaged)) problems.push(`${damagedPath}: ${reason}`);
    if (found.files.length === 0 && problems.length === 0)
      problems.push(
        found.skipped.length === 1
          ? `${found.skipped[0]!.path}: ${found.skipped[0]!.reason}`
          : `${location} holds no feed in a format that Fettle knows`,
      );
    for (const file of found.files.filter(one => isWanted(one, request.releases)))
      for await (const event of readFeedFile(file, { today: request.today, releases: request.releases, packages: request.packages })) {
        if (event.kind === 'failed') problems.push(`${file.path}: ${event.fault.message}. ${event.fault.advice}`);
        else if (event.kind === 'finished') {
          for (const release of event.covers) covered.add(release);
          if (file.source.id === 'kev') hasKnownExploited = true;
          const { records, quarantined, dataDate } = event;
          feeds.push({ path: file.path, id: file.source.id, title: file.source.title, records, quarantined, dataDate });
        } else if (event.kind === 'items')
          for (const item of event.items) {
            if (item.kind === 'claim') builder.add(item.claim);
            else if (item.kind === 'enrichment' && item.enrichment.kev !== null) knownExploited.add(item.enrichment.vulnerabilityId);
            else if (item.kind === 'quarantined' && quarantineSample.length < QUARANTINE_SAMPLE)
              quarantineSample.push(`${path.basename(file.path)}, ${item.record}: ${item.reason}`);
          }
      }
  }
  const index = builder.build();
  for (const release of index.countByRelease.keys()) covered.add(release);
  return { index, covered, knownExploited, hasKnownExploited, feeds, quarantineSample, problems };
}

function isWanted(file: FeedFile, wanted: ReadonlySet<string>): boolean {
  if (file.source.provides !== 'claims') return file.source.id === 'kev';
  const { distributions } = file.source;
  if (distributions !== undefined && ![...wanted].some(release => distributions.includes(release.split(':', 1)[0]!))) return false;
  const releases = file.source.releases?.(file.head) ?? null;
  return releases === null || releases.some(release => wanted.has(release));
}
