/**
 * Where each rule of domain.md 2.7 is held. `lint`: rules of plan-lint.ts, for what a plan can show before anybody approves it. `elsewhere`: what holds it while
 * the rollout runs; a plan that is right can still be carried out wrongly.
 */
interface PlanRule {
  readonly lint: readonly string[];
  readonly elsewhere: string;
}

export const PLAN_RULES: Readonly<Record<string, PlanRule>> = {
  S1: {
    lint: ['cap-over-all', 'canary-serial'],
    elsewhere: 'permit-decision.ts: ring-slot, rollout-slot, global-slot, under the lock of one transaction',
  },
  S2: {
    lint: ['window-order', 'window-repeat', 'freeze-leaves-time'],
    elsewhere: 'permit-decision.ts: window and freeze, by the server’s clock',
  },
  S3: {
    lint: ['canary-first', 'canary-small', 'gate-can-fail'],
    elsewhere: 'ring-changes.ts opens a ring; offer-decision.ts asks whether it is open',
  },
  S4: { lint: ['group-can-spare'], elsewhere: 'permit-decision.ts: availability, with the group’s row locked' },
  S5: {
    lint: ['one-ring-per-host', 'other-rollouts'],
    elsewhere: 'the unique index job_active; offer-decision.ts; permit-decision.ts: host-lock',
  },
  S6: {
    lint: ['asked-is-planned', 'undeclared-install', 'undeclared-upgrade', 'no-removals', 'package-once'],
    elsewhere: 'the host: its own simulation must equal the plan, and each archive its signed index (agent/prepare.ts)',
  },
  S7: { lint: ['approval-horizon'], elsewhere: 'permit-decision.ts: approval-void' },
  S8: { lint: [], elsewhere: 'a plan names nobody: the check of change_request in the database, and server/rollouts/approval.ts' },
  S9: { lint: [], elsewhere: 'a plan has no history: machine.test.ts, and the host refuses numbers that do not rise (agent/decide.ts)' },
  S10: { lint: [], elsewhere: 'a plan has no history: step.ts writes audit entry and transition in one transaction' },
  S11: { lint: [], elsewhere: 'a switch is no part of a plan: permit-decision.ts: kill-switch' },
  S12: {
    lint: ['nobody-vanishes', 'one-ring-per-host', 'something-to-do'],
    elsewhere: 'one row per host and rollout, never deleted; the simulator counts them',
  },
  S13: {
    lint: ['only-chosen'],
    elsewhere: 'a plan lists its hosts by id, and a plan with other hosts has another hash, which nobody has approved',
  },
  S14: {
    lint: ['reboot-needed', 'reboot-settles', 'reboot-without-need'],
    elsewhere: 'permit-decision.ts: reboot-not-allowed; the host writes its reasons into the log of the job',
  },
  L1: { lint: [], elsewhere: 'a plan has no states: machine.test.ts asks every state for a deadline or an owner' },
  L2: { lint: [], elsewhere: 'ring-changes.ts: a ring’s deadline does not wait for hosts that are away' },
  L3: { lint: ['due-date'], elsewhere: 'the queue: emergency, due date, age' },
  L4: { lint: [], elsewhere: 'rollout-states.ts: paused has a deadline' },
  L5: { lint: ['group-can-spare'], elsewhere: 'attention.ts shows a lost host that holds its group' },
  L6: { lint: ['window-fits-host', 'window-fits-ring'], elsewhere: 'wait-changes.ts: window-too-short names the next opening' },
};
