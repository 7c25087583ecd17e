import { debianCodenames } from '../../../core/advisories/releases.ts';
import { asObject, objectOrNull, optionalText, pastDay, requiredText, textsOf } from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { jsonLinesReader } from '../text-reader.ts';
import { noticeListReader } from './list.ts';
import { claimsOfNotice } from './notice.ts';

const IS_LIST = /^\[\d{1,2} [A-Z][a-z]{2} \d{4}\] D[SLT]A-/;

/** Debian security advisories (DSA) and those of long-term support (DLA): one notice, several vulnerabilities, fixed versions by release. */
export const debianNotices: AdvisorySource = {
  id: 'debian-notices',
  title: 'Debian security advisories (DSA, DLA)',
  licence: 'data without a stated licence',
  homepage: 'https://www.debian.org/security/',
  // Security and long-term support, a list each.
  defaultUrl: ['DSA', 'DLA']
    .map(list => `https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/${list}/list`)
    .join(' '),
  format:
    'the security tracker\'s data/DSA/list and data/DLA/list, or JSON lines {"id":"DSA-...", "date", "pkg", "cves":[], "fixed":{codename:{package:version}}}',
  provides: 'claims',
  distributions: ['debian'],
  recognise: head => IS_LIST.test(head.text) || /^\{"id":"D[SLT]A-[^"]+","date":"/.test(head.text),
  reader: eitherReader,
};

/** The two forms are told apart by the first byte. */
function eitherReader(context: FeedContext): FeedReader {
  let reader: FeedReader | null = null;
  const chosen = (first: number | undefined) => (reader ??= first === '['.charCodeAt(0) ? noticeListReader(context) : jsonReader(context));
  return {
    push: chunk => (chunk.length === 0 ? [] : chosen(chunk[0]).push(chunk)),
    end: () => chosen(undefined).end(),
    dataDate: () => chosen(undefined).dataDate(),
    quarantined: () => chosen(undefined).quarantined(),
  };
}

function jsonReader(context: FeedContext): FeedReader {
  let newest: string | null = null;
  const { releases } = context;
  const codenames = releases === null ? null : debianCodenames(releases).map(codename => `"${codename}":`);
  return jsonLinesReader({
    wanted: text => codenames === null || codenames.some(codename => text.includes(codename)),
    record(value, number, into) {
      const record = asObject(value);
      const statedOn = pastDay(record.date, context.today);
      if (statedOn !== null && (newest === null || statedOn > newest)) newest = statedOn;
      const fixes = Object.entries(asObject(record.fixed, 'fixed')).flatMap(([codename, packages]) =>
        Object.entries(objectOrNull(packages) ?? {}).map(([name, version]) => ({ codename, name, version })),
      );
      const notice = { id: requiredText(record, 'id'), statedOn, cves: textsOf(record.cves), note: optionalText(record, 'title'), fixes };
      claimsOfNotice(notice, context, into, `line ${number}`);
    },
    dataDate: () => newest,
  });
}
