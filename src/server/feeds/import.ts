import { statSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../../core/kernel/faults.ts';
import type { Context } from '../context.ts';
import { feedRule } from './catalog.ts';
import type { FeedFilesPort } from './feed-files.ts';
import { withFeedLease } from './lease.ts';
import { type LoadOrder, type LoadOutcome, loadFeedFile } from './load.ts';

export interface ImportReport {
  /** Feeds that a file was for, in whatever outcome. */
  readonly feedIds: readonly string[];
  /** Feeds whose content is another one now. */
  readonly changedIds: readonly string[];
  /** Files that did not become part of a feed, with the reason. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

/** Where the files are said to be from, and by whom. `location` null: each file's own path. */
export type ImportOrigin = Pick<LoadOrder, 'loadedBy' | 'etag' | 'lastModified'> & { readonly location: string | null };

/** Loads a file or every file of a folder, one after the other: each is all or nothing, and a bad one stops none of the others. */
export async function importFeedFiles(
  context: Context,
  files: FeedFilesPort,
  location: string,
  origin: ImportOrigin,
): Promise<ImportReport> {
  const found = files.find(location);
  const skipped = found.skipped.map(({ path: file, reason }) => ({ file: path.basename(file), reason }));
  const outcomes = new Map<string, LoadOutcome[]>();
  // Small ones first: KEV and a release's own claims are in force seconds after the start, whatever lies beside them.
  for (const file of found.files.toSorted((a, b) => a.sizeBytes - b.sizeBytes)) {
    const feedId = file.source.id;
    const order = { ...origin, feedId, part: feedRule(feedId).partOf(file), location: origin.location ?? file.path };
    const outcome = await withFeedLease(context, feedId, fence => loadFeedFile(context, files, file, { ...order, fence })).catch(
      (error: unknown): LoadOutcome => {
        if (error instanceof Fault) return { kind: 'failed', fault: error };
        throw error;
      },
    );
    if (outcome.kind === 'refused') skipped.push({ file: path.basename(file.path), reason: outcome.reason });
    if (outcome.kind === 'failed') skipped.push({ file: path.basename(file.path), reason: outcome.fault.message });
    outcomes.set(feedId, [...(outcomes.get(feedId) ?? []), outcome]);
  }
  for (const [feedId, ofFeed] of outcomes) await keepTrouble(context, feedId, ofFeed);
  return {
    feedIds: [...outcomes.keys()],
    changedIds: [...outcomes].filter(([, list]) => list.some(isChange)).map(([feedId]) => feedId),
    skipped,
  };
}

function isChange(outcome: LoadOutcome): boolean {
  return outcome.kind === 'loaded' && outcome.counts.added + outcome.counts.changed + outcome.counts.withdrawn > 0;
}

/** A feed of several files is in order only when all of them are: a good last file must not hide a bad first one. */
async function keepTrouble(context: Context, feedId: string, outcomes: readonly LoadOutcome[]): Promise<void> {
  const trouble = outcomes.find(outcome => outcome.kind === 'refused' || outcome.kind === 'failed');
  if (trouble === undefined || trouble === outcomes.at(-1)) return;
  const message = trouble.kind === 'refused' ? trouble.reason : trouble.kind === 'failed' ? trouble.fault.message : '';
  await context.db.query('update feed set state = $2, message = $3 where id = $1', [feedId, trouble.kind, message]);
}

/** A path as a person types it. Only plain files and folders: opening a pipe or a device could wait for ever. */
export function checkedPath(location: string): string {
  const resolved = path.resolve(location);
  let kind: ReturnType<typeof statSync>;
  try {
    kind = statSync(resolved);
  } catch (error) {
    throw new Fault(
      'feed-not-found',
      `${resolved} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      'Give a path on the machine that the server runs on, readable for it.',
      error,
    );
  }
  if (kind.isFile() || kind.isDirectory()) return resolved;
  throw new Fault('feed-not-found', `${resolved} is neither a file nor a folder.`, 'Give a feed file, or a folder of feed files.');
}
