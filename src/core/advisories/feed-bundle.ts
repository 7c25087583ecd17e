import type { Instant } from '../kernel/instants.ts';

/**
 * A feed bundle carries publishers' files, byte for byte, to a site without internet. Its manifest says of each file where it is from, when the
 * publisher was last asked and what the publisher's own date is, and is signed by the installation that fetched them (an envelope of core/evidence).
 */
export const BUNDLE_TYPE = 'application/vnd.fettle.feed-bundle.v1+json';

export interface BundleManifest {
  readonly format: 'fettle-feeds/1';
  readonly installation: { readonly id: string; readonly name: string };
  readonly createdAt: Instant;
  /** From then on it is refused: old data in a new wrapping would look fresh. */
  readonly expiresAt: Instant;
  readonly files: readonly BundledFile[];
}

export interface BundledFile {
  /** Id of the advisory source. */
  readonly feedId: string;
  /** As the publisher names it: some formats say their release there. No path. */
  readonly fileName: string;
  readonly licence: string;
  /** The publisher's URL, or how the file came to the exporting installation. */
  readonly sourceUrl: string;
  readonly fetchedAt: Instant;
  /** When the publisher last said that this is its newest: the fetch, or a later answer "not modified". Proof of freshness for data without a date. */
  readonly confirmedAt: Instant;
  /** The publisher's own date of the data, YYYY-MM-DD; null when it gives none. */
  readonly dataDate: string | null;
  readonly sha256: string;
  readonly bytes: number;
  readonly records: number;
}

export type ManifestReading =
  | { readonly ok: true; readonly manifest: BundleManifest }
  /** `field` is where it stopped making sense: `files 3 sha256`. */
  | { readonly ok: false; readonly field: string };

/** What a signature covers may still be nonsense, made by an older or newer version. */
export function readManifest(value: unknown): ManifestReading {
  const wrong = (field: string): ManifestReading => ({ ok: false, field });
  const root = record(value);
  if (root?.format !== 'fettle-feeds/1') return wrong('format');
  const installation = record(root.installation);
  if (!isText(installation?.id, 100) || !isText(installation.name, 200)) return wrong('installation');
  for (const field of ['createdAt', 'expiresAt'] as const) if (!isInstant(root[field])) return wrong(field);
  if (!Array.isArray(root.files) || root.files.length === 0) return wrong('files');
  for (const [at, entry] of root.files.entries()) {
    const file = record(entry);
    const bad = file === null ? '' : FILE_FIELDS.find(([name, isRight]) => !isRight(file[name]))?.[0];
    if (bad !== undefined) return wrong(`files ${at + 1} ${bad}`.trim());
  }
  return { ok: true, manifest: value as BundleManifest };
}

const FILE_FIELDS: readonly (readonly [keyof BundledFile, (value: unknown) => boolean])[] = [
  ['feedId', value => typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,60}$/.test(value)],
  ['fileName', value => typeof value === 'string' && /^[A-Za-z0-9_+][A-Za-z0-9._+-]{0,119}$/.test(value)],
  ['licence', value => isText(value, 300)],
  ['sourceUrl', value => isText(value, 4_000)],
  ['fetchedAt', isInstant],
  ['confirmedAt', isInstant],
  ['dataDate', value => value === null || (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value))],
  ['sha256', value => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)],
  ['bytes', value => isCount(value) && value > 0],
  ['records', isCount],
];

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
}

function isText(value: unknown, charsMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= charsMax;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

export type BundleProblem =
  | { readonly code: 'bundle-expired'; readonly reason: string }
  | { readonly code: 'bundle-from-the-future'; readonly reason: string }
  | { readonly code: 'bundle-older'; readonly reason: string };

/** Clocks of two sites differ; a day more is no clock but an attempt to outlive every later bundle. */
const CLOCK_SKEW_MS = 86_400_000;

/** Whether a bundle may be used at all. `lastCreatedAt`: of the newest bundle taken in from the same signer; null for none, or where nobody keeps count. */
export function judgeBundle(
  manifest: Pick<BundleManifest, 'installation' | 'createdAt' | 'expiresAt'>,
  now: Instant,
  lastCreatedAt: Instant | null,
): BundleProblem | null {
  const { createdAt, expiresAt, installation } = manifest;
  const whose = `the bundle that ${installation.name} made on ${minute(createdAt)}`;
  if (Date.parse(createdAt) > Date.parse(now) + CLOCK_SKEW_MS)
    return { code: 'bundle-from-the-future', reason: `${whose} is dated after today (${minute(now)}): one of the two clocks is wrong` };
  if (expiresAt <= now) return { code: 'bundle-expired', reason: `${whose} expired on ${minute(expiresAt)}` };
  if (lastCreatedAt !== null && createdAt < lastCreatedAt)
    return { code: 'bundle-older', reason: `${whose} is older than the last one taken in from there, of ${minute(lastCreatedAt)}` };
  return null;
}

/** What stands in force where a bundled file would go. */
export interface FileInForce {
  readonly dataDate: string | null;
  readonly confirmedAt: Instant;
}

/** Why a bundled file must not replace what is in force: it is older by the publisher's date or, where that says nothing, by when the publisher was asked. */
export function olderThanInForce(file: Pick<BundledFile, 'dataDate' | 'confirmedAt'>, inForce: FileInForce): string | null {
  if (file.dataDate !== null && inForce.dataDate !== null && file.dataDate !== inForce.dataDate)
    return file.dataDate < inForce.dataDate ? `its data is of ${file.dataDate}, older than that in force, of ${inForce.dataDate}` : null;
  return file.confirmedAt < inForce.confirmedAt
    ? `it was current on ${minute(file.confirmedAt)}, and what is in force on ${minute(inForce.confirmedAt)}`
    : null;
}

function minute(instant: Instant): string {
  return instant.slice(0, 16).replace('T', ' ');
}
