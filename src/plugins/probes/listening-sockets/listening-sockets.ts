import type { ListeningSocket } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import { readProcessUnits } from '../process-units/process-units.ts';
import type { Probe } from '../spec.ts';

/** Processes are named for root only; without root the sockets are still listed. */
export const listeningSockets: Probe<ListeningSocket[]> = { id: 'listening-sockets', read };

interface SocketLine {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly process: string | null;
  readonly pid: number | null;
}

function* read(): Dialogue<Result<ListeningSocket[], string>> {
  const listed = yield command(['ss', '-H', '-tulpn'], { access: 'root-if-possible' });
  if (listed.code !== 0) return no(`ss: ${failureText(listed)}`);
  const lines = parseSockets(listed.stdout);
  const units = yield* readProcessUnits([...new Set(lines.flatMap(line => line.pid ?? []))]);
  const found = new Map<string, ListeningSocket>();
  for (const { protocol, address, port, process, pid } of lines) {
    found.set(`${protocol} ${address} ${port}`, { protocol, address, port, process, unit: (pid !== null && units.get(pid)?.unit) || null });
  }
  return ok([...found.values()].sort((a, b) => a.port - b.port || (a.address < b.address ? -1 : 1)));
}

/** From here on the kernel picks ports for clients (ip_local_port_range); an unconnected UDP socket there is a question waiting for its answer. */
const EPHEMERAL_FROM = 32_768;

export function parseSockets(text: string): SocketLine[] {
  return text.split('\n').flatMap(line => {
    const [protocol, state, , , local, , ...rest] = line.trim().split(/\s+/);
    if ((protocol !== 'tcp' && protocol !== 'udp') || local === undefined) return [];
    const colon = local.lastIndexOf(':');
    const port = Number(local.slice(colon + 1));
    if (!Number.isInteger(port) || (protocol === 'udp' && state === 'UNCONN' && port >= EPHEMERAL_FROM)) return [];
    const user = /\("([^"]*)",pid=(\d+)/.exec(rest.join(' '));
    const address = local
      .slice(0, colon)
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/%.*$/, '');
    return [{ protocol, address, port, process: user?.[1] ?? null, pid: user ? Number(user[2]) : null }];
  });
}
