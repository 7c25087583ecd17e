import { existsSync } from 'node:fs';
import path from 'node:path';
import { BUNDLE_TYPE, type BundledFile, type BundleManifest } from '../../core/advisories/feed-bundle.ts';
import { ENVELOPE_BYTES_MAX, signEnvelope } from '../../core/evidence/envelope.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { addMs, DAY_MS, type Instant } from '../../core/kernel/instants.ts';
import type { AdvisorySource } from '../../plugins/advisory-sources/spec.ts';
import type { Context, FileAnswer } from '../context.ts';
import { conflict, notFound } from '../runtime/problems.ts';
import { documentsName, isListOfChanges, packDocuments } from './bundle-documents.ts';
import { bundleBytes, writeBundle } from './bundle-file.ts';
import { openBundleKey } from './bundle-key.ts';
import { keptPath, plainFileName } from './kept-files.ts';
import { scratchFolder } from './scratch.ts';

interface PartRow {
  readonly feed_id: string;
  readonly part: string;
  readonly records: number;
  readonly data_date: string | null;
  readonly digest: Buffer;
  readonly location: string;
  readonly source_url: string | null;
  readonly loaded_at: Instant;
  readonly confirmed_at: Instant;
  readonly file_name: string | null;
  readonly bytes: string | number | null;
}

/** Every loaded part of these feeds, or of all, as one signed file. `feedIds` null: all. */
export async function exportBundle(
  context: Context,
  sources: ReadonlyMap<string, AdvisorySource>,
  feedIds: readonly string[] | null,
  validDays: number,
): Promise<FileAnswer> {
  const { db, clock, installation } = context;
  for (const id of feedIds ?? []) if (!sources.has(id)) throw notFound('feed', id);
  const rows = await db.query<PartRow>('select * from feed_part where $1::text[] is null or feed_id = any($1) order by feed_id, part', [
    feedIds,
  ]);
  if (rows.length === 0) throw conflict('nothing-to-export', 'None of these feeds is loaded.', 'Sync or import them first.');
  const now = clock.now();
  const scratch = scratchFolder(installation.dataDir);
  try {
    return await bundleOf(context, await filesOf(rows, sources, installation.dataDir, scratch.path), now, validDays, scratch.remove);
  } catch (error) {
    scratch.remove();
    throw error;
  }
}

/** Each file of the bundle and where it lies. Single documents of a publisher's list of changes go together. */
async function filesOf(
  rows: readonly PartRow[],
  sources: ReadonlyMap<string, AdvisorySource>,
  dataDir: string,
  scratch: string,
): Promise<Map<BundledFile, string>> {
  const paths = new Map<BundledFile, string>();
  const listOf = (row: PartRow) => (row.source_url === null && isListOfChanges(row.location) ? row.location : null);
  for (const row of rows) if (listOf(row) === null) paths.set(bundledFile(row, sources), keptOf(dataDir, row));
  const documents = rows.filter(row => listOf(row) !== null);
  for (const ofList of Map.groupBy(documents, row => `${row.feed_id} ${row.location}`).values()) {
    const first = ofList[0]!;
    const fileName = documentsName(first.feed_id, first.location);
    const file = path.join(scratch, fileName);
    const packed = await packDocuments(
      ofList.map(row => ({ name: plainFileName(row.file_name ?? ''), path: keptOf(dataDir, row) })),
      file,
    );
    const earliest = (field: 'loaded_at' | 'confirmed_at') => ofList.map(row => row[field]).sort()[0]!;
    const dates = ofList.flatMap(row => row.data_date ?? []).sort();
    paths.set(
      {
        ...bundledFile(first, sources),
        ...packed,
        fileName,
        fetchedAt: earliest('loaded_at'),
        confirmedAt: earliest('confirmed_at'),
        dataDate: dates.at(-1) ?? null,
        records: ofList.reduce((sum, row) => sum + row.records, 0),
      },
      file,
    );
  }
  return paths;
}

async function bundleOf(
  { installation }: Context,
  paths: ReadonlyMap<BundledFile, string>,
  now: Instant,
  validDays: number,
  done: () => void,
): Promise<FileAnswer> {
  const manifest: BundleManifest = {
    format: 'fettle-feeds/1',
    installation: { id: installation.id, name: installation.name },
    createdAt: now,
    expiresAt: addMs(now, validDays * DAY_MS),
    files: [...paths.keys()],
  };
  const envelope = signEnvelope(BUNDLE_TYPE, manifest, openBundleKey(installation.dataDir).privateKey);
  if (envelope.payload.length > (ENVELOPE_BYTES_MAX * 4) / 3)
    throw conflict('too-many-files', `${paths.size} files do not fit into one bundle.`, 'Export some of the feeds: --feed ID.');
  return {
    fileName: `fettle-feeds-${now.slice(0, 10)}.tar`,
    bytes: bundleBytes(envelope, manifest),
    content: thenDone(
      writeBundle(envelope, manifest, file => paths.get(file)!),
      done,
    ),
  };
}

async function* thenDone(content: AsyncIterable<Buffer>, done: () => void): AsyncIterable<Buffer> {
  try {
    yield* content;
  } finally {
    done();
  }
}

function bundledFile(row: PartRow, sources: ReadonlyMap<string, AdvisorySource>): BundledFile {
  return {
    feedId: row.feed_id,
    fileName: plainFileName(row.file_name ?? ''),
    licence: sources.get(row.feed_id)?.licence ?? 'unknown',
    sourceUrl: row.source_url ?? shown(row.location),
    fetchedAt: row.loaded_at,
    confirmedAt: row.confirmed_at,
    dataDate: row.data_date,
    sha256: row.digest.toString('hex'),
    bytes: Number(row.bytes),
    records: row.records,
  };
}

/** Paths of this machine are nobody's business elsewhere. */
function shown(location: string): string {
  return location.startsWith('/') ? `file ${path.basename(location)}` : location;
}

function keptOf(dataDir: string, row: PartRow): string {
  const kept = row.file_name === null || row.bytes === null ? null : keptPath(dataDir, row.feed_id, row.digest, row.file_name);
  if (kept !== null && existsSync(kept)) return kept;
  throw new Fault(
    'feed-file-not-kept',
    `The file that ${row.feed_id}${row.part === '' ? '' : ` (${row.part})`} was loaded from is not kept on this server.`,
    'Sync or import that feed here once more, or leave it out: --feed names those that are wanted.',
  );
}
