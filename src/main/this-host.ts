import { rebuildChangelogsWanted } from '../agent/collect.ts';
import type { ThisHost } from '../cli/local/scan-ports.ts';
import type { PackageRecord } from '../core/inventory/snapshot.ts';
import type { CommandResult, Dialogue } from '../core/kernel/commands.ts';
import { claimsOfRebuild } from '../plugins/advisory-sources/changelog/index.ts';
import type { ListedPackage } from '../plugins/importers/spec.ts';
import { nativeArchitecture } from '../plugins/package-managers/apt/apt.ts';
import { origins } from '../plugins/package-managers/apt/candidates.ts';
import { installedChangelogs } from '../plugins/package-managers/apt/changelogs.ts';
import { hasOnlyDistributionArchives } from './local-archives.ts';

/** This machine, asked by the same dialogues that agents and SSH hold. */
export const thisHost: ThisHost = {
  originsOf(packages) {
    if (hasOnlyDistributionArchives()) return new Map();
    const native = held(nativeArchitecture());
    return native === null ? new Map() : held(origins(recordsOf(packages), native));
  },
  changelogClaims(packages, release, today) {
    return held(installedChangelogs(rebuildChangelogsWanted(recordsOf(packages)))).flatMap(({ text, installedVersion }) =>
      claimsOfRebuild(text, { release, installedVersion, today }),
    );
  },
};

function recordsOf(packages: readonly ListedPackage[]): PackageRecord[] {
  return packages.map(one => ({ ...one, state: 'installed' as const, held: false }));
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
