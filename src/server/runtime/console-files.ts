import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { notFound } from './problems.ts';
import { consolePolicy } from './security-headers.ts';

export interface ConsoleFiles {
  /** Built console (`dist/console`). */
  readonly folder: string;
  /** Shown instead of the console while there is none: why, and what to do. */
  readonly missing: () => string;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function plainPage(text: string): string {
  const escaped = text.replace(/[&<>"]/g, character => ESCAPES[character] ?? character);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Fettle</title></head><body><h1>Fettle</h1><p>${escaped}</p></body></html>`;
}

/** The page is read again for each answer: it is small, and a rebuilt console shows at once. */
function sendPage(reply: FastifyReply, files: ConsoleFiles): FastifyReply {
  const file = path.join(files.folder, 'index.html');
  const nonce = randomBytes(18).toString('base64');
  const html = existsSync(file) ? readFileSync(file, 'utf8').replaceAll('__CSP_NONCE__', nonce) : plainPage(files.missing());
  return reply
    .header('content-security-policy', consolePolicy(nonce))
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(html);
}

/** Files by their name; every other path that is no endpoint is an address inside the console and gets its page. */
export function serveConsole(app: FastifyInstance, files: ConsoleFiles): void {
  app.register(fastifyStatic, { root: path.resolve(files.folder), serve: false, index: false, dotfiles: 'ignore', cacheControl: false });
  app.get('/*', { config: { open: true } as object }, (request, reply) => {
    const pathname = decodeURIComponent((request.url.split('?')[0] ?? '/').slice(1));
    if (/^(api|agent)(\/|$)/.test(pathname)) throw notFound('endpoint', `/${pathname.slice(0, 200)}`);
    const isFile =
      pathname !== '' &&
      pathname !== 'index.html' &&
      !pathname.split('/').includes('..') &&
      existsSync(path.join(files.folder, pathname)) &&
      path.extname(pathname) !== '';
    // A tab that is older than the server asks for files of its own build; with the page in their place it could not tell what is wrong.
    if (!isFile && pathname.startsWith('assets/')) throw notFound('file', `/${pathname.slice(0, 200)}`);
    if (!isFile) return sendPage(reply, files);
    // Names below assets/ carry a hash of their content.
    reply.header('cache-control', pathname.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    return reply.sendFile(pathname);
  });
}
