import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Fault } from '../core/kernel/faults.ts';
import { demonstration, HOSTS_DEFAULT } from './demonstration.ts';
import { runServer } from './run.ts';

/** What `npm run demo` runs: the server of `npm start` over a database that is filled with a made-up fleet and its history. */
const { version } = JSON.parse(readFileSync(path.join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };

const USAGE = `npm run demo -- [--fresh] [--hosts N]
  --fresh    make it anew: its people, rollouts and hosts begin where they began
  --hosts N  so many hosts (${HOSTS_DEFAULT}; 120 to 2,000)
`;

function options(): { readonly fresh: boolean; readonly hosts: number } {
  const { values } = parseArgs({
    options: { fresh: { type: 'boolean', default: false }, hosts: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const hosts = Number(values.hosts ?? HOSTS_DEFAULT);
  if (!Number.isInteger(hosts) || hosts < 120 || hosts > 2_000)
    throw new Fault('setting-invalid', `--hosts ${values.hosts} is not a number from 120 to 2,000.`, 'Leave it out for 500.');
  return { fresh: values.fresh, hosts };
}

try {
  process.exitCode = await runServer(version, text => void process.stdout.write(text), demonstration(options()));
} catch (error) {
  process.stderr.write(
    error instanceof Fault ? `fettle: ${error.message}\n        ${error.advice}\n` : `fettle: ${(error as Error).stack ?? error}\n`,
  );
  process.exitCode = 1;
}
// Whatever a library still holds open must not keep a stopped server alive.
process.exit();
