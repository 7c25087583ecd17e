import type { Instant } from '../kernel/instants.ts';

/**
 * The closed list of reasons why something does not move. Permit refusals, the waiting column of a job, `rollout explain` and the console all use it.
 * `retryAfterSeconds`: when the host asks again. `final`: asking again cannot help.
 */
export const WAITING_ON = {
  submission: { text: 'It is a draft: somebody has to submit it.', retryAfterSeconds: 60, final: false },
  rehearsal: { text: 'Hosts are rehearsing.', retryAfterSeconds: 5, final: false },
  'approval-request': { text: 'The plan is ready: somebody has to ask for approval.', retryAfterSeconds: 60, final: false },
  approval: { text: 'A second person has to approve the plan.', retryAfterSeconds: 60, final: false },
  start: { text: 'It is approved and has no start time: somebody has to start it.', retryAfterSeconds: 60, final: false },
  'window-not-open': { text: 'The maintenance window has not opened.', retryAfterSeconds: 60, final: false },
  'window-too-short': {
    text: 'What is left of the maintenance window is shorter than this host may need.',
    retryAfterSeconds: 300,
    final: false,
  },
  'window-over': { text: 'The maintenance window is over.', retryAfterSeconds: 300, final: true },
  freeze: { text: 'A freeze is in force.', retryAfterSeconds: 60, final: false },
  hold: { text: 'A safeguard hold covers this host.', retryAfterSeconds: 60, final: false },
  retracted: { text: 'An update in its plan has been retracted.', retryAfterSeconds: 60, final: false },
  forensic: {
    text: 'Evidence has to be collected on the host before it is patched; somebody has to record that it was.',
    retryAfterSeconds: 60,
    final: false,
  },
  availability: { text: 'Too few other hosts of its availability group are known to be well.', retryAfterSeconds: 30, final: false },
  'kill-switch': { text: 'The kill switch is engaged: nothing may start anywhere.', retryAfterSeconds: 30, final: false },
  paused: { text: 'The rollout is paused: somebody has to resume or halt it.', retryAfterSeconds: 15, final: false },
  ended: { text: 'The rollout has been stopped.', retryAfterSeconds: 60, final: true },
  'ring-not-open': { text: 'An earlier ring has not passed its gate.', retryAfterSeconds: 30, final: false },
  'ring-stopped': { text: 'The gate has stopped this ring.', retryAfterSeconds: 15, final: false },
  soak: { text: 'The ring soaks: time has to pass after its last success.', retryAfterSeconds: 60, final: false },
  'gate-decision': { text: 'The gate stopped the ring: a person has to decide.', retryAfterSeconds: 60, final: false },
  'ring-slot': { text: 'As many hosts of this ring as allowed are at work.', retryAfterSeconds: 5, final: false },
  'rollout-slot': { text: 'As many hosts of this rollout as allowed are at work.', retryAfterSeconds: 5, final: false },
  'site-slot': { text: 'As many hosts of its site as allowed are at work.', retryAfterSeconds: 10, final: false },
  'global-slot': { text: 'As many hosts as allowed are at work over all rollouts.', retryAfterSeconds: 10, final: false },
  'host-lock': { text: 'Another rollout is at work on this host.', retryAfterSeconds: 30, final: false },
  'reboot-shared': {
    text: 'Another rollout changes this host in the same window: one reboot at the end serves both.',
    retryAfterSeconds: 15,
    final: false,
  },
  host: { text: 'The host has its plan and has not answered yet.', retryAfterSeconds: 30, final: false },
  'host-offline': { text: 'The host does not answer.', retryAfterSeconds: 60, final: false },
  'host-working': { text: 'The host is at work.', retryAfterSeconds: 5, final: false },
  'host-lost': {
    text: 'The host fell silent in the middle; it keeps its slot until it tells what it did.',
    retryAfterSeconds: 60,
    final: false,
  },
  'back-off': {
    text: 'An attempt failed for a reason that passes by itself; the next one begins after a pause.',
    retryAfterSeconds: 30,
    final: false,
  },
  infrastructure: {
    text: 'Infrastructure, not the patch: attempts are used up. Resume to try again.',
    retryAfterSeconds: 60,
    final: false,
  },
  'host-not-ready': { text: 'The host is not ready for any change. Correct it there, then resume.', retryAfterSeconds: 60, final: false },
  draining: { text: 'It is being halted; hosts beyond the point of no return finish.', retryAfterSeconds: 15, final: false },
  cancelled: { text: 'The job is cancelled.', retryAfterSeconds: 60, final: true },
  'stale-attempt': { text: 'A newer attempt of this job exists.', retryAfterSeconds: 60, final: true },
  'wrong-state': { text: 'The job is not at a point where it needs this permit.', retryAfterSeconds: 60, final: true },
  'plan-expired': { text: 'The signed plan has run out; the host gets a new one.', retryAfterSeconds: 15, final: true },
  'approval-void': { text: 'The approval does not name this plan, or has run out.', retryAfterSeconds: 60, final: true },
  'reboot-not-allowed': { text: 'This rollout does not allow a reboot.', retryAfterSeconds: 60, final: true },
} as const satisfies Readonly<Record<string, { readonly text: string; readonly retryAfterSeconds: number; readonly final: boolean }>>;

export type WaitingOn = keyof typeof WAITING_ON;

/** One reason with its words and, where it is known, the instant at which it can change by itself. */
export interface Waiting {
  readonly code: WaitingOn;
  readonly text: string;
  readonly changesAt: Instant | null;
}

export function waiting(code: WaitingOn, detail: string | null = null, changesAt: Instant | null = null): Waiting {
  return { code, text: detail === null ? WAITING_ON[code].text : `${WAITING_ON[code].text} ${detail}`, changesAt };
}
