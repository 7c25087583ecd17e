import { statSync } from 'node:fs';
import path from 'node:path';
import type { FeedImportFile } from '../../api/feeds.ts';
import { judgeBundle } from '../../core/advisories/feed-bundle.ts';
import type { FeedIntegrity } from '../../core/advisories/feed-integrity.ts';
import { Fault, messageWithAdvice } from '../../core/kernel/faults.ts';
import type { Context } from '../context.ts';
import { isListOfChanges, settleDocuments } from './bundle-documents.ts';
import { bundleFault } from './bundle-file.ts';
import { noteBundle, signerTrust } from './bundle-signers.ts';
import { feedRule } from './catalog.ts';
import type { FeedFile, FeedFiles } from './feed-files.ts';
import { withFeedLease } from './lease.ts';
import { type LoadOrder, type LoadOutcome, loadFeedFile, type OnLoadProgress } from './load.ts';
import { checkLocalFile } from './local-integrity.ts';

export interface ImportReport {
  /** Feeds that a file was for, in whatever outcome. */
  readonly feedIds: readonly string[];
  /** Feeds whose content is another one now. */
  readonly changedIds: readonly string[];
  /** Files that did not become part of a feed, with the reason. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

/** Where the files are said to be from, and by whom. `location` null: each file's own path. */
export type ImportOrigin = Pick<LoadOrder, 'loadedBy' | 'etag' | 'lastModified' | 'acceptShrunken'> & {
  readonly location: string | null;
  /** null: nothing was checked, a person answers for the file. */
  readonly integrity: FeedIntegrity | null;
  /** The feed whose URL it is from. */
  readonly fetchedFor?: string;
  /** Single documents of a publisher, each of which may say less than before. */
  readonly ofDocuments?: boolean;
};

/** Every file of an import as it stands; called often, with the same list. */
export type OnImportProgress = (files: readonly FeedImportFile[]) => void;

/** Loads a file, every file of a folder or of a bundle, one after the other: each is all or nothing, and a bad one stops none of the others. */
export async function importFeedFiles(
  context: Context,
  files: FeedFiles,
  location: string,
  origin: ImportOrigin,
  onProgress: OnImportProgress = () => {},
): Promise<ImportReport> {
  const found = await files.find(location, await signerTrust(context), origin.fetchedFor ?? null);
  const skipped = found.skipped.map(({ path: file, reason }) => ({ file: path.basename(file), reason }));
  const { fit, stale } = await withoutRolledBack(context, found.files);
  skipped.push(...stale);
  // Small ones first: KEV and a release's own claims are in force seconds after the start, whatever lies beside them.
  const inOrder = fit.toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  const progress = inOrder.map(waiting);
  const told = [...skipped.map(passedOver), ...progress];
  onProgress(told);
  const outcomes = new Map<string, LoadOutcome[]>();
  const takenIn: { feedId: string; part: string; sourceUrl: string }[] = [];
  for (const [index, file] of inOrder.entries()) {
    const row = progress[index]!;
    const outcome = await loadOne(context, files, file, origin, state => {
      Object.assign(row, state);
      onProgress(told);
    });
    if (file.bundled !== undefined && (outcome.kind === 'loaded' || outcome.kind === 'unchanged'))
      takenIn.push({ feedId: file.source.id, part: partOf(file, origin), sourceUrl: file.bundled.file.sourceUrl });
    const reason = outcome.kind === 'refused' ? outcome.reason : outcome.kind === 'failed' ? outcome.fault.message : null;
    if (reason !== null) skipped.push({ file: file.head.fileName, reason });
    Object.assign(row, { state: outcome.kind, message: reason });
    if (outcome.kind === 'loaded') Object.assign(row, { records: outcome.records, quarantined: outcome.quarantined });
    onProgress(told);
    outcomes.set(file.source.id, [...(outcomes.get(file.source.id) ?? []), outcome]);
  }
  for (const [feedId, ofFeed] of outcomes) await keepTrouble(context, feedId, ofFeed);
  for (const { bundled } of inOrder) if (bundled !== undefined) await noteBundle(context, bundled);
  const settled = await settleDocuments(context, takenIn);
  return {
    feedIds: [...outcomes.keys()],
    changedIds: [...new Set([...[...outcomes].filter(([, list]) => list.some(isChange)).map(([feedId]) => feedId), ...settled])],
    skipped,
  };
}

type Progress = { -readonly [Key in keyof FeedImportFile]: FeedImportFile[Key] };

function waiting(file: FeedFile): Progress {
  return {
    file: file.head.fileName,
    feedId: file.source.id,
    sizeBytes: file.sizeBytes,
    state: 'waiting',
    records: 0,
    quarantined: 0,
    message: null,
  };
}

function passedOver({ file, reason }: { readonly file: string; readonly reason: string }): Progress {
  return { file, feedId: null, sizeBytes: 0, state: 'skipped', records: 0, quarantined: 0, message: reason };
}

async function loadOne(
  context: Context,
  files: FeedFiles,
  file: FeedFile,
  origin: ImportOrigin,
  onProgress: OnLoadProgress,
): Promise<LoadOutcome> {
  const feedId = file.source.id;
  const from =
    file.bundled === undefined
      ? (origin.location ?? file.path)
      : `bundle of ${file.bundled.installation.name} (${file.bundled.createdAt.slice(0, 10)}): ${file.bundled.file.sourceUrl}`;
  const order = {
    ...origin,
    feedId,
    part: partOf(file, origin),
    location: from,
    mayShrink: origin.ofDocuments === true || (file.bundled !== undefined && isListOfChanges(file.bundled.file.sourceUrl)),
    isWindow: feedRule(feedId).isWindow?.(file) ?? false,
  };
  try {
    const integrity = await integrityOf(file, origin, context.installation.dataDir);
    return await withFeedLease(context, feedId, fence => loadFeedFile(context, files, file, { ...order, integrity, fence }, onProgress));
  } catch (error) {
    if (error instanceof Fault) return { kind: 'failed', fault: error };
    throw error;
  }
}

function partOf(file: FeedFile, origin: ImportOrigin): string {
  return feedRule(file.source.id).partOf(file, file.bundled?.file.sourceUrl ?? origin.location ?? '');
}

async function integrityOf(file: FeedFile, { integrity, loadedBy }: ImportOrigin, dataDir: string): Promise<FeedIntegrity> {
  const { bundled } = file;
  if (bundled !== undefined)
    return { level: 'bundle', note: `bundle of ${bundled.installation.name}, signed with ${bundled.keyId.slice(0, 16)}`, signedBy: null };
  return integrity ?? checkLocalFile(file.path, file.source.id, dataDir, loadedBy);
}

/** Files of bundles that are older than the last one taken in from the same installation: somebody may want us to forget what the later one said. */
async function withoutRolledBack(
  context: Context,
  files: readonly FeedFile[],
): Promise<{ fit: FeedFile[]; stale: { file: string; reason: string }[] }> {
  const bundles = new Map(files.flatMap(file => (file.bundled === undefined ? [] : [[file.path, file.bundled] as const])));
  const signers = await context.db.query<{ key_id: string; last_bundle_at: string | null }>(
    'select key_id, last_bundle_at from feed_signer',
  );
  const stale: { file: string; reason: string }[] = [];
  const refused = new Set<string>();
  for (const [bundlePath, { keyId, installation, createdAt }] of bundles) {
    const last = signers.find(signer => signer.key_id === keyId)?.last_bundle_at ?? null;
    const problem = judgeBundle({ installation, createdAt, expiresAt: '9999' }, context.clock.now(), last);
    if (problem === null) continue;
    const fault = bundleFault(problem.code, `${problem.reason.charAt(0).toUpperCase()}${problem.reason.slice(1)}.`);
    stale.push({ file: path.basename(bundlePath), reason: messageWithAdvice(fault) });
    refused.add(bundlePath);
  }
  return { fit: files.filter(file => file.bundled === undefined || !refused.has(file.path)), stale };
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
