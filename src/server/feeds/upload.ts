import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MAX_FEED_DOWNLOAD_BYTES } from '../../core/kernel/limits.ts';
import { invalid, RequestFault } from '../runtime/problems.ts';

/** Writes a request's body to a file, as it comes. */
export async function saveUpload(body: unknown, folder: string, name: string): Promise<{ readonly path: string; readonly bytes: number }> {
  if (!(body instanceof Readable)) throw invalid('body', 'is no stream of bytes');
  const file = path.join(folder, name);
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= MAX_FEED_DOWNLOAD_BYTES) return done(null, chunk);
      done(
        new RequestFault(
          413,
          'feed-too-large',
          `The upload is larger than ${MAX_FEED_DOWNLOAD_BYTES} bytes.`,
          'Export fewer feeds into one bundle, or copy the file to the server and import its path.',
        ),
      );
    },
  });
  await pipeline(body, counted, createWriteStream(file, { mode: 0o600 }));
  if (bytes === 0) throw invalid('body', 'is empty');
  return { path: file, bytes };
}
