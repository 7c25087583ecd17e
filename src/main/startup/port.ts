import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Fault } from '../../core/kernel/faults.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** The port, taken before anything slow happens: a second server learns at once that it is taken, and a browser sees what goes on. */
export interface Port {
  readonly server: Server;
  readonly port: number;
  /** From now on requests go to `listener`. */
  handOver(listener: Listener): void;
  /** Stops accepting; open requests get `graceMs` to end. */
  close(graceMs: number): Promise<void>;
}

function starting(step: () => string): Listener {
  return (request, response) => {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('retry-after', '1');
    if (request.url === '/healthz' || request.url?.startsWith('/api/')) {
      const reason = `starting: ${step()}`;
      response.writeHead(503, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          ready: false,
          reason,
          type: 'urn:fettle:problem:starting',
          title: 'Not ready',
          status: 503,
          code: 'starting',
          detail: reason,
        }),
      );
      return;
    }
    response.writeHead(503, { 'content-type': 'text/html; charset=utf-8', refresh: '1', 'content-security-policy': "default-src 'none'" });
    response.end(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Fettle is starting</title></head><body><h1>Fettle is starting</h1><p>${step()}</p></body></html>`,
    );
  };
}

export async function openPort(host: string, port: number, step: () => string): Promise<Port> {
  let listener = starting(step);
  const server = createServer((request, response) => listener(request, response));
  // A sender has five minutes for a whole request (an uploaded feed bundle over a slow line) and 30 s for the headers.
  server.requestTimeout = 300_000;
  server.headersTimeout = 30_000;
  // Longer than the idle time of usual proxies (60 s), so that they and not we close.
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(listenFault(error as NodeJS.ErrnoException, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    handOver(next) {
      listener = next;
    },
    close(graceMs) {
      return new Promise(resolve => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    const holder = holderOf(port);
    return new Fault(
      'port-taken',
      `Port ${port} on ${host} is taken${holder === null ? '' : ` by ${holder}`}.`,
      `Stop that program, or choose another port: FETTLE_PORT=${port + 1} npm start.`,
      error,
    );
  }
  if (error.code === 'EACCES')
    return new Fault('port-not-allowed', `Port ${port} may only be opened by root.`, 'Choose a port from 1024 on with FETTLE_PORT.', error);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new Fault(
      'host-not-here',
      `This machine has no address ${host}.`,
      'Correct FETTLE_HOST: 127.0.0.1 for this machine only, 0.0.0.0 for all its addresses.',
      error,
    );
  return error;
}

/** `node (process 123)`, when /proc tells: for our own processes always, for others only to root. */
function holderOf(port: number): string | null {
  try {
    const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file => listeningInodes(file, port)));
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      if (holdsSocket(pid, inodes)) return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`;
    }
  } catch {
    // Not Linux, or not ours to read: the message does without.
  }
  return null;
}

/** Column 1 is the local address in hexadecimal, 3 the state (0A: listening), 9 the inode (proc(5)). */
function listeningInodes(file: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/));
  return rows.filter(columns => columns[1]?.endsWith(`:${hex}`) && columns[3] === '0A').map(columns => `socket:[${columns[9]}]`);
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(fd => inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}
