import type { PolicyView } from '../../api/policies.ts';
import type { Look } from '../kit/states.ts';
import { counted } from '../kit/words.ts';
import { repeatWords } from '../rollouts/repeat.ts';

type Skip = NonNullable<PolicyView['occurrences'][number]['skipReason']>;

/** An occurrence that made no rollout is no silent one: each has its reason. */
export const SKIP_LOOK: Readonly<Record<Skip, Look>> = {
  missed: { label: 'Missed', tone: 'warn', shape: 'attention' },
  frozen: { label: 'Frozen', tone: 'quiet', shape: 'off' },
  'no-hosts': { label: 'No host', tone: 'quiet', shape: 'off' },
  'query-problem': { label: 'Query is broken', tone: 'bad', shape: 'failed' },
  'nothing-to-patch': { label: 'Nothing to patch', tone: 'good', shape: 'done' },
  'previous-open': { label: 'The one before is open', tone: 'warn', shape: 'attention' },
};

export const ON: Look = { label: 'On', tone: 'good', shape: 'going' };
export const OFF: Look = { label: 'Off', tone: 'quiet', shape: 'off' };

/** `every two weeks at 22:00 for 4 h, Europe/Berlin`. */
export function scheduleWords({ schedule, zones }: PolicyView['spec']): string {
  const clock = schedule.firstStart.slice(11);
  const zone = zones === null ? schedule.timeZone : `each ${zones.label}’s own time`;
  return `${repeatWords(schedule.repeat)} at ${clock} for ${lengthWords(schedule.minutes)}${schedule.length === 'wall-clock' ? ' on the clock' : ''}, ${zone}`;
}

export function lengthWords(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours > 0 && `${hours} h`, rest > 0 && `${rest} min`].filter(Boolean).join(' ');
}

/** `security patches known for 3 days; exploited ones at once`. */
export function patchWords({ patches }: PolicyView['spec']): string {
  const what = patches.securityOnly ? 'security patches' : 'all patches';
  const age = patches.minAgeDays === 0 ? 'as soon as known' : `known for ${counted(patches.minAgeDays, 'day')}`;
  return `${what} ${age}${patches.knownExploitedAtOnce ? '; known exploited ones at once' : ''}`;
}
