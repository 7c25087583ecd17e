import type { Enrichment } from '../../../core/advisories/claim.ts';
import { BadRecord, pastDay, vulnerabilityId } from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { lineReader } from '../text-reader.ts';

/** FIRST's daily estimate that a vulnerability is exploited within the next 30 days. The first line carries model and date, then `cve,epss,percentile`. */
export const epss: AdvisorySource = {
  id: 'epss',
  title: 'EPSS scores (FIRST)',
  licence: 'free of charge, attribution asked (first.org/epss)',
  homepage: 'https://www.first.org/epss/',
  defaultUrl: 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz',
  format:
    'CSV `#model_version:...,score_date:...`, then cve,epss,percentile; or tab-separated with the columns cve, epss, percentile, date',
  provides: 'enrichment',
  recognise: head => /^(#model_version:[^\n]*\n)?cve[,\t]epss[,\t]percentile/.test(head.text),
  reader: scoresReader,
};

function scoresReader(context: FeedContext): FeedReader {
  let scoredOn: string | null = null;
  let columns: { cve: number; epss: number; percentile: number; date: number } | null = null;
  let separator = ',';
  return lineReader({
    // A cut number is a number: only the line's end shows that it is whole.
    lastLineMayBeOpen: false,
    line(text, number, into) {
      if (text === '') return;
      if (text.startsWith('#')) {
        scoredOn = pastDay(/score_date:([^,]*)/.exec(text)?.[1] ?? '', context.today);
        return;
      }
      if (columns === null) {
        separator = text.includes('\t') ? '\t' : ',';
        const names = text.split(separator);
        columns = {
          cve: names.indexOf('cve'),
          epss: names.indexOf('epss'),
          percentile: names.indexOf('percentile'),
          date: names.indexOf('date'),
        };
        return;
      }
      const { cve, epss: score, percentile, date } = columns;
      const fields = text.split(separator);
      into.guard(`line ${number}`, () => {
        const statedOn = (date < 0 ? null : pastDay(fields[date], context.today)) ?? scoredOn ?? '';
        const enrichment: Enrichment = {
          vulnerabilityId: vulnerabilityId(fields[cve]),
          title: null,
          publishedOn: null,
          kev: null,
          ssvc: null,
          cvss: [],
          epss: { probability: share(fields[score], 'epss'), percentile: share(fields[percentile], 'percentile'), statedOn },
        };
        into.add({ kind: 'enrichment', enrichment });
      });
    },
    dataDate: () => scoredOn,
  });
}

function share(text: string | undefined, column: string): number {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1)) throw new BadRecord(`${column} ${text ?? '(missing)'} is not a number from 0 to 1`);
  return value;
}
