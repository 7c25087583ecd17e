import type { RolloutSpecInput } from '../../api/rollout-spec.ts';
import type { CommandContext } from '../command.ts';

/** How a maintenance window is written on the command line, wherever one is. */
export const WINDOW_OPTIONS = [
  { flags: '--starts <instant>', summary: 'window opens (UTC instant); of one that repeats, the first' },
  { flags: '--ends <instant>', summary: 'window closes' },
  { flags: '--zone <zone>', summary: 'IANA zone of the window (UTC)' },
  { flags: '--repeat <rule>', summary: 'the window repeats: RFC 5545 rule, or PATCH-TUESDAY+3' },
  { flags: '--cutoff <minutes>', summary: 'nothing starts that could still run in the last minutes (0)' },
  { flags: '--until-clock', summary: 'it always closes at the same time on the clock, whatever the clock does meanwhile' },
  ...clockChanges(),
] as const;

/** Also of policies. */
export function clockChanges() {
  return [
    { flags: '--gap <what>', summary: 'a start in the hour that the clock skips: shift-forward (default) or skip' },
    { flags: '--overlap <which>', summary: 'a start in the hour that comes twice: first (default) or second' },
  ] as const;
}

export function windowOf(c: CommandContext): NonNullable<RolloutSpecInput['window']> {
  return {
    startsAt: c.text('starts') ?? null,
    endsAt: c.text('ends') ?? null,
    timeZone: c.text('zone') ?? 'UTC',
    repeat: c.text('repeat') ?? null,
    cutoffMinutes: c.number('cutoff') ?? 0,
    length: lengthOf(c),
    ...clockChangesOf(c),
  };
}

export function lengthOf(c: CommandContext): 'exact' | 'wall-clock' {
  return c.options.untilClock === true ? 'wall-clock' : 'exact';
}

export function clockChangesOf(c: CommandContext): { gap?: 'skip'; overlap?: 'second' } {
  return {
    ...(c.text('gap') === undefined ? {} : { gap: c.text('gap') as 'skip' }),
    ...(c.text('overlap') === undefined ? {} : { overlap: c.text('overlap') as 'second' }),
  };
}
