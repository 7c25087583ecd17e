import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { REQUEST_DEPTH_MAX } from '../../core/kernel/limits.ts';
import { RequestFault } from './problems.ts';

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = { gzip: createGunzip, zstd: createZstdDecompress };

/** The stream that Fastify reads must say how many packed bytes it saw; the unpacked ones are counted against the route's limit as they come. */
type Counted = Readable & { receivedEncodedLength?: number };

/** Unpacks compressed bodies. The route's body limit holds for the unpacked size too, and reading stops there: 204 kB of gzip can hold 200 MB (security.md 3). */
function decoded(request: FastifyRequest, payload: Readable): Readable {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return payload;
  const make = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (make === undefined)
    throw new RequestFault(
      415,
      'unsupported-encoding',
      `Bodies packed as ${encoding} are not read.`,
      'Send gzip, zstd or an unpacked body.',
    );
  const decoder = make() as unknown as Counted;
  decoder.receivedEncodedLength = 0;
  payload.on('data', (chunk: Buffer) => {
    decoder.receivedEncodedLength = (decoder.receivedEncodedLength ?? 0) + chunk.length;
  });
  payload.on('error', error => decoder.destroy(error));
  // Broken packing is the sender's mistake, not a defect of ours.
  decoder.on('error', error => Object.assign(error, { statusCode: 400 }));
  payload.pipe(decoder as unknown as NodeJS.WritableStream);
  return decoder;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BYTE_ORDER_MARK = 0xfeff;

/** End of the string that starts at `open`: the next quote with an even number of backslashes before it. */
function endOfString(bytes: Buffer, open: number): number {
  for (let at = bytes.indexOf(QUOTE, open + 1); at !== -1; at = bytes.indexOf(QUOTE, at + 1)) {
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return bytes.length;
}

/** Deepest nesting of a JSON text, without parsing it; strings are jumped over. Stops counting past `max`. */
function jsonDepth(bytes: Buffer, max: number): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length && deepest <= max; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, (depth += 1));
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return deepest;
}

/** PostgreSQL refuses U+0000 in text and jsonb; here it would surface as a fault far from its cause. */
const NUL_ESCAPE = /(?:^|[^\\])(?:\\\\)*\\u0000/;

/** Without these letters there is no poisoned key, plain or escaped: searching for them costs a tenth of the parser's own two expressions. */
const mayPoison = (text: string, escapes: boolean) => escapes || text.includes('__proto__') || text.includes('constructor');

export function acceptBodies(app: FastifyInstance): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addHook('preParsing', async (request, _reply, payload) => decoded(request, payload as Readable));
  // A file, as a stream: only routes that say so take it, and they count what comes (http.ts).
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer;
    if (jsonDepth(bytes, REQUEST_DEPTH_MAX) > REQUEST_DEPTH_MAX)
      return done(new RequestFault(400, 'too-deep', `The JSON nests deeper than ${REQUEST_DEPTH_MAX} levels.`, 'Send a flatter document.'));
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      return done(new RequestFault(400, 'not-utf-8', 'The body is not valid UTF-8.', 'Send UTF-8.'));
    }
    const escapes = text.includes('\\u');
    if (escapes && text.includes('\\u0000') && NUL_ESCAPE.test(text))
      return done(new RequestFault(400, 'nul-character', 'The body holds the character U+0000, which cannot be stored.', 'Remove it.'));
    if (mayPoison(text, escapes) || text.charCodeAt(0) === BYTE_ORDER_MARK) return parseJson(request, text, done);
    try {
      done(null, JSON.parse(text));
    } catch {
      // Fastify words it for the sender.
      return parseJson(request, text, done);
    }
  });
}
