import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { type Client, createClient } from '../api/client.ts';
import { api } from '../api/index.ts';
import { UsageError } from './command.ts';

/** Where the CLI finds its server and token: environment first, then the file that `fettle login` writes. */
export interface Connection {
  readonly server: string;
  readonly token: string | null;
}

const DEFAULT_SERVER = `http://127.0.0.1:${process.env.FETTLE_PORT ?? '7430'}`;

function file(): string {
  return path.join(process.env.XDG_CONFIG_HOME ?? path.join(homedir(), '.config'), 'fettle', 'cli.json');
}

export function readConnection(serverOption: string | undefined): Connection {
  let stored: Partial<Connection> = {};
  try {
    stored = JSON.parse(readFileSync(file(), 'utf8')) as Partial<Connection>;
  } catch {
    // No file yet, or not ours: the defaults and the environment remain.
  }
  const server = (serverOption ?? process.env.FETTLE_SERVER ?? stored.server ?? DEFAULT_SERVER).replace(/\/+$/, '');
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? ''))
    throw new UsageError(`"${server}" is no address of a server: write it as http://127.0.0.1:7430, in --server or FETTLE_SERVER`);
  const token = process.env.FETTLE_TOKEN ?? (stored.server === server ? (stored.token ?? null) : null);
  return { server, token };
}

export function storeConnection(connection: Connection): string {
  mkdirSync(path.dirname(file()), { recursive: true, mode: 0o700 });
  writeFileSync(file(), `${JSON.stringify(connection)}\n`, { mode: 0o600 });
  chmodSync(file(), 0o600);
  return file();
}

export function forgetConnection(): void {
  rmSync(file(), { force: true });
}

export function tokenClient(connection: Connection): Client {
  return createClient(api, {
    baseUrl: connection.server,
    headers: (): Record<string, string> => (connection.token === null ? {} : { authorization: `Bearer ${connection.token}` }),
  });
}

/** A client that keeps the session cookie: for signing in, and for verbs that no token may use. */
export function sessionClient(server: string): Client {
  const cookies = new Map<string, string>();
  const send: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return response;
  };
  return createClient(api, {
    baseUrl: server,
    fetch: send,
    headers: () => ({ origin: server, cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
  });
}

/** Login and password from the environment or the terminal, never from argv (other users can read it). */
export async function askCredentials(say: (text: string) => void): Promise<{ login: string; password: string }> {
  const fromEnvironment = { login: process.env.FETTLE_LOGIN, password: process.env.FETTLE_PASSWORD };
  if (fromEnvironment.login !== undefined && fromEnvironment.password !== undefined)
    return { login: fromEnvironment.login, password: fromEnvironment.password };
  if (!process.stdin.isTTY) throw new UsageError('this needs a person: run it in a terminal, or set FETTLE_LOGIN and FETTLE_PASSWORD');
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const login = await reader.question('Login: ');
  reader.close();
  say('Password (not shown): ');
  return { login, password: await readHidden() };
}

function readHidden(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    process.stdin.setRawMode(true);
    process.stdin.resume();
    const done = (end: () => void) => {
      process.stdin.setRawMode(false);
      process.stdin.pause();
      process.stdin.off('data', onData);
      end();
    };
    const onData = (chunk: Buffer) => {
      for (const character of chunk.toString('utf8')) {
        if (character === '\r' || character === '\n') return done(() => resolve(text));
        if (character === '\u0003') return done(() => reject(new UsageError('cancelled')));
        text = character === '\u007f' ? text.slice(0, -1) : text + character;
      }
    };
    process.stdin.on('data', onData);
  });
}
