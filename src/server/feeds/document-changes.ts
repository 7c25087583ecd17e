import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { type FeedIntegrity, weakest } from '../../core/advisories/feed-integrity.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { DAY_MS } from '../../core/kernel/instants.ts';
import { FEED_DOCUMENTS_AT_ONCE } from '../../core/kernel/limits.ts';
import { READERS_REVISION } from '../../plugins/advisory-sources/spec.ts';
import type { Context } from '../context.ts';
import { type FeedRequest, fetchFeed } from './fetch-feed.ts';
import type { ImportReport, OnImportProgress } from './import.ts';
import { refused } from './integrity.ts';
import type { ImportWith } from './sync.ts';

/** One line of changes.csv (CSAF 2.0, 7.1.13): a document and when it last changed. */
export interface Change {
  readonly document: string;
  readonly atMs: number;
}

/** How long an archive that is made anew all the time is gone on with by its list of changes. */
const ARCHIVE_MS = 7 * DAY_MS;

/** Publishers' servers are shared; four at once is what their own tools ask at most. */
const PARALLEL = 4;
const DOCUMENT = /^(?:[\w+-][\w.+-]*\/){0,4}[\w+-][\w.+:-]*\.json$/;
/** Of OSV's modified_id.csv. Malicious packages are no vulnerabilities, and 98 of 100 records of npm (osv-scanner#2450). */
const OSV_LINE = /^(\d{4}-\d{2}-\d{2}T[^,]+),(?!MAL-)([\w.+:-]+)\s*$/;

/** The lines that can be used, oldest first. Quotes are optional, the order is the publisher's, and what is no path below the folder is left out. */
export function parseChanges(text: string): Change[] {
  return text
    .split('\n')
    .flatMap(line => {
      const ofOsv = OSV_LINE.exec(line);
      const [, document = '', at = ''] = ofOsv ? ['', `${ofOsv[2]}.json`, ofOsv[1]] : (/^"?([^",]+)"?,"?([^",]+?)"?\s*$/.exec(line) ?? []);
      const atMs = Date.parse(at);
      return DOCUMENT.test(document) && !Number.isNaN(atMs) ? [{ document, atMs }] : [];
    })
    .sort((a, b) => a.atMs - b.atMs);
}

export interface ChangesOrder {
  readonly feedId: string;
  /** Of changes.csv; documents stand below its folder. */
  readonly url: string;
  readonly loadedBy: string;
  readonly request: Omit<FeedRequest, 'url' | 'folder'>;
  /** For this walk alone. */
  readonly folder: string;
  /** The part that the archive is, null where there is none: documents stand in its stead until the next archive. */
  readonly archive: { readonly part: string; readonly madeMs: number } | null;
}

/**
 * Fetches the documents that changed since the archive, or since the last walk, and puts each in the place of what the archive said of its vulnerability.
 * So many at once; the next sync goes on where this one stopped. null: nothing has changed.
 */
export async function takeChanges(
  context: Context,
  order: ChangesOrder,
  importWith: ImportWith,
  onProgress: OnImportProgress,
): Promise<ImportReport | null> {
  const { feedId, url, loadedBy, archive } = order;
  const list = await fetchList(order, url);
  if (list === null) return null;
  const before = await walked(context, feedId, url);
  const sinceMs = Math.max(before?.throughMs ?? 0, archive?.madeMs ?? 0);
  const changes = parseChanges(readFileSync(list.path, 'utf8')).filter(change => change.atMs > sinceMs);
  const wanted = changes.slice(0, FEED_DOCUMENTS_AT_ONCE);
  if (wanted.length === 0) return null;
  const documents = folderIn(order.folder, 'documents');
  const integrities: FeedIntegrity[] = [];
  const tell = () =>
    onProgress([
      {
        file: path.basename(new URL(url).pathname),
        feedId,
        sizeBytes: 0,
        state: 'downloading',
        records: 0,
        quarantined: 0,
        message: `${integrities.length} of ${wanted.length} changed documents${changes.length > wanted.length ? `, ${changes.length - wanted.length} more the next time` : ''}`,
      },
    ]);
  const queue = [...wanted.entries()];
  const fetchNext = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      integrities.push(await fetchDocument(order, next[1].document, folderIn(order.folder, `${next[0]}`), documents));
      tell();
    }
  };
  tell();
  await Promise.all(Array.from({ length: PARALLEL }, fetchNext));
  const integrity = weakest(integrities.filter(one => one !== GONE)) ?? list.integrity;
  const report = await importWith(
    documents,
    { loadedBy, location: url, etag: null, lastModified: null, integrity, ofDocuments: true, fetchedFor: feedId },
    onProgress,
  );
  if (archive !== null)
    await withdrawDocuments(
      context,
      feedId,
      archive.part,
      wanted.map(({ document }) => document),
    );
  await noteWalked(context, feedId, url, wanted.at(-1)!.atMs, changes.length - wanted.length);
  return { ...report, feedIds: [...new Set([feedId, ...report.feedIds])], changedIds: [...new Set([feedId, ...report.changedIds])] };
}

/** A list only names documents, each of which is vouched for by itself; publishers sign the documents and not the list. */
export async function fetchList({ request, folder }: Pick<ChangesOrder, 'request' | 'folder'>, url: string) {
  const { vouching: _, ...rest } = request;
  const list = await fetchFeed({ ...rest, url, folder: folderIn(folder, path.basename(url)), etag: null, lastModified: null });
  return list.kind === 'file' ? list : null;
}

function folderIn(folder: string, name: string): string {
  const found = path.join(folder, name);
  mkdirSync(found, { recursive: true, mode: 0o700 });
  return found;
}

const GONE: FeedIntegrity = { level: 'signature', note: 'gone', signedBy: null };

/** A document that is gone by now says nothing any more; one that its publisher does not vouch for ends the walk before anything is loaded. */
async function fetchDocument({ url, request }: ChangesOrder, document: string, scratch: string, into: string): Promise<FeedIntegrity> {
  // `./`: an id with a colon (RLSA-2026:1) would be read as a scheme.
  const at = new URL(`./${document}`, url);
  if (at.origin !== new URL(url).origin) throw refused(url, `${document} leads elsewhere`);
  try {
    const answer = await fetchFeed({ ...request, url: at.href, folder: scratch, etag: null, lastModified: null });
    if (answer.kind === 'file') {
      renameSync(answer.path, path.join(into, path.basename(document)));
      return answer.integrity;
    }
  } catch (error) {
    if (!(error instanceof Fault) || !/answered (?:403|404|410)/.test(error.message)) throw error;
  }
  return GONE;
}

/**
 * `2026/cve-2026-1234.json` is all that the publisher says of CVE-2026-1234 now, `2026/rhsa-2026_1234.json` all of the notice RHSA-2026:1234. Returns how
 * many statements of the part were in force until now.
 */
export async function withdrawDocuments(
  { db, clock }: Context,
  feedId: string,
  part: string,
  documents: readonly string[],
): Promise<number> {
  const names = documents.map(document => path.basename(document, '.json').toUpperCase());
  // `UBUNTU-CVE-2026-1234` is a distribution's view of the CVE.
  const ids = names.flatMap(name => /^(?:[A-Z]+-)?(CVE-\d{4}-\d{4,})$/.exec(name)?.[1] ?? []);
  const others = names.filter(name => !/CVE-/.test(name)).map(name => name.replace('_', ':'));
  const inForce = 'update claim set withdrawn_at = $4 where feed_id = $1 and part = $2 and withdrawn_at is null and';
  let gone = 0;
  for (const [which, values] of [
    ["vulnerability_id = any($3) and detail->>'advisoryId' is null", ids],
    ["upper(detail->>'advisoryId') = any($3)", others],
    // OSV's records under an id of their own: GHSA, PYSEC, GO.
    ['upper(vulnerability_id) = any($3)', others],
  ] as const)
    if (values.length > 0) gone += (await db.query(`${inForce} ${which} returning 1 as gone`, [feedId, part, values, clock.now()])).length;
  return gone;
}

/** A newer archive has everything that the documents of its list said: they go, and the walk begins anew at its date. */
export async function dropDocuments({ db, clock }: Context, feedId: string, changesUrl: string): Promise<void> {
  await db.transaction(async tx => {
    const ofList = 'feed_id = $1 and part in (select part from feed_part where feed_id = $1 and location = $2)';
    await tx.query(`update claim set withdrawn_at = $3 where ${ofList} and withdrawn_at is null`, [feedId, changesUrl, clock.now()]);
    await tx.query(`delete from quarantine where ${ofList}`, [feedId, changesUrl]);
    await tx.query('delete from feed_part where feed_id = $1 and location = $2', [feedId, changesUrl]);
    await tx.query('delete from setting where key = $1', [settingOf(feedId, changesUrl)]);
  });
}

const settingOf = (feedId: string, url: string) => `feed-changes:${feedId}:${createHash('sha256').update(url).digest('hex').slice(0, 16)}`;

/** Whether the list of changes says all that is new: the archive is not old, and the last walk came to the list's end. */
export async function isEnoughForAWeek({ db, clock }: Context, feedId: string, url: string, changesUrl: string): Promise<boolean> {
  const [row] = await db.query<{ loaded_at: string; left: number | null }>(
    `select p.loaded_at, (s.value->>'left')::int as left from feed_part p left join setting s on s.key = $3
     where p.feed_id = $1 and p.location = $2 and p.reader = $4`,
    [feedId, url, settingOf(feedId, changesUrl), READERS_REVISION],
  );
  return row !== undefined && Date.parse(clock.now()) - Date.parse(row.loaded_at) < ARCHIVE_MS && (row.left ?? 0) === 0;
}

/** How far a walk came: everything up to an instant is in, and so much was left for the next one. */
export interface Walked {
  readonly throughMs: number;
  readonly left: number;
}

/** null: this list was never walked. */
export async function walked({ db }: Context, feedId: string, url: string): Promise<Walked | null> {
  const [row] = await db.query<{ value: Walked & { url: string } }>('select value from setting where key = $1', [settingOf(feedId, url)]);
  return row?.value.url === url ? { throughMs: row.value.throughMs, left: row.value.left ?? 0 } : null;
}

export async function noteWalked({ db, clock }: Context, feedId: string, url: string, throughMs: number, left: number): Promise<void> {
  await db.query(
    `insert into setting (key, value, updated_at, updated_by) values ($1, $2::jsonb, $3, 'system')
     on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
    [settingOf(feedId, url), JSON.stringify({ url, throughMs, left }), clock.now()],
  );
}
