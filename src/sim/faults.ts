import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/kernel/instants.ts';
import type { Random } from './random.ts';

/** What can go wrong, by name (security.md 4.2). Each is a stretch of time on one target; taking one out of a script leaves the others as they were. */
export const FAULTS = {
  loss: { scope: 'host', title: 'a third of the messages to and from the host are lost', minutes: [1, 30] },
  delay: { scope: 'host', title: 'messages take up to twenty minutes and overtake each other', minutes: [5, 60] },
  duplicate: { scope: 'host', title: 'half of the messages arrive twice', minutes: [1, 60] },
  partition: { scope: 'host', title: 'the host and the server do not hear each other', minutes: [1, 180] },
  'power-cut': { scope: 'host', title: 'the host loses power, and comes back', minutes: [1, 20] },
  'agent-kill': { scope: 'host', title: 'the agent is killed; what it started goes on', minutes: [1, 3] },
  'host-gone': { scope: 'host', title: 'the host is off for long', minutes: [60, 1800] },
  'host-away': { scope: 'host', title: 'the host is off for days', minutes: [1440, 7200] },
  'clock-skew': { scope: 'host', title: 'the clock of the host is wrong by up to ten minutes', minutes: [10, 240] },
  'inventory-lost': { scope: 'host', title: 'the inventories of the host do not arrive', minutes: [30, 600] },
  'unit-fails': { scope: 'host', title: 'a unit of the host fails by itself', minutes: [10, 300] },
  'hook-fails': { scope: 'host', title: 'the hooks of the host fail', minutes: [10, 300] },
  'hook-hangs': { scope: 'host', title: 'the hooks of the host do not end', minutes: [10, 300] },
  'hook-gone': { scope: 'host', title: 'somebody has removed the hooks of the host', minutes: [10, 300] },
  'rehearsal-fails': { scope: 'host', title: 'the rehearsal of the host fails', minutes: [30, 400] },
  'no-overlay': { scope: 'host', title: 'the host cannot make a copy of itself', minutes: [30, 600] },
  'rehearsal-slow': { scope: 'host', title: 'the rehearsal of the host takes longer than anybody waits', minutes: [30, 600] },
  'server-crash': { scope: 'server', title: 'the server dies; only what was committed is left', minutes: [1, 10] },
  'hostile-relay': { scope: 'server', title: 'somebody in between hands out forged and misdirected plans', minutes: [5, 60] },
  'mirror-down': { scope: 'mirror', title: 'the mirror does not deliver', minutes: [2, 120] },
  'mirror-corrupt': { scope: 'mirror', title: 'the mirror delivers other bytes than were signed', minutes: [2, 30] },
  'bad-patch': { scope: 'mirror', title: 'packages fail to install on a share of hosts', minutes: [30, 240] },
  'bad-service': { scope: 'mirror', title: 'packages install and their service does not come back', minutes: [30, 240] },
  'metrics-down': { scope: 'mirror', title: 'the metrics server has no answer', minutes: [30, 400] },
  'metrics-nan': { scope: 'mirror', title: 'the metrics server answers with what is no number', minutes: [30, 400] },
  'metrics-lie': { scope: 'mirror', title: 'the metrics server says the opposite', minutes: [30, 400] },
  'lock-held': { scope: 'host', title: 'another process holds the package manager', minutes: [1, 60] },
  'disk-full': { scope: 'host', title: 'the disk is full', minutes: [5, 300] },
  drift: { scope: 'host', title: 'somebody changes a package by hand', minutes: [1, 1] },
  pause: { scope: 'operator', title: 'an operator pauses what runs', minutes: [1, 60] },
  halt: { scope: 'operator', title: 'an operator halts what runs', minutes: [1, 1] },
  'kill-switch': { scope: 'operator', title: 'the kill switch is engaged', minutes: [1, 90] },
  freeze: { scope: 'operator', title: 'a freeze is declared: hard, soft or of reboots, over all hosts or some', minutes: [10, 240] },
  hold: { scope: 'operator', title: 'a safeguard hold is declared, over a package or all, on all hosts or some', minutes: [30, 600] },
  'nobody-looks': { scope: 'operator', title: 'nobody looks at what has stopped', minutes: [60, 14400] },
  retract: { scope: 'operator', title: 'an update that is being rolled out is retracted', minutes: [60, 900] },
} as const satisfies Readonly<
  Record<
    string,
    { readonly scope: 'host' | 'server' | 'mirror' | 'operator'; readonly title: string; readonly minutes: readonly [number, number] }
  >
>;

export type FaultKind = keyof typeof FAULTS;

export interface Fault {
  /** Its place in what was drawn: a command names it by this. */
  readonly number: number;
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly durationMs: number;
  /** Index of the host; 0 where the scope is not a host. */
  readonly target: number;
  /** For what the kind needs besides: milliseconds of skew, share of hosts in percent. */
  readonly amount: number;
}

export function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(FAULTS, text);
}

/** Per host and day; the other scopes per day. Often enough that they meet, seldom enough that work gets done in between. */
const PER_HOST_DAY = 2.2;
const PER_DAY: Readonly<Record<'server' | 'mirror' | 'operator', number>> = { server: 3, mirror: 5, operator: 7 };

/** Draws a script. `startMs` to `endMs` in milliseconds; `kinds`: which ones may happen. */
export function drawFaults(random: Random, kinds: readonly FaultKind[], hosts: number, startMs: number, endMs: number): Fault[] {
  const days = (endMs - startMs) / (24 * HOUR_MS);
  const faults: Fault[] = [];
  for (const scope of ['host', 'server', 'mirror', 'operator'] as const) {
    const own = kinds.filter(kind => FAULTS[kind].scope === scope);
    if (own.length === 0) continue;
    const count = Math.round(days * (scope === 'host' ? PER_HOST_DAY * hosts : PER_DAY[scope]));
    for (let n = 0; n < count; n++) faults.push(draw(random, random.pick(own), hosts, startMs, endMs));
  }
  return faults.sort((a, b) => a.atMs - b.atMs).map((fault, number) => ({ ...fault, number }));
}

function draw(random: Random, kind: FaultKind, hosts: number, startMs: number, endMs: number): Fault {
  const { minutes, scope } = FAULTS[kind];
  return {
    number: 0,
    kind,
    atMs: startMs + Math.floor(random.next() * (endMs - startMs)),
    durationMs: random.between(minutes[0] * 60, minutes[1] * 60) * SECOND_MS,
    target: scope === 'host' ? random.between(0, hosts - 1) : 0,
    amount: kind === 'clock-skew' ? random.between(-10 * MINUTE_MS, 10 * MINUTE_MS) : random.between(10, 100),
  };
}
