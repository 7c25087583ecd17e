import path from 'node:path';

/** What the server tells local commands about itself: `server.json` in its data folder. */
export interface ServerNote {
  readonly pid: number;
  readonly url: string;
  /** Path of the control socket, or null when there is none. */
  readonly control: string | null;
  readonly startedAt: string;
  readonly stopping: boolean;
}

export const SERVER_NOTE = 'server.json';

/** Where Fettle keeps everything: FETTLE_DATA; for root /var/lib/fettle; else the user's data folder (XDG). */
export function dataFolderOf(env: Readonly<Record<string, string | undefined>>, home: string, isRoot: boolean): string {
  if (env.FETTLE_DATA) return path.resolve(env.FETTLE_DATA);
  if (isRoot) return '/var/lib/fettle';
  return path.join(env.XDG_DATA_HOME || path.join(home, '.local', 'share'), 'fettle');
}
