import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartDigests } from '../core/inventory/digest.ts';
import type { Instant } from '../core/kernel/instants.ts';
import type { Trust } from './decide.ts';
import { writeDurably } from './journal.ts';

export const AGENT_STATE_DIR = '/var/lib/fettle-agent';

/** Who this host is to its server; written once at enrolment, readable by root only. */
export interface Identity extends Trust {
  readonly serverUrl: string;
  readonly secret: string;
  readonly enrolledAt: Instant;
  /** The agent's own key pair: its public half is known to the server, for results signed by the host (security.md 4.4). */
  readonly publicKey: string;
  readonly privateKey: string;
}

/** What the server has acknowledged, so that only differences travel. */
export interface Reported {
  readonly digests: PartDigests | null;
  /** History up to here was sent. */
  readonly historyThrough: Instant | null;
  readonly refreshedAt: Instant | null;
}

export const NOTHING_REPORTED: Reported = { digests: null, historyThrough: null, refreshedAt: null };

/** JSON files of the agent in one folder of mode 0700, each replaced whole. */
export interface StateFolder {
  readonly path: string;
  identity(): Promise<Identity | null>;
  writeIdentity(identity: Identity): Promise<void>;
  reported(): Promise<Reported>;
  writeReported(reported: Reported): Promise<void>;
  read(name: string): Promise<unknown>;
  write(name: string, value: unknown): Promise<void>;
}

export async function openStateFolder(path: string): Promise<StateFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const read = async (name: string): Promise<unknown> => {
    try {
      return JSON.parse(await readFile(join(path, name), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  };
  const write = (name: string, value: unknown) => writeDurably(path, join(path, name), JSON.stringify(value));
  return {
    path,
    read,
    write,
    identity: async () => (await read('identity.json')) as Identity | null,
    writeIdentity: identity => write('identity.json', identity),
    reported: async () => ({ ...NOTHING_REPORTED, ...((await read('reported.json').catch(() => null)) as Partial<Reported> | null) }),
    writeReported: reported => write('reported.json', reported),
  };
}
