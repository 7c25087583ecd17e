import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startEmbedded } from './embedded.ts';
import { ensureTemplate, type KeeperAnswer } from './test-database.ts';

/**
 * Keeps the PostgreSQL of one test run: `node test-server.ts FOLDER PID`. A process of its own, because the worker that needs it first may
 * end before the others. It ends when process PID (the run) is gone, and takes its folder with it.
 */
const [folder, runPid] = process.argv.slice(2);
if (folder === undefined || runPid === undefined) throw new Error('usage: test-server.ts FOLDER PID');

function answer(value: KeeperAnswer): void {
  if (folder === undefined) return;
  const file = path.join(folder, 'answer.json');
  writeFileSync(`${file}.new`, JSON.stringify(value));
  renameSync(`${file}.new`, file);
}

function runIsAlive(): boolean {
  try {
    process.kill(Number(runPid), 0);
    return true;
  } catch {
    return false;
  }
}

async function untilRunEnds(): Promise<void> {
  while (runIsAlive() && existsSync(folder ?? '')) await new Promise(resolve => setTimeout(resolve, 250));
}

try {
  const database = await startEmbedded(path.join(folder, 'postgresql'), { durable: false });
  try {
    await ensureTemplate(database.url);
    answer({ url: database.url });
    await untilRunEnds();
  } finally {
    await database.stop();
  }
} catch (error) {
  answer({ failure: error instanceof Error ? error.message : String(error) });
  await untilRunEnds();
}
rmSync(folder, { recursive: true, force: true });
