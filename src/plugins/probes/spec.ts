import type { Dialogue } from '../../core/kernel/commands.ts';
import type { Result } from '../../core/kernel/faults.ts';

/** A probe reads one kind of fact and changes nothing. What it cannot read is a reason in words, never a guess. */
export interface Probe<Fact> {
  /** As named in `unread`. */
  readonly id: string;
  read(): Dialogue<Result<Fact, string>>;
}

/** `grep -sH '' FILES` -> path -> text: many small files of /proc and /etc by one program call. */
export function parseGrepFiles(text: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const path = line.slice(0, colon);
    const before = files.get(path);
    files.set(path, before === undefined ? line.slice(colon + 1) : `${before}\n${line.slice(colon + 1)}`);
  }
  return files;
}
