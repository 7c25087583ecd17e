import { createHash } from 'node:crypto';
import { type LookupAddress, lookup } from 'node:dns';
import { createWriteStream, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { Fault } from '../../core/kernel/faults.ts';
import { MINUTE_MS, SECOND_MS } from '../../core/kernel/instants.ts';
import { FEED_DOWNLOAD_MINUTES, FEED_IDLE_SECONDS, MAX_FEED_DOWNLOAD_BYTES } from '../../core/kernel/limits.ts';
import { answered, privateFault, reasonOf, told, tooLarge, unreachable } from './fetch-faults.ts';
import { forgetPart, knownPart, notePart, type Part, sizeOf } from './part-folder.ts';
import { isPrivateAddress } from './private-addresses.ts';

export interface FetchRequest {
  readonly url: string;
  /** Folder of this fetch alone; the file keeps the name that the URL ends in, because some formats say their release there. */
  readonly folder: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** True only for a URL that an administrator typed: then its host may be a private one (a mirror). A redirect never makes it so. */
  readonly privateAllowed: boolean;
  readonly signal: AbortSignal;
  /** True where the bytes are compared with a checksum or signature: then not packed on the way, for that is of the file itself. */
  readonly asItIs?: boolean;
  /** A file that the server does not have is an answer (`absent`), not a fault. */
  readonly mayBeAbsent?: boolean;
  /** For tests; the product has one set of limits. */
  readonly limits?: DownloadLimits;
  /** Told while it comes; `total` null where the server does not say. */
  readonly onBytes?: ((received: number, total: number | null) => void) | undefined;
}

export type FetchAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly etag: string | null;
      readonly lastModified: string | null;
      readonly bytes: number;
      /** Where the server says that it goes on (`Link: <...>; rel="next"`, RFC 8288), on the same server; null: nowhere. */
      readonly next: string | null;
    };

const REDIRECTS_MAX = 5;
export interface DownloadLimits {
  readonly bytesMax: number;
  /** Silence this long ends a transfer. */
  readonly idleMs: number;
  readonly totalMs: number;
}
const LIMITS: DownloadLimits = {
  bytesMax: MAX_FEED_DOWNLOAD_BYTES,
  idleMs: FEED_IDLE_SECONDS * SECOND_MS,
  totalMs: FEED_DOWNLOAD_MINUTES * MINUTE_MS,
};
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Storage services answer 403 for what does not exist. */
const ABSENT: ReadonlySet<number> = new Set([403, 404, 410]);

/** Tries at one file: a transfer that broke off goes on where it ended, when the server allows it and has the same file still. */
const ATTEMPTS_MAX = 5;
const PAUSE_MS = 1_000;

/** A broken transfer, with what may be asked for the rest; null: from the beginning. */
class Broken extends Error {
  readonly fault: Fault;
  readonly partial: Part | null;
  constructor(fault: Fault, partial: Part | null) {
    super(fault.message);
    this.fault = fault;
    this.partial = partial;
  }
}

/**
 * Downloads to a file. What had arrived when it failed for good stays in the folder if the server can give the rest: the next call for the same URL and
 * folder goes on there. Faults: `feed-url-refused`, `feed-unreachable`, `feed-too-large`.
 */
export async function fetchFile(request: FetchRequest): Promise<FetchAnswer> {
  const { totalMs } = request.limits ?? LIMITS;
  const whole = AbortSignal.timeout(totalMs);
  const signal = AbortSignal.any([request.signal, whole]);
  let partial = knownPart(request.folder, request.url);
  for (let attempt = 1; ; attempt++)
    try {
      return await fetchOnce(request, partial, signal);
    } catch (error) {
      if (error instanceof Broken) partial = error.partial;
      if (whole.aborted)
        throw told(unreachable(parseFeedUrl(request.url), `it took longer than ${totalMs / MINUTE_MS} minutes`, error), partial);
      if (!(error instanceof Broken)) throw error;
      if (attempt >= ATTEMPTS_MAX || signal.aborted) throw told(error.fault, partial);
      await setTimeout(PAUSE_MS * (attempt - 1), undefined, { signal }).catch(() => {});
    }
}

async function fetchOnce(request: FetchRequest, partial: Part | null, signal: AbortSignal): Promise<FetchAnswer> {
  let url = parseFeedUrl(request.url);
  for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
    // A typed private address is trusted as far as its own host goes.
    const privateAllowed = request.privateAllowed && url.hostname === parseFeedUrl(request.url).hostname;
    const response = await send(url, request, privateAllowed, partial, signal);
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (REDIRECTS.has(status) && location !== undefined) {
      response.resume();
      url = parseFeedUrl(new URL(location, url).href);
      continue;
    }
    if (status === 304 && partial === null) {
      response.resume();
      // Proof of freshness for something that we do not have would be none.
      if (request.etag === null && request.lastModified === null)
        throw unreachable(url, 'the server answered 304 to a request without conditions');
      return { kind: 'unchanged' };
    }
    // 206: the rest of the file that we have the beginning of; 200: another file by now, from the beginning.
    if (status === 206 && partial !== null && startsAt(response) === statSync(partial.path).size)
      return await save(response, request, url, partial.path, partial, signal);
    if (status !== 200) {
      response.resume();
      if (request.mayBeAbsent && ABSENT.has(status)) return { kind: 'absent' };
      const fault = answered(url, `${status} ${response.statusMessage ?? ''}`.trim(), response.headers);
      throw partial === null ? fault : new Broken(fault, null);
    }
    forgetPart(request.folder);
    return await save(response, request, url, path.join(request.folder, fileNameOf(url)), null, signal);
  }
  throw unreachable(url, `more than ${REDIRECTS_MAX} redirects`);
}

function startsAt(response: http.IncomingMessage): number {
  return Number(/^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1] ?? Number.NaN);
}

/** http and https only: no file, no data, no gopher. */
export function parseFeedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== '') return url;
  throw new Fault(
    'feed-url-refused',
    `${text.slice(0, 200)} is no http or https URL.`,
    'Give an http or https URL, or import the feed from a file.',
  );
}

function send(
  url: URL,
  request: FetchRequest,
  privateAllowed: boolean,
  partial: Part | null,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const { idleMs } = request.limits ?? LIMITS;
  return new Promise((resolve, reject) => {
    let answer: http.IncomingMessage | null = null;
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !privateAllowed && isPrivateAddress(literal)) return reject(privateFault(url, literal));
    const packed = /\.(?:gz|zst|zlib|xz|bz2|zip)$/i.test(url.pathname);
    const call = (url.protocol === 'https:' ? https : http).get(
      url,
      {
        signal,
        lookup: privateAllowed ? undefined : publicLookup(url),
        timeout: idleMs,
        headers: {
          'user-agent': 'fettle',
          accept: '*/*',
          // What arrives is kept as it is and unpacked by its magic bytes; a file that is packed already must not be packed twice.
          'accept-encoding': packed || request.asItIs === true ? 'identity' : 'gzip',
          ...(partial === null ? conditionsOf(request) : rangeOf(partial)),
        },
      },
      response => resolve((answer = response)),
    );
    call.on('timeout', () => {
      const quiet = new Error(`no data for ${idleMs / 1_000} s`);
      // Whoever reads the answer is told why it ends; a destroyed request alone would say that it was aborted.
      answer?.destroy(quiet);
      call.destroy(quiet);
    });
    call.on('error', error => reject(brokenBy(error, url, partial)));
  });
}

function conditionsOf({ etag, lastModified }: FetchRequest): Record<string, string> {
  return { ...(etag ? { 'if-none-match': etag } : {}), ...(lastModified ? { 'if-modified-since': lastModified } : {}) };
}

/** The rest, or all of it when it is another file by now (RFC 9110, If-Range). */
function rangeOf({ path: file, etag, lastModified }: Part): Record<string, string> {
  return { range: `bytes=${statSync(file).size}-`, 'if-range': etag ?? lastModified ?? '' };
}

/** A name that is not known or a refused address is an answer; only what began and broke off is worth another try. */
function brokenBy(error: Error, url: URL, partial: Part | null): Error {
  if (error instanceof Fault) return error;
  const fault = unreachable(url, reasonOf(error), error);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return partial !== null || code === 'ECONNRESET' ? new Broken(fault, partial) : fault;
}

async function save(
  response: http.IncomingMessage,
  { url: asked, folder, onBytes, limits = LIMITS }: FetchRequest,
  url: URL,
  file: string,
  partial: Part | null,
  signal: AbortSignal,
): Promise<FetchAnswer> {
  const had = partial === null ? 0 : statSync(file).size;
  let bytes = had;
  const stated = Number(response.headers['content-length'] ?? Number.NaN);
  // What is announced as too large is not even begun.
  if (had + stated > limits.bytesMax) {
    response.destroy();
    throw tooLarge(url, limits.bytesMax);
  }
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes?.(bytes, Number.isFinite(stated) ? had + stated : null);
      done(bytes > limits.bytesMax ? tooLarge(url, limits.bytesMax) : null, chunk);
    },
  });
  const { etag = null } = response.headers;
  const lastModified = response.headers['last-modified'] ?? null;
  notePart(folder, asked, resumable(response, file, etag, lastModified) ?? partial);
  try {
    await pipeline(response, counted, createWriteStream(file, { mode: 0o600, flags: partial === null ? 'w' : 'a' }), { signal });
    if (Number.isFinite(stated) && stated !== bytes - had) throw new Error(`the transfer ended after ${bytes} of ${had + stated} bytes`);
  } catch (error) {
    if (error instanceof Fault) throw error;
    const part = resumable(response, file, etag, lastModified);
    throw new Broken(unreachable(url, reasonOf(error as Error), error), part !== null && sizeOf(part) > 0 ? part : null);
  }
  forgetPart(folder);
  return {
    kind: 'file',
    path: file,
    bytes,
    etag: etag ?? partial?.etag ?? null,
    lastModified: lastModified ?? partial?.lastModified ?? null,
    next: nextOf(response, url),
  };
}

function nextOf(response: http.IncomingMessage, url: URL): string | null {
  const link = [response.headers.link ?? ''].flat().join(',');
  const [, stated] = /<([^<>]{1,4000})>\s*;[^<]*\brel="?next"?/.exec(link) ?? [];
  const next = stated === undefined ? null : URL.parse(stated, url);
  return next?.origin === url.origin ? next.href : null;
}

/** Only with a name for exactly these bytes: a weak ETag names content, not bytes (RFC 9110, 13.1.5). */
function resumable(response: http.IncomingMessage, file: string, etag: string | null, lastModified: string | null): Part | null {
  const strong = etag?.startsWith('W/') === false ? etag : null;
  const allowed = response.statusCode === 206 || response.headers['accept-ranges'] === 'bytes';
  return allowed && (strong !== null || lastModified !== null) ? { path: file, etag: strong, lastModified } : null;
}

/** `bookworm` of .../debsecan/release/1/bookworm; what no file name may hold is replaced, and no name is the URL's hash. */
function fileNameOf(url: URL): string {
  const last = url.pathname.split('/').filter(Boolean).at(-1) ?? '';
  const name = last
    .replace(/[^A-Za-z0-9._+-]/g, '_')
    .replace(/^\.+/, '')
    .slice(-100);
  return name === '' ? createHash('sha256').update(url.href).digest('hex').slice(0, 16) : name;
}

/** The address that was judged is the one that is connected to: a second answer of the name server changes nothing. */
function publicLookup(url: URL): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const addresses = found as LookupAddress[];
      const bad = addresses.find(({ address }) => isPrivateAddress(address));
      if (bad) return callback(privateFault(url, bad.address) as unknown as NodeJS.ErrnoException, '', 0);
      if (options.all) return callback(null, addresses);
      return callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}
