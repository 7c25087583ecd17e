import type { CommandResult } from '../../core/kernel/commands.ts';
import type { RunOptions, Transport } from '../../plugins/transports/spec.ts';
import { forgetUnit, hostUnit, startUnit, unitOutput, watchUnit } from '../host-unit.ts';
import { JobLeft } from '../job-context.ts';
import type { Sandbox } from './sandbox.ts';

/** The copy as a host of its own: what reads a host reads the copy by the same code. */
export class InsideTransport implements Transport {
  private readonly outside: Transport;
  private readonly sandbox: Sandbox;
  readonly canBeRoot = true;

  constructor(outside: Transport, sandbox: Sandbox) {
    this.outside = outside;
    this.sandbox = sandbox;
  }

  get reach() {
    return this.outside.reach;
  }

  async connect(): Promise<void> {}
  async close(): Promise<void> {}

  run(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
    return this.outside.run(this.sandbox.inside(argv), { ...options, asRoot: true });
  }

  async readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    const read = await this.run(['head', '-c', String(maxBytes), '--', path], { timeoutMs: 60_000, maxOutputBytes: maxBytes });
    return read.code === 0 ? Buffer.from(read.stdout) : null;
  }
}

interface RanInside {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
  readonly timedOut: boolean;
}

interface Where {
  readonly transport: Transport;
  readonly sandbox: Sandbox;
  readonly systemd: boolean;
  readonly id: string;
  readonly signal: AbortSignal;
}

/**
 * A program in the copy, as a unit of the host's: it is not a child of the agent, whose own seccomp filter (no writable and executable memory) would
 * make interpreters fail that run well in the real change.
 */
export async function runInside(where: Where, step: string, argv: readonly string[], seconds: number): Promise<RanInside> {
  const { transport, sandbox, systemd, signal } = where;
  const unit = hostUnit(where.id, 1, step);
  const startedMs = Date.now();
  const started = await startUnit(transport, unit, { step, title: step, argv: sandbox.inside(argv) }, systemd, [
    'KillMode=control-group',
    'KillSignal=SIGKILL',
    'Nice=10',
    `RuntimeMaxSec=${seconds + 30}`,
  ]);
  if (started !== 'started')
    throw new Error(`${step} could not be started: ${typeof started === 'object' ? started.problem : 'it exists'}`);
  const end = await watchUnit(transport, unit, systemd, { seconds, signal, onOutput: () => {} });
  if (end === 'left') throw new JobLeft();
  const output = await unitOutput(transport, unit);
  await forgetUnit(transport, unit, systemd);
  const timedOut = end === 'timed-out';
  return { code: timedOut ? null : end.code, output, seconds: Math.round((Date.now() - startedMs) / 100) / 10, timedOut };
}
