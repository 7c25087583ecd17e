import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';

interface ControlSocket {
  readonly path: string;
  close(): void;
}

/** One JSON line in, one JSON line out. */
type ControlHandler = (request: { readonly command: string; readonly login: string | null }) => Promise<object>;

/** A unix socket's path ends at 107 bytes; below a deep folder it gets a closed folder of its own in the temporary folder. */
function socketPath(dataFolder: string): string {
  const preferred = path.join(dataFolder, 'control.sock');
  if (Buffer.byteLength(preferred) <= 103) return preferred;
  const folder = path.join(os.tmpdir(), `fettle-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 16)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return path.join(folder, 'control.sock');
}

const REQUEST_CHARS_MAX = 4_096;

/** For local commands of the account that runs the server (`fettle link`): the socket's mode is the right to use it. */
export async function openControlSocket(dataFolder: string, handle: ControlHandler): Promise<ControlSocket> {
  const file = socketPath(dataFolder);
  rmSync(file, { force: true });
  const server: Server = createServer(connection => {
    let text = '';
    connection.setEncoding('utf8').setTimeout(5_000, () => connection.destroy());
    connection.on('error', () => connection.destroy());
    connection.on('data', async (chunk: string) => {
      text += chunk;
      if (text.length > REQUEST_CHARS_MAX) connection.destroy();
      if (!text.includes('\n')) return;
      const line = text;
      text = '';
      const answer = await Promise.resolve()
        .then(() => handle(JSON.parse(line)))
        .catch((error: Error) => ({ error: error.message }));
      connection.end(`${JSON.stringify(answer)}\n`);
    });
  });
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(file, resolve);
    });
  } finally {
    process.umask(umask);
  }
  server.unref();
  return {
    path: file,
    close() {
      server.close();
      rmSync(file, { force: true });
    },
  };
}
