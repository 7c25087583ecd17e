import { parseArgs } from 'node:util';
import { VERSION_KEYS_REMEMBERED } from '../../core/kernel/limits.ts';
import { schemeFor } from '../../core/versions/catalog.ts';
import { compareKeys, type Ordering, SCHEME_IDS, type VersionKey, type VersionScheme } from '../../core/versions/scheme.ts';
import { type CommandIo, EXIT } from './command.ts';
import { filterLines } from './line-filter.ts';

const HELP = `Usage: fettle version-order --scheme SCHEME

Reads lines "a<TAB>b" on standard input and prints, for each, how a stands to b in the order of the scheme's native tool:
  <   a is older
  =   both are the same version
  >   a is newer
  invalid: WHY   the tool would not compare them, or the line is not two versions

Schemes: ${SCHEME_IDS.join(', ')}
Aliases: debian, dpkg, ubuntu, redhat, suse, alpine, arch, npm, cargo, pypi, python, java, dotnet, rubygems, ruby, golang, packagist, php

Exit code: 0 when every line was answered (invalid ones too), 2 for wrong usage.
`;

const SIGN: Readonly<Record<Ordering, string>> = { [-1]: '<', 0: '=', 1: '>' };

export async function run(args: string[], io: CommandIo): Promise<number> {
  let options: { scheme?: string; help?: boolean };
  try {
    options = parseArgs({ args, options: { scheme: { type: 'string', short: 's' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (fault) {
    io.stderr.write(`fettle version-order: ${(fault as Error).message}\n\n${HELP}`);
    return EXIT.usage;
  }
  if (options.help) {
    io.stdout.write(HELP);
    return EXIT.done;
  }
  const scheme = schemeFor(options.scheme ?? '');
  if (!scheme) {
    const problem = options.scheme === undefined ? '--scheme is missing' : `there is no version scheme "${options.scheme}"`;
    io.stderr.write(`fettle version-order: ${problem}. Schemes: ${SCHEME_IDS.join(', ')}.\n`);
    return EXIT.usage;
  }
  await filterLines(io, lineOrderer(scheme));
  return EXIT.done;
}

/** Answers one line. Keys are remembered, because real lists repeat their versions; a full table that was of little use is given up, else emptied. */
export function lineOrderer(scheme: VersionScheme): (line: string) => string {
  const keys = new Map<string, VersionKey>();
  let remembers = true;
  let hits = 0;
  const keyOf = (text: string): VersionKey => {
    if (!remembers) return scheme.key(text);
    const known = keys.get(text);
    if (known) {
      hits++;
      return known;
    }
    if (keys.size >= VERSION_KEYS_REMEMBERED) {
      remembers = hits >= VERSION_KEYS_REMEMBERED;
      hits = 0;
      keys.clear();
    }
    const key = scheme.key(text);
    if (remembers) keys.set(text, key);
    return key;
  };
  return line => {
    const tab = line.indexOf('\t');
    if (tab < 0) return 'invalid: no tab between two versions';
    const a = line.slice(0, tab);
    const b = line.slice(tab + 1);
    // Not left to the scheme: rpm and Maven would read a third column as a part of the version.
    if (b.includes('\t')) return 'invalid: more than one tab, so more than two versions';
    const keyA = keyOf(a);
    const keyB = keyOf(b);
    if (keyA.ok && keyB.ok) return SIGN[compareKeys(keyA.key, keyB.key)];
    const order = scheme.compare?.(a, b);
    if (typeof order === 'number') return SIGN[order];
    if (order) return `invalid: ${order.invalid}`;
    return keyA.ok ? invalid(b, keyB) : invalid(a, keyA);
  };
}

function invalid(text: string, key: VersionKey): string {
  return key.ok ? '' : `invalid: ${JSON.stringify(text.slice(0, 80))}: ${key.reason}`;
}
