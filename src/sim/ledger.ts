export interface Violation {
  readonly rule: Rule;
  readonly atMs: number;
  readonly text: string;
}

interface Look {
  readonly means: string;
  /** What is looked at, and when. "Really" is the truth on the hosts, whatever anybody reports. */
  readonly looks: string;
}

/** Every rule that is checked: domain.md 2.7 (S, L) and security.md 4.1 (I). docs/reference/invariants.md is made from this. */
export const RULES = {
  S1: {
    means: 'never more hosts in disruption than the ring, the rollout, the site and the installation allow',
    looks: 'job moves against the approved plan, on every move',
  },
  S2: {
    means:
      'every start has a permit, given inside the window without its cutoff and reboot reserve, outside every freeze and hold, after the evidence, by the clock of the server',
    looks:
      'permits as they are issued; the window is read anew from the text of the approved plan and its zone, what people have declared from their own words',
  },
  S3: {
    means:
      'a job leaves the queue only after every ring before its own has passed, and for a host that is there; a gate passes only on what was approved, health included',
    looks: 'offers; each pass is counted anew from the jobs that were seen, with thresholds and soak of the approved plan',
  },
  S4: {
    means:
      'a group keeps its members, or its budget: those at work, just changed, lost, unwell by their own account, or left failed until they are well do not count',
    looks: 'permits of changes and of reboots, against the job moves of the other members',
  },
  S5: { means: 'one active job per host', looks: 'job moves; and really: no second change begins on a host' },
  S6: {
    means: 'nothing is installed that was not approved and signed, or that was retracted; nothing goes back in time',
    looks: 'the packages of the host before and after, the origin of the archives',
  },
  S7: {
    means: 'whatever runs has a valid approval of exactly its plan, and holds nothing that was retracted',
    looks: 'starts, resumes and permits, against the approvals that were seen',
  },
  S8: { means: 'who asks does not approve, nor override a gate', looks: 'approvals and overrides' },
  S9: {
    means: 'ended is ended; attempts rise by one; results and permits are of the present attempt',
    looks: 'every move, permit and result',
  },
  S10: { means: 'every transition is written with its audit entry', looks: 'moves against the chain, entry by entry' },
  S11: { means: 'no permit after the kill switch, no start long after it', looks: 'permits; and really: the begin of changes' },
  S12: {
    means: 'no job vanishes and none is added; one that was not reached moves to the last ring and nowhere else',
    looks: 'moves; every ten minutes the stored rows against the books of the witness',
  },
  S13: { means: 'what is rolled out is what was approved', looks: 'jobs against the approved plan when they are made' },
  S14: { means: 'a reboot only where the policy allows it and something asks for it', looks: 'permits; and really: the reboot' },
  L1: { means: 'every state ends: deadlines are kept', looks: 'every ten minutes; and at the end, when all is well again' },
  L2: { means: 'hosts that are off do not hold a ring beyond its deadline', looks: 'every ten minutes' },
  L3: {
    means: 'a job that could be offered is offered, and not for ever anew; an emergency does not wait for hosts that only prepare',
    looks: 'every ten minutes, while its ring has nothing else to do',
  },
  L4: { means: 'a pause ends', looks: 'every ten minutes; and at the end' },
  L5: {
    means: 'whoever waits for a permit can be told what for',
    looks: 'every ten minutes, for hosts that are ready for a quarter of an hour',
  },
  L6: { means: 'a host or group that can never start is named when the plan is made', looks: 'every plan that passed the lint' },
  I1: { means: 'no action starts twice on a host', looks: 'really: the begin of changes, by plan' },
  I2: {
    means: 'no start outside the window or after the plan ran out',
    looks: 'really: the begin of changes, five minutes of skew allowed',
  },
  I3: { means: 'never two members of a group at once', looks: 'really: the begin of changes and reboots' },
  I4: {
    means: 'an acknowledged result is in the store',
    looks: 'when the host hears the acknowledgement; and at the end for every journal',
  },
  I5: { means: 'a host that is half done says so and is not rebooted', looks: 'results as they are written; reboots; and at the end' },
  I6: {
    means: 'what counts as patched is patched',
    looks: 'results as they are taken, against what the packages were when the host wrote them down',
  },
  I7: {
    means: 'no host acts on a plan that was not signed for it, or an old one',
    looks: 'plans as hosts take them up, byte for byte against those that were signed',
  },
  I8: {
    means: 'nothing starts after a stop, but for the life of a permit',
    looks: 'really: the begin of changes after a pause, a gate or a halt; rollouts of a policy that was turned off',
  },
  I9: { means: 'no ring before its turn', looks: 'really: the begin of changes' },
  I10: { means: 'no reboot without permission', looks: 'really: the reboot' },
  I11: { means: 'the audit trail has no gap', looks: 'the hash of each entry, recomputed' },
  I12: { means: 'never more hosts at work than allowed', looks: 'really: the begin of changes' },
  I13: { means: 'a host that has moved since the plan was made is left alone', looks: 'really: the packages when changes begin' },
  I14: {
    means: 'every host comes back',
    looks: 'at the end: host and agent are up and answer (updates of the agent itself are not simulated)',
  },
  I15: {
    means: 'what is not known never counts as success',
    looks: 'each pass of a gate, counted anew; health from what hosts have reported and the metrics server has answered',
  },
} as const satisfies Readonly<Record<string, Look>>;
export type Rule = keyof typeof RULES;
export const RULE_NAMES = Object.keys(RULES) as Rule[];

/** Counts what was asked and keeps what did not hold. */
export class Ledger {
  readonly violations: Violation[] = [];
  readonly checks: Record<Rule, number> = Object.fromEntries(RULE_NAMES.map(rule => [rule, 0])) as Record<Rule, number>;

  demand(rule: Rule, holds: boolean, atMs: number, text: () => string): void {
    this.checks[rule] += 1;
    if (!holds) this.violations.push({ rule, atMs, text: text() });
  }
}
