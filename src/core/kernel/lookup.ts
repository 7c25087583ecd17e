/**
 * A table that is asked with words from outside: without `Object.prototype` behind it, for which `constructor` and `toString` would be rows
 * (a release called `constructor`, a state called `valueOf`).
 */
export function lookup<Rows extends object>(rows: Rows): Rows {
  return Object.setPrototypeOf(rows, null) as Rows;
}
