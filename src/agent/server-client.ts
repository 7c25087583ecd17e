import http from 'node:http';
import https from 'node:https';
import { Fault } from '../core/kernel/faults.ts';

type ServerFaultCode = 'server-unreachable' | 'credential-refused' | 'server-busy' | 'request-refused';

export class ServerFault extends Fault<ServerFaultCode> {
  /** The server's own wish, seconds. */
  readonly retryAfterSeconds: number | null;
  constructor(code: ServerFaultCode, message: string, advice: string, retryAfterSeconds: number | null = null) {
    super(code, message, advice);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface ServerClient {
  post<Answer>(path: string, body: unknown, options?: { readonly timeoutSeconds?: number; readonly signal?: AbortSignal }): Promise<Answer>;
  close(): void;
}

const ANSWER_BYTES_MAX = 16_000_000;

/**
 * JSON over node's own HTTP client: a long-lived process that polls has no use for the weight of fetch. One connection is kept. Redirects are not
 * followed: the server is where the identity says.
 */
export function serverClient(serverUrl: string, credential: string | null): ServerClient {
  const base = new URL(serverUrl);
  const secure = base.protocol === 'https:';
  const agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets: 4 });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(credential === null ? {} : { authorization: `FettleAgent ${credential}` }),
  };
  return {
    post: (path, body, options = {}) => {
      const text = JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const request = (secure ? https : http).request(new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base), {
          method: 'POST',
          agent,
          headers: { ...headers, 'content-length': Buffer.byteLength(text) },
          timeout: (options.timeoutSeconds ?? 60) * 1000,
          ...(options.signal ? { signal: options.signal } : {}),
        });
        request.on('timeout', () => request.destroy(new Error('no answer in time')));
        request.on('error', error =>
          reject(
            new ServerFault(
              'server-unreachable',
              `${base.host}: ${error.message}`,
              'Check that the server runs and that this host can reach it.',
            ),
          ),
        );
        request.on('response', response => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > ANSWER_BYTES_MAX) response.destroy(new Error('the answer is too long'));
            else chunks.push(chunk);
          });
          response.on('error', error => reject(new ServerFault('server-unreachable', `${base.host}: ${error.message}`, 'Try again.')));
          response.on('end', () => {
            try {
              resolve(parseAnswer(base.host, response, Buffer.concat(chunks).toString('utf8')));
            } catch (error) {
              reject(error);
            }
          });
        });
        request.end(text);
      });
    },
    close: () => agent.destroy(),
  };
}

function parseAnswer<Answer>(host: string, response: http.IncomingMessage, text: string): Answer {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return JSON.parse(text === '' ? '{}' : text) as Answer;
  const retryAfter = Number(response.headers['retry-after']);
  const seconds = Number.isFinite(retryAfter) ? retryAfter : null;
  const said = problemText(text) ?? `HTTP ${status}`;
  if (status === 401 || status === 403)
    throw new ServerFault('credential-refused', `${host}: ${said}`, 'Enrol this host again with a new token.');
  if (status === 429 || status >= 500) throw new ServerFault('server-busy', `${host}: ${said}`, 'Nothing: it is tried again.', seconds);
  throw new ServerFault(
    'request-refused',
    `${host}: ${said}`,
    'The agent and the server may be of different versions: install the agent again.',
    seconds,
  );
}

/** `detail` or `title` of an RFC 9457 problem. */
function problemText(text: string): string | null {
  try {
    const problem = JSON.parse(text) as { detail?: unknown; title?: unknown; advice?: unknown };
    const said = [problem.detail ?? problem.title, problem.advice].filter(part => typeof part === 'string' && part !== '');
    return said.length === 0 ? null : said.join(' ').slice(0, 500);
  } catch {
    return null;
  }
}
