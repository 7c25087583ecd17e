import { type EventOf, machine, type StateOf } from '../kernel/machine.ts';
import { RING_MINUTES } from './timers.ts';

/** An ordered part of a rollout (domain.md 2.3, there: wave). */
export const RING = machine({
  name: 'ring',
  initial: 'pending',
  states: {
    pending: { meaning: 'Waits for the ring before it to pass its gate.', owner: 'server' },
    eligible: { meaning: 'Its turn has come; its hosts are frozen. Waits for the rollout to run.', owner: 'server' },
    running: {
      meaning: 'Hosts get their jobs and permits.',
      owner: 'host',
      deadline: { minutes: RING_MINUTES, from: 'entered', event: 'incomplete' },
    },
    soaking: { meaning: 'Every host has ended; the soak since the last success runs (its end is stored with the ring).', owner: 'server' },
    evaluating: { meaning: 'The gate looks at results and soak.', owner: 'server' },
    'gate-pending': { meaning: 'The gate could not tell. The rollout is paused; waits for a person.', owner: 'operator' },
    failed: {
      meaning: 'The gate said no. The rollout is paused; waits for a second person’s override, or for a halt, after which it stays so.',
      owner: 'operator',
    },
    passed: { meaning: 'The gate said pass.', final: true, owner: null },
    skipped: { meaning: 'Nothing was attempted in it; its soak and sample fall to the next ring.', final: true, owner: null },
    cancelled: { meaning: 'The rollout ended before this ring did.', final: true, owner: null },
  },
  events: {
    open: {
      by: 'server',
      meaning: 'The ring before it passed, or was skipped by a recorded decision.',
      guard: 'a gate evaluation with verdict pass exists for the ring before (S3)',
      moves: { pending: 'eligible' },
      refused: 'it has been opened already',
    },
    begin: {
      by: 'server',
      meaning: 'The rollout runs; jobs may be offered.',
      moves: { eligible: 'running' },
      refused: 'it is not its turn',
    },
    settle: {
      by: 'server',
      meaning: 'No job of the ring is waiting or active.',
      moves: { running: 'soaking' },
      refused: 'it is not running',
    },
    evaluate: {
      by: 'server',
      meaning: 'The soak since the last success is over.',
      moves: { soaking: 'evaluating' },
      refused: 'there is no soak to end',
    },
    trip: {
      by: 'server',
      meaning: 'A result came in that no further result can outweigh: the gate is asked at once.',
      moves: { running: 'evaluating', soaking: 'evaluating' },
      refused: 'it is not running',
    },
    incomplete: {
      by: 'clock',
      meaning: 'Its time is up and hosts are left that were never reached: the gate is asked.',
      moves: { running: 'evaluating' },
      refused: 'it is not running',
    },
    pass: {
      by: 'server',
      meaning: 'Gate: pass.',
      moves: { evaluating: 'passed', 'gate-pending': 'passed' },
      refused: 'the gate has not been asked',
    },
    fail: {
      by: 'server',
      meaning: 'Gate: fail.',
      moves: { evaluating: 'failed', 'gate-pending': 'failed' },
      refused: 'the gate has not been asked',
    },
    unsure: {
      by: 'server',
      meaning: 'Gate: inconclusive. No data never passes.',
      moves: { evaluating: 'gate-pending' },
      refused: 'the gate has not been asked',
    },
    skip: {
      by: 'server',
      meaning: 'Every host of it was excluded or already compliant.',
      moves: { evaluating: 'skipped' },
      refused: 'something was attempted in it',
    },
    reopen: {
      by: 'person',
      meaning: 'Resumed: the same ring goes on. After a failed gate this is a recorded override.',
      moves: { 'gate-pending': 'running', failed: 'running' },
      refused: 'its gate has not stopped it',
    },
    cancel: {
      by: 'server',
      meaning: 'The rollout ended.',
      moves: {
        pending: 'cancelled',
        eligible: 'cancelled',
        running: 'cancelled',
        soaking: 'cancelled',
        evaluating: 'cancelled',
        'gate-pending': 'cancelled',
      },
      refused: 'it has ended',
      refusedIn: { failed: 'it stays failed' },
    },
  },
});

export type RingState = StateOf<typeof RING>;
export type RingEvent = EventOf<typeof RING>;
