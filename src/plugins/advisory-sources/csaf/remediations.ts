import type { FixState } from '../../../core/advisories/claim.ts';
import { type JsonObject, objectsOf, optionalText, textsOf } from '../records.ts';

/** Groups of products, by which remediations may speak (CSAF 2.0, 3.2.2.3 `product_groups`). */
export function productGroups(tree: JsonObject): ReadonlyMap<string, readonly string[]> {
  return new Map(objectsOf(tree.product_groups).map(group => [optionalText(group, 'group_id') ?? '', textsOf(group.product_ids)]));
}

/** Product id -> what will become of the flaw. Red Hat: no_fix_planned is "Will not fix" or "Out of support scope", none_available is "Affected" or "Fix deferred". */
export function unfixedStates(record: JsonObject, groups: ReadonlyMap<string, readonly string[]>): Map<string, FixState> {
  const states = new Map<string, FixState>();
  for (const remediation of objectsOf(record.remediations)) {
    const state = stateOf(remediation);
    if (state === null) continue;
    const ids = [...textsOf(remediation.product_ids), ...textsOf(remediation.group_ids).flatMap(id => groups.get(id) ?? [])];
    for (const id of ids) states.set(id, state);
  }
  return states;
}

function stateOf(remediation: JsonObject): FixState | null {
  const details = optionalText(remediation, 'details') ?? '';
  if (remediation.category === 'no_fix_planned') return /out of support|end[ -]of[ -]life/i.test(details) ? 'end-of-life' : 'wont-fix';
  if (remediation.category === 'none_available') return /deferred/i.test(details) ? 'deferred' : 'open';
  return null;
}
