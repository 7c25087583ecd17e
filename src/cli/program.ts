import { CommanderError, Command as Program } from 'commander';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { claimCommands } from './commands/claims.ts';
import { enrolmentCommands } from './commands/enrolments.ts';
import { exceptionCommands } from './commands/exceptions.ts';
import { exportCommands } from './commands/exports.ts';
import { feedCommands } from './commands/feeds.ts';
import { findingCommands } from './commands/findings.ts';
import { groupCommands } from './commands/groups.ts';
import { hostCommands } from './commands/hosts.ts';
import { interventionCommands } from './commands/interventions.ts';
import { overviewCommands } from './commands/overview.ts';
import { patchCommands } from './commands/patches.ts';
import { peopleCommands } from './commands/people.ts';
import { policyCommands } from './commands/policies.ts';
import { rolloutCommands } from './commands/rollouts.ts';
import { safetyCommands } from './commands/safety.ts';
import { askCredentials, type Connection, readConnection, sessionClient, tokenClient } from './connection.ts';
import { EXIT, type Failure, failureOf, flagOf } from './failure.ts';
import { makeScreen } from './screen.ts';

export const commands: readonly Command[] = [
  ...overviewCommands,
  ...patchCommands,
  ...findingCommands,
  ...exportCommands,
  ...feedCommands,
  ...claimCommands,
  ...exceptionCommands,
  ...rolloutCommands,
  ...interventionCommands,
  ...policyCommands,
  ...safetyCommands,
  ...hostCommands,
  ...enrolmentCommands,
  ...groupCommands,
  ...peopleCommands,
];

interface ProgramIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly columns: number;
}

const NOUNS: Readonly<Record<string, string>> = {
  patch: 'The ranked queue of patches',
  finding: 'Vulnerabilities on hosts, with evidence',
  claim: 'What each source says of a vulnerability',
  exception: 'Approved, reasoned, expiring leave to keep findings',
  feed: 'Advisory feeds: freshness, sync, import, bundles for sites without internet',
  export: 'What is known of the fleet as CSV, OpenVEX or CSAF VEX',
  rollout: 'Plan, approve, start, watch, stop and undo a rollout',
  hold: 'Safeguard holds: updates kept from hosts of a kind',
  retraction: 'Updates that nobody may install',
  policy: 'Standing orders that make rollouts by themselves',
  engine: 'The kill switch and the cap over all rollouts',
  freeze: 'When no change may start',
  availability: 'Quorums that rollouts must leave standing',
  window: 'Maintenance windows',
  host: 'Hosts: inventory, packages, proof; add and remove',
  group: 'Hosts chosen by a saved query',
  person: 'People, roles, invitations',
  token: 'API tokens of mine',
};

const collect = (value: string, previous: string[] | undefined) => [...(previous ?? []), value];

function register(parent: Program, command: Command, io: ProgramIo, words: readonly string[]): void {
  const [word = '', ...rest] = words;
  if (rest.length > 0) {
    const noun = parent.commands.find(child => child.name() === word) ?? parent.command(word).description(NOUNS[word] ?? word);
    register(noun, command, io, rest);
    return;
  }
  const sub = parent.command(word).summary(command.summary).description(command.summary);
  for (const argument of command.arguments ?? [])
    sub.argument(
      argument.optional === true ? `[${argument.name}]` : argument.many === true ? `<${argument.name}...>` : `<${argument.name}>`,
      argument.summary,
    );
  for (const option of command.options ?? [])
    option.repeat === true ? sub.option(option.flags, option.summary, collect) : sub.option(option.flags, option.summary);
  sub.option('--json', 'print the answer as JSON').option('--server <url>', 'address of the server (FETTLE_SERVER)');
  if (command.example !== undefined) sub.addHelpText('after', `\nExample:\n  ${command.example}`);
  sub.action(async (...all: unknown[]) => {
    const given = all.slice(0, -2) as (string | string[] | undefined)[];
    const options: Options = sub.opts();
    const connection = readConnection(typeof options.server === 'string' ? options.server : undefined);
    try {
      await perform(command, given, options, connection, io);
    } catch (error) {
      const failure = failureOf(error, command, connection.server);
      throw failure === null ? error : new CallFailed(failure);
    }
  });
}

type Options = Record<string, string | boolean | string[] | undefined>;

class CallFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.lines[0]);
    this.failure = failure;
  }
}

async function perform(
  command: Command,
  given: readonly (string | string[] | undefined)[],
  options: Options,
  connection: Connection,
  io: ProgramIo,
): Promise<void> {
  const text = (name: string) => (typeof options[name] === 'string' ? (options[name] as string) : undefined);
  const say = (line: string) => io.err(`${line}\n`);
  const client = command.signIn === true ? sessionClient(connection.server) : tokenClient(connection);
  if (command.signIn === true) await client.sessionCreate({ body: await askCredentials(say) });
  const context: CommandContext = {
    client,
    arguments: given.filter((value): value is string => typeof value === 'string'),
    many: given.find((value): value is string[] => Array.isArray(value)) ?? [],
    options,
    say,
    text,
    number(name) {
      const value = text(name);
      if (value === undefined) return undefined;
      if (!/^\d+$/.test(value)) throw new UsageError(`${flagOf(name)} takes a whole number, not "${value}"`);
      return Number(value);
    },
  };
  const value = await command.run(context);
  if (options.json === true) io.out(`${JSON.stringify(value, null, 2)}\n`);
  else command.render(value as never, makeScreen(io.out, io.columns));
  if (command.isBad?.(value as never)) throw new CallFailed({ exit: EXIT.refused, lines: [] });
}

interface LocalSummary {
  readonly name: string;
  readonly summary: string;
}

/** commander begins with `error:`; all that we refuse begins with our name, whoever found it. */
const outputError = (text: string, write: (text: string) => void) => write(text.replace(/^error:/, 'fettle:'));

export async function runProgram(argv: readonly string[], io: ProgramIo, local: readonly LocalSummary[] = []): Promise<number> {
  const program = new Program('fettle')
    .description('Patch management: what do we have, what is wrong with it, what first, change it safely, prove it.')
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError })
    .exitOverride()
    .showHelpAfterError('See `fettle --help`.');
  const width = Math.max(...local.map(entry => entry.name.length), 0);
  program.addHelpText(
    'after',
    `\nWithout a server:\n${local.map(entry => `  ${entry.name.padEnd(width)}  ${entry.summary}`).join('\n')}\n\nStart here:\n  fettle login             Sign in once; later commands use the stored token\n  fettle overview          What to do next\n  fettle patch list        The ranked queue\n  fettle rollout create    Draft a rollout: see its --help\n\nEvery command takes --json. FETTLE_SERVER and FETTLE_TOKEN override the stored connection.\nExit codes: 0 done, 1 refused by the server, 2 called wrongly, 3 no connection.`,
  );
  for (const command of commands) register(program, command, io, command.name.split(' '));
  for (const noun of program.commands)
    for (const sub of [noun, ...noun.commands])
      sub
        .exitOverride()
        .configureOutput({ writeOut: io.out, writeErr: io.err, outputError })
        .showHelpAfterError(`See \`fettle ${sub === noun ? noun.name() : `${noun.name()} ${sub.name()}`} --help\`.`);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return explain(error, io);
  }
}

function explain(error: unknown, io: ProgramIo): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof UsageError) return tell({ exit: EXIT.usage, lines: [error.message] }, io);
  if (error instanceof CallFailed) return tell(error.failure, io);
  throw error;
}

function tell({ exit, lines }: Failure, io: ProgramIo): number {
  if (lines.length > 0) io.err(`fettle: ${lines.join('\n')}\n`);
  return exit;
}
