import { describe, expect, it } from 'vitest';
import { addMs, MINUTE_MS } from '../kernel/instants.ts';
import { isAvailable, type MemberFacts, unwellBecause } from './availability.ts';
import { mayOffer, OFFERS_PER_SLOT, type OfferFacts, PREPARE_MS } from './offer-decision.ts';

const now = '2026-11-22T08:00:00.000Z';

describe('an offer', () => {
  const facts: OfferFacts = {
    now,
    rollout: { state: 'running', windowStartsAt: null },
    ring: { state: 'running', concurrency: 2 },
    job: { state: 'queued', parked: false, notBefore: null },
    taken: 0,
    activeJobsOnHost: 0,
    host: { lastSeenAt: addMs(now, -2 * MINUTE_MS), healthMinutes: 5 },
  };
  const refused: readonly (readonly [string, Partial<OfferFacts>])[] = [
    ['the rollout is paused', { rollout: { state: 'paused', windowStartsAt: null } }],
    ['the window is far', { rollout: { state: 'running', windowStartsAt: addMs(now, PREPARE_MS + 1) } }],
    ['the ring has not been opened', { ring: { state: 'eligible', concurrency: 2 } }],
    ['the job waits for a person', { job: { state: 'queued', parked: true, notBefore: null } }],
    ['its back-off is not over', { job: { state: 'queued', parked: false, notBefore: addMs(now, 1) } }],
    ['the places are taken', { taken: 2 * OFFERS_PER_SLOT }],
    ['the host has another job', { activeJobsOnHost: 1 }],
    ['the host has not been heard of lately', { host: { lastSeenAt: addMs(now, -5 * MINUTE_MS), healthMinutes: 5 } }],
    ['the host has never been heard of', { host: { lastSeenAt: null, healthMinutes: 5 } }],
    ['nothing that the host says is ever news', { host: { lastSeenAt: now, healthMinutes: 0 } }],
  ];
  it('is made when nothing speaks against it', () => {
    expect(mayOffer(facts)).toBe(true);
    expect(mayOffer({ ...facts, rollout: { state: 'running', windowStartsAt: addMs(now, PREPARE_MS) } })).toBe(true);
    expect(mayOffer({ ...facts, taken: 2 * OFFERS_PER_SLOT - 1 })).toBe(true);
  });
  it.each(refused)('is not made while %s', (_why, change) => expect(mayOffer({ ...facts, ...change })).toBe(false));
});

describe('a member of an availability group', () => {
  const well: MemberFacts = {
    hostId: 'h',
    lastSeenAt: addMs(now, -MINUTE_MS),
    healthMinutes: 5,
    atWork: false,
    lastSucceededAt: null,
    lastFailedAt: null,
    recovered: false,
    unwell: false,
  };
  const ago = (minutes: number) => addMs(now, -minutes * MINUTE_MS);
  it('counts when it is known to be well', () => {
    expect(isAvailable(well, 5, now)).toBe(true);
    expect(isAvailable({ ...well, lastSucceededAt: ago(5) }, 5, now)).toBe(true);
    expect(isAvailable({ ...well, lastFailedAt: ago(60), lastSucceededAt: ago(30) }, 5, now)).toBe(true);
    expect(isAvailable({ ...well, lastFailedAt: ago(60), recovered: true }, 5, now)).toBe(true);
  });
  const down: readonly (readonly [string, Partial<MemberFacts>])[] = [
    ['never heard of', { lastSeenAt: null }],
    ['silent', { lastSeenAt: ago(5) }],
    ['at work', { atWork: true }],
    ['not past its soak', { lastSucceededAt: ago(4) }],
    ['left failed', { lastFailedAt: ago(60) }],
    ['unwell by its own account', { unwell: true }],
    ['failed after it had succeeded', { lastFailedAt: ago(60), lastSucceededAt: ago(90) }],
    ['of an unknown reach', { healthMinutes: 0 }],
  ];
  it.each(down)('is down when it is %s', (_why, change) => expect(isAvailable({ ...well, ...change }, 5, now)).toBe(false));
});

describe('what a host says of itself', () => {
  const manager = { id: 'apt', healthy: true, problems: [] };
  const unit = (activeState: string) => ({ unit: 'web.service', activeState, subState: activeState });
  it('is unwell with a failed unit or a package database that is not in order, and with nothing else', () => {
    expect(unwellBecause({ packageManager: manager, services: [unit('active')] })).toEqual([]);
    expect(unwellBecause({ packageManager: manager, services: [unit('failed')] })).toEqual(['web.service has failed']);
    expect(unwellBecause({ packageManager: { ...manager, healthy: false }, services: null })).toHaveLength(1);
    expect(unwellBecause({ packageManager: null, services: null })).toEqual([]);
  });
});
