import type { RolloutSpecInput, RolloutSpecView } from '../../api/rollout-spec.ts';
import type { UrlState } from '../data/url-state.ts';
import { instantOf, localOf } from './zoned-time.ts';

/** A rollout as it is being filled in: the contract's spec with the half-typed states that a form has. */
export type SizeKind = 'hosts' | 'percent' | 'rest' | 'proof';
type RingSpec = RolloutSpecView['rings'][number];
export interface RingDraft {
  readonly name: string;
  readonly kind: SizeKind;
  readonly size: number;
  readonly soakMinutes: number;
  readonly concurrency: number;
  /** Hosts named by hand in an existing rollout; kept as they are. */
  readonly hostIds?: readonly string[];
  /** What the ring has to show; its size follows from it when `kind` is proof. */
  readonly proof?: NonNullable<RingSpec['proof']>;
  readonly health?: NonNullable<RingSpec['health']>;
  /** Thresholds instead of those that its place gives it. */
  readonly gate?: NonNullable<RingSpec['gate']>;
  /** What the form has no field for; kept as it is. */
  readonly kept?: Pick<RingSpec, 'proveSoak'>;
}

/** What clock changes do to a window, unless somebody says otherwise. */
const CLOCK = { length: 'exact', gap: 'shift-forward', overlap: 'first' } as const;

export const PROOF_FIRST = { failurePercent: 10, confidencePercent: 90 } as const;
export type SmokeTest = NonNullable<RolloutSpecInput['smokeTests']>[number];
export interface SpecDraft {
  readonly name: string;
  readonly patchIds: readonly string[];
  readonly choose: 'query' | 'group' | 'hosts';
  readonly query: string;
  readonly groupId: string | null;
  readonly hostIds: readonly string[];
  readonly rings: readonly RingDraft[];
  readonly windowed: boolean;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly timeZone: string;
  readonly repeat: string | null;
  readonly cutoffMinutes: number;
  readonly length: RolloutSpecView['window']['length'];
  readonly gap: RolloutSpecView['window']['gap'];
  readonly overlap: RolloutSpecView['window']['overlap'];
  readonly profile: RolloutSpecView['profile'];
  readonly rehearse: RolloutSpecView['rehearse'];
  /** 0: as each ring says. */
  readonly concurrencyMax: number;
  readonly catchUpDays: number;
  readonly restart: RolloutSpecView['restart'];
  readonly reboot: RolloutSpecView['reboot'];
  readonly smokeTests: readonly SmokeTest[];
  readonly hooks: RolloutSpecView['hooks'];
  readonly note: string;
}

/** One host first: what can go wrong goes wrong once. */
export const RINGS: readonly RingDraft[] = [
  { name: 'canary', kind: 'hosts', size: 1, soakMinutes: 15, concurrency: 1 },
  { name: 'rest', kind: 'rest', size: 100, soakMinutes: 0, concurrency: 5 },
];

export function ringDraftOf(ring: RolloutSpecView['rings'][number]): RingDraft {
  return {
    name: ring.name,
    kind: sizeKindOf(ring),
    size: ring.hosts ?? ring.percent ?? 100,
    soakMinutes: ring.soakMinutes,
    concurrency: ring.concurrency,
    ...(ring.hostIds ? { hostIds: ring.hostIds } : {}),
    ...(ring.proof ? { proof: ring.proof } : {}),
    ...(ring.health && ring.health.length > 0 ? { health: ring.health } : {}),
    ...(ring.gate ? { gate: ring.gate } : {}),
    ...(ring.proveSoak !== undefined ? { kept: { proveSoak: ring.proveSoak } } : {}),
  };
}

function sizeKindOf(ring: RingSpec): SizeKind {
  if (ring.hosts !== undefined) return 'hosts';
  if (ring.percent === undefined) return ring.proof ? 'proof' : 'rest';
  return ring.percent === 100 ? 'rest' : 'percent';
}

export function ringSpecOf(ring: RingDraft): NonNullable<RolloutSpecInput['rings']>[number] {
  return {
    name: ring.name.trim(),
    soakMinutes: ring.soakMinutes,
    concurrency: ring.concurrency,
    ...ring.kept,
    ...gateOf(ring),
    ...(ring.health && ring.health.length > 0 ? { health: [...ring.health] } : {}),
    ...(ring.proof ? { proof: ring.proof } : {}),
    ...(ring.hostIds
      ? { hostIds: [...ring.hostIds] }
      : ring.kind === 'proof'
        ? { proof: ring.proof ?? PROOF_FIRST }
        : ring.kind === 'hosts'
          ? { hosts: ring.size }
          : { percent: ring.kind === 'rest' ? 100 : ring.size }),
  };
}

/** Only what was filled in: what is absent follows from the ring's place. */
function gateOf({ gate }: RingDraft): Pick<RingSpec, 'gate'> {
  const set = Object.entries(gate ?? {}).filter(([, value]) => value !== undefined);
  return set.length === 0 ? {} : { gate: Object.fromEntries(set) };
}

const list = (text: string | undefined) => (text ? text.split(',').filter(Boolean) : []);

export function draftFromUrl(url: UrlState, today: string): SpecDraft {
  const hostIds = list(url.hosts);
  return {
    name: `Patches of ${today}`,
    patchIds: list(url.patches),
    choose: hostIds.length > 0 ? 'hosts' : 'query',
    query: url.query ?? '',
    groupId: url.group ?? null,
    hostIds,
    rings: RINGS,
    windowed: false,
    startsAt: '',
    endsAt: '',
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
    repeat: null,
    cutoffMinutes: 0,
    ...CLOCK,
    profile: 'normal',
    rehearse: 'canaries',
    concurrencyMax: 0,
    catchUpDays: 0,
    restart: 'affected-services',
    reboot: 'never',
    smokeTests: [],
    hooks: [],
    note: '',
  };
}

export function draftFromSpec(spec: RolloutSpecView): SpecDraft {
  const { selector, window } = spec;
  return {
    name: spec.name,
    patchIds: spec.patchIds,
    choose: selector.groupId ? 'group' : selector.hostIds?.length ? 'hosts' : 'query',
    query: selector.query ?? '',
    groupId: selector.groupId ?? null,
    hostIds: selector.hostIds ?? [],
    rings: spec.rings.map(ringDraftOf),
    windowed: window.startsAt !== null || window.endsAt !== null,
    startsAt: localOf(window.startsAt, window.timeZone),
    endsAt: localOf(window.endsAt, window.timeZone),
    timeZone: window.timeZone,
    repeat: window.repeat,
    cutoffMinutes: window.cutoffMinutes,
    length: window.length ?? CLOCK.length,
    gap: window.gap ?? CLOCK.gap,
    overlap: window.overlap ?? CLOCK.overlap,
    profile: spec.profile,
    rehearse: spec.rehearse,
    concurrencyMax: spec.concurrencyMax ?? 0,
    catchUpDays: spec.catchUpDays,
    restart: spec.restart,
    reboot: spec.reboot,
    smokeTests: spec.smokeTests,
    hooks: spec.hooks ?? [],
    note: spec.note,
  };
}

export function specOf(draft: SpecDraft): RolloutSpecInput {
  return {
    name: draft.name.trim(),
    patchIds: [...draft.patchIds],
    selector:
      draft.choose === 'group'
        ? { groupId: draft.groupId ?? undefined }
        : draft.choose === 'hosts'
          ? { hostIds: [...draft.hostIds] }
          : { query: draft.query.trim() },
    rings: draft.rings.map(ringSpecOf),
    window: windowOf(draft),
    profile: draft.profile,
    rehearse: draft.rehearse,
    concurrencyMax: draft.concurrencyMax > 0 ? draft.concurrencyMax : null,
    catchUpDays: draft.catchUpDays,
    restart: draft.restart,
    reboot: draft.reboot,
    smokeTests: [...draft.smokeTests],
    hooks: draft.hooks,
    note: draft.note,
  };
}

export function windowOf(draft: SpecDraft): RolloutSpecView['window'] {
  if (!draft.windowed) return { startsAt: null, endsAt: null, timeZone: draft.timeZone, repeat: null, cutoffMinutes: 0, ...CLOCK };
  return {
    startsAt: instantOf(draft.startsAt, draft.timeZone),
    endsAt: instantOf(draft.endsAt, draft.timeZone),
    timeZone: draft.timeZone,
    repeat: draft.repeat,
    cutoffMinutes: draft.cutoffMinutes,
    length: draft.length,
    gap: draft.gap,
    overlap: draft.overlap,
  };
}

/** The first thing that is missing, or null. The server checks everything again and says more. */
export function missingIn(draft: SpecDraft): string | null {
  if (draft.patchIds.length === 0) return 'Choose at least one patch.';
  if (draft.choose === 'query' && draft.query.trim() === '') return 'Say which hosts: a group query, or “all”.';
  if (draft.choose === 'group' && draft.groupId === null) return 'Choose a saved group.';
  if (draft.choose === 'hosts' && draft.hostIds.length === 0) return 'Choose at least one host.';
  if (draft.name.trim() === '') return 'Give it a name.';
  if (draft.rings.some(ring => ring.name.trim() === '')) return 'Every ring needs a name.';
  if (draft.rings.some(isAskingNothing)) return 'Every Prometheus query needs a name and a query.';
  if (draft.hooks.some(isUnnamed)) return 'Every hook needs a name.';
  if (draft.windowed && (draft.startsAt === '' || draft.endsAt === '')) return 'Say when the window opens and closes.';
  if (draft.windowed && draft.endsAt <= draft.startsAt) return 'The window closes before it opens.';
  return null;
}

/** The contract's pattern: a hook is named as its file in /etc/fettle/hooks.d. */
export function isUnnamed({ name }: RolloutSpecView['hooks'][number]): boolean {
  return !/^[a-z0-9][a-z0-9_-]{0,62}$/.test(name);
}

/** A row of the form that was added and not filled in. */
export function isAskingNothing({ health = [] }: RingDraft): boolean {
  return health.some(metric => metric.kind === 'prometheus' && (metric.name.trim() === '' || metric.query.trim() === ''));
}
