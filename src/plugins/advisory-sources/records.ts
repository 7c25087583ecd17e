import { orderOf } from '../../core/advisories/orders.ts';
import { MAX_VULNERABILITY_ID_CHARS } from '../../core/kernel/limits.ts';

/** One record that cannot be used: it is put aside with this reason, and the feed goes on. */
export class BadRecord extends Error {}

/** A record that its publisher has taken back: what it said before goes, also where this file has only what changed of late. */
export class WithdrawnRecord extends BadRecord {
  readonly vulnerabilityId: string;
  constructor(vulnerabilityId: string, message: string) {
    super(message);
    this.vulnerabilityId = vulnerabilityId;
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown, what = 'the record'): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new BadRecord(`${what} is not a JSON object`);
  return value as JsonObject;
}

export function objectOrNull(value: unknown): JsonObject | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The elements of an array, none for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function objectsOf(value: unknown): readonly JsonObject[] {
  return listOf(value).filter(element => objectOrNull(element) !== null) as JsonObject[];
}

export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter(element => typeof element === 'string');
}

export function requiredText(record: JsonObject, field: string): string {
  const value = record[field];
  if (typeof value !== 'string' || value === '') throw new BadRecord(`${field} is missing or not text`);
  return value;
}

export function optionalText(record: JsonObject, field: string): string | null {
  const value = record[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

const VULNERABILITY_ID = /^[A-Za-z][A-Za-z0-9]*[-:][A-Za-z0-9._:+-]+$/;

/** `CVE-2026-1234`, `TEMP-0628843-DBAD28`, `GHSA-...`, `ALSA-2025:10073`: upper case for CVE ids, as stated for the rest. */
export function vulnerabilityId(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new BadRecord('the vulnerability id is missing');
  const id = value.trim();
  if (id.length > MAX_VULNERABILITY_ID_CHARS)
    throw new BadRecord(`the vulnerability id is longer than ${MAX_VULNERABILITY_ID_CHARS} characters`);
  if (!VULNERABILITY_ID.test(id)) throw new BadRecord(`${printable(id)} is not a vulnerability id`);
  return id.startsWith('cve-') ? id.toUpperCase() : id;
}

export function isVulnerabilityId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_VULNERABILITY_ID_CHARS && VULNERABILITY_ID.test(value);
}

const PACKAGE_NAME = /^[^\s\u0000-\u001f\u007f]{1,300}$/;

/** Feeds are sorted by package, so the name is mostly the last one again. */
let lastName = '';

export function packageName(value: unknown): string {
  if (value === lastName && lastName !== '') return lastName;
  if (typeof value !== 'string' || !PACKAGE_NAME.test(value)) throw new BadRecord('the package name is missing or not a name');
  lastName = value;
  return value;
}

/** Release -> version -> why it cannot be ordered, '' when it can. */
const versionProblems = new Map<string, Map<string, string>>();
const MAX_REMEMBERED_VERSIONS = 200_000;

/** The version as stated, when the release's order can place it. Feeds repeat few versions many times, so answers are remembered. */
export function orderableVersion(release: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new BadRecord('the version is missing or not text');
  let problems = versionProblems.get(release);
  if (problems === undefined) versionProblems.set(release, (problems = new Map()));
  let problem = problems.get(value);
  if (problem === undefined) {
    problem = whyNotOrderable(release, value);
    if (problems.size >= MAX_REMEMBERED_VERSIONS) problems.clear();
    problems.set(value, problem);
  }
  if (problem !== '') throw new BadRecord(`version ${printable(value)} cannot be ordered (${problem})`);
  return value;
}

function whyNotOrderable(release: string, version: string): string {
  const order = orderOf(release);
  if (order === null) return `no version order is known for ${printable(release)}`;
  const key = order.key(version);
  return key.ok || order.compare ? '' : key.reason;
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:$|[T ])/;

/** The last day ahead that a date was read as, until somebody asks: the record is taken without it, and whoever reads it says so. */
let dayAhead: string | null = null;

export function takeDayAhead(): string | null {
  const day = dayAhead;
  dayAhead = null;
  return day;
}

/** The day of a date or an instant as YYYY-MM-DD. Days that do not exist, days before 1980 (OSV's zero date) and days after `today` are no date. */
export function pastDay(value: unknown, today: string): string | null {
  if (typeof value !== 'string') return null;
  const parts = DATE.exec(value);
  if (!parts || Number(parts[1]) < 1980) return null;
  const day = `${parts[1]}-${parts[2]}-${parts[3]}`;
  if (!isDay(day)) return null;
  if (day <= today) return day;
  dayAhead = day;
  return null;
}

/** As `pastDay`, for days that may lie ahead (due dates, ends of support). */
export function anyDay(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const parts = DATE.exec(value);
  if (!parts) return null;
  const day = `${parts[1]}-${parts[2]}-${parts[3]}`;
  return isDay(day) ? day : null;
}

const DAYS_OF_MONTH = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDay(day: string): boolean {
  const [year, month, date] = [Number(day.slice(0, 4)), Number(day.slice(5, 7)), Number(day.slice(8, 10))];
  if (date < 1 || date > (DAYS_OF_MONTH[month] ?? 0)) return false;
  return month !== 2 || date < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

/** Text from a feed, fit for a message: control characters away, 80 characters at most. */
export function printable(text: string): string {
  const clean = withoutControls(text);
  return clean.length > 80 ? `${clean.slice(0, 77).toWellFormed()}...` : clean;
}

/** What would move a terminal's cursor, turn the direction of the text, or be no character at all. */
export function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?').toWellFormed();
}
