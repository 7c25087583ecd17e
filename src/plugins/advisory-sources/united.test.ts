import { expect, it } from 'vitest';
import type { AffectedRange, Claim } from '../../core/advisories/claim.ts';
import { united } from './united.ts';

const piece = (range: AffectedRange): Claim => ({
  source: 'osv-pypi',
  vulnerabilityId: 'CVE-2026-0001',
  aliases: [],
  release: 'PyPI',
  packageName: 'acme',
  state: 'open',
  fixedVersion: null,
  severity: null,
  statedOn: null,
  note: null,
  affected: { versions: [], ranges: [range] },
});

it('pieces with one beginning and different limits are all kept, and the same piece once', () => {
  const open = { introduced: '1.0', fixed: null, lastAffected: null };
  const ranges = [open, { ...open, limit: '2.0' }, { ...open, limit: '3.0' }];
  expect(united([...ranges, ...ranges].map(piece)).map(claim => claim.affected?.ranges)).toEqual([ranges]);
});
