/** How a maintenance window repeats: the usual rhythms by name, everything else as the rule itself (src/api/rollouts.ts, `window.repeat`). */
export const RHYTHMS = {
  once: 'Once',
  daily: 'Every day',
  weekly: 'Every week',
  fortnightly: 'Every two weeks',
  monthly: 'Every month, on the same weekday',
  'patch-tuesday': 'After Patch Tuesday',
  rule: 'By a rule of its own',
} as const;
export type Rhythm = keyof typeof RHYTHMS;

const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;

/** `2TH` for a second Thursday: what day of its month the window first opens on. `local` is `2026-11-26T02:00`. */
function nthWeekday(local: string): string | null {
  const date = new Date(`${local.slice(0, 10)}T12:00:00Z`);
  if (Number.isNaN(date.getTime())) return null;
  return `${Math.ceil(date.getUTCDate() / 7)}${DAYS[date.getUTCDay()]}`;
}

export function repeatOf(rhythm: Rhythm, local: string): string | null {
  switch (rhythm) {
    case 'once':
      return null;
    case 'daily':
      return 'FREQ=DAILY';
    case 'weekly':
      return 'FREQ=WEEKLY';
    case 'fortnightly':
      return 'FREQ=WEEKLY;INTERVAL=2';
    case 'monthly':
      return `FREQ=MONTHLY;BYDAY=${nthWeekday(local) ?? '1TH'}`;
    case 'patch-tuesday':
      return 'PATCH-TUESDAY+2';
    case 'rule':
      return 'FREQ=WEEKLY;BYDAY=TU,TH';
  }
}

export function rhythmOf(repeat: string | null): Rhythm {
  if (repeat === null) return 'once';
  if (repeat === 'FREQ=DAILY') return 'daily';
  if (repeat === 'FREQ=WEEKLY') return 'weekly';
  if (repeat === 'FREQ=WEEKLY;INTERVAL=2') return 'fortnightly';
  if (/^FREQ=MONTHLY;BYDAY=\d(SU|MO|TU|WE|TH|FR|SA)$/.test(repeat)) return 'monthly';
  return /^PATCH-TUESDAY([+-]\d+)?$/.test(repeat) ? 'patch-tuesday' : 'rule';
}

/** Days after (or before) Patch Tuesday. */
export const tuesdayOffset = (repeat: string) => Number(/^PATCH-TUESDAY([+-]\d+)?$/.exec(repeat)?.[1] ?? 0);
export const afterTuesday = (days: number) => (days === 0 ? 'PATCH-TUESDAY' : `PATCH-TUESDAY${days > 0 ? '+' : ''}${days}`);

/** In words, for those who read what was asked. */
export function repeatWords(repeat: string | null): string {
  const rhythm = rhythmOf(repeat);
  if (rhythm === 'patch-tuesday') {
    const days = tuesdayOffset(repeat ?? '');
    return days === 0 ? 'on Patch Tuesday' : `${Math.abs(days)} days ${days > 0 ? 'after' : 'before'} Patch Tuesday`;
  }
  if (rhythm === 'rule') return weeklyWords(repeat ?? '') ?? `by the rule ${repeat}`;
  const nth = /^FREQ=MONTHLY;BYDAY=(\d)(\w\w)$/.exec(repeat ?? '');
  if (nth) return `every month on the ${ORDINAL[Number(nth[1])] ?? `${nth[1]}th`} ${DAY_WORD[nth[2] ?? '']}`;
  return RHYTHMS[rhythm].toLowerCase();
}

const ORDINAL: Readonly<Record<number, string>> = { 1: 'first', 2: 'second', 3: 'third', 4: 'fourth', 5: 'fifth' };
const DAY_WORD: Readonly<Record<string, string>> = {
  MO: 'Monday',
  TU: 'Tuesday',
  WE: 'Wednesday',
  TH: 'Thursday',
  FR: 'Friday',
  SA: 'Saturday',
  SU: 'Sunday',
};

/** `every two weeks on Thursday` for the commonest rule that a person writes by hand, null for any other. */
function weeklyWords(rule: string): string | null {
  const found = /^FREQ=WEEKLY(?:;INTERVAL=(\d+))?;BYDAY=((?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*)$/.exec(rule);
  if (!found) return null;
  const days = (found[2] ?? '').split(',').map(day => DAY_WORD[day]);
  const weeks = Number(found[1] ?? 1);
  return `${weeks === 1 ? 'every week' : weeks === 2 ? 'every two weeks' : `every ${weeks} weeks`} on ${days.join(' and ')}`;
}
