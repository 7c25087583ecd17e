import { appendFileSync, chmodSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../core/kernel/instants.ts';
import { LOG_FILE_BYTES_MAX, LOG_FILES_MAX } from '../../core/kernel/limits.ts';
import type { Logger } from '../../server/context.ts';

export interface LogFile extends Logger {
  readonly path: string;
  /** Writes what is waiting. */
  flush(): void;
}

/** Lines wait this long, so that a burst is one write; a crash handler flushes. */
const WAIT_MS = 200;

/**
 * JSON lines in `<folder>/server.log`, one event each, whatever the text holds (security.md S18). Rotated by size: `server.log.1` is the newest old one.
 * A full disk loses log lines and nothing else.
 */
export function openLogFile(folder: string, clock: Clock, bytesMax: number = LOG_FILE_BYTES_MAX): LogFile {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const file = path.join(folder, 'server.log');
  let size = existsSync(file) ? statSync(file).size : 0;
  let waiting = '';
  let timer: NodeJS.Timeout | null = null;
  const rotate = (): void => {
    for (let number = LOG_FILES_MAX - 1; number >= 1; number -= 1) {
      const older = number === 1 ? file : `${file}.${number - 1}`;
      if (existsSync(older)) renameSync(older, `${file}.${number}`);
    }
    size = 0;
  };
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const text = waiting;
    waiting = '';
    if (text === '') return;
    try {
      if (size > 0 && size + text.length > bytesMax) rotate();
      appendFileSync(file, text, { mode: 0o640 });
      if (size === 0) chmodSync(file, 0o640);
      size += Buffer.byteLength(text);
    } catch {
      // Nowhere left to say it; the next line tries again.
    }
  };
  const write = (level: string) => (fields: object, message: string) => {
    waiting += `${JSON.stringify({ at: clock.now(), level, message, ...fields })}\n`;
    timer ??= setTimeout(flush, WAIT_MS).unref();
  };
  return { path: file, info: write('info'), warn: write('warn'), error: write('error'), flush };
}
