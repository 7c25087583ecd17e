import type { Fault, FaultKind } from './faults.ts';
import type { SimHost } from './host.ts';
import type { Surroundings } from './surroundings.ts';

interface Stretch {
  readonly fault: Fault;
  readonly host: SimHost;
  readonly surroundings: Surroundings;
}

/** Faults that last: each begins at once and answers with its end. */
export const STRETCHES: Partial<Record<FaultKind, (stretch: Stretch) => () => void>> = {
  loss: ({ host }) => during(host.weather, { loss: 0.33 }),
  duplicate: ({ host }) => during(host.weather, { duplicate: 0.5 }),
  delay: ({ host }) => during(host.weather, { delayMs: 1_200_000 }),
  partition: ({ host }) => during(host.weather, { partitioned: true }),
  'clock-skew': ({ host, fault }) => during(host, { clockSkewMs: fault.amount }),
  'hook-fails': ({ host }) => during(host, { hookTrouble: 'failed' }),
  'hook-hangs': ({ host }) => during(host, { hookTrouble: 'timed-out' }),
  'hook-gone': ({ host }) => during(host, { hookTrouble: 'refused' }),
  'rehearsal-fails': ({ host }) => during(host, { rehearsing: 'fails' }),
  'no-overlay': ({ host }) => during(host, { rehearsing: 'impossible' }),
  'rehearsal-slow': ({ host }) => during(host, { rehearsing: 'slow' }),
  'unit-fails': ({ host }) => during(host, { ailing: true }),
  'lock-held': ({ host }) => during(host, { lockHeld: true }),
  'disk-full': ({ host }) => during(host, { diskFull: true }),
  'hostile-relay': ({ surroundings }) => during(surroundings, { hostile: true }),
  'mirror-down': ({ surroundings }) => during(surroundings, { mirror: 'down' }),
  'mirror-corrupt': ({ surroundings }) => during(surroundings, { mirror: 'corrupt' }),
  'metrics-down': ({ surroundings }) => during(surroundings, { metrics: 'down' }),
  'metrics-nan': ({ surroundings }) => during(surroundings, { metrics: 'nan' }),
  'metrics-lie': ({ surroundings }) => during(surroundings, { metrics: 'lies' }),
  'inventory-lost': ({ host }) => during(host, { inventoryLost: true }),
  'bad-patch': ({ surroundings, fault }) => during(surroundings, { badPatchPercent: fault.amount }),
  'bad-service': ({ surroundings, fault }) => during(surroundings, { badServicePercent: fault.amount }),
};

/** Sets the values and answers with what puts the fair ones back. */
function during<Target extends object>(target: Target, values: Partial<Target>): () => void {
  const fair: Partial<Target> = Object.fromEntries(
    Object.keys(values).map(name => [name, FAIR_VALUES[name as keyof typeof FAIR_VALUES]]),
  ) as Partial<Target>;
  Object.assign(target, values);
  return () => Object.assign(target, fair);
}

const FAIR_VALUES = {
  loss: 0.001,
  duplicate: 0.001,
  delayMs: 0,
  partitioned: false,
  clockSkewMs: 0,
  lockHeld: false,
  diskFull: false,
  hostile: false,
  mirror: 'well',
  badPatchPercent: 0,
  badServicePercent: 0,
  metrics: 'well',
  inventoryLost: false,
  ailing: false,
  hookTrouble: 'none',
  rehearsing: 'well',
} as const;
