import type { CommandIo } from './command.ts';

export async function run(_args: string[], io: CommandIo): Promise<number> {
  io.stderr.write('fettle cvss: not there yet\n');
  return 1;
}
