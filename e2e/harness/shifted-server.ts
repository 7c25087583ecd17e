import { readFileSync } from 'node:fs';
import { systemClock, toInstant } from '../../src/core/kernel/instants.ts';
import { runServer } from '../../src/main/run.ts';

/** The server on a clock that is so many milliseconds ahead as the file FETTLE_SHIFT_FILE says: its nights come when a test wants them. */
const file = process.env.FETTLE_SHIFT_FILE;
if (file === undefined) throw new Error('FETTLE_SHIFT_FILE names the file with the milliseconds');
const clock = { now: () => toInstant(Date.parse(systemClock.now()) + Number(readFileSync(file, 'utf8'))) };
process.exitCode = await runServer('0.0.0-shifted', text => void process.stdout.write(text), null, clock);
process.exit();
