import { counted } from '../kernel/words.ts';
import { fisherAtLeast } from './statistics.ts';

/**
 * What a gate asks besides results. Three are counted from the hosts' own inventories and compared with hosts that no ring has touched yet; any other
 * number comes from Prometheus (restarts, log errors, probes, an application's own SLO).
 */
const HOST_SIGNALS = {
  'failed-units': 'have failed units',
  'unexpected-boots': 'have rebooted since without being told to',
  silent: 'have not been heard of since',
} as const;
export type HostSignal = keyof typeof HOST_SIGNALS;

export type HealthMetric =
  | { readonly kind: 'hosts'; readonly signal: HostSignal; readonly dryRun: boolean }
  | {
      readonly kind: 'prometheus';
      readonly name: string;
      /** Instant query. `{{hosts}}` becomes a pattern of the ring's host names. */
      readonly query: string;
      readonly operator: '<=' | '>=';
      readonly threshold: number;
      /** The same query over hosts that no ring has touched: the value may differ from theirs by this factor at most. null: no comparison. */
      readonly controlFactor: number | null;
      readonly dryRun: boolean;
    };

type MetricVerdict = 'successful' | 'failed' | 'inconclusive';

/** Immutable, stored with the gate (domain.md 2.10). */
export interface MetricReading {
  readonly name: string;
  readonly verdict: MetricVerdict;
  readonly dryRun: boolean;
  readonly text: string;
}

/** Hosts by what they say; `unknown` said nothing. */
export interface SignalCounts {
  readonly bad: number;
  readonly good: number;
  readonly unknown: number;
}

/** One-sided, 5 %: what chance alone would do this rarely is called a difference. */
const DIFFERENCE = 0.05;
/** Where more than this share says nothing, the rest proves nothing. */
const UNKNOWN_PERCENT_MAX = 20;

/** `control` null: every host of the rollout is in this ring or an earlier one, so that one bad host fails it. */
export function readSignal(signal: HostSignal, ring: SignalCounts, control: SignalCounts | null, dryRun: boolean): MetricReading {
  const known = ring.bad + ring.good;
  const words = `${ring.bad} of ${counted(known, 'host')} ${HOST_SIGNALS[signal]}`;
  const reading = (verdict: MetricVerdict, text: string): MetricReading => ({ name: signal, verdict, dryRun, text });
  const total = known + ring.unknown;
  if (known === 0 || ring.unknown * 100 > UNKNOWN_PERCENT_MAX * total)
    return reading('inconclusive', `${ring.unknown} of ${counted(total, 'host')} say nothing`);
  const untouched = control === null ? 0 : control.bad + control.good;
  if (control === null || untouched === 0)
    return reading(ring.bad > 0 ? 'failed' : 'successful', `${words}; there is no untouched host to compare with`);
  // Where not even every host of the ring failing would count as a difference, the comparison could only ever pass.
  if (fisherAtLeast(known, known, control.bad, untouched) > DIFFERENCE)
    return reading(ring.bad > 0 ? 'failed' : 'successful', `${words}; ${untouched} untouched hosts are too few to compare with`);
  const chance = fisherAtLeast(ring.bad, known, control.bad, untouched);
  const against = `${control.bad} of ${untouched} untouched hosts`;
  if (ring.bad === 0) return reading('successful', `${words}, ${against}`);
  const percent = chance < 0.001 ? 'fewer than 0.1' : (chance * 100).toFixed(1);
  return reading(
    chance <= DIFFERENCE + 1e-9 ? 'failed' : 'successful',
    `${words}, ${against}: chance alone does this in ${percent} of 100 cases`,
  );
}

/** What Prometheus answered: one number, or why there is none. */
export type Measured = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly problem: string };

export function readMeasured(
  metric: Extract<HealthMetric, { kind: 'prometheus' }>,
  ring: Measured,
  control: Measured | null,
): MetricReading {
  const { name, operator, threshold, controlFactor, dryRun } = metric;
  const reading = (verdict: MetricVerdict, text: string): MetricReading => ({ name, verdict, dryRun, text });
  if (!ring.ok) return reading('inconclusive', ring.problem);
  if (!Number.isFinite(ring.value)) return reading('inconclusive', 'the answer is not a number');
  const { value } = ring;
  if (operator === '<=' ? value > threshold : value < threshold)
    return reading('failed', `${shown(value)}, wanted ${operator} ${threshold}`);
  if (controlFactor === null) return reading('successful', `${shown(value)}, wanted ${operator} ${threshold}`);
  if (control === null || !control.ok || !Number.isFinite(control.value))
    return reading(
      'inconclusive',
      control === null || control.ok ? 'there is no untouched host to compare with' : `untouched hosts: ${control.problem}`,
    );
  const worse = operator === '<=' ? value > control.value * controlFactor : value * controlFactor < control.value;
  const text = `${shown(value)}, untouched hosts ${shown(control.value)}, allowed is a factor of ${controlFactor}`;
  return reading(worse ? 'failed' : 'successful', text);
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

/** A dry run is shown and decides nothing. */
export function judgeHealth(readings: readonly MetricReading[]): {
  readonly failed: readonly string[];
  readonly doubts: readonly string[];
} {
  const of = (verdict: MetricVerdict) =>
    readings.filter(one => !one.dryRun && one.verdict === verdict).map(one => `${one.name}: ${one.text}`);
  return { failed: of('failed'), doubts: of('inconclusive') };
}
