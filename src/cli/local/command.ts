/** What a local command reads from and writes to; nothing else of the process. */
export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Exit codes of local commands. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export interface LocalCommand {
  /** Returns the exit code. */
  run(args: string[], io: CommandIo): Promise<number>;
}
