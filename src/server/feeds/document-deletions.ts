import { readFileSync } from 'node:fs';
import type { Context } from '../context.ts';
import { type ChangesOrder, fetchList, parseChanges, withdrawDocuments } from './document-changes.ts';

/**
 * Documents that their publisher took away for good (Red Hat's deletions.csv, lines of changes.csv's form): what they said goes, in the archive and where
 * a document stands by itself. One that changed again since is there. Returns how many statements went.
 */
export async function takeDeletions(
  context: Context,
  order: Pick<ChangesOrder, 'feedId' | 'url' | 'request' | 'folder'> & { readonly archivePart: string | null },
  deletionsUrl: string,
): Promise<number> {
  const { feedId, archivePart } = order;
  const list = await fetchList({ ...order, request: { ...order.request, mayBeAbsent: true } }, deletionsUrl);
  if (list === null) return 0;
  const deleted = parseChanges(readFileSync(list.path, 'utf8'));
  if (deleted.length === 0) return 0;
  const changes = await fetchList(order, order.url);
  const changedMs = new Map(
    (changes === null ? [] : parseChanges(readFileSync(changes.path, 'utf8'))).map(({ document, atMs }) => [document, atMs] as const),
  );
  const gone = deleted.filter(({ document, atMs }) => (changedMs.get(document) ?? 0) <= atMs).map(({ document }) => document);
  const parts = await context.db.query<{ part: string }>('select part from feed_part where feed_id = $1 and location = $2', [
    feedId,
    order.url,
  ]);
  const names = new Set(
    gone.map(document =>
      document
        .split('/')
        .at(-1)!
        .replace(/\.json$/, ''),
    ),
  );
  let count = archivePart === null ? 0 : await withdrawDocuments(context, feedId, archivePart, gone);
  for (const { part } of parts) if (names.has(part)) count += await withdrawDocuments(context, feedId, part, [`${part}.json`]);
  return count;
}
