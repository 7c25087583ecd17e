import { describe, expect, it } from 'vitest';
import { type RehearsalStatus, rehearsalStep } from './rehearsal.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const LATER = '2026-11-22T10:30:00.000Z';
const status = (given: Partial<RehearsalStatus>): RehearsalStatus => ({
  hostName: 'web1',
  verdict: null,
  failure: null,
  expiresAt: LATER,
  acceptedBy: null,
  ...given,
});

describe('whether the first ring may open', () => {
  it('asks first', () => {
    expect(rehearsalStep([], NOW)).toEqual({ do: 'ask' });
  });

  it('waits for answers, and not for ever', () => {
    const open = [status({ verdict: 'passed' }), status({ hostName: 'web2' })];
    expect(rehearsalStep(open, NOW)).toEqual({ do: 'wait', until: LATER });
    expect(rehearsalStep(open, LATER)).toEqual({ do: 'open', statement: 'rehearsed on 1 of 2 hosts; 1 did not answer' });
  });

  it('stops at the first failure, whatever is still open', () => {
    const step = rehearsalStep([status({ hostName: 'web2' }), status({ verdict: 'failed', failure: 'postinst\nmore' })], NOW);
    expect(step).toEqual({
      do: 'stop',
      code: 'rehearsal-failed',
      reason: 'the rehearsal failed, and no host was changed; web1: postinst',
    });
  });

  it('takes silence of all for no proof', () => {
    expect(rehearsalStep([status({})], LATER)).toMatchObject({ do: 'stop', code: 'rehearsal-unanswered' });
  });

  it('is not held up where no copy can be made, and says so', () => {
    const step = rehearsalStep([status({ verdict: 'not-possible', failure: 'no overlay' })], NOW);
    expect(step).toEqual({ do: 'open', statement: 'rehearsed on 0 of 1 host; not possible on 1 (web1: no overlay)' });
  });

  it('goes on with what a person has accepted', () => {
    const accepted = [status({ verdict: 'failed', failure: 'x', acceptedBy: 'grace' }), status({ verdict: null, acceptedBy: 'grace' })];
    expect(rehearsalStep(accepted, NOW)).toMatchObject({ do: 'open' });
  });
});
