import { describe, expect, it } from 'vitest';
import { CHANGE_REQUEST } from '../../core/rollouts/change-request-states.ts';
import { JOB } from '../../core/rollouts/job-states.ts';
import { RING } from '../../core/rollouts/ring-states.ts';
import { ROLLOUT } from '../../core/rollouts/rollout-states.ts';
import { knowsPhrase } from './words.ts';

describe('the audit trail in sentences', () => {
  it.each([ROLLOUT, RING, JOB, CHANGE_REQUEST])('has a phrase for every event of $name', machine => {
    expect(Object.keys(machine.events).filter(event => !knowsPhrase(`${machine.name.replace(' ', '-')}.${event}`))).toEqual([]);
  });
});
