export interface Violation {
  readonly rule: Rule;
  readonly atMs: number;
  readonly text: string;
}

/** Every rule that is checked: domain.md 2.7 (S, L) and security.md 4.1 (I). docs/reference/invariants.md says where each is looked at. */
export const RULES = [
  'S1',
  'S2',
  'S3',
  'S4',
  'S5',
  'S6',
  'S7',
  'S8',
  'S9',
  'S10',
  'S11',
  'S12',
  'S13',
  'S14',
  'L1',
  'L2',
  'L3',
  'L4',
  'L5',
  'L6',
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
  'I13',
  'I14',
  'I15',
] as const;
export type Rule = (typeof RULES)[number];

/** Counts what was asked and keeps what did not hold. */
export class Ledger {
  readonly violations: Violation[] = [];
  readonly checks: Record<Rule, number> = Object.fromEntries(RULES.map(rule => [rule, 0])) as Record<Rule, number>;

  demand(rule: Rule, holds: boolean, atMs: number, text: () => string): void {
    this.checks[rule] += 1;
    if (!holds) this.violations.push({ rule, atMs, text: text() });
  }
}
