import { ProblemError } from '../api/client.ts';
import type { Problem } from '../api/contract.ts';
import { type Command, UsageError } from './command.ts';

/** 0 done, 1 the server refused or could not, 2 called wrongly, 3 no connection to the server. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** A call that did not come to its answer: what happened, what to do about it, and the exit code. */
export interface Failure {
  readonly exit: (typeof EXIT)[keyof typeof EXIT];
  readonly lines: readonly string[];
}

/** Null for what is neither the caller's, the server's nor the network's doing: a defect. */
export function failureOf(error: unknown, command: Command, server: string): Failure | null {
  if (error instanceof UsageError) {
    const help = error.message.includes('`fettle ') ? [] : [`See \`fettle ${command.name} --help\`.`];
    return { exit: EXIT.usage, lines: [error.message, ...help] };
  }
  if (error instanceof ProblemError) return { exit: EXIT.refused, lines: refusal(error.problem, command) };
  if (error instanceof TypeError && error.cause instanceof Error)
    return {
      exit: EXIT.unreachable,
      lines: [
        `no answer from ${server} (${error.cause.message}).`,
        'Is it running? Start it with `npm start`, or name its address in FETTLE_SERVER.',
      ],
    };
  return null;
}

/** What was asked for is named by the option that asked for it: the caller has never seen `query/pageSize`. */
function refusal({ title, detail = title, advice, status, fields = [] }: Problem, command: Command): string[] {
  const named = fields.map(({ path, message }) => `${optionOf(path, command)}: ${message}`);
  const [only] = fields;
  const isSaid = fields.length === 1 && only !== undefined && detail.endsWith(only.message);
  const next = status === 401 ? 'Sign in with `fettle login`; `fettle link` on the server prints a one-time link for it.' : advice;
  return [...(isSaid ? named : [detail, ...named.map(line => `  ${line}`)]), ...(next === undefined ? [] : [next])];
}

/** `pageSize` is asked for as `--page-size`. */
export const flagOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;

function optionOf(path: string, command: Command): string {
  const field = path.replace(/^(?:body|query|params)\//, '');
  const flag = flagOf(field);
  return command.options?.some(({ flags }) => flags.split(' ')[0] === flag) ? flag : field;
}
