import type { Enrichment } from '../../../core/advisories/claim.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import { asObject, type JsonObject, listOf, objectOrNull, optionalText, pastDay, vulnerabilityId } from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { jsonLinesReader, readerByShape } from '../text-reader.ts';
import { decisionPoints, enrichmentOfCveRecord } from './cve-record.ts';

/** CISA's additions to CVE records: SSVC decision points, CVSS, CWE. Read as compact JSON lines or as CVE JSON 5 records with their ADP container. */
export const vulnrichment: AdvisorySource = {
  id: 'vulnrichment',
  title: 'CISA Vulnrichment',
  licence: 'CC0-1.0',
  homepage: 'https://github.com/cisagov/vulnrichment',
  defaultUrl: 'https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.zip',
  format:
    'CVE JSON 5 records with CISA\'s ADP container (one or a zip of them), or JSON lines {"cve", "ssvc":{"e","a","t","ts"}, "cvss":[]}',
  provides: 'enrichment',
  recognise: head => isLines(head.text) || isCveRecord(head.text),
  reader: context => readerByShape(head => (isLines(head) ? linesReader(context) : recordReader(context))),
};

const isLines = (text: string): boolean => /^\{"cve":"CVE-[^"]+","published":"[^"]*","updated":"/.test(text);
const isCveRecord = (text: string): boolean => /"cveMetadata"\s*:/.test(text.slice(0, 8000)) && !text.startsWith('{"cve":');

/** One CVE JSON 5 record to a file: its containers are large, so they are read member by member and put together at the end. */
function recordReader(context: FeedContext): FeedReader {
  const record: Record<string, unknown> = {};
  return jsonEntriesReader({
    open: [],
    entry({ key }, value) {
      record[key] = value;
    },
    end(into) {
      into.guard(context.fileName, () => into.add({ kind: 'enrichment', enrichment: enrichmentOfCveRecord(record, context.today) }));
    },
  });
}

function linesReader(context: FeedContext): FeedReader {
  let newest: string | null = null;
  return jsonLinesReader({
    record(value, _number, into) {
      const record = asObject(value);
      const updatedOn = pastDay(record.updated, context.today);
      if (updatedOn !== null && (newest === null || updatedOn > newest)) newest = updatedOn;
      into.add({ kind: 'enrichment', enrichment: enrichmentOfLine(record, context.today) });
    },
    dataDate: () => newest,
  });
}

function enrichmentOfLine(record: JsonObject, today: string): Enrichment {
  const ssvc = objectOrNull(record.ssvc);
  return {
    vulnerabilityId: vulnerabilityId(record.cve),
    title: optionalText(record, 'title'),
    publishedOn: pastDay(record.published, today),
    kev: null,
    ssvc: ssvc === null ? null : decisionPoints(ssvc.e, ssvc.a, ssvc.t, ssvc.ts, today),
    cvss: listOf(record.cvss).flatMap(row => {
      const [source, vector] = listOf(row);
      return typeof source === 'string' && typeof vector === 'string' ? [{ source, vector }] : [];
    }),
    epss: null,
  };
}
