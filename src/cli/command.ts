import type { Client } from '../api/client.ts';

/** One command = one API call (or a short conversation with the API) and one renderer. `--json` prints `run`'s value as it is. */
export interface Command {
  /** Words after `fettle`: `host list`. */
  readonly name: string;
  readonly summary: string;
  /** Shown by `--help` below the options: an example teaches more than a paragraph. */
  readonly example?: string;
  readonly arguments?: readonly { readonly name: string; readonly summary: string; readonly optional?: boolean; readonly many?: boolean }[];
  readonly options?: readonly { readonly flags: string; readonly summary: string; readonly repeat?: boolean }[];
  /** Approving and the like need a person at a keyboard: such commands sign in for themselves and ignore API tokens. */
  readonly signIn?: boolean;
  run(context: CommandContext): Promise<unknown>;
  /** An answer that a script has to hear of: it is printed, and the exit code is 1. */
  isBad?(value: never): boolean;
  render(value: never, screen: Screen): void;
}

export interface CommandContext {
  readonly client: Client;
  readonly arguments: readonly string[];
  readonly many: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** Progress for people; nothing of it reaches `--json` output. */
  say(text: string): void;
  text(option: string): string | undefined;
  number(option: string): number | undefined;
}

export interface Screen {
  line(text?: string): void;
  /** CSV or JSON of the server, as it is but for terminal escapes. */
  document(text: string): void;
  table(columns: readonly Column[], rows: readonly (readonly (string | number | null | undefined)[])[]): void;
  pairs(rows: readonly (readonly [string, string | number | null | undefined])[]): void;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  readonly widthMax?: number;
}

/** A mistake in how the command was called: exit code 2 and the sentence. */
export class UsageError extends Error {}

export function define<Value>(
  command: Omit<Command, 'render' | 'run' | 'isBad'> & {
    run(context: CommandContext): Promise<Value>;
    isBad?(value: Value): boolean;
    render(value: Value, screen: Screen): void;
  },
): Command {
  return command as unknown as Command;
}

/** `name=value` options to a record; a missing `=` is a usage error that shows the form. */
export function labelsOf(values: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (values ?? []).map(text => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`"${text}" is no label: write --label name=value, for example --label env=prod`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
