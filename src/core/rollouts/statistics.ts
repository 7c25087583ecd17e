/**
 * The largest failure rate that `failed` of `attempted` still allows at 95 % (one-sided Clopper-Pearson: the rate at which so few failures would be
 * seen only once in twenty). For 0 failures it is 1 - 0.05^(1/n). Wilson's interval is narrower than its promise below some 20 hosts, which is where
 * canaries live.
 */
export function failureRateUpper95(failed: number, attempted: number): number {
  return failureRateUpper(failed, attempted, 0.95);
}

/** The same at any confidence, a number between 0 and 1. */
export function failureRateUpper(failed: number, attempted: number, confidence: number): number {
  if (attempted === 0 || failed >= attempted) return 1;
  if (failed === 0) return 1 - (1 - confidence) ** (1 / attempted);
  let low = failed / attempted;
  let high = 1;
  // 50 halvings: below the resolution of a double for every rate that matters.
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (probabilityOfAtMost(failed, attempted, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
  return high;
}

/** Binomial, in logarithms so that 100,000 hosts do not underflow. */
function probabilityOfAtMost(failed: number, attempted: number, rate: number): number {
  const stays = Math.log1p(-rate);
  const odds = Math.log(rate) - stays;
  let logTerm = attempted * stays;
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= failed; k++) {
    logTerm += Math.log((attempted - k + 1) / k) + odds;
    sum += Math.exp(logTerm);
  }
  return sum;
}

/** What the sample shows, and what it does not, in plain words. */
export function sampleStatement(failed: number, attempted: number): string {
  if (attempted === 0) return 'nothing was attempted: this shows nothing';
  if (failed === attempted) return `${failed} of ${attempted} failed`;
  const percent = failureRateUpper95(failed, attempted) * 100;
  const shown = percent < 1 ? percent.toFixed(2) : percent < 10 ? percent.toFixed(1) : percent.toFixed(0);
  return `${failed} of ${attempted} failed: at 95 % this only shows that fewer than ${shown} % fail`;
}

/**
 * Fisher's exact test, one-sided: how often chance alone puts at least `bad` of all bad hosts into the first group, were both groups alike. It holds for
 * canaries of five, where a test that leans on large numbers does not.
 */
export function fisherAtLeast(bad: number, hosts: number, otherBad: number, others: number): number {
  const allBad = bad + otherBad;
  const all = hosts + others;
  const ways = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  let chance = 0;
  for (let k = bad; k <= Math.min(allBad, hosts); k++)
    if (allBad - k <= others) chance += Math.exp(ways(hosts, k) + ways(others, allBad - k) - ways(all, allBad));
  return Math.min(1, chance);
}

const LOG_FACTORIALS = [0];
/** Natural logarithm of n!, summed: gates look at some hundred hosts. */
function logFactorial(n: number): number {
  for (let k = LOG_FACTORIALS.length; k <= n; k++) LOG_FACTORIALS.push(LOG_FACTORIALS[k - 1]! + Math.log(k));
  return LOG_FACTORIALS[n]!;
}
