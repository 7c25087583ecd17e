import type { Fault } from '../../core/kernel/faults.ts';
import { QUARANTINE_KEPT } from '../../core/kernel/limits.ts';
import { type CopyValue, copyLine } from '../../db/copy.ts';
import type { AdvisorySource } from '../../plugins/advisory-sources/spec.ts';
import type { FeedFileEvent } from './feed-files.ts';
import { STAGING } from './staging.ts';

/** What becomes of a file on its way into the database. Everything here can be sent from one thread to another. */
export type StageEvent =
  | {
      readonly kind: 'rows';
      /** Whole lines of COPY's text format for the source's staging table. */
      readonly copy: Uint8Array<ArrayBuffer>;
      /** Records and quarantined ones so far. */
      readonly records: number;
      readonly quarantined: number;
    }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | {
      readonly kind: 'finished';
      readonly records: number;
      readonly quarantined: number;
      readonly dataDate: string | null;
      /** The first of the quarantined ones. */
      readonly quarantine: readonly QuarantinedRecord[];
      /** Of the quarantined ones those that cost no record. */
      readonly remarks: number;
      /** Vulnerabilities whose records their publisher has taken back; they count as quarantined too. */
      readonly withdrawn: readonly string[];
    };

export interface QuarantinedRecord {
  readonly record: string;
  readonly reason: string;
}

/** One message of this size costs less than it carries; larger ones only make the first wait longer. */
const CHUNK_CHARS = 262_144;

/**
 * Records to rows. The same statement twice in one file (a record that is listed under two files of an archive, a publisher's duplicate) is one row,
 * found out here, because sorting half a million rows in the database for it costs more than all the reading.
 */
export async function* stageItems(
  events: AsyncIterable<FeedFileEvent>,
  source: AdvisorySource,
  prefix: readonly CopyValue[],
): AsyncIterable<StageEvent> {
  const { row: rowOf } = STAGING[source.provides];
  const before = prefix.length === 0 ? '' : `${copyLine(prefix).slice(0, -1)}\t`;
  const seen = new Set<string>();
  const quarantine: QuarantinedRecord[] = [];
  const withdrawn = new Set<string>();
  let [records, quarantined, remarks, text] = [0, 0, 0, ''];
  const rows = (): StageEvent => {
    const encoded = new TextEncoder().encode(text);
    text = '';
    return { kind: 'rows', copy: encoded, records, quarantined };
  };
  for await (const event of events) {
    if (event.kind === 'failed') {
      yield { kind: 'failed', fault: event.fault };
      return;
    }
    if (event.kind === 'finished') {
      if (text !== '') yield rows();
      yield { kind: 'finished', records, quarantined, dataDate: event.dataDate, quarantine, remarks, withdrawn: [...withdrawn] };
      return;
    }
    if (event.kind !== 'items') continue;
    for (const item of event.items) {
      if (item.kind === 'quarantined') {
        if (item.isRemark) remarks++;
        if (item.withdraws !== undefined) withdrawn.add(item.withdraws);
        if (quarantined++ < QUARANTINE_KEPT) quarantine.push({ record: item.record.slice(0, 300), reason: item.reason.slice(0, 500) });
        continue;
      }
      const row = rowOf(item);
      if (row === null) continue;
      records += 1;
      if (seen.has(row.key)) continue;
      seen.add(row.key);
      text += before + copyLine(row.values);
      if (text.length >= CHUNK_CHARS) yield rows();
    }
  }
}
