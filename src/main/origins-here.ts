import type { PackageOrigin } from '../core/inventory/package-origin.ts';
import type { CommandResult, Dialogue } from '../core/kernel/commands.ts';
import type { ListedPackage } from '../plugins/importers/spec.ts';
import { nativeArchitecture } from '../plugins/package-managers/apt/apt.ts';
import { origins } from '../plugins/package-managers/apt/candidates.ts';

/** Where the packages of this machine came from, by the same dialogue that agents and SSH hold. */
export function originsHere(packages: readonly ListedPackage[]): ReadonlyMap<string, PackageOrigin> {
  const native = held(nativeArchitecture());
  if (native === null) return new Map();
  return held(
    origins(
      packages.map(one => ({ ...one, state: 'installed' as const, held: false })),
      native,
    ),
  );
}

/** `fettle scan` reads as it goes and waits for nothing else: a dialogue held with programs that run to their end. */
function held<T>(dialogue: Dialogue<T>): T {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  let turn = dialogue.next();
  while (!turn.done) {
    const { argv, timeoutSeconds, outputBytesMax } = turn.value;
    const [program, ...args] = argv;
    const run = spawnSync(program!, args, {
      encoding: 'utf8',
      timeout: timeoutSeconds * 1_000,
      maxBuffer: outputBytesMax,
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const code = (run.error as NodeJS.ErrnoException | undefined)?.code;
    const answer: CommandResult = {
      code: code === 'ENOENT' ? 127 : run.status,
      signal: run.signal,
      stdout: run.stdout ?? '',
      stderr: run.stderr ?? '',
      timedOut: code === 'ETIMEDOUT',
      truncated: code === 'ENOBUFS',
    };
    turn = dialogue.next(answer);
  }
  return turn.value;
}
