import { pastDay, printable } from '../records.ts';
import type { FeedContext, FeedReader } from '../spec.ts';
import { lineReader } from '../text-reader.ts';
import { claimsOfNotice, type Notice } from './notice.ts';

const HEADER = /^\[(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})\] (D[SLT]A-[0-9-]+) (\S+)(?: - (.*))?$/;
const CVES = /^\s+\{([^}]*)\}/;
const FIX = /^\s+\[([a-z]+)\] - (\S+) (\S+)/;
/** What the list says besides: notes, and lines of reminders. */
const COMPANY = /^\s*(?:NOTE:|TODO:|$)/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * data/DSA/list and data/DLA/list of Debian's security tracker: a header line for each notice, the vulnerabilities in braces, and a line for each release
 * and package that it fixes (security_tracker documentation, "The DSA list").
 */
export function noticeListReader(context: FeedContext): FeedReader {
  let newest: string | null = null;
  let current: { notice: Notice & { cves: string[]; fixes: Notice['fixes'][number][] }; line: number } | null = null;
  const finish = (into: Parameters<typeof claimsOfNotice>[2]) => {
    const done = current;
    current = null;
    if (done !== null) into.guard(`line ${done.line}`, () => claimsOfNotice(done.notice, context, into, `line ${done.line}`));
  };
  return lineReader({
    lastLineMayBeOpen: false,
    line(text, number, into) {
      const header = HEADER.exec(text);
      if (header !== null) {
        finish(into);
        const [, day = '', month = '', year = '', id = '', , title = ''] = header;
        const number2 = (value: number) => String(value).padStart(2, '0');
        const statedOn = pastDay(`${year}-${number2(MONTHS.indexOf(month) + 1)}-${number2(Number(day))}`, context.today);
        if (statedOn !== null && (newest === null || statedOn > newest)) newest = statedOn;
        current = { notice: { id, statedOn, cves: [], note: title || null, fixes: [] }, line: number };
        return;
      }
      if (COMPANY.test(text)) return;
      const [cves, fix] = [CVES.exec(text), FIX.exec(text)];
      if (current !== null && cves !== null) current.notice.cves.push(...cves[1]!.split(/\s+/).filter(Boolean));
      else if (current !== null && fix !== null) current.notice.fixes.push({ codename: fix[1]!, name: fix[2]!, version: fix[3]! });
      else into.quarantine(`line ${number}`, `${printable(text)} is no line of a notice`);
    },
    end: finish,
    dataDate: () => newest,
  });
}
