import type { PackageChange } from '../../../core/inventory/snapshot.ts';
import { epochMs, type Instant } from '../../../core/kernel/instants.ts';
import { isOlder } from './simulation.ts';

/** One transaction of /var/log/apt/history.log. Times as written, in the host's zone. */
interface AptTransaction {
  readonly start: string;
  readonly end: string;
  readonly commandLine: string | null;
  readonly requestedBy: string | null;
  readonly changes: readonly {
    readonly action: PackageChange['action'];
    readonly name: string;
    readonly arch: string;
    readonly fromVersion: string | null;
    readonly toVersion: string | null;
  }[];
}

const VERBS: Readonly<Record<string, PackageChange['action']>> = {
  Install: 'install',
  Upgrade: 'upgrade',
  Downgrade: 'downgrade',
  Remove: 'remove',
  Purge: 'purge',
};

/** Blocks of `Field: value` lines. `NAME:ARCH (OLD, NEW)` for a move, `(VERSION)` or `(VERSION, automatic)` for the rest. */
export function parseAptHistory(text: string): AptTransaction[] {
  return text.split(/\n{2,}/).flatMap(block => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
    const start = field('Start-Date');
    if (start === null) return [];
    const changes = Object.entries(VERBS).flatMap(([name, action]) =>
      [...(field(name) ?? '').matchAll(/(\S+?):([a-z0-9-]+) \(([^)]*)\)/g)].map(match => changeOf(action, match[1]!, match[2]!, match[3]!)),
    );
    return [{ start, end: field('End-Date') ?? start, commandLine: field('Commandline'), requestedBy: field('Requested-By'), changes }];
  });
}

function changeOf(action: PackageChange['action'], name: string, arch: string, inside: string): AptTransaction['changes'][number] {
  const [first, second] = inside.split(', ').filter(part => part !== 'automatic');
  if (action === 'install') return { action, name, arch, fromVersion: null, toVersion: first ?? null };
  if (action === 'remove' || action === 'purge') return { action, name, arch, fromVersion: first ?? null, toVersion: null };
  return { action, name, arch, fromVersion: first ?? null, toVersion: second ?? null };
}

const DPKG_LINE = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (install|upgrade|remove|purge) (\S+?)(?::([a-z0-9-]+))? (\S+) (\S+)$/;
const NONE = '<none>';

interface DpkgLine {
  readonly time: string;
  readonly change: AptTransaction['changes'][number];
}

/** Lines of /var/log/dpkg.log that start a change. dpkg writes a downgrade as `upgrade OLD NEW` and a reinstallation with equal versions. */
export function parseDpkgLog(text: string): DpkgLine[] {
  return text.split('\n').flatMap(line => {
    const match = DPKG_LINE.exec(line);
    if (!match) return [];
    const [, date, time, verb, name, arch, from, to] = match;
    const fromVersion = from === NONE ? null : from!;
    const toVersion = to === NONE ? null : to!;
    if (fromVersion === toVersion) return [];
    const moved =
      verb === 'upgrade' && fromVersion !== null && toVersion !== null && isOlder(toVersion, fromVersion)
        ? 'downgrade'
        : (verb as PackageChange['action']);
    return [{ time: `${date} ${time}`, change: { action: moved, name: name!, arch: arch ?? '', fromVersion, toVersion } }];
  });
}

/** `2026-11-22  02:40:43` in an IANA zone; an hour that the clocks skip or repeat is read as Temporal does by default. */
export function localInstant(text: string, timeZone: string): Instant | null {
  try {
    const local = Temporal.PlainDateTime.from(text.replace(/ +/, 'T'));
    return new Date(local.toZonedDateTime(timeZone).epochMilliseconds).toISOString();
  } catch {
    return null;
  }
}

/** dpkg and apt write their lines at most this long apart for one change. */
const SLACK_MS = 60_000;

/**
 * dpkg's log has every change and its second; apt's says who asked for it. A change that only apt's log still has (dpkg's was rotated away
 * earlier) is taken from there. `remove` and `purge` have no arch of their own in old logs; then it stays ''.
 */
export function mergeLogs(dpkg: readonly DpkgLine[], apt: readonly AptTransaction[], timeZone: string): PackageChange[] {
  const transactions = apt.flatMap(t => {
    const [start, end] = [localInstant(t.start, timeZone), localInstant(t.end, timeZone)];
    return start && end ? [{ ...t, startMs: epochMs(start), endMs: epochMs(end), start }] : [];
  });
  transactions.sort((a, b) => a.startMs - b.startMs);
  const merged: PackageChange[] = [];
  const seen = new Set<string>();
  for (const line of dpkg) {
    const at = localInstant(line.time, timeZone);
    if (at === null) continue;
    const ms = epochMs(at);
    const asked = transactions.find(
      t => ms >= t.startMs - SLACK_MS && ms <= t.endMs + SLACK_MS && t.changes.some(c => c.name === line.change.name),
    );
    merged.push({ at, ...line.change, commandLine: asked?.commandLine ?? null, requestedBy: asked?.requestedBy ?? null });
    if (asked) seen.add(`${asked.startMs} ${line.change.name}`);
  }
  for (const t of transactions) {
    for (const change of t.changes) {
      if (!seen.has(`${t.startMs} ${change.name}`))
        merged.push({ at: t.start, ...change, commandLine: t.commandLine, requestedBy: t.requestedBy });
    }
  }
  return merged.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
