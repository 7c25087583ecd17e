import type { ServiceFact } from '../../../core/inventory/snapshot.ts';
import { command, type Dialogue, failureText } from '../../../core/kernel/commands.ts';
import { no, ok, type Result } from '../../../core/kernel/faults.ts';
import type { Probe } from '../spec.ts';

/** Services that run, failed or are on their way; the many that are merely known say nothing. */
export const services: Probe<ServiceFact[]> = { id: 'services', read };

function* read(): Dialogue<Result<ServiceFact[], string>> {
  const listed = yield command(['systemctl', 'list-units', '--type=service', '--all', '--plain', '--no-legend', '--no-pager', '--full']);
  return listed.code === 0 ? ok(parseUnits(listed.stdout)) : no(`systemd: ${failureText(listed)}`);
}

/** Columns of `systemctl list-units`: unit, load, active, sub, description. A mark before the unit is dropped. */
export function parseUnits(text: string): ServiceFact[] {
  const facts = text.split('\n').flatMap(line => {
    const [unit, load, activeState, subState] = line.replace(/^[●*×↻○ ]+/, '').split(/\s+/);
    return unit?.endsWith('.service') && load === 'loaded' && activeState && subState && activeState !== 'inactive'
      ? [{ unit, activeState, subState }]
      : [];
  });
  return facts.sort((a, b) => (a.unit < b.unit ? -1 : 1));
}
