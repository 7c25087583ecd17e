import { describe, expect, it } from 'vitest';
import { RolloutSpec } from '../../api/rollout-spec.ts';
import { draftFromSpec, draftFromUrl, missingIn, RINGS, type SpecDraft, specOf } from './spec-form.ts';

const draft: SpecDraft = {
  ...draftFromUrl({ patches: 'debian-12:openssl:3.0.22-1~deb12u2,debian-12:sudo:1.9' }, '2026-11-22'),
  query: 'os = debian-12 and env = prod',
  timeZone: 'Europe/Berlin',
};

describe('the rollout form', () => {
  it('takes what was chosen elsewhere from the address', () => {
    expect(draft.patchIds).toEqual(['debian-12:openssl:3.0.22-1~deb12u2', 'debian-12:sudo:1.9']);
    expect(draftFromUrl({ hosts: 'host_1,host_2' }, 'today')).toMatchObject({ choose: 'hosts', hostIds: ['host_1', 'host_2'] });
    expect(draftFromUrl({}, 'today').rings).toBe(RINGS);
  });

  it('makes a spec that the contract takes, and reads it back as it was', () => {
    const full: SpecDraft = {
      ...draft,
      rings: [
        ...RINGS.slice(0, 1),
        { name: 'early', kind: 'percent', size: 20, soakMinutes: 60, concurrency: 5, gate: { errorPercent: 2 } },
        {
          name: 'proof',
          kind: 'proof',
          size: 100,
          soakMinutes: 0,
          concurrency: 5,
          proof: { failurePercent: 10, confidencePercent: 90 },
          health: [{ kind: 'hosts', signal: 'failed-units', dryRun: false }],
        },
        ...RINGS.slice(1),
      ],
      windowed: true,
      startsAt: '2026-11-28T02:00',
      endsAt: '2026-11-28T05:00',
      repeat: 'FREQ=WEEKLY',
      cutoffMinutes: 30,
      length: 'wall-clock',
      gap: 'skip',
      overlap: 'second',
      profile: 'emergency',
      rehearse: 'none',
      concurrencyMax: 12,
      catchUpDays: 7,
      smokeTests: [
        { kind: 'unit-active', unit: 'nginx.service' },
        { kind: 'http', url: 'http://127.0.0.1/', expectStatus: 200 },
      ],
      note: 'change 4711',
    };
    const spec = RolloutSpec.parse(specOf(full));
    expect(spec.window).toEqual({
      startsAt: '2026-11-28T01:00:00.000Z',
      endsAt: '2026-11-28T04:00:00.000Z',
      timeZone: 'Europe/Berlin',
      repeat: 'FREQ=WEEKLY',
      cutoffMinutes: 30,
      length: 'wall-clock',
      gap: 'skip',
      overlap: 'second',
    });
    expect(spec.rings.map(ring => [ring.hosts, ring.percent])).toEqual([
      [1, undefined],
      [undefined, 20],
      [undefined, undefined],
      [undefined, 100],
    ]);
    expect(draftFromSpec(spec)).toEqual(full);
  });

  it.each([
    ['no patch', { patchIds: [] }, 'patch'],
    ['no hosts', { query: ' ' }, 'hosts'],
    ['no group', { choose: 'group' }, 'group'],
    ['no name', { name: ' ' }, 'name'],
    ['half a window', { windowed: true, startsAt: '2026-11-28T02:00' }, 'window'],
    ['a window that closes first', { windowed: true, startsAt: '2026-11-28T02:00', endsAt: '2026-11-28T01:00' }, 'before it opens'],
  ] as const)('says what is missing: %s', (_what, patch, words) => {
    expect(missingIn({ ...draft, ...patch })).toContain(words);
  });

  it('has nothing to say about a whole draft', () => {
    expect(missingIn(draft)).toBeNull();
  });
});
