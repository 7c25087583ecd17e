import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Client, createClient } from '../../src/api/client.ts';
import { api } from '../../src/api/index.ts';

/** A Fettle server as a person starts it, in a data folder of its own. */
export interface RunningServer {
  readonly process: ChildProcess;
  readonly url: string;
  /** Everything it printed. */
  readonly output: () => string;
  /** The one-time link of this start, if one was printed. */
  readonly link: () => string | null;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface ServerOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly host: string;
  /** What is started; `npm start`'s own when left out. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o755 });
  const url = `http://${options.host}:${options.port}`;
  const child = spawn(process.execPath, [options.entry ?? 'src/main/server.ts'], {
    env: {
      ...process.env,
      FETTLE_PORT: String(options.port),
      FETTLE_HOST: options.host,
      FETTLE_URL: url,
      FETTLE_DATA: options.dataDir,
      FETTLE_PARENT_PIPE: '',
      FETTLE_FETCH_FEEDS: 'no',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const log = createWriteStream(path.join(options.dataDir, 'e2e-output.log'), { flags: 'a' });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      log.write(chunk);
    });
  const gone = new Promise<void>(resolve => child.on('exit', () => resolve()));
  const server: RunningServer = {
    process: child,
    url,
    output: () => text,
    link: () => /https?:\/\/\S*token=[\w-]+/.exec(text)?.[0] ?? null,
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
  const deadline = Date.now() + 120_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended ${child.exitCode}:\n${text}`);
    const ready = await fetch(`${url}/healthz`).then(
      answer => answer.status === 200,
      () => false,
    );
    if (ready && text.includes('token=')) return server;
    if (Date.now() > deadline) throw new Error(`the server was not ready in 120 s:\n${text}`);
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

/** A person with a session of their own: cookies kept, as a browser would. */
export class Person {
  readonly client: Client;
  readonly url: string;
  readonly cookies = new Map<string, string>();
  constructor(url: string) {
    this.url = url;
    const send: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      for (const cookie of answer.headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';');
        this.cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      return answer;
    };
    this.client = createClient(api, {
      baseUrl: url,
      fetch: send,
      headers: () => ({ origin: url, cookie: [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ') }),
    });
  }
}

/** One-time links carry their token in the fragment, which no proxy log sees. */
export const tokenOf = (link: string) => /token=([\w-]+)/.exec(link)?.[1] ?? '';
