import { keyOf } from '../../core/findings/exceptions/scope.ts';
import type { Unit } from '../../core/findings/fleet-units.ts';
import type { OwnVerdict } from '../../plugins/exporters/spec.ts';
import type { ExceptionMarks, ExceptionOnHost } from '../ports.ts';
import type { FleetModel } from './model.ts';

/**
 * What approved exceptions of the kind not-affected say of a package, by vulnerability. A document speaks of a package and not of a host, so it says "not
 * affected" only where that is granted for every host that it speaks of: the one host, or all that have the package.
 */
export function ownVerdicts(
  { fleet, records }: FleetModel,
  { byHost, sources }: ExceptionMarks,
  unit: Unit,
  host: string | undefined,
): ((vulnerabilityId: string) => OwnVerdict | undefined) | null {
  if (!sources.has(unit.source.name)) return null;
  const slots =
    host === undefined
      ? [...fleet.inventory.hostsOfAny(unit.versionIds)]
      : records.flatMap((record, slot) => (record?.id === host || record?.name === host ? [slot] : []));
  const granted = slots.map(slot => byHost.get(records[slot]!.id)?.filter(isNotAffected) ?? []);
  if (granted.length === 0 || granted.some(list => list.length === 0)) return null;
  return vulnerabilityId => {
    const key = keyOf(vulnerabilityId, unit.source.name);
    const marks = granted.map(list => list.find(one => one.keys.has(key))?.mark);
    const [first] = marks;
    if (first?.justification == null || marks.includes(undefined)) return undefined;
    return { justification: first.justification, statement: first.reason };
  };
}

function isNotAffected({ mark }: ExceptionOnHost): boolean {
  return mark.kind === 'not-affected';
}
