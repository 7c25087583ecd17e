import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** A server as `npm start` runs it, for tests: its own data folder, a free port, no console. */
export interface ServerProcess {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves when it has printed its address; rejects with what it printed when it ends before. */
  ready(msMax?: number): Promise<{ readonly url: string; readonly ms: number }>;
  /** Exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
}

const ROOT = path.join(import.meta.dirname, '..', '..');
const READY_MS_MAX = 60_000;

export function startServer(
  dataFolder: string,
  env: Readonly<Record<string, string>> = {},
  options: { uid?: number; gid?: number } = {},
): ServerProcess {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('FETTLE_') && name !== 'DATABASE_URL'),
  );
  const started = performance.now();
  const child = spawn(process.execPath, [path.join(ROOT, 'src', 'main', 'server.ts')], {
    cwd: '/',
    env: { ...inherited, FETTLE_DATA: dataFolder, FETTLE_PORT: '0', FETTLE_CONSOLE: 'no', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    ...options,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = new Promise<number | string>(resolve => child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown')));
  return {
    child,
    output: () => text,
    ended,
    async ready(msMax = READY_MS_MAX) {
      const deadline = Date.now() + msMax;
      for (;;) {
        const url = /Fettle is ready: (\S+)/.exec(text)?.[1];
        if (url !== undefined && text.includes('Stop: Ctrl-C')) return { url, ms: Math.round(performance.now() - started) };
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
          throw new Error(`the server did not become ready:\n${text}`);
        await new Promise(resolve => setTimeout(resolve, 20));
      }
    },
  };
}

/** Processes of the PostgreSQL that works in this data folder; Linux only. */
export function databaseProcesses(dataFolder: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(path.join(dataFolder, 'postgresql'));
      } catch {
        return false;
      }
    });
}
