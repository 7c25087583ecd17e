import { describe, expect, it } from 'vitest';
import type { Enrichment } from '../advisories/claim.ts';
import { DAY_MS } from '../kernel/instants.ts';
import { deadlineFor, dueAtMs, type HostExposure } from './deadline.ts';

const NONE: Enrichment = { vulnerabilityId: 'CVE-2026-1', title: null, publishedOn: null, kev: null, ssvc: null, cvss: [], epss: null };
const KEV = { addedOn: '2026-11-01', dueOn: '2026-11-22', ransomware: false, name: 'x' };
const ssvc = (automatable: 'no' | 'yes' | null, technicalImpact: 'partial' | 'total' | null) => ({
  exploitation: null,
  automatable,
  technicalImpact,
  statedOn: '2026-10-01',
});
const cvss = (vector: string) => [{ source: 'cna', vector }];

describe('deadlineFor', () => {
  it.each<[string, Partial<Enrichment>, HostExposure, string, string[]]>([
    ['assessed by CISA', { ssvc: ssvc('yes', 'total') }, 'public', '3 days', []],
    ['assessed, exposure unknown counts as public', { ssvc: ssvc('yes', 'total') }, 'unknown', '3 days', ['publicly-exposed']],
    ['assessed, behind a wall', { ssvc: ssvc('yes', 'total') }, 'controlled', '60 days', []],
    ['assessed, local', { ssvc: ssvc('no', 'total') }, 'local', 'fix on system upgrade', []],
    [
      'in KEV, nothing else known: the worst case',
      { kev: KEV },
      'public',
      '3 days & forensic investigation',
      ['automatable', 'technical-impact'],
    ],
    ['in KEV and assessed', { kev: KEV, ssvc: ssvc('no', 'partial') }, 'public', '14 days', []],
    ['CVSS says automatable and total', { cvss: cvss('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H') }, 'public', '3 days', []],
    ['CVSS says a victim is needed', { cvss: cvss('CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H') }, 'public', '14 days', []],
    ['CVSS says partial', { cvss: cvss('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N') }, 'public', '14 days', []],
    ['CVSS v4', { cvss: cvss('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N') }, 'public', '3 days', []],
    ['CVSS v2', { cvss: cvss('AV:N/AC:L/Au:N/C:C/I:C/A:C') }, 'public', '3 days', []],
    [
      'Vulnrichment beats CVSS',
      { ssvc: ssvc('no', 'partial'), cvss: cvss('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H') },
      'public',
      '60 days',
      [],
    ],
    ['nobody has assessed it', {}, 'public', '60 days', ['automatable', 'technical-impact']],
    ['nobody has assessed it, local', {}, 'local', '60 days', ['automatable', 'technical-impact']],
  ])('%s', (_name, more, exposure, outcome, assumed) => {
    const deadline = deadlineFor({ ...NONE, ...more }, exposure);
    expect(deadline.outcome).toBe(outcome);
    expect(deadline.inputs.filter(input => input.assumed).map(input => input.name)).toEqual(assumed);
    for (const input of deadline.inputs) expect(input.source, input.name).not.toBe('');
  });
});

describe('dueAtMs', () => {
  const clock = Date.parse('2026-10-20T00:00:00Z');
  const kevAt = Date.parse('2026-11-01T00:00:00Z');

  it('counts from the start of the clock', () => {
    expect(dueAtMs(deadlineFor({ ...NONE, ssvc: ssvc('yes', 'total') }, 'public'), clock)).toBe(clock + 3 * DAY_MS);
    expect(dueAtMs(deadlineFor({ ...NONE, ssvc: ssvc('no', 'total') }, 'local'), clock)).toBeNull();
  });

  it('gives the shorter time from the day of the KEV entry, never beyond the older date', () => {
    const deadline = deadlineFor({ ...NONE, kev: KEV, ssvc: ssvc('no', 'partial') }, 'public');
    expect(dueAtMs(deadline, clock)).toBe(kevAt + 14 * DAY_MS);
    const late = Date.parse('2026-09-05T00:00:00Z');
    expect(dueAtMs(deadline, late)).toBe(late + 60 * DAY_MS);
    const after = Date.parse('2026-11-10T00:00:00Z');
    expect(dueAtMs(deadline, after)).toBe(after + 14 * DAY_MS);
  });

  it('gives a date where there was none before the KEV entry', () => {
    expect(dueAtMs(deadlineFor({ ...NONE, kev: KEV, ssvc: ssvc('no', 'total') }, 'local'), clock)).toBe(kevAt + 14 * DAY_MS);
  });
});
