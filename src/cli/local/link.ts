import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type CommandIo, EXIT } from './command.ts';
import { dataFolderOf, SERVER_NOTE, type ServerNote } from './data-folder.ts';

const USAGE =
  'usage: fettle link [LOGIN] [--json]\nPrints a one-time sign-in link (15 minutes) for LOGIN or the first administrator. Run it on the server, as the account that runs it; FETTLE_DATA names its data folder.\n';

interface LinkAnswer {
  readonly url?: string;
  readonly login?: string | null;
  readonly expiresAt?: string;
  readonly error?: string;
}

function ask(socket: string, request: object): Promise<LinkAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const connection = connect(socket, () => connection.write(`${JSON.stringify(request)}\n`));
    connection.setEncoding('utf8').setTimeout(10_000, () => connection.destroy(new Error('the server did not answer')));
    connection.on('data', (chunk: string) => (text += chunk));
    connection.on('error', reject);
    connection.on('end', () => resolve(JSON.parse(text) as LinkAnswer));
  });
}

export async function run(args: string[], io: CommandIo): Promise<number> {
  const json = args.includes('--json');
  const words = args.filter(word => word !== '--json');
  if (words.length > 1 || words.some(word => word.startsWith('-'))) {
    io.stderr.write(USAGE);
    return words.includes('--help') || words.includes('-h') ? EXIT.done : EXIT.usage;
  }
  const folder = dataFolderOf(process.env, os.homedir(), process.getuid?.() === 0);
  let note: ServerNote;
  try {
    note = JSON.parse(readFileSync(path.join(folder, SERVER_NOTE), 'utf8')) as ServerNote;
  } catch {
    io.stderr.write(
      `fettle: no server is running on the data folder ${folder}. Start it (npm start prints a link), or name its folder with FETTLE_DATA.\n`,
    );
    return EXIT.failed;
  }
  const answer =
    note.control === null
      ? { error: 'the server has no control socket; start it again' }
      : await ask(note.control, { command: 'link', login: words[0] ?? null }).catch(
          (error: NodeJS.ErrnoException): LinkAnswer => ({
            error: error.code === 'EACCES' ? `run this as the account that runs the server (${note.control})` : error.message,
          }),
        );
  if (answer.url === undefined) {
    io.stderr.write(`fettle: ${answer.error ?? 'the server gave no link'}\n`);
    return EXIT.failed;
  }
  io.stdout.write(
    json
      ? `${JSON.stringify(answer)}\n`
      : `${answer.url}\nfor ${answer.login ?? 'the first administrator'}, once, until ${answer.expiresAt}\n`,
  );
  return EXIT.done;
}
