import type { LocalCommand } from '../cli/local/command.ts';
import { simCommand } from '../sim/command.ts';

/** Wires `fettle sim` to this process. */
export const run: LocalCommand['run'] = async (args, io) =>
  simCommand(args, {
    out: text => void io.stdout.write(text),
    err: text => void io.stderr.write(text),
    processorMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
  });
