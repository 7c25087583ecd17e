import type { HostFacts } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import { toInstant } from '../../../core/kernel/instants.ts';
import { type Probe, parseGrepFiles } from '../spec.ts';
import { parseOsRelease } from './os-release.ts';

type SystemFact = Pick<HostFacts, 'hostname' | 'addresses' | 'machineId' | 'os' | 'bootId' | 'bootedAt'> & {
  /** IANA zone of the host's logs. */ readonly timeZone: string;
};

const FILES = {
  release: '/etc/os-release',
  machine: '/etc/machine-id',
  hostname: '/proc/sys/kernel/hostname',
  boot: '/proc/sys/kernel/random/boot_id',
  stat: '/proc/stat',
  init: '/proc/1/stat',
  timeZone: '/etc/timezone',
} as const;

export const system: Probe<SystemFact> = { id: 'system', read };

function* read(): Dialogue<Result<SystemFact, string>> {
  const files = yield command(['grep', '-sH', '', '--', ...Object.values(FILES)], { outputBytesMax: 1_000_000 });
  const text = parseGrepFiles(files.stdout);
  const release = text.get(FILES.release);
  if (release === undefined) return no(`no ${FILES.release}: ${failureText(files)}`);
  const zone = (yield command(['readlink', '/etc/localtime'])).stdout;
  const addresses = yield command(['hostname', '-I']);
  return ok({
    hostname: text.get(FILES.hostname)?.trim() ?? '',
    addresses: addresses.code === 0 ? globalAddresses(addresses.stdout) : [],
    machineId: nonEmpty(text.get(FILES.machine)),
    os: parseOsRelease(release),
    bootId: nonEmpty(text.get(FILES.boot)),
    bootedAt: bootTime(text.get(FILES.stat) ?? '', text.get(FILES.init) ?? ''),
    timeZone: /zoneinfo\/(.+)$/.exec(zone.trim())?.[1] ?? nonEmpty(text.get(FILES.timeZone)) ?? 'UTC',
  });
}

const nonEmpty = (text: string | undefined) => (text === undefined || text.trim() === '' ? null : text.trim());

/** `hostname -I` names no loopback and no link-local address; sorted, because the kernel's order changes. */
function globalAddresses(text: string): string[] {
  return text.split(/\s+/).filter(Boolean).sort();
}

const CLOCK_TICKS_PER_SECOND = 100;
const MINUTE_MS = 60_000;

/**
 * When process 1 started: in a container /proc/stat's boot time is the machine's. To the minute, because the kernel derives the boot time from
 * the wall clock anew each time, so its seconds wander and would make every report a changed one.
 */
export function bootTime(stat: string, initStat: string): string | null {
  const boot = /^btime (\d+)$/m.exec(stat);
  const ticks = initStat.slice(initStat.lastIndexOf(')') + 2).split(' ')[19];
  if (!boot || ticks === undefined) return null;
  const ms = (Number(boot[1]) + Number(ticks) / CLOCK_TICKS_PER_SECOND) * 1000;
  return Number.isFinite(ms) ? toInstant(Math.round(ms / MINUTE_MS) * MINUTE_MS) : null;
}
