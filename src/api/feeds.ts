import { z } from 'zod';
import { Empty, IdParams, Instant, route } from './contract.ts';

export const Feed = z
  .object({
    id: z.string(),
    title: z.string(),
    kind: z.string(),
    url: z.string().nullable(),
    enabled: z.boolean(),
    licence: z.string(),
    homepage: z.string().nullable(),
    state: z.enum(['never-loaded', 'loading', 'current', 'stale', 'failed', 'refused']),
    message: z.string().nullable(),
    records: z.int(),
    quarantined: z.int(),
    quarantineSample: z.array(z.string()),
    dataDate: z.string().nullable(),
    loadedAt: Instant.nullable(),
    /** Day or instant from which the age counts: the publisher's own date, else when the publisher last said that this is its newest. */
    freshAt: z.string().nullable(),
    /** From this age on it is stale. */
    staleAfterHours: z.int(),
    /** What vouches for the files in force, of the weakest of them; null before the first load. */
    integrity: z.object({ level: z.enum(['signature', 'checksum', 'bundle', 'transport', 'none']), note: z.string() }).nullable(),
    checkedAt: Instant.nullable(),
    /** null: it is not fetched by itself. */
    nextSyncAt: Instant.nullable(),
  })
  .meta({ id: 'Feed' });

/** One file on its way in. `quarantined` records are put aside, the rest counts. */
export const FeedImportFile = z
  .object({
    file: z.string(),
    /** null until its format is known, and for files that are no feed. */
    feedId: z.string().nullable(),
    sizeBytes: z.int(),
    state: z.enum(['downloading', 'waiting', 'reading', 'storing', 'loaded', 'unchanged', 'refused', 'failed', 'skipped']),
    records: z.int(),
    quarantined: z.int(),
    message: z.string().nullable(),
  })
  .meta({ id: 'FeedImportFile' });
export type FeedImportFile = z.output<typeof FeedImportFile>;

export const FeedImport = z
  .object({
    id: z.string(),
    location: z.string(),
    startedBy: z.string(),
    startedAt: Instant,
    finishedAt: Instant.nullable(),
    /** `lost`: the process that ran it is gone; what it had loaded stays, the rest is to be imported again. */
    state: z.enum(['running', 'done', 'failed', 'lost']),
    message: z.string().nullable(),
    files: z.array(FeedImportFile),
    /** Feeds that a file was for, as they stand now. */
    items: z.array(Feed),
    /** Files that did not become part of a feed, with the reason. */
    skipped: z.array(z.object({ file: z.string(), reason: z.string() })),
  })
  .meta({ id: 'FeedImport' });
export type FeedImport = z.output<typeof FeedImport>;

export const FeedSigner = z
  .object({
    id: z.string(),
    name: z.string(),
    publicKey: z.string(),
    trustedAt: Instant,
    trustedBy: z.string(),
    /** When the newest bundle taken in from there was made. */
    lastBundleAt: Instant.nullable(),
  })
  .meta({ id: 'FeedSigner' });

export const ClaimView = z
  .object({
    source: z.string(),
    vulnerabilityId: z.string(),
    state: z.string(),
    fixedVersion: z.string().nullable(),
    severity: z.string().nullable(),
    statedOn: z.string().nullable(),
    note: z.string().nullable(),
    advisoryId: z.string().nullable(),
    /** The rpm module stream, the pocket for subscribers, or the versions that it is about alone: what limits the statement. */
    module: z.string().nullable(),
    subscription: z.string().nullable(),
    onlyVersions: z.array(z.string()),
    /** When this installation was first told exactly this. */
    firstSeenAt: Instant,
    /** When a newer load no longer said it; null while in force. Such statements decide nothing and are kept. */
    withdrawnAt: Instant.nullable(),
  })
  .meta({ id: 'Claim' });

/** All that is said of one vulnerability in one package of one release, and the verdict that the rule derives. */
export const ClaimGroup = z
  .object({
    release: z.string(),
    packageName: z.string(),
    packageKind: z.enum(['source', 'binary']),
    vulnerabilityId: z.string(),
    aliases: z.array(z.string()),
    /** null when every statement is withdrawn, or is about single builds. */
    verdict: z.object({ state: z.string(), fixedVersion: z.string().nullable(), followed: z.string(), rule: z.string() }).nullable(),
    /** Who says something else, and why the verdict follows another; null when the sources agree. */
    disagreement: z.string().nullable(),
    claims: z.array(ClaimView),
  })
  .meta({ id: 'ClaimGroup' });

/** OSV's npm archive, the largest single file, has about 250 MB; a bundle of everything some 400. */
const UPLOAD_BYTES_MAX = 1_000_000_000;

/** A record, or what was left out of one. */
export const QuarantinedRecord = z
  .object({
    /** The file of the feed; '' where there is one only. */
    part: z.string(),
    /** Its id, or where it stands: `line 12 (CVE-2026-1)`. */
    record: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'QuarantinedRecord' });

/** What a person has looked at and takes all the same. */
const Accept = z.enum(['shrunken']).optional().describe('`shrunken`: the feed has far fewer records than before, and that is right');

export const feeds = {
  feedList: route({
    method: 'get',
    path: '/api/v1/feeds',
    access: 'setting.read',
    summary: 'Advisory feeds with freshness and licence',
    answer: z.object({ items: z.array(Feed) }),
  }),
  feedUpdate: route({
    method: 'patch',
    path: '/api/v1/feeds/{id}',
    access: 'feed.write',
    summary: 'Set URL, switch on or off',
    params: IdParams,
    body: z.object({
      url: z.string().min(1).max(4000).nullable().optional().describe('One URL, or several with spaces between them'),
      enabled: z.boolean().optional(),
    }),
    answer: Feed,
  }),
  feedSync: route({
    method: 'post',
    path: '/api/v1/feeds/{id}/sync',
    access: 'feed.write',
    summary: 'Start fetching a feed now; follow it under its id',
    params: IdParams,
    query: z.object({ accept: Accept }),
    answer: FeedImport,
  }),
  feedQuarantine: route({
    method: 'get',
    path: '/api/v1/feeds/{id}/quarantine',
    access: 'setting.read',
    summary:
      'Records of a feed that were put aside, each with the reason: the first hundred of each file, 2,000 at most, and how many there are',
    params: IdParams,
    answer: z.object({ items: z.array(QuarantinedRecord), total: z.int() }),
  }),
  feedImport: route({
    method: 'post',
    path: '/api/v1/feeds/import',
    access: 'feed.write',
    summary: 'Start importing a feed or bundle from a folder or file on the server, or from a URL; follow it under its id',
    body: z.object({ location: z.string().min(1).max(4000), accept: Accept }),
    answer: FeedImport,
  }),
  feedUpload: route({
    method: 'post',
    path: '/api/v1/feeds/upload',
    access: 'feed.write',
    summary: 'Start importing one uploaded feed file or bundle; follow it under its id',
    query: z.object({ fileName: z.string().min(1).max(200), accept: Accept }),
    consumes: 'application/octet-stream',
    body: z.unknown(),
    bodyBytesMax: UPLOAD_BYTES_MAX,
    answer: FeedImport,
  }),
  feedImportList: route({
    method: 'get',
    path: '/api/v1/feeds/imports',
    access: 'setting.read',
    summary: 'The last imports, newest first',
    answer: z.object({ items: z.array(FeedImport) }),
  }),
  feedImportGet: route({
    method: 'get',
    path: '/api/v1/feeds/imports/{id}',
    access: 'setting.read',
    summary: 'How far an import is',
    params: IdParams,
    answer: FeedImport,
  }),
  feedExport: route({
    method: 'get',
    path: '/api/v1/feeds/bundle',
    access: 'feed.write',
    summary: 'Feeds as one signed file for a site without internet',
    query: z.object({
      /** Ids with commas between them; all that are loaded when left out. */
      feeds: z.string().max(2000).optional(),
      /** After this many days the bundle is refused. */
      validDays: z.coerce.number().int().min(1).max(365).default(30),
    }),
    produces: 'application/octet-stream',
    answer: z.unknown(),
  }),
  feedKey: route({
    method: 'get',
    path: '/api/v1/feeds/key',
    access: 'setting.read',
    summary: 'The public key that signs bundles of this installation: what other sites trust',
    answer: z.object({ id: z.string(), publicKey: z.string(), installation: z.string() }),
  }),
  feedSignerList: route({
    method: 'get',
    path: '/api/v1/feeds/signers',
    access: 'setting.read',
    summary: 'Installations whose bundles are believed here',
    answer: z.object({ items: z.array(FeedSigner) }),
  }),
  feedSignerTrust: route({
    method: 'post',
    path: '/api/v1/feeds/signers',
    access: 'feed.write',
    summary: 'Believe bundles signed with this key',
    body: z.object({ publicKey: z.string().min(20).max(200), name: z.string().min(1).max(100) }),
    answer: FeedSigner,
  }),
  claimList: route({
    method: 'get',
    path: '/api/v1/claims',
    access: 'finding.read',
    summary: 'What every source says of a vulnerability, whoever runs the package; the verdict, and why where they disagree',
    query: z.object({
      vulnerability: z.string().min(3).max(128),
      /** `debian:12`, `almalinux:9`, `PyPI`. */
      release: z.string().max(100).optional(),
      package: z.string().max(300).optional(),
    }),
    answer: z.object({ items: z.array(ClaimGroup) }),
  }),
  feedSignerDelete: route({
    method: 'delete',
    path: '/api/v1/feeds/signers/{id}',
    access: 'feed.write',
    summary: 'Believe a key no longer; what its bundles brought stays in force',
    params: IdParams,
    answer: Empty,
  }),
};
