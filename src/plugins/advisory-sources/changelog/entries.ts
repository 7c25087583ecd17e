import { MAX_VERSION_CHARS } from '../../../core/kernel/limits.ts';
import { anyDay } from '../records.ts';

/** One upload: `openssl (3.0.22-1~deb12u2) bookworm-security; urgency=medium` to its ` -- name <address>  date` line (deb-changelog(5)). */
export interface ChangelogEntry {
  readonly sourceName: string;
  readonly version: string;
  readonly suites: readonly string[];
  readonly urgency: string | null;
  readonly uploadedOn: string | null;
  /** Named as closed by this upload. */
  readonly closes: readonly string[];
  /** Named in an item that takes a fix back or says that it is missing: no evidence of a fix. */
  readonly doubts: readonly string[];
}

const HEADER = /^(\S+) \(([^\s()]+)\)((?: [\w+.~-]+)+);(.*)$/;
const TRAILER = /^ -- .*? <[^>]*> {1,2}(.*)$/;
const CVE = /\b(?:CVE|CAN)-(\d{4})-(\d{4,19})\b/gi;
/**
 * "CVE-2019-11477, -11478", "CVE-2019-11477/11478", "CVE-2026-109518 and 109519": further numbers of the same year. A bare number after a comma has five
 * or six digits, so that years and bug numbers (seven) are none.
 */
const CONTINUED = /\b(?:CVE|CAN)-(\d{4})-\d{4,19}((?:\s*(?:(?:,|&|\band\b)\s*(?:-\d{4,7}|\d{5,6})|\/\s*-?\d{4,7})(?![\w-]|\.\d))+)/gi;
const DOUBT =
  /\brevert(?:s|ed|ing)?\b|\bnot (?:yet |fully |completely )?(?:fix|address|resolv|affected)\w*|\b(?:does|do|did)(?:n't| not) (?:fix|address|affect)|\bstill (?:vulnerable|affected|open|unfixed)\b|\bunfixed\b|\bincomplete fix\b(?! for)/i;

/** Newest first, as the file has them. Text before the first header (apt's progress lines) and anything that is no entry is passed over. */
export function parseChangelog(text: string): ChangelogEntry[] {
  const entries: ChangelogEntry[] = [];
  let header: RegExpExecArray | null = null;
  let items: string[] = [];
  let uploadedOn: string | null = null;
  const close = (): void => {
    if (header !== null && header[2]!.length <= MAX_VERSION_CHARS) entries.push(entryOf(header, items, uploadedOn));
    header = null;
    items = [];
    uploadedOn = null;
  };
  for (const rawLine of text.split('\n')) {
    const line = rawLine.endsWith('\r') ? rawLine.slice(0, -1) : rawLine;
    const nextHeader = line.startsWith(' ') || line === '' ? null : HEADER.exec(line);
    if (nextHeader) {
      close();
      header = nextHeader;
    } else if (header !== null && line.startsWith(' -- ')) {
      uploadedOn = dayOf(TRAILER.exec(line)?.[1] ?? '');
      close();
    } else if (header !== null) addToItems(items, line);
  }
  close();
  return entries;
}

/** An item starts with a bullet (`*`, `-`, `+`) and goes on in deeper lines; doubt about one item says nothing about its neighbours. */
function addToItems(items: string[], line: string): void {
  const text = line.trim();
  if (text === '') return;
  if (items.length === 0 || /^[*+-]\s/.test(text) || /^\[.*\]$/.test(text)) items.push(text);
  else items[items.length - 1] += ` ${text}`;
}

function entryOf(header: RegExpExecArray, items: readonly string[], uploadedOn: string | null): ChangelogEntry {
  const closes = new Set<string>();
  const doubts = new Set<string>();
  for (const item of items) for (const id of vulnerabilitiesIn(item)) (DOUBT.test(item) ? doubts : closes).add(id);
  return {
    sourceName: header[1]!,
    version: header[2]!,
    suites: header[3]!.trim().split(' '),
    urgency: /\burgency=([\w-]+)/i.exec(header[4]!)?.[1]?.toLowerCase() ?? null,
    uploadedOn,
    closes: [...closes],
    doubts: [...doubts].filter(id => !closes.has(id)),
  };
}

export function vulnerabilitiesIn(text: string): string[] {
  const ids = new Set<string>();
  for (const match of text.matchAll(CVE)) ids.add(`CVE-${match[1]}-${match[2]}`);
  for (const match of text.matchAll(CONTINUED))
    for (const number of match[2]!.match(/\d{4,7}/g) ?? []) ids.add(`CVE-${match[1]}-${number}`);
  return [...ids];
}

/** `Sat, 05 Sep 2026 12:00:00 +0200`: the day in its own zone, as the uploader wrote it. */
function dayOf(text: string): string | null {
  const parts = /(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* (\d{4})/.exec(text);
  if (!parts) return null;
  const month = String(MONTHS.indexOf(parts[2]!) + 1).padStart(2, '0');
  return anyDay(`${parts[3]}-${month}-${parts[1]!.padStart(2, '0')}`);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
