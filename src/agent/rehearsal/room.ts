import type { Transport } from '../../plugins/transports/spec.ts';
import { HOST_JOBS_DIR } from '../host-unit.ts';
import type { SandboxSpec } from './sandbox.ts';

export type Room =
  | { readonly ok: true; readonly room: Pick<SandboxSpec, 'limitBytes' | 'layer'> }
  | { readonly ok: false; readonly problem: string };

/**
 * Bytes of the copy's layer for each byte of archive: some four when unpacked (xz), the same again for the replaced files, which dpkg links and the overlay
 * therefore copies, and once more for the way back. Measured with openssl and libssl3: 2.5 before the way back; a kernel compresses better.
 */
const LAYER_PER_ARCHIVE = 12;
/** dpkg's database, the loader's cache, man-db's and an initramfs. */
const LAYER_BASE = 192_000_000;
/** Of the memory that is free: a rehearsal must not push a service into swap. */
const MEMORY_SHARE = 0.25;
const DISK_RESERVE = 500_000_000;
const CALL = { timeoutMs: 30_000, maxOutputBytes: 100_000, asRoot: true } as const;

/** Where the layer goes and how large it may grow; the limit is the file system's own. */
export async function roomForCopy(transport: Transport, archives: readonly string[]): Promise<Room> {
  const need = LAYER_BASE + LAYER_PER_ARCHIVE * (await totalBytes(transport, archives));
  const memory = await memoryAvailable(transport);
  if (need <= memory * MEMORY_SHARE) return { ok: true, room: { limitBytes: need, layer: 'memory' } };
  const disk = await diskAvailable(transport);
  const loop = await transport.run(['test', '-e', '/dev/loop-control'], CALL);
  if (loop.code === 0 && need + DISK_RESERVE <= disk) return { ok: true, room: { limitBytes: need, layer: 'file' } };
  const words = `the copy of the host needs up to ${megabytes(need)} MB; a quarter of its free memory is ${megabytes(memory * MEMORY_SHARE)} MB`;
  return {
    ok: false,
    problem: `${words}, and ${loop.code === 0 ? `${HOST_JOBS_DIR} has ${megabytes(disk)} MB free` : 'it has no loop devices to use its disk'}`,
  };
}

const megabytes = (bytes: number) => Math.floor(bytes / 1_000_000);

async function totalBytes(transport: Transport, files: readonly string[]): Promise<number> {
  if (files.length === 0) return 0;
  const sizes = await transport.run(['stat', '-c', '%s', '--', ...files], CALL);
  return sizes.stdout.split('\n').reduce((sum, line) => sum + Number(line), 0);
}

async function memoryAvailable(transport: Transport): Promise<number> {
  const read = await transport.readFile('/proc/meminfo', 10_000);
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(Buffer.from(read ?? []).toString())?.[1] ?? 0) * 1024;
}

async function diskAvailable(transport: Transport): Promise<number> {
  const asked = await transport.run(['df', '-B1', '--output=avail', '--', HOST_JOBS_DIR], CALL);
  return Number(asked.stdout.trim().split('\n').at(-1)) || 0;
}
