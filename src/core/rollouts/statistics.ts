/**
 * The largest failure rate that `failed` of `attempted` still allows at 95 % (one-sided Clopper-Pearson: the rate at which so few failures would be
 * seen only once in twenty). For 0 failures it is 1 - 0.05^(1/n). Wilson's interval is narrower than its promise below some 20 hosts, which is where
 * canaries live.
 */
export function failureRateUpper95(failed: number, attempted: number): number {
  if (attempted === 0 || failed >= attempted) return 1;
  let low = failed / attempted;
  let high = 1;
  // 50 halvings: below the resolution of a double for every rate that matters.
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (probabilityOfAtMost(failed, attempted, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** Binomial, in logarithms so that 100,000 hosts do not underflow. */
function probabilityOfAtMost(failed: number, attempted: number, rate: number): number {
  let logTerm = attempted * Math.log1p(-rate);
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= failed; k++) {
    logTerm += Math.log((attempted - k + 1) / k) + Math.log(rate) - Math.log1p(-rate);
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
