import { ProblemError } from '../../api/client.ts';
import type { Problem } from '../../api/contract.ts';
import type { FeedImport, FeedImportFile } from '../../api/feeds.ts';
import type { CommandContext } from '../command.ts';
import { counted } from '../screen.ts';

/** How often a running import is asked after. */
const FOLLOW_MS = 400;

/** How often a file that is still being read is told of again. */
const TELL_MS = 3_000;

/** Waits for the end of an import and tells what happens to each file. Throws when nothing of it could be used. */
export async function follow(c: CommandContext, started: FeedImport): Promise<FeedImport> {
  const told = new Map<string, { readonly state: string; readonly atMs: number }>();
  for (let now = started; ; now = await c.client.feedImportGet({ params: { id: started.id } })) {
    for (const file of now.files) {
      const last = told.get(file.file);
      if (file.state === 'waiting' || file.state === 'skipped') continue;
      if (last?.state === file.state && (isOver(file) || Date.now() - last.atMs < TELL_MS)) continue;
      told.set(file.file, { state: file.state, atMs: Date.now() });
      c.say(
        `${file.file}: ${file.state}${file.records > 0 ? `, ${counted(file.records, 'record')}` : ''}${isOver(file) ? '' : file.message ? ` ${file.message}` : file.records > 0 ? ' so far' : ''}`,
      );
    }
    // A file that was read and not believed (refused, failed) is of no more use than one that is no feed.
    const isUsed = now.files.some(file => file.state === 'loaded' || file.state === 'unchanged');
    if (now.state === 'done' && (isUsed || now.skipped.length === 0)) return now;
    if (now.state !== 'running') throw new ProblemError(problemOf(now));
    await new Promise(resolve => setTimeout(resolve, FOLLOW_MS));
  }
}

function isOver(file: FeedImportFile): boolean {
  return file.state !== 'downloading' && file.state !== 'reading' && file.state !== 'storing';
}

/** Nothing of it was of use: a script must see that by the exit code. */
function problemOf({ message, skipped, state }: FeedImport): Problem {
  const detail = message ?? (skipped.map(({ file, reason }) => `${file}: ${reason}`).join('\n') || `the import is ${state}`);
  return { type: 'about:blank', title: 'Nothing was imported', status: 409, code: 'import-failed', detail };
}
