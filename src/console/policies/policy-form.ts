import type { PolicySpecInput, PolicySpecView } from '../../api/policies.ts';
import {
  draftFromUrl,
  isAskingNothing,
  isUnnamed,
  type RingDraft,
  ringDraftOf,
  ringSpecOf,
  type SmokeTest,
} from '../rollouts/spec-form.ts';

/** A policy as it is being filled in; times are wall clock, as the contract wants them. */
export interface PolicyDraft {
  readonly name: string;
  readonly query: string;
  readonly firstStart: string;
  readonly hours: number;
  readonly repeat: string;
  readonly timeZone: string;
  readonly zoned: boolean;
  readonly zoneLabel: string;
  readonly zones: readonly { readonly value: string; readonly timeZone: string }[];
  readonly gap: PolicySpecView['schedule']['gap'];
  readonly overlap: PolicySpecView['schedule']['overlap'];
  readonly length: PolicySpecView['schedule']['length'];
  readonly cutoffMinutes: number;
  readonly securityOnly: boolean;
  readonly minAgeDays: number;
  readonly knownExploitedAtOnce: boolean;
  readonly leadHours: number;
  readonly rings: readonly RingDraft[];
  readonly restart: PolicySpecView['restart'];
  readonly reboot: PolicySpecView['reboot'];
  readonly smokeTests: readonly SmokeTest[];
  readonly hooks: PolicySpecView['hooks'];
  readonly note: string;
}

/** The next Thursday at 22:00: a night in the week, with a working day after it. */
function nextThursday(now: Date): string {
  const day = new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate() + ((4 - now.getDay() + 7) % 7 || 7)));
  return `${day.toISOString().slice(0, 10)}T22:00`;
}

export function newPolicy(now: Date): PolicyDraft {
  const { rings, timeZone } = draftFromUrl({}, '');
  return {
    name: '',
    query: '',
    firstStart: nextThursday(now),
    hours: 4,
    repeat: 'FREQ=WEEKLY;INTERVAL=2',
    timeZone,
    zoned: false,
    zoneLabel: 'site',
    zones: [{ value: '', timeZone }],
    gap: 'shift-forward',
    overlap: 'first',
    length: 'exact',
    cutoffMinutes: 0,
    securityOnly: true,
    minAgeDays: 3,
    knownExploitedAtOnce: true,
    leadHours: 48,
    rings,
    restart: 'affected-services',
    reboot: 'if-needed',
    smokeTests: [],
    hooks: [],
    note: '',
  };
}

export function draftOf(spec: PolicySpecView): PolicyDraft {
  const { schedule, zones, patches } = spec;
  return {
    name: spec.name,
    query: spec.query,
    firstStart: schedule.firstStart,
    hours: schedule.minutes / 60,
    repeat: schedule.repeat,
    timeZone: schedule.timeZone,
    zoned: zones !== null,
    zoneLabel: zones?.label ?? 'site',
    zones: Object.entries(zones?.values ?? { '': schedule.timeZone }).map(([value, timeZone]) => ({ value, timeZone })),
    gap: schedule.gap,
    overlap: schedule.overlap,
    length: schedule.length ?? 'exact',
    cutoffMinutes: spec.cutoffMinutes,
    ...patches,
    leadHours: spec.leadHours,
    rings: spec.rings.map(ringDraftOf),
    restart: spec.restart,
    reboot: spec.reboot,
    smokeTests: spec.smokeTests,
    hooks: spec.hooks ?? [],
    note: spec.note,
  };
}

export function policySpecOf(draft: PolicyDraft): PolicySpecInput {
  const zones = draft.zones.filter(zone => zone.value.trim() !== '');
  return {
    name: draft.name.trim(),
    query: draft.query.trim(),
    schedule: {
      timeZone: draft.timeZone,
      firstStart: draft.firstStart,
      minutes: Math.round(draft.hours * 60),
      repeat: draft.repeat,
      gap: draft.gap,
      overlap: draft.overlap,
      length: draft.length,
    },
    cutoffMinutes: draft.cutoffMinutes,
    zones:
      draft.zoned && zones.length > 0
        ? { label: draft.zoneLabel.trim(), values: Object.fromEntries(zones.map(zone => [zone.value.trim(), zone.timeZone])) }
        : null,
    patches: {
      securityOnly: draft.securityOnly,
      minAgeDays: draft.minAgeDays,
      knownExploitedAtOnce: draft.knownExploitedAtOnce,
    },
    leadHours: draft.leadHours,
    rings: draft.rings.map(ringSpecOf),
    restart: draft.restart,
    reboot: draft.reboot,
    smokeTests: [...draft.smokeTests],
    hooks: draft.hooks,
    note: draft.note,
  };
}

/** The first thing that is missing, or null. The server checks everything again and says more. */
export function missingInPolicy(draft: PolicyDraft): string | null {
  if (draft.query.trim() === '') return 'Say which hosts: a group query, or “all”.';
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(draft.firstStart)) return 'Say when the first window opens.';
  if (draft.hours * 60 < 5) return 'A window is open for at least five minutes.';
  if (draft.repeat.trim() === '') return 'Say how it repeats.';
  if (draft.zoned && draft.zoneLabel.trim() === '') return 'Say which label holds the site.';
  if (draft.zoned && draft.zones.every(zone => zone.value.trim() === '')) return 'Name at least one site with its time zone.';
  if (draft.rings.some(ring => ring.name.trim() === '')) return 'Every ring needs a name.';
  if (draft.hooks.some(isUnnamed)) return 'Every hook needs a name.';
  if (draft.rings.some(isAskingNothing)) return 'Every Prometheus query needs a name and a query.';
  if (draft.name.trim() === '') return 'Give it a name.';
  return null;
}
