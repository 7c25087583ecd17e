import type { TransactionItem } from '../../../core/rollouts/host-plan.ts';
import { debKey } from '../../../core/versions/deb.ts';
import { compareKeys } from '../../../core/versions/scheme.ts';
import type { Simulation } from '../spec.ts';

/** `Inst NAME[:ARCH] [OLD] (NEW ORIGINS [ARCH]) [...]`; `[OLD]` is missing for a new package. */
const INST = /^Inst (\S+?)(?::([a-z0-9-]+))? (?:\[(\S+)\] )?\((\S+) (.*?) ?\[([a-z0-9-]+)\]\)/;
const REMOVE = /^(?:Remv|Purg) (\S+?)(?::([a-z0-9-]+))? \[(\S+)\]/;
const DISK = /^After this operation, ([\d,.]+) ([kMG]?)B (?:of additional disk space will be used|disk space will be freed)/m;
const SCALE: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

interface InstLine {
  readonly name: string;
  readonly arch: string;
  readonly from: string | null;
  readonly to: string;
}

export function isOlder(a: string, b: string): boolean {
  const [keyA, keyB] = [debKey(a), debKey(b)];
  return keyA.ok && keyB.ok && compareKeys(keyA.key, keyB.key) < 0;
}

/** `Inst` lines of `apt-get -s`, in apt's order. */
function parseInst(text: string): InstLine[] {
  return text.split('\n').flatMap(line => {
    const match = INST.exec(line);
    return match ? [{ name: match[1]!, arch: match[6]!, from: match[3] ?? null, to: match[4]! }] : [];
  });
}

/** The transaction that `apt-get -s` prints. Reinstallation of the same version changes nothing that a plan names and is left out. */
export function parseTransaction(text: string, nativeArch: string): TransactionItem[] {
  const items: TransactionItem[] = parseInst(text)
    .filter(line => line.from !== line.to)
    .map(line => ({
      action: line.from === null ? 'install' : isOlder(line.to, line.from) ? 'downgrade' : 'upgrade',
      name: line.name,
      arch: line.arch,
      fromVersion: line.from,
      toVersion: line.to,
    }));
  for (const line of text.split('\n')) {
    const match = REMOVE.exec(line);
    if (match) items.push({ action: 'remove', name: match[1]!, arch: match[2] ?? nativeArch, fromVersion: match[3]!, toVersion: null });
  }
  return items;
}

/** The names under a heading such as `The following packages have been kept back:`, which apt wraps and indents by two blanks. */
export function namesUnder(text: string, heading: RegExp): string[] {
  const names: string[] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    if (heading.test(line)) inside = true;
    else if (inside && line.startsWith('  ')) names.push(...line.trim().split(/\s+/));
    else inside = false;
  }
  return names.map(name => name.replace(/\*$/, ''));
}

/** Bytes lost (negative: freed) on disk; apt prints it only without `-s`, so `--print-uris` or an aborted run is read. */
export function parseDiskBytes(text: string): number | null {
  const match = DISK.exec(text);
  if (!match) return null;
  const bytes = Number(match[1]!.replaceAll(',', '')) * SCALE[match[2]!]!;
  return match[0].includes('freed') ? -bytes : bytes;
}

/** `'URI' FILE SIZE HASH` lines of `--print-uris`. */
export function parsePrintUris(text: string): { uri: string; file: string; size: number }[] {
  return text.split('\n').flatMap(line => {
    const match = /^'([^']+)' (\S+) (\d+)/.exec(line);
    return match ? [{ uri: match[1]!, file: match[2]!, size: Number(match[3]) }] : [];
  });
}

export function simulationOf(simulated: string, uris: string | null, nativeArch: string): Simulation {
  const fetched = uris === null ? null : parsePrintUris(uris);
  return {
    transaction: parseTransaction(simulated, nativeArch),
    downloadBytes: fetched?.reduce((sum, file) => sum + file.size, 0) ?? null,
    diskBytes: uris === null ? null : parseDiskBytes(uris),
  };
}
