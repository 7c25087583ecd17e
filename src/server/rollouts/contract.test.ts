import { expect, it } from 'vitest';
import { ACCESS } from '../../api/contract.ts';
import { JobState } from '../../api/jobs.ts';
import { RingState, RolloutState, RolloutVerb } from '../../api/rollouts.ts';
import { statesOf } from '../../core/kernel/machine.ts';
import { JOB } from '../../core/rollouts/job-states.ts';
import { RING } from '../../core/rollouts/ring-states.ts';
import { ROLLOUT } from '../../core/rollouts/rollout-states.ts';
import { VERBS } from '../../core/rollouts/verbs.ts';

it('the contract names exactly the states and verbs of the tables', () => {
  expect([...RolloutState.options].sort()).toEqual(statesOf(ROLLOUT).sort());
  expect([...RingState.options].sort()).toEqual(statesOf(RING).sort());
  expect([...JobState.options].sort()).toEqual(statesOf(JOB).sort());
  expect([...RolloutVerb.options].sort()).toEqual(Object.keys(VERBS).sort());
});

it('verbs need permissions that exist', () => {
  for (const verb of Object.values(VERBS)) expect(ACCESS).toContain(verb.permission);
});
