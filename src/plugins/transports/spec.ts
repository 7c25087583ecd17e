import type { Reach } from '../../core/inventory/snapshot.ts';
import { type Command, type CommandResult, type Dialogue, ROOT_NEEDED } from '../../core/kernel/commands.ts';
import { Fault } from '../../core/kernel/faults.ts';

export type { CommandResult } from '../../core/kernel/commands.ts';

export interface RunOptions {
  readonly stdin?: string;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly asRoot?: boolean;
  /** Called with decoded chunks as they come; kept output stays bounded by `maxOutputBytes`. */
  onOutput?(chunk: string, stream: 'stdout' | 'stderr'): void;
  readonly signal?: AbortSignal;
}

/**
 * A way to run programs on one host. An exit code, a signal or a timeout is an answer; not reaching the host is a `TransportFault`.
 * The environment is scrubbed on the far side: no variable of this process or of the login reaches the program.
 */
export interface Transport {
  readonly reach: Reach;
  /** Whether `asRoot` can be honoured. Known after `connect`. */
  readonly canBeRoot: boolean;
  connect(): Promise<void>;
  run(argv: readonly string[], options: RunOptions): Promise<CommandResult>;
  /** null when the file cannot be read. At most `maxBytes` bytes. */
  readFile(path: string, maxBytes: number, options?: { readonly asRoot?: boolean }): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

const TRANSPORT_FAULTS = [
  'unreachable',
  'host-key-changed',
  'host-key-unknown',
  'authentication-refused',
  'sudo-refused',
  'bad-address',
] as const;
export type TransportFaultCode = (typeof TRANSPORT_FAULTS)[number];
export class TransportFault extends Fault<TransportFaultCode> {}

/** What programs on the host see of an environment (security.md 2.3). needrestart's apt hook must not act inside a transaction. */
export const HOST_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  NEEDRESTART_SUSPEND: '1',
  APT_LISTCHANGES_FRONTEND: 'none',
  HOME: '/root',
} as const;

/** Runs one command of a dialogue. A command that needs root where there is none is answered, not attempted. */
export async function perform(transport: Transport, wanted: Command): Promise<CommandResult> {
  if (wanted.access === 'root' && !transport.canBeRoot) {
    return { code: ROOT_NEEDED, signal: null, stdout: '', stderr: 'root is needed', timedOut: false, truncated: false };
  }
  return transport.run(wanted.argv, {
    timeoutMs: wanted.timeoutSeconds * 1000,
    maxOutputBytes: wanted.outputBytesMax,
    asRoot: wanted.access !== 'anyone' && transport.canBeRoot,
  });
}

/** Drives a dialogue to its answer. */
export async function converse<T>(transport: Transport, dialogue: Dialogue<T>): Promise<T> {
  let step = dialogue.next();
  while (!step.done) step = dialogue.next(await perform(transport, step.value));
  return step.value;
}
