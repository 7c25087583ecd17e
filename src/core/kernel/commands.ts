/**
 * A plug-in that needs something from a host spawns nothing: it says which program it wants run and is handed what came back.
 * A dialogue is a generator of such commands, so one text-in, text-out function serves the local host, SSH, recorded text and the simulator.
 */
export interface Command {
  /** Program and arguments, never a shell string. */
  readonly argv: readonly string[];
  /** `root-if-possible` runs as the transport's own user when there is no way to root; the parser then says what it could not read. */
  readonly access: 'anyone' | 'root-if-possible' | 'root';
  readonly timeoutSeconds: number;
  readonly outputBytesMax: number;
}

export interface CommandResult {
  /** Exit code; null when a signal ended it or it was cut off by the timeout. 127: no such program, 126: root is needed and not available. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** True when output beyond `outputBytesMax` was dropped. */
  readonly truncated: boolean;
}

export type Dialogue<T> = Generator<Command, T, CommandResult>;

export const NO_SUCH_PROGRAM = 127;
export const ROOT_NEEDED = 126;

export function command(argv: readonly string[], options: Partial<Omit<Command, 'argv'>> = {}): Command {
  return {
    argv,
    access: options.access ?? 'anyone',
    timeoutSeconds: options.timeoutSeconds ?? 60,
    outputBytesMax: options.outputBytesMax ?? 4_000_000,
  };
}

/** The last line that says something: what a person wants to read of a failed program. */
export function lastLine(result: CommandResult): string {
  const text = result.stderr.trim() || result.stdout.trim();
  return text.slice(text.lastIndexOf('\n') + 1).trim();
}

/** Why a command gave nothing, in a few words, for `unread` and problems. */
export function failureText(result: CommandResult): string {
  if (result.timedOut) return 'it took too long';
  if (result.code === NO_SUCH_PROGRAM) return 'the program is not installed';
  if (result.code === ROOT_NEEDED) return 'it needs root';
  return lastLine(result) || (result.signal === null ? `it ended with code ${result.code}` : `it was ended by ${result.signal}`);
}
