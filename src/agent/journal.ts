import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Envelope } from '../core/evidence/envelope.ts';
import type { Instant } from '../core/kernel/instants.ts';
import type { HookBegun } from '../core/rollouts/hooks.ts';
import type { JobResult } from '../core/rollouts/host-plan.ts';

/**
 * What was done about one plan. `accepted`: nothing was changed. `started`: written and synced before anything could be changed, so from here on
 * the host is observed, never assumed. `rebooting`: the reboot was asked for. `finished`: `result` is the truth and is sent until it is acknowledged.
 */
export interface JournalEntry {
  readonly version: 1;
  readonly planId: string;
  readonly hostId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly sequence: number;
  /** The signed plan, so that after a crash the same bytes are verified again. */
  readonly envelope: Envelope;
  readonly state: 'accepted' | 'started' | 'rebooting' | 'finished';
  readonly acceptedAt: Instant;
  readonly startedAt: Instant | null;
  readonly before: JobResult['before'];
  readonly bootIdBefore: string | null;
  readonly failedUnitsBefore: readonly string[] | null;
  /** Units of the steps that were begun, in order: `apply`, `configure`, ... */
  readonly steps: readonly string[];
  readonly healed: readonly string[];
  readonly restartedUnits: readonly string[];
  /** In the order in which they were begun, over all runs of this attempt; `run` null: its end was not seen. Absent before the first. */
  readonly hooks?: readonly HookBegun[];
  readonly rebootAskedAt: Instant | null;
  /** How often this plan was taken up; each run numbers its log lines above those of the run before. */
  readonly runs: number;
  readonly result: JobResult | null;
  readonly acknowledgedAt: Instant | null;
}

export interface Journal {
  read(planId: string): Promise<JournalEntry | null>;
  /** Returns after the entry is on the disk. */
  write(entry: JournalEntry): Promise<void>;
  list(): Promise<JournalEntry[]>;
  /** The highest sequence accepted for this host, 0 before the first. */
  highestSequence(hostId: string): Promise<number>;
}

const PLAN_ID = /^[A-Za-z0-9_-]{1,80}$/;
/** Acknowledged entries kept beside the open ones: enough to answer an old plan that is offered again. */
const KEPT = 200;

/**
 * One JSON file for each plan in `folder` (mode 0700). A file that is no JSON (a broken disk; our own writes are whole) is put aside: its plan's number
 * stays used up, so it cannot be begun again.
 */
export async function fileJournal(folder: string): Promise<Journal> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = (planId: string) => {
    if (!PLAN_ID.test(planId)) throw new Error(`not a plan id: ${planId}`);
    return join(folder, `${planId}.json`);
  };
  const list = async (): Promise<JournalEntry[]> => {
    const names = (await readdir(folder)).filter(name => name.endsWith('.json') && !name.startsWith('sequence-'));
    const entries = await Promise.all(names.map(name => readEntry(join(folder, name))));
    return entries.filter(entry => entry !== null);
  };
  const sequencePath = (hostId: string) => path(`sequence-${hostId}`);
  return {
    list,
    async read(planId) {
      return readEntry(path(planId));
    },
    async write(entry) {
      await writeDurably(folder, path(entry.planId), JSON.stringify(entry, null, 1));
      if (entry.state === 'accepted') {
        const highest = await readSequence(sequencePath(entry.hostId));
        if (entry.sequence > highest) await writeDurably(folder, sequencePath(entry.hostId), String(entry.sequence));
      }
      if (entry.acknowledgedAt !== null) await prune(await list(), path);
    },
    async highestSequence(hostId) {
      const written = await readSequence(sequencePath(hostId));
      // A crash between the two writes of an acceptance leaves the entry alone; it counts just the same.
      return Math.max(written, ...(await list()).filter(e => e.hostId === hostId).map(e => e.sequence));
    },
  };
}

async function readEntry(path: string): Promise<JournalEntry | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return JSON.parse(text) as JournalEntry;
  } catch {
    await rename(path, `${path}.broken`);
    return null;
  }
}

/** A number that cannot be read refuses every plan, as it must: which ones were accepted is not known any more. */
async function readSequence(path: string): Promise<number> {
  const text = await readIfThere(path);
  if (text === null) return 0;
  const number = Number(text);
  return text.trim() !== '' && Number.isSafeInteger(number) && number >= 0 ? number : Number.MAX_SAFE_INTEGER;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A name beside the real one, sync, rename, sync of the folder: after a power cut either the old or the new text is there, whole (security.md 4.3). */
export async function writeDurably(folder: string, path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function prune(entries: readonly JournalEntry[], path: (planId: string) => string): Promise<void> {
  const done = entries.filter(e => e.acknowledgedAt !== null).sort((a, b) => (a.acknowledgedAt! < b.acknowledgedAt! ? 1 : -1));
  for (const entry of done.slice(KEPT)) await rm(path(entry.planId), { force: true });
}
