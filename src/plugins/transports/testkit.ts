import { type CommandResult, NO_SUCH_PROGRAM } from '../../core/kernel/commands.ts';
import type { RunOptions, Transport } from './spec.ts';

/** One program call and its answer, as a real host gave it. */
export interface RecordedCall {
  readonly argv: readonly string[];
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Passes everything on and keeps what was said, for `recorded`. */
export function recording(transport: Transport, calls: RecordedCall[]): Transport {
  return {
    reach: transport.reach,
    get canBeRoot() {
      return transport.canBeRoot;
    },
    connect: () => transport.connect(),
    async run(argv, options) {
      const result = await transport.run(argv, options);
      calls.push({ argv: [...argv], code: result.code, stdout: result.stdout, stderr: result.stderr });
      return result;
    },
    readFile: (path, maxBytes, options) => transport.readFile(path, maxBytes, options),
    close: () => transport.close(),
  };
}

/**
 * A host that answers from a recording. Equal calls are answered in the order in which they were recorded, the last answer for ever.
 * A call that was not recorded is answered as a missing program and kept in `missed`, which a test should find empty.
 */
export function recorded(calls: readonly RecordedCall[], canBeRoot = true): Transport & { readonly missed: string[] } {
  const answers = Map.groupBy(calls, call => call.argv.join('\0'));
  const missed: string[] = [];
  return {
    reach: 'ssh',
    canBeRoot,
    missed,
    connect: async () => {},
    async run(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
      const left = answers.get(argv.join('\0'));
      const call = left && left.length > 1 ? left.shift() : left?.[0];
      if (!call) missed.push(argv.join(' '));
      const { code, stdout, stderr } = call ?? { code: NO_SUCH_PROGRAM, stdout: '', stderr: 'not recorded' };
      options.onOutput?.(stdout, 'stdout');
      return {
        code,
        signal: null,
        stdout: stdout.slice(0, options.maxOutputBytes),
        stderr,
        timedOut: false,
        truncated: stdout.length > options.maxOutputBytes,
      };
    },
    readFile: async () => null,
    close: async () => {},
  };
}
