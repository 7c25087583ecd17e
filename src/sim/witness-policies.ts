import { DAY_MS, MINUTE_MS } from '../core/kernel/instants.ts';
import { type PatchCase, type PolicyRule, REST_LANE } from '../core/rollouts/policy.ts';
import type { Occurrence } from '../core/rollouts/schedule/window.ts';
import type { Books } from './books.ts';
import type { SimPolicy } from './policies.ts';

/** I1, S2, S13: what a policy makes by itself is what was ordered: once, at its hour in its own zone, of patches old enough. */
export function demandOrdered(
  books: Books,
  { id, rule }: SimPolicy,
  laneKey: string,
  occurrence: Occurrence,
  patches: readonly PatchCase[],
  rolloutId: string,
  atMs: number,
): void {
  books.ledger.demand('I8', !books.policiesOff.has(id), atMs, () => `policy ${id} makes a rollout although it was turned off`);
  const key = `${id} ${laneKey} ${occurrence.startsAt}`;
  books.ledger.demand(
    'I1',
    !books.occurred.has(key),
    atMs,
    () => `policy ${id} makes a second rollout for ${laneKey}, ${occurrence.startsAt}`,
  );
  books.occurred.add(key);
  const zone = laneKey === REST_LANE ? rule.schedule.timeZone : (rule.zones?.values[laneKey.split('=')[1]!] ?? rule.schedule.timeZone);
  const opens = Temporal.Instant.from(occurrence.startsAt).toZonedDateTimeISO(zone).toPlainTime().toString({ smallestUnit: 'minute' });
  const minutes = (Date.parse(occurrence.endsAt) - Date.parse(occurrence.startsAt)) / MINUTE_MS;
  const [, ordered] = rule.schedule.firstStart.split('T');
  // A night on which the clock changes may open an hour, or half of one, later.
  const near = Math.abs(minutesOf(opens) - minutesOf(ordered!)) <= 60;
  books.ledger.demand(
    'S2',
    near && minutes === rule.schedule.minutes,
    atMs,
    () => `policy ${id} opens ${laneKey} at ${opens} in ${zone}, ordered is ${ordered}`,
  );
  const astray = [...books.rollouts.get(rolloutId)!.planned.keys()].find(hostId => laneOf(rule, books.sites.get(hostId)) !== laneKey);
  books.ledger.demand('S2', astray === undefined, atMs, () => `policy ${id} takes ${astray} of another site into ${laneKey}`);
  const young = patches.find(patch => Date.parse(occurrence.startsAt) - Date.parse(patch.knownSince) < rule.patches.minAgeDays * DAY_MS);
  books.ledger.demand(
    'S13',
    young === undefined,
    atMs,
    () => `policy ${id} takes ${young!.patchId}, which is known since ${young!.knownSince}`,
  );
  const other = patches.find(patch => rule.patches.securityOnly && !patch.security);
  books.ledger.demand('S13', other === undefined, atMs, () => `policy ${id} takes ${other!.patchId}, which is no security update`);
}

/** The hour of a host is that of its site; sites without a time of their own keep that of the rest. */
function laneOf({ zones }: PolicyRule, site: string | undefined): string {
  return zones === null || site === undefined || zones.values[site] === undefined ? REST_LANE : `${zones.label}=${site}`;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
