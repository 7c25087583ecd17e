import { osvEcosystemNames, osvEcosystemPattern } from '../../../core/advisories/osv-ecosystems.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { jsonLinesReader, readerByShape } from '../text-reader.ts';
import { readOsvRecord } from './record.ts';

/** OSV records of any ecosystem: one to a file, one to a line, an array of them, or the ecosystem's zip. */
export const osv: AdvisorySource = {
  id: 'osv',
  title: 'OSV records',
  licence: "as the record's home states (OSV.dev lists them)",
  homepage: 'https://osv.dev/',
  defaultUrl: null,
  format: 'OSV records (JSON): a file or a zip of one record each, JSON lines, or an array',
  provides: 'claims',
  recognise: head => isOsv(head.text),
  concerns: osvConcerns,
  reader: context => osvReader('osv', context),
};

/** Of an archive at OSV.dev: the list of changes, `INSTANT,ID` a line, the newest first; the records lie beside it as ID.json. */
export function modifiedIdsOf(url: string): string | null {
  return /\/all\.zip$/.test(url) ? url.replace(/all\.zip$/, 'modified_id.csv') : null;
}

/** Told from the names of ecosystems in the bytes. */
export function osvConcerns(content: Uint8Array, releases: ReadonlySet<string>): boolean {
  const names = osvEcosystemNames(releases);
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return names === null || names.some(name => bytes.includes(`"${name}`));
}

/** The schema asks for id, modified and affected; the order of the fields is free, and long details may push `affected` out of the head. */
export function isOsv(head: string): boolean {
  return (
    /^\s*\[?\s*\{/.test(head) &&
    /"id"\s*:\s*"/.test(head) &&
    /"(affected|aliases|schema_version|related|details)"\s*:/.test(head) &&
    /"(modified|published|schema_version)"\s*:/.test(head) &&
    !/"(bomFormat|csaf_version|cveMetadata|@context|timestamp)"\s*:/.test(head) &&
    /"ecosystem"|"details"|"schema_version"/.test(head)
  );
}

export function osvReader(source: string, context: FeedContext, only: ((release: string) => boolean) | null = null): FeedReader {
  const pattern = context.releases === null ? null : osvEcosystemPattern(context.releases);
  return readerByShape(head => {
    if (/^\s*\[/.test(head))
      return jsonEntriesReader({ open: [], entry: (_at, value, into) => readOsvRecord(value, source, context, into, only) });
    return isLines(head)
      ? jsonLinesReader({
          ...(pattern === null ? {} : { wanted: (text: string) => pattern.test(text) }),
          record: (value, _number, into) => readOsvRecord(value, source, context, into, only),
        })
      : oneRecord(source, context, only);
  });
}

/** The first line is an object by itself. A single record without line breaks is one too, and the line reader reads it as well. */
function isLines(head: string): boolean {
  const end = head.indexOf('\n');
  const first = (end < 0 ? head : head.slice(0, end)).trim();
  return first.length > 1 && first.startsWith('{') && (first.endsWith('}') || end < 0);
}

function oneRecord(source: string, context: FeedContext, only: ((release: string) => boolean) | null): FeedReader {
  const record: Record<string, unknown> = {};
  return jsonEntriesReader({
    open: [],
    entry({ key }, value) {
      record[key] = value;
    },
    end(into) {
      into.guard(context.fileName, () => readOsvRecord(record, source, context, into, only));
    },
  });
}
