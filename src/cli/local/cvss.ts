import { parseArgs } from 'node:util';
import { type CvssScores, scoreCvss } from '../../core/priorities/cvss/score.ts';
import { type CommandIo, EXIT } from './command.ts';
import { filterLines } from './line-filter.ts';

const HELP = `Usage: fettle cvss [--json]

Reads CVSS vectors (v2, v3.0, v3.1, v4.0), one per line, and prints the scores that follow from the vector, tab-separated:
  BASE  SEVERITY  [temporal=S] [threat=S] [environmental=S]

BASE and SEVERITY are the base score (v4: CVSS-B) and its rating. A further field stands there only where the vector defines such metrics:
  temporal        v2, v3: the temporal score
  threat          v4: CVSS-BT, with the exploit maturity
  environmental   v2, v3: the environmental score; v4: CVSS-BE, or CVSS-BTE with the exploit maturity
The last score of a line is that of everything the vector says. v2 is rated on NVD's scale (Low, Medium, High).
A line that is no vector prints "invalid: WHY".

  $ echo CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P | fettle cvss
  9.8	Critical	temporal=9.3

Options: --json   one object per line: vector, version, base, severity, temporal, threat, environmental, overall, overallSeverity

Exit code: 0 when every line was answered (invalid ones too), 2 for wrong usage.
`;

export async function run(args: string[], io: CommandIo): Promise<number> {
  let options: { json?: boolean; help?: boolean };
  try {
    options = parseArgs({ args, options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (fault) {
    io.stderr.write(`fettle cvss: ${(fault as Error).message}\n\n${HELP}`);
    return EXIT.usage;
  }
  if (options.help) {
    io.stdout.write(HELP);
    return EXIT.done;
  }
  await filterLines(io, options.json ? scoreAsJson : scoreLine);
  return EXIT.done;
}

export function scoreLine(line: string): string {
  const result = scoreCvss(line);
  return result.ok ? fieldsOf(result.scores).join('\t') : `invalid: ${result.reason}`;
}

function fieldsOf(scores: CvssScores): string[] {
  const further = (['temporal', 'threat', 'environmental'] as const).flatMap(name => {
    const score = scores[name];
    return score === null ? [] : [`${name}=${score.toFixed(1)}`];
  });
  return [scores.base.toFixed(1), scores.severity, ...further];
}

function scoreAsJson(line: string): string {
  const result = scoreCvss(line);
  return JSON.stringify(result.ok ? { vector: line.trim(), ...result.scores } : { vector: line.trim(), invalid: result.reason });
}
