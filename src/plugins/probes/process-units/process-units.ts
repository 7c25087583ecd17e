import { command, type Dialogue } from '../../../core/kernel/commands.ts';
import { parseGrepFiles } from '../spec.ts';

/** What /proc says about a process, enough to name and restart what it belongs to. */
interface ProcessUnit {
  readonly command: string;
  /** `nginx.service`; null for sessions, containers and whatever systemd does not run as a service. `init.scope` is systemd itself. */
  readonly unit: string | null;
  /** In a pid namespace of its own: a container's process, whose files are not this host's. */
  readonly contained: boolean;
}

const PIDS_PER_CALL = 2_000;

export function* readProcessUnits(pids: readonly number[]): Dialogue<Map<number, ProcessUnit>> {
  const units = new Map<number, ProcessUnit>();
  for (let at = 0; at < pids.length; at += PIDS_PER_CALL) {
    const part = pids.slice(at, at + PIDS_PER_CALL);
    const files = part.flatMap(pid => [`/proc/${pid}/cgroup`, `/proc/${pid}/status`]);
    const read = yield command(['grep', '-sHE', '-e', '^(Name|NSpid):', '-e', ':name=systemd:', '-e', '^0::', '--', ...files], {
      outputBytesMax: 8_000_000,
    });
    const texts = parseGrepFiles(read.stdout);
    for (const pid of part) {
      const status = texts.get(`/proc/${pid}/status`);
      if (status !== undefined) units.set(pid, processUnit(status, texts.get(`/proc/${pid}/cgroup`) ?? ''));
    }
  }
  return units;
}

export function processUnit(status: string, cgroup: string): ProcessUnit {
  const name = /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '';
  const pids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/) ?? [];
  return { command: name, unit: unitOf(cgroup), contained: pids.length > 1 };
}

/** systemd's own hierarchy first (cgroup v1 and hybrid), else the unified one. A service may divide itself into folders below its own. */
export function unitOf(cgroup: string): string | null {
  const path = /^\d+:name=systemd:(.*)$/m.exec(cgroup)?.[1] ?? /^0::(.*)$/m.exec(cgroup)?.[1] ?? '';
  if (path === '/init.scope') return 'init.scope';
  const parts = path.split('/').filter(Boolean);
  if (parts[0] !== 'system.slice') return null;
  return parts.find(part => part.endsWith('.service')) ?? null;
}
