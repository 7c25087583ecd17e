import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../context.ts';
import { END_BYTES, header, padded } from './bundle-file.ts';

/** True for the URL of a publisher's list of changes: what was loaded by it are single documents, which stand in the stead of what the archive said. */
export function isListOfChanges(url: string): boolean {
  return /\/(?:changes|modified_id)\.csv$/.test(url);
}

/** Name of the archive that carries a list's documents in a bundle: they may be thousands, and a manifest names some hundreds of files. */
export function documentsName(feedId: string, listUrl: string): string {
  return `${feedId}-documents-${createHash('sha256').update(listUrl).digest('hex').slice(0, 8)}.tar`;
}

/** Packs documents, byte for byte, into a tar archive. Returns its digest and size. */
export async function packDocuments(
  documents: readonly { readonly name: string; readonly path: string }[],
  into: string,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  await pipeline(
    async function* () {
      for (const { name, path: file } of documents) {
        const { size } = statSync(file);
        yield header(name.slice(-100), size);
        yield* createReadStream(file);
        yield Buffer.alloc(padded(size) - size);
      }
      yield Buffer.alloc(END_BYTES);
    },
    createWriteStream(into, { mode: 0o600 }),
  );
  await pipeline(createReadStream(into), hash);
  return { sha256: hash.digest('hex'), bytes: statSync(into).size };
}

const IN_FORCE = 'withdrawn_at is null and feed_id = $1';

/**
 * After a bundle was taken in: what its documents say stands in the stead of what the archive says of the same vulnerability or notice, as on the site
 * that fetched them; and documents of a feed that came without any this time are in the archive by now. Returns the feeds that changed by it.
 */
export async function settleDocuments(
  { db, clock }: Context,
  parts: readonly { readonly feedId: string; readonly part: string; readonly sourceUrl: string }[],
): Promise<string[]> {
  const changed: string[] = [];
  for (const [feedId, ofFeed] of Map.groupBy(parts, one => one.feedId)) {
    const documents = ofFeed.filter(one => isListOfChanges(one.sourceUrl)).map(one => one.part);
    const stale = await db.query<{ part: string }>(
      "select part from feed_part where feed_id = $1 and source_url ~ '/(changes|modified_id)[.]csv$' and not part = any($2)",
      [feedId, documents],
    );
    let gone = 0;
    const now = clock.now();
    if (stale.length > 0) {
      const names = stale.map(row => row.part);
      gone += (await db.query(`update claim set withdrawn_at = $3 where ${IN_FORCE} and part = any($2) returning 1`, [feedId, names, now]))
        .length;
      await db.query('delete from quarantine where feed_id = $1 and part = any($2)', [feedId, names]);
      await db.query('delete from feed_part where feed_id = $1 and part = any($2)', [feedId, names]);
    }
    for (const same of documents.length === 0 ? [] : SAME_SUBJECT)
      gone += (
        await db.query(`update claim set withdrawn_at = $3 where ${IN_FORCE} and not part = any($2) and ${same} returning 1`, [
          feedId,
          documents,
          now,
        ])
      ).length;
    if (gone > 0) changed.push(feedId);
  }
  return changed;
}

const SAID = `from claim where ${IN_FORCE} and part = any($2)`;
/** A notice names several vulnerabilities, of which other notices speak too; a document about a vulnerability is all that is said of it. */
const SAME_SUBJECT = [
  `detail->>'advisoryId' is null and vulnerability_id in (select vulnerability_id ${SAID} and detail->>'advisoryId' is null)`,
  `detail->>'advisoryId' in (select detail->>'advisoryId' ${SAID})`,
];
