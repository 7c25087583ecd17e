import { describe, expect, it } from 'vitest';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { debianTracker } from './index.ts';

/** The tracker's shapes, taken from its JSON export. */
const TRACKER = {
  git: {
    'CVE-2025-48384': {
      description: 'Git is a fast, scalable, distributed revision control system',
      debianbug: 1108983,
      scope: 'local',
      releases: {
        bookworm: {
          status: 'open',
          repositories: { bookworm: '1:2.39.5-0+deb12u2', 'bookworm-security': '1:2.39.5-0+deb12u2' },
          urgency: 'not yet assigned',
          nodsa: 'Minor issue',
          nodsa_reason: '',
        },
        trixie: {
          status: 'resolved',
          repositories: { trixie: '1:2.47.3-0+deb13u1' },
          fixed_version: '1:2.47.3-0+deb13u1',
          urgency: 'not yet assigned',
        },
        sid: { status: 'resolved', repositories: { sid: '1:2.51.0-1' }, fixed_version: '1:2.50.1-0.1', urgency: 'not yet assigned' },
      },
    },
    'CVE-2018-1000021': {
      description: 'GIT version 2.15.1 and earlier',
      scope: 'local',
      releases: { bookworm: { status: 'open', repositories: { bookworm: '1:2.39.5-0+deb12u2' }, urgency: 'unimportant' } },
    },
    'CVE-2022-0001': {
      releases: {
        bookworm: {
          status: 'open',
          repositories: {},
          urgency: 'not yet assigned',
          nodsa: 'Too intrusive to backport',
          nodsa_reason: 'ignored',
        },
      },
    },
    'CVE-2022-0002': {
      releases: { bookworm: { status: 'open', repositories: {}, urgency: 'low**', nodsa: 'Minor issue', nodsa_reason: 'postponed' } },
    },
    'CVE-2022-0003': { releases: { bookworm: { status: 'resolved', repositories: {}, fixed_version: '0', urgency: 'not yet assigned' } } },
    'CVE-2022-0004': { releases: { bookworm: { status: 'undetermined', repositories: {}, urgency: 'not yet assigned' } } },
    'CVE-2022-0005': { releases: { bullseye: { status: 'open', repositories: {}, urgency: 'end-of-life' } } },
    'TEMP-0000000-ABCDEF': { releases: { bookworm: { status: 'open', repositories: {}, urgency: 'not yet assigned' } } },
  },
};

contractTests(debianTracker, { fileName: 'data.json', content: JSON.stringify(TRACKER) });

describe('debian-tracker', () => {
  const claims = claimsIn(readAll(debianTracker, 'json', JSON.stringify(TRACKER)));
  const of = (id: string, release = 'debian:12') => claims.find(claim => claim.vulnerabilityId === id && claim.release === release);

  it.each([
    ['CVE-2025-48384', 'deferred', null, null],
    ['CVE-2018-1000021', 'open', null, 'unimportant'],
    ['CVE-2022-0001', 'wont-fix', null, null],
    ['CVE-2022-0002', 'deferred', null, 'low'],
    ['CVE-2022-0003', 'not-affected', '0', null],
    ['CVE-2022-0004', 'unknown', null, null],
    ['TEMP-0000000-ABCDEF', 'open', null, null],
  ])('%s in bookworm is %s', (id, state, fixedVersion, severity) => {
    expect(of(id)).toMatchObject({ state, fixedVersion, severity });
  });

  it('keeps each release to itself', () => {
    expect(of('CVE-2025-48384', 'debian:13')).toMatchObject({ state: 'fixed', fixedVersion: '1:2.47.3-0+deb13u1' });
    expect(of('CVE-2025-48384', 'debian:sid')).toMatchObject({ state: 'fixed', fixedVersion: '1:2.50.1-0.1' });
    expect(of('CVE-2022-0005', 'debian:11')).toMatchObject({ state: 'end-of-life' });
  });

  it('puts aside a version, a status and an id that cannot be read, and nothing else', () => {
    const broken = {
      git: {
        'CVE-2022-0010': { releases: { bookworm: { status: 'resolved', fixed_version: '1.0:x y' } } },
        'CVE-2022-0011': { releases: { bookworm: { status: 'closed' } } },
        'not an id': { releases: {} },
        'CVE-2022-0012': { releases: { bookworm: { status: 'open' } } },
      },
      odd: 'text',
    };
    const items = readAll(debianTracker, 'json', JSON.stringify(broken));
    expect(claimsIn(items).map(claim => claim.vulnerabilityId)).toEqual(['CVE-2022-0012']);
    expect(quarantinedIn(items).map(item => item.reason)).toEqual([
      expect.stringContaining('cannot be ordered'),
      'status closed is none of resolved, open, undetermined',
      'not an id is not a vulnerability id',
      'package odd is not a JSON object',
    ]);
  });

  it('passes over packages and releases that are not wanted', () => {
    expect(readAll(debianTracker, 'json', JSON.stringify({ ...TRACKER, other: {} }), 100, { packages: new Set(['other']) })).toEqual([]);
    expect(
      claimsIn(readAll(debianTracker, 'json', JSON.stringify(TRACKER), 100, { releases: new Set(['debian:13']) })).map(
        claim => claim.release,
      ),
    ).toEqual(['debian:13']);
  });

  it('tells a cut export', () => {
    const text = JSON.stringify(TRACKER);
    expect(() => readAll(debianTracker, 'json', text.slice(0, -2))).toThrow(expect.objectContaining({ code: 'feed-truncated' }));
  });
});
