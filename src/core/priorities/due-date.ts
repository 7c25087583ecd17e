import { addMs, DAY_MS, type Instant } from '../kernel/instants.ts';

/** What an outcome asks for: `days` counts calendar days from the clock's start; null has no date of its own (`note` says what it waits for). */
export interface Timeline {
  readonly days: number | null;
  /** The asset is searched for signs of compromise as well (BOD 26-04: forensic triage). */
  readonly forensic: boolean;
  readonly note: string;
}

/**
 * Outcome -> timeline, by table. BOD 26-04 states its days itself. SSVC states none: those of `ssvc-deployer` are the product's defaults
 * and an organisation's to change. `ssvc-coordinator` sets no dates here; it tells a coordinator how much attention to give.
 */
const TIMELINES: Readonly<Record<string, Readonly<Record<string, Timeline>>>> = {
  'bod-26-04': {
    '3 days & forensic investigation': { days: 3, forensic: true, note: 'fix and search for compromise within 3 days' },
    '3 days': { days: 3, forensic: false, note: 'fix within 3 days' },
    '14 days': { days: 14, forensic: false, note: 'fix within 14 days' },
    '60 days': { days: 60, forensic: false, note: 'fix within 60 days' },
    'fix on system upgrade': { days: null, forensic: false, note: 'fix with the next major upgrade or rebuild' },
  },
  'ssvc-deployer': {
    immediate: { days: 2, forensic: false, note: 'emergency change, 48 hours' },
    'out-of-cycle': { days: 7, forensic: false, note: 'ahead of the next window, 7 days' },
    scheduled: { days: 30, forensic: false, note: 'next regular window, 30 days at most' },
    defer: { days: null, forensic: false, note: 'with the next upgrade; review after 180 days' },
  },
};

export function timelineOf(table: string, outcome: string): Timeline | undefined {
  return TIMELINES[table]?.[outcome];
}

/** Null where the timeline has no date. Calendar days are 24 hours each, so a change of the clocks moves no deadline. */
export function dueAt(clockStart: Instant, timeline: Timeline): Instant | null {
  return timeline.days === null ? null : addMs(clockStart, timeline.days * DAY_MS);
}
