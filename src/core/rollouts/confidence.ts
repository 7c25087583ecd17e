import { counted } from '../kernel/words.ts';
import { failureRateUpper } from './statistics.ts';

/** What a ring is to show: fewer than so many per cent of hosts fail, and how sure one wants to be. Whole numbers. */
export interface Proof {
  readonly failurePercent: number;
  readonly confidencePercent: number;
}

/** Larger rings than this prove nothing that a first ring is for. */
const SAMPLE_MAX = 100_000;

/**
 * Hosts that have to be tried so that `failed` failures still show it (exact one-sided bound). 0 failures, 5 %, 95 %: 59. The number is looked at once,
 * at the end of the ring; before that a ring is only stopped, never passed, so that looking often does not make the answer look surer than it is.
 */
export function sampleFor({ failurePercent, confidencePercent }: Proof, failed: number): number {
  const allowed = failurePercent / 100;
  let low = Math.max(1, failed);
  let high = low;
  while (high < SAMPLE_MAX && failureRateUpper(failed, high, confidencePercent / 100) > allowed) {
    low = high + 1;
    high *= 2;
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (failureRateUpper(failed, middle, confidencePercent / 100) > allowed) low = middle + 1;
    else high = middle;
  }
  return Math.min(low, SAMPLE_MAX);
}

/**
 * How long `hosts` hosts have to run without a late failure to show that fewer than the stated share of hosts fails per day: -ln(1 - confidence) of
 * failure-free host-days per unit of rate (waiting times without memory). 59 hosts, 5 % a day, 95 %: a day.
 */
export function soakMinutesFor({ failurePercent, confidencePercent }: Proof, hosts: number): number {
  if (hosts === 0) return 0;
  const hostDays = -Math.log(1 - confidencePercent / 100) / (failurePercent / 100);
  return Math.ceil((hostDays / hosts) * 1440);
}

type SequentialAnswer = 'reject' | 'continue' | 'accept';

/**
 * Wald's sequential test between "as many fail as is tolerable" (a quarter of the stated share) and "the stated share fails", both errors at most
 * 1 - confidence. Asked after every result; `reject` stops a ring long before its last host.
 */
export function sequentialTest(failed: number, attempted: number, { failurePercent, confidencePercent }: Proof): SequentialAnswer {
  const error = 1 - confidencePercent / 100;
  const [tolerable, refused] = [failurePercent / 400, failurePercent / 100];
  const evidence = failed * Math.log(refused / tolerable) + (attempted - failed) * Math.log((1 - refused) / (1 - tolerable));
  if (evidence >= Math.log((1 - error) / error)) return 'reject';
  return evidence <= Math.log(error / (1 - error)) ? 'accept' : 'continue';
}

/** In plain words what is still missing, or null when it is shown. */
export function proofGap(proof: Proof, failed: number, attempted: number): string | null {
  const needed = sampleFor(proof, failed);
  if (attempted >= needed) return null;
  return `to show at ${proof.confidencePercent} % that fewer than ${proof.failurePercent} % fail takes ${counted(needed, 'host')} with ${failed} failed; ${attempted} were tried`;
}
